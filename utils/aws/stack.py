"""The CloudFormation stack of production, whose outputs blocks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from utils.aws.client import asking_aws, aws_client
from utils.errors import ClearError

TEMPLATE = "infrastructure/ecs_cluster_prefect_worker.yml"


@dataclass(frozen=True)
class StackOutputs:
    """Outputs of a stack in the account and region of AWS's environment variables."""

    name: str
    region: str
    status: str
    outputs: Mapping[str, str]

    @classmethod
    def named(cls, name: str) -> StackOutputs:
        """Ask CloudFormation for a stack.

        Raises:
            ClearError: There is no such stack, or AWS does not answer.
        """
        found = describe_stack(name)
        outputs = {
            each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])
        }
        # arn:aws:cloudformation:<region>:...
        region = found["StackId"].split(":")[3]
        return cls(name, region, found["StackStatus"], outputs)

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
                f" complete, or update it with {TEMPLATE} as it is in this commit."
            )
        return value


def describe_stack(name: str) -> dict[str, Any]:
    """Return CloudFormation's description of a stack.

    Raises:
        ClearError: There is no such stack, or AWS does not answer.
    """
    client = aws_client("cloudformation")
    nowhere = (
        f"There is no stack {name} in the region {client.meta.region_name} of this AWS"
        f" account. Nothing was changed. Create it from {TEMPLATE}, name another with"
        " --stack, or let AWS_PROFILE and AWS_DEFAULT_REGION name the account and the"
        " region."
    )
    with asking_aws(f"the stack {name}", "cloudformation:DescribeStacks", nowhere):
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    return found
