"""Work pools: where flow runs wait for a worker, and what a run's process gets.

A concurrency limit, a pause and the work queues are set by hand while things happen, and
are kept. The template of its jobs is code: what was changed there by hand is put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from blocks.resource import Resource
from utils.differences import Fields, revealed
from utils.errors import ClearError


@dataclass(frozen=True)
class WorkPool(Resource):
    """A pool with the template that its runs start from."""

    name: str
    type: str
    description: str
    base_job_template: dict[str, Any]
    default_template: dict[str, Any]
    """Of a new pool of this type."""

    kind = "work pool"

    @property
    def wanted(self) -> Fields:
        return {"description": self.description, **self.base_job_template}

    @property
    def usual(self) -> Fields:
        return self.default_template

    def find(self, client: SyncPrefectClient) -> Fields | None:
        try:
            found = client.read_work_pool(self.name)
        except ObjectNotFound:
            return None
        if found.type != self.type:
            raise ClearError(
                f"The work pool {self.name} is of the type {found.type}, not {self.type},"
                " and Prefect cannot change that. Nothing was changed. Delete it, if"
                f" nobody needs it: prefect work-pool delete {self.name}."
            )
        return {"description": found.description, **found.base_job_template}

    def create(self, client: SyncPrefectClient) -> None:
        client.create_work_pool(
            WorkPoolCreate(name=self.name, type=self.type, **self._settings())
        )

    def update(self, client: SyncPrefectClient) -> None:
        client.update_work_pool(self.name, WorkPoolUpdate(**self._settings()))

    def _settings(self) -> Fields:
        return {
            "description": self.description,
            "base_job_template": revealed(self.base_job_template),
        }


def dev_pool() -> WorkPool:
    """Runs are processes of a worker on a developer's machine."""
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    return WorkPool(
        name="dev",
        type="process",
        description="Runs are processes on the machine of whoever starts a worker.",
        base_job_template=template,
        default_template=template,
    )
