"""Reading prefect.yaml: each key that is not as it has to be, with its line."""

from __future__ import annotations

import os

import pytest
import yaml
from prefect.utilities.templating import apply_values

from infrastructure.release.prefect_file import read_prefect_file
from tests.repository.tree import ROOT
from tests.samples.pets_prefect_file import FILE, changed, faults

STEP = "prefect.deployments.steps.set_working_directory"
OF_PREFECT = "A release does not support Prefect's"
IN_DOGS = "    parameters:\n"
DEV_BUILD = """\
    build:
      - prefect.deployments.steps.run_shell_script:
          id: clone
          script: pwd
"""


def test_a_file_without_faults():
    assert faults(FILE) == []


def test_this_projects_file_is_read_as_it_is_written():
    text = (ROOT / "prefect.yaml").read_text()
    found = read_prefect_file(text)
    assert [each.model_dump(exclude_unset=True) for each in found.deployments] == (
        yaml.safe_load(text)["deployments"]
    )
    assert {each.name for each in found.production} == {
        *("production", "production-backfill")
    }


def test_lines_of_deployments():
    found = read_prefect_file(FILE)
    cats, dogs = found.production
    assert (found.line_of(cats), found.line_of(dogs)) == (22, 29)
    assert found.line_of(dogs, "schedules", 0, "cron") == 5
    assert found.line_of(dogs, "schedules", 0, "parameters", "limit") == 38


def test_dates_become_texts_as_prefect_makes_them():
    _, dogs = read_prefect_file(FILE).production
    assert dogs.parameters == {"day": "2026-11-02"}


def test_the_image_is_filled_in_as_prefect_deploy_does(monkeypatch):
    monkeypatch.setenv("IMAGE", "registry/pets:abc")
    text = changed("cpu: 256", 'env: {LABEL: "of {{ $IMAGE }}"}')
    cats, _ = read_prefect_file(text).production
    filled = cats.with_image("registry/pets:abc")
    assert filled.work_pool.job_variables == {
        "image": "registry/pets:abc",
        "env": {"LABEL": "of registry/pets:abc"},
    }
    assert filled.model_dump() == apply_values(
        cats.model_dump(), os.environ, remove_notset=False
    )


