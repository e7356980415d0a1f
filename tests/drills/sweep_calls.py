"""Clients of the sweeper that let something happen before each call, which may fail."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Iterator

import httpx
from prefect.client.orchestration import SyncPrefectClient

from utils.aws.client import aws_client
from utils.watch.repairs.ecs_tasks import IMPATIENT, EcsTasks

if TYPE_CHECKING:
    from tests.drills.sweeps import World

# Of the calls of the sweeper.
FAILING = 0.02
# Of the tasks that ECS tells of, more often and longer than it does.
UNTOLD = 0.04


class Interrupted:
    """Client of Prefect's that lets something happen before each call, which may fail.

    Args:
        client: The client.
        world: World in which it happens.
    """

    def __init__(self, client: SyncPrefectClient, world: World) -> None:
        self._client, self._world = client, world

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._world.stir(about=args[0] if args else None)
            if self._world.happens(FAILING / 2):
                raise httpx.ReadTimeout("before the server has read it")
            answer = method(*args, **kwargs)
            if name == "read_flow_run":
                self._world.window += 1
            if self._world.happens(FAILING / 2):
                raise httpx.ReadTimeout("after the server has done it")
            return answer

        return call if callable(method) else method


class InterruptedEcs:
    """Client of ECS that lets something happen before each call, and overlooks tasks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ecs = aws_client("ecs", **IMPATIENT)

    def get_paginator(self, name: str) -> Any:
        self._before("ListTasks")
        return self

    def paginate(self, cluster: str, desiredStatus: str) -> Iterator[dict[str, Any]]:
        """Yield a page, without some tasks, and with one that has stopped."""
        given = {"cluster": cluster, "desiredStatus": desiredStatus}
        arns = self._ecs.list_tasks(**given)["taskArns"]
        given["desiredStatus"] = "STOPPED"
        arns += self._ecs.list_tasks(**given)["taskArns"][-1:]
        yield {"taskArns": [arn for arn in arns if not self._world.happens(UNTOLD)]}

    def describe_tasks(self, **given: Any) -> dict[str, Any]:
        self._before("DescribeTasks")
        answer = self._ecs.describe_tasks(**given)
        for task in list(answer["tasks"]):
            if self._world.happens(UNTOLD):
                answer["tasks"].remove(task)
                missing = {"arn": task["taskArn"], "reason": "MISSING"}
                answer["failures"].append(missing)
        return answer

    def stop_task(self, **given: Any) -> None:
        self._before("StopTask", given["task"])
        self._world.see_stop(given["task"])
        self._ecs.stop_task(**given)

    def _before(self, action: str, about: str | None = None) -> None:
        self._world.stir(about)
        if self._world.happens(FAILING):
            self._world.cluster.cloud.throttle("ecs", action, times=1)


class InterruptedTasks(EcsTasks):
    """Cluster's tasks, with such a client."""

    world: World

    @cached_property
    def _ecs(self) -> Any:
        return InterruptedEcs(self.world)
