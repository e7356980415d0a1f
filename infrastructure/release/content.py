"""What a commit wants of production: its prefect.yaml, its flows, the stack's template."""

from __future__ import annotations

from dataclasses import dataclass

from infrastructure.release.code import Code, read_code
from infrastructure.release.commits import Clone
from infrastructure.release.deployed import Deployed, as_deployed
from infrastructure.release.platform_stack import TEMPLATE
from infrastructure.release.prefect_file import PrefectFile, read_prefect_file


@dataclass(frozen=True)
class Content:
    """Read from the commit alone: changes that are not committed are none of it."""

    commit: str
    file: PrefectFile
    code: Code
    template: str

    @classmethod
    def of(cls, clone: Clone, commit: str) -> Content:
        """Read it.

        Raises:
            ClearError: prefect.yaml has faults that need no look at the flows.
        """
        file = read_prefect_file(clone.text(commit, "prefect.yaml"))
        with clone.tree(commit) as tree:
            code = read_code(tree, [each.entrypoint for each in file.deployments])
        return cls(commit, file, code, clone.text(commit, TEMPLATE))

    def check(self, pool: str) -> None:
        """Refuse what the flows do not fit to.

        Raises:
            ClearError: with each fault's line in prefect.yaml.
        """
        self.file.check(self.code, pools={"dev", pool})

    def deployments(self, image: str) -> tuple[Deployed, ...]:
        """Production's, with this image."""
        return tuple(
            as_deployed(each, self.code.flows[each.entrypoint], image)
            for each in self.file.production
        )
