"""What a commit wants of production: its prefect.yaml, its flows, the stack's template."""

from __future__ import annotations

from dataclasses import dataclass, replace

from infrastructure.release.code import Code, FlowCode, read_code
from infrastructure.release.deployments import Deployed, as_deployed
from infrastructure.release.git import Clone
from infrastructure.release.prefect_file import PrefectFile, read_prefect_file
from utils.aws.stack import TEMPLATE


@dataclass(frozen=True)
class Content:
    """Read from the commit alone: changes that are not committed are none of it."""

    commit: str
    file: PrefectFile
    code: Code
    template: str

    @classmethod
    def of(cls, clone: Clone, commit: str, file: PrefectFile | None = None) -> Content:
        """Read it.

        Args:
            clone: that has the commit.
            commit: its full id.
            file: its prefect.yaml, if it is read already.

        Raises:
            ClearError: prefect.yaml has faults that need no look at the flows.
        """
        file = file or read_prefect_file(clone.text(commit, "prefect.yaml"))
        with clone.tree(commit) as tree:
            code = read_code(tree, [each.entrypoint for each in file.deployments])
        return cls(commit, file, code, clone.text(commit, TEMPLATE))

    def check(self, pools: set[str]) -> None:
        """Refuse what the flows, or the names of production's pools, do not fit to.

        Raises:
            ClearError: with each fault's line in prefect.yaml.
        """
        self.file.check(self.code, pools={"dev", *pools})

    def with_flows_of(self, other: Content) -> Content:
        """With the other's code of flows that cannot be loaded here.

        An older commit's may need packages that are not in this environment any more.
        """
        unloaded = {
            entrypoint: other.code.flows.get(entrypoint)
            or FlowCode(entrypoint.rpartition(".")[2], None, {}, frozenset())
            for entrypoint in self.code.errors
        }
        code = replace(self.code, flows={**self.code.flows, **unloaded}, errors={})
        return replace(self, code=code)

    def deployments(self, image: str) -> tuple[Deployed, ...]:
        """Production's, with this image."""
        return tuple(
            as_deployed(each, self.code.flows[each.entrypoint], image)
            for each in self.file.production
        )
