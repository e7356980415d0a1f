"""The platform's stack: how it is, and what a commit changes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from infrastructure.release.stack.template import read_template
from utils.aws.client import asking_aws, aws_client
from utils.aws.stack import describe_stack
from utils.differences import Difference, differences

IMAGE_PARAMETER = "ImageUri"
POOL_PARAMETER = "WorkPoolName"
# What makes resources. A parameter's default, say, is none: the stack keeps its value.
SECTIONS = ("Transform", "Mappings", "Conditions", "Resources", "Outputs")


@dataclass(frozen=True)
class PlatformStack:
    """The stack as it is."""

    name: str
    status: str
    template: str
    parameters: Mapping[str, str]

    @classmethod
    def named(cls, name: str) -> PlatformStack:
        """Ask CloudFormation for it.

        Raises:
            ClearError: There is none, or AWS does not answer.
        """
        found = describe_stack(name)
        with asking_aws(
            "the stack's template",
            "cloudformation:GetTemplate",
            f"The stack {name} is gone. Nothing was changed.",
        ):
            template = aws_client("cloudformation").get_template(StackName=name)
        parameters = {
            each["ParameterKey"]: each["ParameterValue"]
            for each in found.get("Parameters", [])
        }
        return cls(name, found["StackStatus"], template["TemplateBody"], parameters)

    @classmethod
    def made_from(cls, name: str, template: str, image: str) -> PlatformStack:
        """One that was made from this template, with its defaults."""
        defaults = {
            parameter: str(each.get("Default", ""))
            for parameter, each in parameters_of(template).items()
        }
        parameters = defaults | {IMAGE_PARAMETER: image}
        return cls(name, "CREATE_COMPLETE", template, parameters)

    @property
    def worker_image(self) -> str:
        """The image that the worker runs in."""
        return self.parameters[IMAGE_PARAMETER]

    @property
    def work_pool(self) -> str:
        """The pool that the worker serves."""
        return self.parameters[POOL_PARAMETER]


@dataclass(frozen=True)
class StackChange:
    """What becomes of it. Nothing, if nothing differs."""

    template: str
    image: str
    """The worker's."""
    differences: tuple[Difference, ...]

    @classmethod
    def of(cls, stack: PlatformStack, template: str, image: str) -> StackChange:
        """What this template, and this image for the worker, change."""
        found = differences(parts_of(stack.template), parts_of(template))
        if image != stack.worker_image:
            found += (Difference(IMAGE_PARAMETER, stack.worker_image, image),)
        return cls(template, image, found)


def parts_of(template: str) -> dict[str, Any]:
    """The sections of a template that matter, as data: comments are none."""
    read = read_template(template)
    return {section: read[section] for section in SECTIONS if section in read}


def parameters_of(template: str) -> dict[str, Any]:
    """A template's parameters by name."""
    return read_template(template).get("Parameters", {})
