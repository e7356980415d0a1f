"""Changes of a stack that lose data, or what nobody can bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Iterable

from utils.errors import ClearError

if TYPE_CHECKING:
    from infrastructure.release.stack.resource_changes import ResourceChange

# What is lost with a resource of these types. No template has it.
LOSSES = {
    "AWS::EC2::EIP": "the address, which others have on their allow-lists",
    "AWS::EC2::Subnet": "the subnet, with all that is connected to it",
    "AWS::EC2::VPC": "the network, with all that is connected to it",
    "AWS::EC2::Volume": "the disk, with its files",
    "AWS::ECR::Repository": "the images, which deployments and rollbacks name",
    "AWS::ECS::Cluster": "the runs in progress, and the cluster's name in the work pool",
    "AWS::EFS::FileSystem": "the file system, with its files",
    "AWS::Logs::LogGroup": "all logs until now",
    "AWS::RDS::DBInstance": "the database, with all that is in it",
    "AWS::S3::Bucket": "the bucket, with its files",
    "AWS::SNS::Topic": "the topic's subscriptions, which each recipient has confirmed",
    "AWS::SQS::Queue": "messages that nobody has read yet",
    "AWS::SecretsManager::Secret": "the secret's value",
}


def reject_losses(
    stack: str, changes: Iterable[ResourceChange], allowed: Collection[str] = ()
) -> None:
    """Reject changes that lose data, except those of resources that are named.

    Args:
        stack: Name of the stack.
        changes: Changes of its resources.
        allowed: Logical names of resources that may be lost.

    Raises:
        ClearError: Something is lost that is not named. The message has each resource.
    """
    lost = [each for each in changes if each.loss and each.name not in allowed]
    if lost:
        listed = "\n".join(f"  {each}." for each in lost)
        named = " ".join(f"--lose {each.name}" for each in lost)
        raise ClearError(
            f"The update of {stack} would replace or delete what holds data, or cannot be"
            f" made again as it was. Nothing was changed.\n{listed}\nUndo this in the"
            f" template. If it is meant, save what is needed, then run `apply {named}`."
        )
