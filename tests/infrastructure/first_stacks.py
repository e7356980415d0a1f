"""The stacks that a platform's stack needs, on the fake AWS."""

from __future__ import annotations

from tests.cloud.cloud import Cloud
from tests.fakes.aws import REGION
from tests.infrastructure.templates import TEMPLATES

TEMPLATE = TEMPLATES["data-platform-foundation"]
ZONES = {"ZoneA": f"{REGION}a", "ZoneB": f"{REGION}b"}


def create_deploy(cloud: Cloud, platform: str, **parameters: str) -> dict[str, str]:
    """Create the stack with the roles of a platform of this name; return its outputs."""
    given = {
        "GitHubRepository": "acme/data-platform",
        "GitHubRepositoryId": "4711",
        "PlatformStackName": platform,
    }
    text = TEMPLATES["data-platform-deploy"].read_text()
    return cloud.create_stack(f"{platform}-deploy", text, **given | parameters)


def create_foundation(cloud: Cloud, platform: str, **parameters: str) -> dict[str, str]:
    """Create the stack that a platform's stack of this name needs; return its outputs."""
    zones = {} if "ExistingVpcId" in parameters else ZONES
    return cloud.create_stack(
        f"{platform}-foundation", TEMPLATE.read_text(), **zones | parameters
    )
