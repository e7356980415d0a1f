"""A commit's share in production: its prefect.yaml, its flows, the stack's template."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infrastructure.release.code import Code, FlowCode, read_code
from infrastructure.release.deployments import ServerDeployment, planned_deployment
from infrastructure.release.git import Clone
from infrastructure.release.images import read_content
from infrastructure.release.prefect_file import PrefectFile, read_prefect_file
from utils.aws.stack import TEMPLATE


@dataclass(frozen=True)
class Content:
    """Released content of a commit. Uncommitted changes are not part of it."""

    commit: str
    file: PrefectFile
    code: Code
    template: str
    image_tag: str
    """Tag of the image that it is built into."""

    @classmethod
    def of(cls, clone: Clone, commit: str, file: PrefectFile | None = None) -> Content:
        """Read a commit's content.

        Args:
            clone: Git clone that has the commit.
            commit: Full commit id.
            file: The commit's prefect.yaml, if it has been read already.

        Raises:
            ClearError: prefect.yaml is invalid, or the code is not Python.
        """
        file = file or read_prefect_file(clone.text(commit, "prefect.yaml"))
        with clone.tree(commit) as tree:
            code = read_code(tree, [each.entrypoint for each in file.deployments])
        tag = read_content(clone, commit)
        return cls(commit, file, code, clone.text(commit, TEMPLATE), tag)

    def check(self, pools: set[str]) -> None:
        """Check prefect.yaml against the flows and the names of production's work pools.

        Raises:
            PrefectFileError: A deployment does not match them. The message has each
                fault's line.
        """
        self.file.check(self.code, pools={"dev", *pools})

    def with_flows_of(self, other: Content) -> Content:
        """Fill in flows that fail to import with those of another commit.

        Flows of an older commit may need packages that this environment no longer has.
        """
        filled = {
            entrypoint: other.code.flows.get(entrypoint)
            or FlowCode(entrypoint.rpartition(".")[2], None, {}, frozenset())
            for entrypoint in self.code.errors
        }
        code = replace(self.code, flows={**self.code.flows, **filled}, errors={})
        return replace(self, code=code)

    def deployments(self, image: str) -> tuple[ServerDeployment, ...]:
        """Return production's deployments as planned with this image."""
        return tuple(
            planned_deployment(
                each, self.code.flows[each.entrypoint], image, self.commit
            )
            for each in self.file.production
        )
