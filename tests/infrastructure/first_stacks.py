"""A platform's stack and those that it needs, on the fake AWS."""

from __future__ import annotations

from tests.cloud.cloud import Cloud
from tests.fakes.aws import REGION
from tests.infrastructure.templates import TEMPLATES

TEMPLATE = TEMPLATES["data-platform-foundation"]
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/data-platform:4f2a"
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prefect/api-key-a1B2c3"
)
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


def create_platform(
    cloud: Cloud, name: str, template: str = "", role: str = "", **parameters: str
) -> dict[str, str]:
    """Create a platform's stack, of which no image is there; return its outputs.

    Args:
        cloud: The fake AWS, which has the foundation already.
        name: Name of the stack.
        template: Text of its template, if not that of this repository.
        role: ARN of CloudFormation's role for it.
        parameters: Its parameters beside those that have no default.
    """
    given = {
        "PrefectApiUrl": "http://127.0.0.1:9/api",
        "PrefectApiSecretArn": SECRET,
        "ImageUri": IMAGE,
        "LakeBucketName": "a-lake",
    }
    text = template or TEMPLATES["data-platform"].read_text()
    return cloud.create_stack(name, text, role, **given | parameters)
