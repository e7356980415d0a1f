"""Start of many runs at once while AWS throttles, and the outcome of each.

`python -m tests.end_to_end.throttled_runs` starts fifty, which takes some minutes.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.end_to_end.platform import Platform, running_platform
from tests.servers.postgres import running_postgres

DEPLOYMENT = "hello_world/production"


def run_throttled(platform: Platform, count: int) -> Counter[tuple[str, int]]:
    """Count runs by their final state and number of tasks."""
    platform.completed(DEPLOYMENT)  # registers the task definition
    platform.cloud.forget_calls()
    throttled = ("RunTask", "DescribeTaskDefinition")
    for action in throttled:
        platform.cloud.throttle("ecs", action, times=count)
    runs = [platform.start(DEPLOYMENT) for _ in range(count)]
    states = [platform.wait(run_id).state.name for run_id in runs]
    tasks_of = platform.tasks()
    tasks = [len(tasks_of.get(str(run_id), [])) for run_id in runs]
    for action in throttled:
        refused = platform.cloud.calls(action=action, status="400")
        assert len(refused) == count, f"{action} was refused {len(refused)} times"
    return Counter(zip(states, tasks))


def main() -> None:
    """Set up the platform, start the runs, and print how they ended."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running_postgres(folder / "postgres") as postgres,
            running_platform(postgres, folder / "platform") as platform,
        ):
            for (state, tasks), runs in run_throttled(platform, 50).items():
                print(f"{runs} runs: {state}, {tasks} task each")


if __name__ == "__main__":
    main()
