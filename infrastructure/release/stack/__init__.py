"""The platform's CloudFormation stack: its current state, and the change of a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Mapping

from infrastructure.release.stack.resource_changes import ResourceChange
from infrastructure.release.stack.template import Values, read_template
from utils.aws.client import asking_aws, aws_client
from utils.aws.stack import describe_stack
from utils.reports.differences import Difference, differences

IMAGE_PARAMETER = "ImageUri"
POOL_PARAMETER = "WorkPoolName"
PROCESSOR_PARAMETER = "CpuArchitecture"
# The processor of stacks and releases from before this parameter.
FIRST_PROCESSOR: Literal["X86_64"] = "X86_64"
# Sections that resources depend on. Parameters are none of them: when a default changes,
# the stack keeps its value.
SECTIONS = ("Transform", "Mappings", "Conditions", "Resources", "Outputs")


@dataclass(frozen=True)
class PlatformStack:
    """The stack's template and parameters, current or planned."""

    name: str
    status: str
    template: str
    parameters: Mapping[str, str]

    @classmethod
    def named(cls, name: str) -> PlatformStack:
        """Read a stack from CloudFormation.

        Raises:
            ClearError: The stack does not exist, or AWS does not answer.
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
        """Return a stack as created from a template with its default parameters.

        Args:
            name: Name of the stack.
            template: Text of the template.
            image: Image of the worker.
        """
        defaults = {
            parameter: str(each.get("Default", ""))
            for parameter, each in template_parameters(template).items()
        }
        parameters = defaults | {IMAGE_PARAMETER: image}
        return cls(name, "CREATE_COMPLETE", template, parameters)

    def values_of(self, template: str) -> Values:
        """Return parameters' values after an update with a template. It keeps the old."""
        values = {
            parameter: self.parameters.get(parameter, str(each.get("Default", "")))
            for parameter, each in template_parameters(template).items()
        }
        return {**values, "AWS::StackName": self.name}

    @property
    def worker_image(self) -> str:
        """The image that the worker runs in."""
        return self.parameters[IMAGE_PARAMETER]

    @property
    def processor(self) -> str:
        """The processor of the worker and of runs, for which images have to be built."""
        return self.parameters.get(PROCESSOR_PARAMETER, FIRST_PROCESSOR)

    @property
    def work_pool(self) -> str:
        """The name of the work pool that the worker serves."""
        return self.parameters[POOL_PARAMETER]


@dataclass(frozen=True)
class StackChange:
    """The change to apply to the stack. Without differences nothing is applied."""

    template: str
    image: str
    """The worker's image."""
    differences: tuple[Difference, ...]
    resources: tuple[ResourceChange, ...] | None = None
    """Changes of the stack's resources. None if they are unknown."""
    unknown: str = ""
    """Reason why they are unknown."""

    @classmethod
    def of(cls, stack: PlatformStack, template: str, image: str) -> StackChange:
        """Compare a stack with a template and an image for its worker."""
        found = differences(
            template_sections(stack.template), template_sections(template)
        )
        if image != stack.worker_image:
            images = stack.worker_image, image
            found += (Difference(IMAGE_PARAMETER, *images, images),)
        return cls(template, image, found)


def template_sections(template: str) -> dict[str, Any]:
    """Return a template's sections that affect resources, as data without comments."""
    read = read_template(template)
    return {section: read[section] for section in SECTIONS if section in read}


def template_parameters(template: str) -> dict[str, Any]:
    """Return a template's parameters by name."""
    return read_template(template).get("Parameters", {})
