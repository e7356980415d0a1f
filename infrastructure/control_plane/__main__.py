"""Command line: `python -m infrastructure.control_plane prepare | backup | restore`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from infrastructure.control_plane import compose, ec2, ecs
from infrastructure.control_plane.backups import name_of_now
from utils.aws.stack import SERVER_TEMPLATES, StackOutputs
from utils.errors import ClearError
from utils.runs.command_line import command_line, run_commands

KINDS = {"ec2": ec2, "ecs": ecs}

app = command_line(
    "infrastructure.control_plane",
    "Prepare, back up and restore a Prefect server of your own.",
)


@app.command
def prepare() -> None:
    """Make the passwords of infrastructure/compose.yaml. Those that are there stay."""
    compose.make_settings()
    print(f"Passwords: {compose.SETTINGS}")
    print("Start it: docker compose -f infrastructure/compose.yaml up --detach")
    print("Then: export PREFECT_PROFILE=data-platform")


@app.command
def backup(*, stack: str = "", to: Path | None = None) -> None:
    """Back up Prefect's database, while everything goes on, and print where it is.

    A backup holds the secrets of Prefect's blocks: keep it private.

    Args:
        stack: Name of the server's CloudFormation stack, whose bucket gets the backup. By
            default compose's server on this machine is backed up.
        to: File to write, for compose's server.
    """
    if stack:
        if to:
            raise ClearError("--to is for compose's server: a stack has its bucket.")
        found = _found(stack)
        print(_kind(found).backup(found))
    else:
        to = to or Path(name_of_now())
        compose.backup(to)
        print(to)


@app.command
def restore(backup: str, *, stack: str = "", leave_stopped: bool = False) -> None:
    """Put a backup in the place of Prefect's database, and print what is not known of runs.

    Args:
        backup: What `backup` has printed, here or of another server: a file, or with a stack
            an address in S3.
        stack: Name of the server's CloudFormation stack, by default compose's server.
        leave_stopped: Do not start the server of a stack on ECS again, because an older
            version is deployed next.
    """
    if leave_stopped and not (stack and _found(stack)["Kind"] == "ecs"):
        raise ClearError("--leave-stopped is for a server on ECS. Nothing was changed.")
    if not stack:
        print(compose.restore(Path(backup)), end="")
    elif not backup.startswith("s3://"):
        raise ClearError(
            f"{backup} is no address in S3. Nothing was changed. Copy it into the stack's"
            " bucket: aws s3 cp"
        )
    else:
        found = _found(stack)
        only_there = {"leave_stopped": True} if leave_stopped else {}
        print(_kind(found).restore(found, backup, **only_there), end="")


def _found(stack: str) -> StackOutputs:
    return StackOutputs.named(stack, SERVER_TEMPLATES)


def _kind(stack: StackOutputs) -> ModuleType:
    return KINDS[stack["Kind"]]


if __name__ == "__main__":
    run_commands(app)
