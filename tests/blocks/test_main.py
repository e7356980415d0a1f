"""`python -m blocks` on a real Prefect server, with the AWS of moto."""

from __future__ import annotations

import os
import subprocess

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.blocks.conftest import AUTOMATIONS, BLOCKS, changes, names
from tests.fakes.http_server import api, json_answer
from tests.repository.tree import ROOT
from tests.samples.platform_stack import create_stacks, without
from tests.servers.python import python
from utils.errors import ClearError


def test_plan_changes_nothing_apply_creates_all(blocks, prefect, secrets, requests):
    planned = blocks("plan")

    assert names(planned, "create") == {
        "work pool production",
        *(f"block {name}" for name in BLOCKS),
        *(f"automation {name}" for name in AUTOMATIONS),
    }
    assert "  bucket_name: the-lake" in planned
    assert "  url: (secret)" in planned
    assert requests and not changes(requests)

    applied = blocks("apply")

    assert names(applied, "created") == names(planned, "create")
    assert applied[-1].endswith(f"{1 + len(BLOCKS) + len(AUTOMATIONS)} created")


def test_a_second_apply_changes_nothing(blocks, prefect, secrets, requests):
    blocks("apply")
    requests.clear()

    lines = blocks("apply")

    assert lines[-1].startswith("Nothing to change on http://127.0.0.1:")
    assert lines[-1].endswith(f"{1 + len(BLOCKS) + len(AUTOMATIONS)} unchanged")
    assert requests and not changes(requests)


def test_a_team_without_slack_pagerduty_and_snowflake(blocks, prefect, stack):
    lines = blocks("apply")

    assert len(names(lines, "created")) == 4
    assert names(lines, "skipped") == {
        *(f"automation {name}" for name in AUTOMATIONS - {"alerts: no heartbeat"}),
        *("block webhook/slack", "block webhook/pagerduty"),
        "block snowflake-connector/snowflake-analytics",
    }
    assert (
        "  not configured: the secret prefect/slack-webhook-url is not there, create it"
        " to have this block" in lines
    )
    assert lines[-1].endswith(f"4 created, {len(AUTOMATIONS) - 1 + 3} skipped")
    assert blocks("apply")[-1].startswith("Nothing to change")


def test_dev_needs_no_aws(blocks, prefect):
    assert names(blocks("apply", "dev"), "created") == {"work pool dev"}
    assert blocks("apply", "dev")[-1].endswith("1 unchanged")


@pytest.mark.parametrize(
    "output", ["ClusterArn", "WorkPoolName", "PrefectTaskSecretArn"]
)
def test_a_missing_output_is_named_before_anything_changes(
    blocks, prefect, aws, requests, output
):
    create_stacks(aws, without(output))
    with pytest.raises(ClearError, match=f"no output {output}. Nothing was changed"):
        blocks("apply")
    assert not changes(requests)


def test_an_unknown_stack(blocks, prefect, stack):
    with pytest.raises(ClearError, match="no stack shop in the region eu-central-1"):
        blocks("apply", "production", "--stack", "shop")


@pytest.mark.parametrize(
    "environment, answer",
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect"),
        ({"AWS_ACCESS_KEY_ID": ""}, "(Unable to locate|Partial) credentials"),
        ({"AWS_DEFAULT_REGION": ""}, "specify a region"),
        ({"AWS_PROFILE": "nobody"}, "profile .nobody. could not be found"),
    ],
    ids=["unreachable", "credentials", "region", "profile"],
)
def test_aws_that_cannot_be_asked(
    blocks, prefect, stack, requests, monkeypatch, environment, answer
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
    with pytest.raises(ClearError, match=f"{answer}.*Nothing was changed"):
        blocks("apply")
    assert not changes(requests)


@pytest.mark.parametrize(
    "part, variables, line",
    [
        ("production", {}, "error: There is no stack data-platform in the region eu"),
        (
            "dev",
            {"PREFECT_API_URL": "http://127.0.0.1:9/api"},
            "error: Prefect's API at http://127.0.0.1:9/api does not answer",
        ),
    ],
    ids=["stack", "server"],
)
def test_an_error_is_a_line_and_an_exit_code(prefect_api, aws, part, variables, line):
    """Runs the process, as people and workflows do."""
    done = subprocess.run(
        [python(), "-m", "blocks", "apply", part],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line) and done.stderr.count("\n") == 1


def test_without_a_server_none_is_started(blocks, prefect_api):
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        with pytest.raises(ClearError, match="PREFECT_API_URL is not set"):
            blocks("plan", "dev")


def test_a_server_that_refuses(blocks):
    with api(json_answer({"detail": "Unauthorized"}, status=401)) as server:
        with temporary_settings({PREFECT_API_URL: server.url}):
            with pytest.raises(
                ClearError, match="401 Unauthorized. Set PREFECT_API_KEY"
            ):
                blocks("apply", "dev")
