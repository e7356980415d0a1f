"""Hundred deployments by `release apply` against `prefect deploy --all`, on one server.

Whole processes; the server has a database of SQLite, and AWS is fake. Prints the ratios
of seconds, each measured once, and how long a rollback takes. Goal: at least 3 times as
fast for a first release and for a new image, with the same result in every field.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.ports import free_port

if TYPE_CHECKING:
    from tests.infrastructure.release.production import Production

DEPLOYMENTS = 100

FLOW = '''"""One of many."""

from prefect import flow


@flow(name="{name}")
def {name}(day: str = "2026-01-01", full: bool = False) -> None:
    """Load a day, or all of them."""
'''

DEPLOYMENT = """
  - name: production
    entrypoint: flows.{name}.{name}
    description: One flow of many, with all that the others have.
    tags: [production, load, alerts]
    build: []
    pull:
      - prefect.deployments.steps.set_working_directory: {{directory: /app}}
    work_pool:
      name: production
      job_variables: {{image: "{{{{ $IMAGE }}}}", cpu: 256, memory: 512}}
    concurrency_limit: {{limit: 1, collision_strategy: ENQUEUE}}
    schedules:
      - {{cron: "{minute} 6 * * *", timezone: Europe/Berlin, active: true}}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        url = f"http://127.0.0.1:{free_port()}/api"
        # before Prefect is imported, which reads it then
        os.environ |= {"PREFECT_API_URL": url, "PREFECT_HOME": str(scratch / "home")}
        from prefect.client.orchestration import get_client

        from tests.cloud.cloud import running_cloud
        from tests.infrastructure.release.production import Production
        from tests.infrastructure.release.repository_of_tests import new_repository
        from tests.servers.prefect import running_server

        repository = new_repository(scratch / "repository")
        repository.git("remote", "add", "origin", "https://example.org/acme/shop.git")
        with (
            running_server(scratch / "server", url),
            running_cloud(scratch / "cloud") as cloud,
            get_client(sync_client=True) as client,
        ):
            production = Production(cloud, repository, client)
            add_many_flows(production)
            compare(production)


def add_many_flows(production: Production) -> None:
    names = [f"flow_{number:03}" for number in range(DEPLOYMENTS)]
    flows = {f"flows/{name}.py": FLOW.format(name=name) for name in names}
    deployments = [
        DEPLOYMENT.format(name=name, minute=number % 60)
        for number, name in enumerate(names)
    ]
    file = f"name: shop\nprefect-version: 3.8.8\ndeployments:{''.join(deployments)}"
    production.repository.write(flows | {"prefect.yaml": file})


def compare(production: Production) -> None:
    first = production.repository.commit("Many flows")
    log = production.repository.read("utils/log.py")
    production.repository.write({"utils/log.py": f"{log}# changed\n"})
    second = production.repository.commit("Other code")
    deployed: list[tuple[float, object]] = []
    applied: list[tuple[float, object]] = []
    for deploy, found in ((by_prefect, deployed), (by_release, applied)):
        production.empty()
        for commit in (first, second):
            production.push(commit)
            production.repository.git("switch", "--quiet", "--detach", commit)
            seconds = deploy(production, commit)
            found.append((seconds, production.settled()))
    labels = ("a first release", "a new image")
    for label, (slow, before), (fast, after) in zip(labels, deployed, applied):
        same = "the same" if before == after else "NOT the same"
        print(
            f"{label}: {slow:.0f} s / {fast:.0f} s = {slow / fast:.1f}, {same} result"
        )
    print(f"nothing to do: {by_release(production, second):.1f} s")
    print(f"rollback: {seconds_of(production, 'rollback'):.1f} s")


def by_prefect(production: Production, commit: str) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=production.repository.folder,
        env=os.environ | {"IMAGE": production.image(commit)},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def by_release(production: Production, commit: str) -> float:
    return seconds_of(production, "apply")


def seconds_of(production: Production, command: str) -> float:
    start = time.perf_counter()
    process = production.start(command, api_url=production.api_url)
    printed, errors = process.communicate()
    assert process.returncode == 0, printed + errors
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
