"""Messages about keys and values in prefect.yaml that the model rejects."""

from __future__ import annotations

import pytest

from infrastructure.release.prefect_file.messages import NOT_SUPPORTED
from tests.samples.pets_prefect_file import changed, faults

DOGS_PARAMETERS = "    parameters:\n"
DEV_BUILD = """\
    build:
      - prefect.deployments.steps.run_shell_script:
          id: clone
          script: pwd
"""


@pytest.mark.parametrize(
    "old, new, message",
    [
        (
            *("prefect-version", "prefect-versoin"),
            "2: There is no key `prefect-versoin`. Did you mean `prefect-version`?",
        ),
        (
            *("day: 2026-11-02", "1: cat"),
            "35: The key `1` is not a string. Put it in quotes.",
        ),
        (
            *("name: pets", "pull: []"),
            "1: A release does not support Prefect's `pull`. Write it in each deployment.",
        ),
        (
            *("    description: Loads cats.\n", ""),
            "22: `description` is missing. It is a sentence that says what it does.",
        ),
        (
            *("limit: 1", "limit: 0"),
            "9: `limit` should be greater than or equal to 1, not 0. It is the number of"
            " runs at a time.",
        ),
        (
            *("tags: [dev]", "tags:\n      - dev\n      - 5"),
            "44: An item of `tags` should be a valid string, not 5.",
        ),
        (
            *("  - name: dev\n", "  - dev\n  - name: dev\n"),
            '39: This deployment should be a valid mapping, not "dev".',
        ),
    ],
)
def test_each_kind_of_fault(old, new, message):
    assert faults(changed(old, new)) == [message]


@pytest.mark.parametrize("text, given", [("", "null"), ("- 1", "[1]"), ("x", '"x"')])
def test_a_file_that_is_not_a_mapping(text, given):
    assert faults(text) == [f"1: This file should be a valid mapping, not {given}."]


def fault(old: str, new: str) -> tuple[int, str]:
    """Return the line and the message of the fault that a change of the file causes."""
    (found,) = faults(changed(old, new))
    line, _, message = found.partition(": ")
    return int(line), message


@pytest.mark.parametrize(
    "old, new, line, key",
    [
        ("name: pets", "automations: []", 1, "definitions, deployments, name"),
        (DOGS_PARAMETERS, "    paramters:\n", 34, "Did you mean `parameters`"),
        ("        cpu: 256", "      work_queue: fast", 16, "`work_queue_name`"),
        ("    timezone", "    actve: false\n    timezone", 6, "`active`"),
        (
            *("limit: 1", "limit: 1\n      grace_period: 60"),
            *(10, "`grace_period_seconds`"),
        ),
    ],
)
def test_an_unknown_key_has_a_proposal(old, new, line, key):
    found, message = fault(old, new)
    assert found == line and "There is no key" in message and key in message


@pytest.mark.parametrize("key", ["triggers", "sla", "version", "paused", "schedule"])
def test_a_key_of_prefect_that_is_not_supported(key):
    line, message = fault(DOGS_PARAMETERS, f"    {key}: []\n{DOGS_PARAMETERS}")
    assert line == 34 and f"`{key}`" in message
    assert message.endswith(NOT_SUPPORTED[key])


def test_a_key_that_a_schedule_does_not_support():
    line, message = fault("    timezone", "    interval: 3600\n    timezone")
    assert line == 6 and message.endswith("`interval`. Write `cron`.")


@pytest.mark.parametrize(
    "old, new, line, key",
    [
        ("    tags: [dev]\n", "", 39, "tags"),
        ("      name: dev\n", "      work_queue_name: fast\n", 43, "name"),
        (DEV_BUILD, "", 39, "build"),
    ],
)
def test_a_missing_key(old, new, line, key):
    found, message = fault(old, new)
    assert found == line and message.startswith(f"`{key}` is missing")


@pytest.mark.parametrize(
    "old, new, line, subject, given",
    [
        ("Loads cats.", "''", 25, "`description`", '""'),
        ("Loads cats.", "5", 25, "`description`", "5"),
        ("tags: [dev]", "tags: dev", 42, "`tags`", '"dev"'),
        ("- *nightly", "- 0 5 * * *", 28, "An item of `schedules`", '"0 5 * * *"'),
        ("{limit: 3}", '{limit: 3}\n        active: "no"', 39, "`active`", '"no"'),
        ("ENQUEUE", "enqueue", 10, "`collision_strategy`", '"enqueue"'),
        ("- name: dev", "- name: dev/dogs", 39, "`name`", '"dev/dogs"'),
        (
            *("flows.cats.cats", "flows/cats.py:cats"),
            *(24, "`entrypoint`", '"flows/cats.py:cats"'),
        ),
    ],
)
def test_a_value_that_does_not_fit(old, new, line, subject, given):
    found, message = fault(old, new)
    assert found == line
    assert message.startswith(f"{subject} should ") and f", not {given}." in message