@pytest.mark.parametrize(
    "old, new, fault",
    [
        # unknown keys
        (
            *("prefect-version", "prefect-versoin"),
            "2: There is no key `prefect-versoin`. Did you mean `prefect-version`?",
        ),
        (
            *("name: pets", "automations: []"),
            "1: There is no key `automations`. There is definitions, deployments, name,"
            " prefect-version.",
        ),
        (
            *(IN_DOGS, "    paramters:\n"),
            "34: There is no key `paramters`. Did you mean `parameters`?",
        ),
        (
            *("        cpu: 256", "      work_queue: fast"),
            "16: There is no key `work_queue`. Did you mean `work_queue_name`?",
        ),
        (
            *("    timezone", "    actve: false\n    timezone"),
            "6: There is no key `actve`. Did you mean `active`?",
        ),
        (
            *("limit: 1", "limit: 1\n      grace_period: 60"),
            "10: There is no key `grace_period`. Did you mean `grace_period_seconds`?",
        ),
        (
            *("day: 2026-11-02", "1: cat"),
            "35: The key `1` is no text. Put it in quotes.",
        ),
        (
            "- *nightly",
            "- 0 5 * * *",
            '28: An item of `schedules` should be a valid mapping, not "0 5 * * *".',
        ),
        # Prefect's keys that a release does not bring to the server
        (
            *("name: pets", "pull: []"),
            f"1: {OF_PREFECT} `pull`. Write it in each deployment.",
        ),
        (
            *(IN_DOGS, "    triggers: []\n" + IN_DOGS),
            f"34: {OF_PREFECT} `triggers`. Take it out, and make an automation.",
        ),
        (
            *(IN_DOGS, "    sla: []\n" + IN_DOGS),
            f"34: {OF_PREFECT} `sla`. Take it out, and make an automation.",
        ),
        (
            *(IN_DOGS, "    version: 1.0\n" + IN_DOGS),
            f"34: {OF_PREFECT} `version`. Take it out: a release is named by its commit.",
        ),
        (
            *(IN_DOGS, "    paused: true\n" + IN_DOGS),
            f"34: {OF_PREFECT} `paused`. Write `active: false` in each schedule.",
        ),
        (
            *(IN_DOGS, "    schedule: *nightly\n" + IN_DOGS),
            f"34: {OF_PREFECT} `schedule`. Write `schedules`, a list.",
        ),
        (
            *("    timezone", "    interval: 3600\n    timezone"),
            f"6: {OF_PREFECT} `interval`. Write `cron`.",
        ),
        # what is missing
        (
            *("    description: Loads cats.\n", ""),
            "22: `description` is missing. It is a sentence that says what it does.",
        ),
        (
            *("    tags: [dev]\n", ""),
            "39: `tags` is missing. It is a list with `dev` or `production` in it.",
        ),
        (
            *("      name: dev\n", "      work_queue_name: fast\n"),
            "43: `name` is missing. It is the name of a work pool.",
        ),
        (
            *(DEV_BUILD, ""),
            "39: `build` is missing. It is a list of steps, [] for none.",
        ),
        # values
        (
            *("Loads cats.", "''"),
            '25: `description` should have at least 1 character, not "". It is a sentence'
            " that says what it does.",
        ),
        (
            *("Loads cats.", "5"),
            "25: `description` should be a valid string, not 5. It is a sentence that says"
            " what it does.",
        ),
        (
            *("tags: [dev]", "tags: dev"),
            '42: `tags` should be a valid list, not "dev". It is a list with `dev` or'
            " `production` in it.",
        ),
        (
            *("tags: [dev]", "tags:\n      - dev\n      - 5"),
            "44: An item of `tags` should be a valid string, not 5.",
        ),
        (
            *("{limit: 3}", '{limit: 3}\n        active: "no"'),
            '39: `active` should be a valid boolean, not "no".',
        ),
        (
            *("limit: 1", "limit: 0"),
            "9: `limit` should be greater than or equal to 1, not 0. It is the number of"
            " runs at a time.",
        ),
        (
            *("ENQUEUE", "enqueue"),
            "10: `collision_strategy` should be 'ENQUEUE' or 'CANCEL_NEW', not \"enqueue\"."
            " It is ENQUEUE, further runs wait, or CANCEL_NEW, they are dropped.",
        ),
        (
            *("  - name: dev\n", "  - dev\n  - name: dev\n"),
            '39: This deployment should be a valid mapping, not "dev".',
        ),
        (
            *("- name: dev", "- name: dev/dogs"),
            "39: `name` should match pattern '^[^/%&><]+$', not \"dev/dogs\". It is a text"
            " without any of / % & < >.",
        ),
        (
            *("flows.cats.cats", "flows/cats.py:cats"),
            r"24: `entrypoint` should match pattern '^\w+(\.\w+)+$', not"
            ' "flows/cats.py:cats". It is a module and its function, such as'
            " flows.products.products.",
        ),
        (
            *("0 5 *", "0 25 *"),
            '5: Invalid cron string: "0 25 * * *". Write minute, hour, day, month and'
            " weekday.",
        ),
        *(
            (
                *('"0 5 * * *"', f'"{cron}"'),
                f"5: `{cron}` has not these five fields. Write minute, hour, day, month and"
                " weekday.",
            )
            for cron in ("0 5 * * * 30", "@daily", "")
        ),
        (
            *("day: 2026-11-02", "limit: .inf"),
            "34: JSON, and so Prefect, has no infinity and no NaN. Write another number.",
        ),
        (
            *("Europe/Berlin", "Europe/Belrin"),
            "6: There is no time zone `Europe/Belrin`. Did you mean `Europe/Berlin`?",
        ),
        (
            *("Europe/Berlin", "Hauptstadt"),
            "6: There is no time zone `Hauptstadt`. Write a name such as Europe/Berlin or UTC.",
        ),
        # steps
        (
            *("directory: /app", "directroy: /app"),
            f"19: The step `{STEP}`: got an unexpected keyword argument 'directroy'. It"
            " takes directory.",
        ),
        (
            *(f"{STEP}:\n          directory: /app", f"{STEP}: {{}}"),
            f"19: The step `{STEP}`: missing a required argument: 'directory'. It takes"
            " directory.",
        ),
        (
            *("          directory: /app", "        directory: /app"),
            "19: A step is one function, with its inputs indented below it.",
        ),
        (
            *("prefect.deployments.steps.run_shell_script", "prefect.deployment.run"),
            "46: There is no step `prefect.deployment.run`: No module named"
            " 'prefect.deployment'. Mend its name.",
        ),
        # the YAML itself
        (
            *("tags: [dev]", "tags: [dev]\n    tags: [dev]"),
            "43: `tags` stands here a second time, first in line 42. Keep one of them.",
        ),
        (
            *("limit: 1", "limit: 1: 2"),
            "9: This is not YAML: mapping values are not allowed here.",
        ),
    ],
)
def test_a_fault(old, new, fault):
    text = changed(old, new)
    assert faults(text) == [fault]


@pytest.mark.parametrize("text, given", [("", "null"), ("- 1", "[1]"), ("x", '"x"')])
def test_a_file_that_is_something_else(text, given):
    assert faults(text) == [f"1: This file should be a valid mapping, not {given}."]


def test_all_faults_are_told_at_once_and_those_of_an_anchor_once():
    text = changed("    timezone: Europe/Berlin", "    active: 1\n    active: 1")
    missing = "`timezone` is missing. It is a name such as Europe/Berlin or UTC."
    assert faults(f"{text.replace('[dev]', '[]')}more: 1\n") == [
        f"4: {missing}",
        "7: `active` should be a valid boolean, not 1.",
        "7: `active` stands here a second time, first in line 6. Keep one of them.",
        f"38: {missing}",  # of a schedule that merges the anchor
        "43: The tags have neither `dev` nor `production`. Write one of the two.",
        "53: There is no key `more`. There is definitions, deployments, name,"
        " prefect-version.",
    ]
