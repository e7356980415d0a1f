"""The server of prefect_server_ec2.yml: Systems Manager runs its machine's own scripts."""

from __future__ import annotations

import shlex
from contextlib import suppress

from botocore.exceptions import WaiterError

from utils.aws.client import asking_aws, aws_client
from utils.aws.stack import StackOutputs
from utils.errors import ClearError

SCRIPTS = "/opt/data-platform"
MOST_SECONDS = 60 * 60
LOOKS = {"Delay": 2, "MaxAttempts": MOST_SECONDS // 2}


def backup(stack: StackOutputs) -> str:
    """Back up Prefect's database, and return the backup's address.

    Raises:
        ClearError: The machine's script failed, or AWS refuses.
    """
    return _run(stack, "backup").strip()


def restore(stack: StackOutputs, address: str) -> str:
    """Put a backup in the place of Prefect's database, and return what is told of it.

    Raises:
        ClearError: The machine's script failed, or AWS refuses.
    """
    return _run(stack, "restore", address)


def _run(stack: StackOutputs, *words: str) -> str:
    """Run one of the machine's scripts, and return its output."""
    ssm = aws_client("ssm")
    what = f"a command on the machine of the stack {stack.name}"
    nowhere = f"{stack['InstanceId']} is not known to Systems Manager. Is it running?"
    with asking_aws(what, "ssm:SendCommand", nowhere):
        sent = ssm.send_command(
            InstanceIds=[stack["InstanceId"]],
            DocumentName="AWS-RunShellScript",
            Parameters={
                "commands": [f"{SCRIPTS}/{shlex.join(words)}"],
                "executionTimeout": [str(MOST_SECONDS)],
            },
        )
    command = {
        "CommandId": sent["Command"]["CommandId"],
        "InstanceId": stack["InstanceId"],
    }
    goes_on = f"`{' '.join(words)}` goes on: look at the machine."
    with asking_aws(what, "ssm:GetCommandInvocation", nowhere, goes_on):
        with suppress(
            WaiterError
        ):  # of a failure, and of what is asked once more below
            ssm.get_waiter("command_executed").wait(**command, WaiterConfig=LOOKS)
        found = ssm.get_command_invocation(**command)
    if found["Status"] == "Success":
        return str(found["StandardOutputContent"])
    if found["Status"] in ("Pending", "InProgress", "Delayed"):
        raise ClearError(
            f"`{' '.join(words)}` has not ended within an hour. It goes on."
        )
    last = found["StandardErrorContent"].strip().splitlines()[-5:]
    raise ClearError(
        "\n".join([f"`{' '.join(words)}` on the machine: {found['Status']}", *last])
    )
