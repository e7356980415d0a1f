"""Stacks that a person deploys: how they differ from a commit's templates."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Iterator, Mapping

from infrastructure.release.stack import PlatformStack, template_sections
from infrastructure.release.stack.resource_changes import ResourceChange
from infrastructure.release.stack.template import read_template
from infrastructure.release.stack.template_changes import template_changes
from utils.aws.client import NoAws, NotThere
from utils.aws.stack import FOUNDATION_TEMPLATE
from utils.errors import ClearError
from utils.reports.differences import Difference, differences

# Template and capability of each stack, by the end of its name.
TEMPLATES = {
    "deploy": ("infrastructure/github_deploy.yml", "CAPABILITY_NAMED_IAM"),
    "foundation": (FOUNDATION_TEMPLATE, "CAPABILITY_IAM"),
    "lake": ("infrastructure/data_lake.yml", "CAPABILITY_IAM"),
}
# Resources of the first whose rights an update of the platform may need.
ROLES = ("DeployRole", "StackRole", "Boundary")


@dataclass(frozen=True)
class StackByHand:
    """A stack that a person deploys, compared with a commit's template."""

    name: str
    command: str
    """The command that deploys it."""
    differences: tuple[Difference, ...] = ()
    resources: tuple[ResourceChange, ...] | None = None
    """Changes of its resources. None if they are unknown."""
    new_rights: tuple[str, ...] = ()
    """Actions that a role gets, each with its role."""
    unknown: str = ""
    """Reason why the stack was not compared."""

    def __bool__(self) -> bool:
        """Return whether the stack differs, or may differ."""
        return bool(self.differences or self.unknown)

    @classmethod
    def read(cls, platform: str, end: str, template: str) -> StackByHand:
        """Compare a stack with a template. One that cannot be read is no error.

        Args:
            platform: Name of the platform's stack.
            end: What the stack's name has after that: a key of `TEMPLATES`.
            template: Text of the commit's template.

        Raises:
            NoAws: AWS does not answer.
        """
        name = f"{platform}-{end}"
        try:
            return cls.of(PlatformStack.named(name), end, template)
        except NoAws:
            raise
        except NotThere:
            why = "There is no such stack."
        except ClearError as error:
            why = str(error)
        return cls(name, _command(name, end), unknown=why)

    @classmethod
    def of(cls, stack: PlatformStack, end: str, template: str) -> StackByHand:
        """Compare a stack with a template as its update would apply it."""
        return cls(
            stack.name,
            _command(stack.name, end),
            differences(template_sections(stack.template), template_sections(template)),
            template_changes(stack, template),
            tuple(_new_rights(stack.template, template)),
        )


def reject_missing_rights(platform: str, stacks: tuple[StackByHand, ...]) -> None:
    """Reject an update of the platform for which roles lack rights of the same commit.

    Raises:
        ClearError: A stack gives a role new rights, and is not deployed yet.
    """
    for each in stacks:
        if each.new_rights:
            raise ClearError(
                f"This commit gives roles new rights, which {each.name} does not have yet:"
                f" {', '.join(each.new_rights)}. The update of {platform} may need them."
                f" Nothing was changed. First run, as an administrator:\n  {each.command}"
            )


def _command(name: str, end: str) -> str:
    template, capability = TEMPLATES[end]
    return (
        f"aws cloudformation deploy --stack-name {name} --template-file {template}"
        f" --capabilities {capability}"
    )


def _new_rights(old: str, new: str) -> Iterator[str]:
    """Yield actions that roles have in one template and not in another."""
    before, after = (read_template(text)["Resources"] for text in (old, new))
    for role in ROLES:
        had = set(_actions(before.get(role)))
        for action in sorted({*_actions(after.get(role))} - had):
            if not any(fnmatchcase(action, each) for each in had):
                yield f"{action} of {role}"


def _actions(node: Any) -> Iterator[str]:
    """Yield the actions that a part of a template allows."""
    if isinstance(node, list):
        for each in node:
            yield from _actions(each)
    elif isinstance(node, Mapping):
        if node.get("Effect") == "Allow":
            given = node.get("Action", [])
            yield from [given] if isinstance(given, str) else given
        else:
            for each in node.values():
                yield from _actions(each)
