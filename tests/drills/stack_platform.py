"""Platform of stacks, whose runs are tasks of an image with the drill's flows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient

from tests.drills.platform import Platform
from tests.end_to_end import platform as end_to_end
from tests.repository.tree import ROOT
from tests.servers.images import Image, buildah

FILES = ("__init__.py", "drills/__init__.py", "drills/slow_load.py")


@dataclass
class StackPlatform(Platform):
    """Platform whose deployments are those of the pool `production`."""

    stacks: end_to_end.Platform | None = None

    pool = "production"
    layout = "{}"

    @property
    def job_variables(self) -> dict[str, Any]:
        """Variables of deployments, as in prefect.yaml."""
        assert self.stacks
        return {"image": self.stacks.image, "cpu": 256, "memory": 512}

    @property
    def url(self) -> str:
        assert self.stacks
        return self.stacks.api_url

    @property
    def client(self) -> SyncPrefectClient:
        return SyncPrefectClient(self.url, auth_string=end_to_end.AUTH)

    def make_pool(self) -> None:
        """Make the work pool as the README's command does."""
        assert self.stacks
        self.stacks.command("blocks", "apply", self.pool)


def stack_platform(stacks: end_to_end.Platform) -> StackPlatform:
    """Return the platform of stacks that run."""
    return StackPlatform(
        Path("/nowhere"), 0, stacks.warehouse, clone=Path("/app"), stacks=stacks
    )


def image_with_flows(project: Image) -> Image:
    """Add the drill's flows to the project's image, which has no tests."""
    container = buildah("from", "--pull-never", project.name)
    for name in FILES:
        buildah("add", container, str(ROOT / "tests" / name), f"/app/tests/{name}")
    return Image(buildah("commit", "--quiet", "--rm", container))
