"""The CloudFormation stack of production, whose outputs blocks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from utils.aws.client import asking_aws, aws_client
from utils.errors import ClearError

TEMPLATE = "infrastructure/ecs_cluster_prefect_worker.yml"
FOUNDATION_TEMPLATE = "infrastructure/foundation.yml"
SERVER_TEMPLATES = "infrastructure/prefect_server_ec2.yml or prefect_server_ecs.yml"


@dataclass(frozen=True)
class StackOutputs:
    """Outputs of a stack in the account and region of AWS's environment variables."""

    name: str
    region: str
    status: str
    outputs: Mapping[str, str]
    template: str = TEMPLATE
    """Template that errors name."""

    @classmethod
    def named(
        cls, name: str, template: str = TEMPLATE, option: str = "--stack"
    ) -> StackOutputs:
        """Ask CloudFormation for a stack.

        Args:
            name: Name of the stack.
            template: Template of such a stack, for errors.
            option: Option of the command line that names another stack, for errors.

        Raises:
            ClearError: There is no such stack, or AWS does not answer.
        """
        found = describe_stack(name, template, option)
        outputs = {
            each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])
        }
        # arn:aws:cloudformation:<region>:...
        region = found["StackId"].split(":")[3]
        return cls(name, region, found["StackStatus"], outputs, template)

    def foundation(self) -> StackOutputs:
        """Ask CloudFormation for the stack of the network in which this one's tasks are.

        Raises:
            ClearError: There is no such stack, or AWS does not answer.
        """
        return self.named(f"{self.name}-foundation", FOUNDATION_TEMPLATE)

    def __getitem__(self, output: str) -> str:
        """Return the value of an output.

        Raises:
            ClearError: The stack has no such output.
        """
        if not (value := self.outputs.get(output)):
            raise ClearError(
                f"The stack {self.name} in {self.region} has no output {output}. Nothing was"
                f" changed. It is {self.status}, and has"
                f" {', '.join(sorted(self.outputs)) or 'no outputs'}. Wait until it is"
                f" complete, or update it with {self.template} as it is in this commit."
            )
        return value


def describe_stack(
    name: str, template: str = TEMPLATE, option: str = "--stack"
) -> dict[str, Any]:
    """Return CloudFormation's description of a stack.

    Args:
        name: Name of the stack.
        template: Template of such a stack, for errors.
        option: Option of the command line that names another stack, for errors.

    Raises:
        ClearError: There is no such stack, or AWS does not answer.
    """
    client = aws_client("cloudformation")
    nowhere = (
        f"There is no stack {name} in the region {client.meta.region_name} of this AWS"
        f" account. Nothing was changed. Create it from {template}, name another with"
        f" {option}, or let AWS_PROFILE and AWS_DEFAULT_REGION name the account and the"
        " region."
    )
    with asking_aws(f"the stack {name}", "cloudformation:DescribeStacks", nowhere):
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    return found
