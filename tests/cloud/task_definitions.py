"""Task definitions with the defaults that AWS adds to what was registered.

prefect-aws compares its definition with AWS's answer, and registers a new revision if
they differ. `enableFaultInjection: false` is such a difference; empty lists and mappings
(`host` of a volume, added capabilities), `cpu: 0` and fields of answers only
(`compatibilities`, `registeredAt`...) are not.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from tests.cloud.call import key_in
from tests.cloud.iam import caller_of

REQUIRED = (
    "com.amazonaws.ecs.capability.ecr-auth",
    "com.amazonaws.ecs.capability.logging-driver.awslogs",
    "com.amazonaws.ecs.capability.task-iam-role",
    "ecs.capability.execution-role-awslogs",
    "ecs.capability.execution-role-ecr-pull",
    "ecs.capability.secrets.asm.environment-variables",
    "ecs.capability.task-eni",
)


def install() -> None:
    """Make moto return AWS's defaults."""
    initialize = TaskDefinition.__init__
    register = EC2ContainerServiceResponse.register_task_definition

    def with_defaults(self: Any, *args: Any, **kwargs: Any) -> None:
        initialize(self, *args, **kwargs)
        for container in self.container_definitions:
            container.setdefault("systemControls", [])
            linux = container.get("linuxParameters", {})
            if "capabilities" in linux:
                linux["capabilities"] = {"add": [], "drop": []} | linux["capabilities"]
        self.volumes = [{"host": {}} | each for each in self.volumes]
        self.enable_fault_injection = False
        self.requires_attributes = [{"name": name} for name in REQUIRED]
        self.registered_at = datetime.now(timezone.utc).replace(tzinfo=None)

    def with_caller(self: Any) -> Any:
        answer = register(self)
        definition = answer.result["taskDefinition"]
        caller = caller_of(key_in(self.headers["Authorization"]))
        definition.registered_by = caller.arn if caller else None
        definition.enable_fault_injection = bool(
            self._get_param("enableFaultInjection")
        )
        return answer

    TaskDefinition.__init__ = with_defaults  # type: ignore[method-assign]
    EC2ContainerServiceResponse.register_task_definition = with_caller  # type: ignore[method-assign]
    # moto sums the containers' memory, and fails where only the task has memory
    EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(
        lambda definition: {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
    )
