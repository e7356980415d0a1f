"""Switches: where AWS may do one or the other, so that tests try both.

All are off at first: tags come with the call that creates a thing, CloudFormation reads
nothing, nothing is throttled, zones stay as they are, EventBridge publishes by the role
that a target names, and ECS has its own role.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from tests.cloud.account import backend
from tests.cloud.call import AwsError, Call

NO_ROLE = (
    "Invalid request provided: CreateCluster Invalid Request: Unable to assume the service"
    " linked role. Please verify that the ECS service linked role exists."
)
OF_ECS = "ecs.amazonaws.com"
OF_CLUSTER = ("ecs", "CreateCluster")


@dataclass
class Switches:
    """Behaviour of AWS that differs from the default."""

    conditions_unknown: bool = False
    """EventBridge knows no condition in a topic's policy."""
    first_cluster: bool = False
    """ECS makes its own role with an account's first cluster, and cannot use it yet."""
    reads: bool = False
    """CloudFormation also reads what the schemas of its types list."""
    roles_ignored: bool = False
    """EventBridge publishes to a topic by itself, whatever role its target names."""
    tags_late: bool = False
    """A stack's resources are tagged by a call of their own, after they are made."""
    late_kind: str = ""
    """Type of the resources alone that are tagged late."""
    throttled: bool = False
    """The first call of each action is throttled."""
    zones: bool = False
    """GetAZs answers with other zones."""

    def late(self, kind: str) -> bool:
        """Return whether resources of this type are tagged late."""
        return self.tags_late or self.late_kind == kind

    def set(self, wanted: dict[str, bool | str]) -> dict[str, bool | str]:
        """Turn switches on or off, and return how all of them were."""
        before = asdict(self)
        if unknown := wanted.keys() - {each.name for each in fields(self)}:
            raise ValueError(f"There is no switch {', '.join(sorted(unknown))}.")
        for name, on in wanted.items():
            setattr(self, name, on)
        return before


SWITCHES = Switches()


def check_cluster(call: Call) -> None:
    """Refuse an account's first cluster, and make ECS's own role for the next attempt."""
    if not SWITCHES.first_cluster or (call.service, call.action) != OF_CLUSTER:
        return
    iam: Any = backend("iam")
    if any(role.path == f"/aws-service-role/{OF_ECS}/" for role in iam.roles.values()):
        return
    iam.create_service_linked_role(OF_ECS, "", "")
    raise AwsError("InvalidParameterException", NO_ROLE)
