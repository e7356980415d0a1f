"""Valid prefect.yaml, and the messages for faults in it."""

from __future__ import annotations

from typing import Collection

from infrastructure.release.code import Code, FlowCode
from infrastructure.release.prefect_file import PrefectFileError, read_prefect_file

FILE = """\
name: pets
prefect-version: 3.8.8
definitions:
  nightly: &nightly
    cron: "0 5 * * *"
    timezone: Europe/Berlin
  queue: &queue
    concurrency_limit:
      limit: 1
      collision_strategy: ENQUEUE
  task: &task
    work_pool:
      name: production
      job_variables:
        image: "{{ $IMAGE }}"
        cpu: 256
    build: []
    pull:
      - prefect.deployments.steps.set_working_directory:
          directory: /app
deployments:
  - <<: [*task, *queue]
    name: production
    entrypoint: flows.cats.cats
    description: Loads cats.
    tags: [production, load]
    schedules:
      - *nightly
  - <<: *task
    name: production
    entrypoint: flows.dogs.dogs
    description: Loads dogs.
    tags: [production]
    parameters:
      day: 2026-11-02
    schedules:
      - <<: *nightly
        parameters: {limit: 3}
  - name: dev
    entrypoint: flows.dogs.dogs
    description: Loads dogs.
    tags: [dev]
    work_pool:
      name: dev
    build:
      - prefect.deployments.steps.run_shell_script:
          id: clone
          script: pwd
    pull:
      - prefect.deployments.steps.set_working_directory:
          directory: "{{ clone.stdout }}"
"""


CATS = FlowCode("cats", None, {"properties": {}}, frozenset())
DOGS_PARAMETERS = {
    "type": "object",
    "properties": {
        "day": {"type": "string", "format": "date"},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "names": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["day"],
}
DOGS = FlowCode("dogs", None, DOGS_PARAMETERS, frozenset())
CODE = Code(
    {"flows.cats.cats": CATS, "flows.dogs.dogs": DOGS},
    {"flows.cast.cats": "there is no flows/cast.py"},
)


def changed(old: str, new: str) -> str:
    """Return the file with one text replaced."""
    assert FILE.count(old) == 1, old
    return FILE.replace(old, new)


def faults(text: str, pools: Collection[str] = ("dev", "production")) -> list[str]:
    """Return the messages for a file's faults, each with its line."""
    try:
        read_prefect_file(text).check(CODE, pools)
    except PrefectFileError as error:
        lines = str(error).splitlines()
        assert all(line.startswith("prefect.yaml:") for line in lines)
        return [line.removeprefix("prefect.yaml:") for line in lines]
    return []
