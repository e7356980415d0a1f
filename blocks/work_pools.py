"""Work pools: where flow runs wait for a worker, and the template of their jobs.

A pool's concurrency limit, pause and queues are set by hand during operations, and are
kept. The template is code: changes by hand are reverted.

The pools of developers and of production are never on one server. A run in production
holds a key of its server, by which it could start commands on each machine whose worker
serves a pool there.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Callable

from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool as ServerPool

from blocks.managed_object import ManagedObject
from blocks.server import Server
from utils.errors import ClearError
from utils.reports.differences import Fields, revealed

DEV = "dev"
ENVIRONMENT = {
    # pyproject.toml has it, too, but a worker may have been started in another folder.
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    # A restarting server does not answer for minutes. Eight retries take eight; Prefect's
    # five take one, after which it ends a healthy run.
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    # Seconds between a run's heartbeats, by default 180. watch takes a run that has lost its
    # slot, and sends none for three minutes, for dead.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "60",
}
# A command, an environment or a part of the template may have a secret that somebody put
# there by hand.
PUBLIC_FIELDS = re.compile(
    r"description"
    r"|variables\.properties\.(cluster|cpu|memory|vpc_id|network_configuration"
    r"|execution_role_arn|role|match_latest_revision_in_family"
    r"|cloudwatch_logs_\w+|configure_cloudwatch_logs)\.default(\..*)?"
    r"|job_configuration\.task_definition\.runtimePlatform(\.cpuArchitecture)?"
)


@dataclass(frozen=True)
class WorkPool(ManagedObject):
    """A work pool with the template of its jobs."""

    name: str
    type: str
    description: str
    base_job_template: dict[str, Any]
    default_template: dict[str, Any]
    """The template of a new pool of this type."""
    apart_from: Callable[[ServerPool], bool]
    """Returns whether a pool must not be on the same server."""

    @property
    def label(self) -> str:
        """`work pool` and the pool's name."""
        return f"work pool {self.name}"

    @property
    def wanted(self) -> Fields:
        """The description and the template."""
        return {"description": self.description, **self.base_job_template}

    @property
    def defaults(self) -> Fields:
        """The template of a new pool of this type."""
        return self.default_template

    @property
    def public_fields(self) -> re.Pattern[str]:
        """Settings that name things; any other one may hold a secret."""
        return PUBLIC_FIELDS

    def find(self, server: Server) -> Fields | None:
        self._check_apart(server)
        found = server.work_pools.get(self.name)
        if found is None:
            return None
        if found.type != self.type:
            raise ClearError(
                f"The work pool {self.name} is of the type {found.type}, not {self.type},"
                " and Prefect cannot change that. Nothing was changed. If nobody needs it,"
                f" delete it: prefect work-pool delete {self.name}."
            )
        return {"description": found.description, **found.base_job_template}

    def create(self, server: Server) -> None:
        server.client.create_work_pool(
            WorkPoolCreate(name=self.name, type=self.type, **self._settings())
        )

    def update(self, server: Server) -> None:
        server.client.update_work_pool(self.name, WorkPoolUpdate(**self._settings()))

    def _check_apart(self, server: Server) -> None:
        for other in filter(self.apart_from, server.work_pools.values()):
            raise ClearError(
                f"This Prefect server has the work pool {other.name}, and {self.name} must"
                " not be beside it: a run in production could start commands on developers'"
                " machines. Nothing was changed. Keep a server of your own for development:"
                " `uv run python -m infrastructure.local_server`, and"
                f" PREFECT_PROFILE=data-platform. If nobody needs {other.name} here, delete"
                f" it: prefect work-pool delete {other.name}."
            )

    def _settings(self) -> Fields:
        return {
            "description": self.description,
            "base_job_template": revealed(self.base_job_template),
        }


def dev_pool() -> WorkPool:
    """Return the work pool of runs on a developer's machine."""
    from prefect.workers.process import ProcessWorker

    default = ProcessWorker.get_default_base_job_template()
    template = deepcopy(default)
    template["variables"]["properties"]["env"]["default"] = dict(ENVIRONMENT)
    return WorkPool(
        name=DEV,
        type="process",
        description="Runs are processes on the machine of whoever starts a worker.",
        base_job_template=template,
        default_template=default,
        # Production's pool, whatever its name.
        apart_from=lambda pool: pool.type == "ecs",
    )
