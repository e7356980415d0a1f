"""What a commit wants of production: its prefect.yaml, its flows, the stack's template."""

from __future__ import annotations

from dataclasses import dataclass

from prefect.client.schemas.objects import WorkPool
from prefect.utilities.schema_tools import validate

from infrastructure.release.code import Code, read_code
from infrastructure.release.commits import Clone
from infrastructure.release.deployed import Deployed, as_deployed
from infrastructure.release.located_yaml import Fault
from infrastructure.release.platform_stack import TEMPLATE
from infrastructure.release.prefect_file import (
    PrefectFile,
    PrefectFileError,
    read_prefect_file,
)
from utils.errors import nearest, sentence

# As good as any: which one it is, does not matter to a work pool.
SOME_IMAGE = "repository:commit"


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

    def check_job_variables(self, pool: WorkPool) -> None:
        """Refuse those that the pool's template does not know, or not so.

        Prefect itself ignores the first, and looks at the others one deployment at a time.

        Raises:
            PrefectFileError: with each fault's line.
        """
        template = pool.base_job_template["variables"]
        known = template["properties"]
        faults: list[Fault] = []
        for each in self.file.production:
            given = each.with_image(SOME_IMAGE).work_pool.job_variables
            path = ("work_pool", "job_variables")
            for name in given.keys() - known.keys():
                line = self.file.line_of(each, *path, name)
                text = f"The work pool {pool.name} has no job variable `{name}`."
                faults.append(Fault(line, f"{text} {nearest(name, known)}"))
            for error in validate(given, template, ignore_required=True):
                line = self.file.line_of(each, *path, *error.absolute_path)
                text = (
                    f"The work pool {pool.name} refuses it: {sentence(error.message)}"
                )
                faults.append(Fault(line, text))
        if faults:
            raise PrefectFileError(faults)

    def deployments(self, image: str) -> tuple[Deployed, ...]:
        """Production's, with this image."""
        return tuple(
            as_deployed(each, self.code.flows[each.entrypoint], image)
            for each in self.file.production
        )
