"""prefect.yaml is read with all its faults and their lines."""

from __future__ import annotations

import pytest
import yaml

from infrastructure.release.prefect_file import read_prefect_file
from tests.repository.tree import ROOT
from tests.samples.pets_prefect_file import FILE, changed, faults


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


def test_dates_become_strings_as_in_prefect_deploy():
    _, dogs = read_prefect_file(FILE).production
    assert dogs.parameters == {"day": "2026-11-02"}


@pytest.mark.parametrize(
    "old, new, line, reason",
    [
        ("0 5 *", "0 25 *", 5, "Invalid cron"),
        ("Europe/Berlin", "Europe/Belrin", 6, "no time zone `Europe/Belrin`"),
        ("day: 2026-11-02", "limit: .inf", 34, "infinity"),
        ("directory: /app", "directroy: /app", 19, "'directroy'"),
        (
            "prefect.deployments.steps.run_shell_script",
            "a.step",
            46,
            "no step `a.step`",
        ),
        ("tags: [dev]", "tags: [dev]\n    tags: [dev]", 43, "Duplicate key `tags`"),
        ("limit: 1", "limit: 1: 2", 9, "not YAML"),
    ],
)
def test_a_fault_has_its_line(old, new, line, reason):
    (found,) = faults(changed(old, new))
    assert found.startswith(f"{line}: ") and reason in found


def test_all_faults_are_reported_at_once_and_those_of_an_anchor_once():
    text = changed("    timezone: Europe/Berlin", "    active: 1\n    active: 1")
    found = faults(f"{text.replace('[dev]', '[]')}more: 1\n")
    assert [(int(line), key) for line, key in map(line_and_key, found)] == [
        (4, "timezone"),
        (7, "active"),
        (7, "active"),  # A duplicate.
        (38, "timezone"),  # Of a schedule that merges the anchor.
        (43, "dev"),
        (53, "more"),
    ]


def line_and_key(fault: str) -> tuple[str, str]:
    """Return a fault's line and the first name in backticks."""
    return fault.partition(":")[0], fault.split("`")[1]
