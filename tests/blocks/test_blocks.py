"""`python -m blocks` on a real Prefect server, with AWS as moto plays it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from prefect.client.schemas.actions import (
    BlockDocumentUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.settings import PREFECT_API_URL, temporary_settings

from blocks.__main__ import app
from blocks.block_documents import BlockDocument
from tests.blocks.conftest import BLOCKS
from tests.fakes.http_server import api, json_answer
from tests.repository.tree import ROOT
from tests.samples.platform_stack import OUTPUTS, create_stack, without
from tests.servers.python import python
from utils.errors import ClearError

SECRETS = ("slacktoken", "routing-key", "MIIB")


@pytest.fixture
def blocks(capsys):
    """Runs a command of `python -m blocks`, and returns what it printed, by line."""

    def run(*arguments: str) -> list[str]:
        app(arguments)
        printed = capsys.readouterr().out
        assert not [each for each in SECRETS if each in printed]
        return printed.splitlines()

    return run


def names(lines: list[str], word: str) -> set[str]:
    """What has become this."""
    heads = (line.rpartition(": ") for line in lines if not line.startswith(" "))
    return {name for name, _, what in heads if what == word}


def test_plan_changes_nothing_apply_creates_all(blocks, prefect, secrets, requests):
    planned = blocks("plan")

    assert names(planned, "create") == {
        *("work pool dev", "work pool production"),
        *(f"block {name}" for name in BLOCKS),
    }
    assert "  bucket_name: the-lake" in planned
    assert "  url: (secret)" in planned
    assert {each.split()[0] for each in requests} == {"GET"}

    applied = blocks("apply")

    assert names(applied, "created") == names(planned, "create")
    assert applied[-1].endswith("7 created")


def test_a_second_apply_changes_nothing_and_says_so(blocks, prefect, secrets, requests):
    blocks("apply")
    requests.clear()

    lines = blocks("apply")

    assert lines[-1].startswith("Nothing to change on http://127.0.0.1:")
    assert lines[-1].endswith("7 same")
    assert requests and {each.split()[0] for each in requests} == {"GET"}


def test_what_was_changed_by_hand_in_a_pool_is_put_back(
    blocks, prefect, secrets, requests
):
    blocks("apply")
    template = prefect.read_work_pool("production").base_job_template
    variables = template["variables"]["properties"]
    variables["cpu"]["default"] = 4096
    variables["network_configuration"]["default"]["assignPublicIp"] = "ENABLED"
    variables["env"]["default"]["PREFECT_API_KEY"] = "by-hand"
    prefect.update_work_pool(
        "production",
        WorkPoolUpdate(base_job_template=template, concurrency_limit=3, is_paused=True),
    )
    requests.clear()

    lines = blocks("apply")

    assert names(lines, "changed") == {"work pool production"}
    start = "  variables.properties"
    assert f"{start}.cpu.default: 4096 -> 256" in lines
    assert (
        f"{start}.network_configuration.default.assignPublicIp: ENABLED -> DISABLED"
        in lines
    )
    assert f"{start}.env.default.PREFECT_API_KEY: (not shown) -> none" in lines
    assert "by-hand" not in "\n".join(lines)
    assert [each for each in requests if not each.startswith("GET")] == [
        "PATCH /api/work_pools/production"
    ]
    pool = prefect.read_work_pool("production")
    assert pool.base_job_template["variables"]["properties"]["cpu"]["default"] == 256
    assert (pool.concurrency_limit, pool.is_paused) == (3, True)


def test_what_was_changed_by_hand_in_a_block_is_put_back(blocks, prefect, secrets):
    blocks("apply")
    for document, kind, data in (
        ("alerts", "slack-webhook", {"url": "https://hooks.slack.com/by-hand"}),
        ("data-lake", "s3-bucket", {"bucket_name": "another"}),
        ("data-platform", "aws-credentials", {"aws_access_key_id": "by-hand"}),
    ):
        found = prefect.read_block_document_by_name(document, kind)
        prefect.update_block_document(
            found.id, BlockDocumentUpdate(data=data, merge_existing_data=True)
        )

    lines = blocks("apply")

    assert len(names(lines, "changed")) == 3
    assert "  bucket_name: another -> the-lake" in lines
    assert "  url: (secret) -> (secret, differs)" in lines
    assert "  aws_access_key_id: (not shown) -> none" in lines
    assert "by-hand" not in "\n".join(lines)
    assert blocks("plan")[-1].endswith("7 same")


def test_a_rotated_secret_arrives(blocks, prefect, secrets):
    blocks("apply")
    secrets.put("prefect/pagerduty-integration-key", "routing-key of another service")

    lines = blocks("apply")

    assert names(lines, "changed") == {"block pager-duty-webhook/data-pipelines"}
    assert "  integration_key: (secret) -> (secret, differs)" in lines


def test_a_team_without_slack_pagerduty_and_snowflake(blocks, prefect, stack):
    lines = blocks("apply")

    assert len(names(lines, "created")) == 4
    assert names(lines, "left out") == {
        *("block slack-webhook/alerts", "block pager-duty-webhook/data-pipelines"),
        "block snowflake-connector/snowflake-analytics",
    }
    assert (
        "  not configured: the secret prefect/slack-webhook-url is not there, create it"
        " to have this block" in lines
    )
    assert lines[-1].endswith("4 created, 3 left out")
    assert blocks("apply")[-1].startswith("Nothing to change")


def test_a_warehouse_that_is_not_snowflake_has_no_block(blocks, prefect, aws):
    create_stack(aws, OUTPUTS | {"WarehouseType": "postgres"})
    assert "  not needed: the warehouse is postgres" in blocks("plan")


def test_dev_does_without_aws(blocks, prefect):
    assert names(blocks("apply", "dev"), "created") == {"work pool dev"}
    assert blocks("apply", "dev")[-1].endswith("1 same")


def test_a_dev_pool_made_by_hand_gets_a_description(blocks, prefect):
    made = [python(), "-m", "prefect", "work-pool", "create", "dev"]
    subprocess.run([*made, "--type", "process"], check=True, capture_output=True)

    lines = blocks("apply", "dev")

    assert [line for line in lines if line.startswith("  ")] == [
        "  description: null -> Runs are processes on the machine of whoever starts a"
        " worker."
    ]


def test_a_pool_of_another_type_is_not_touched(blocks, prefect):
    prefect.create_work_pool(WorkPoolCreate(name="dev", type="docker"))
    with pytest.raises(ClearError, match="dev is of the type docker, not process"):
        blocks("apply", "dev")


@pytest.mark.parametrize(
    "output", ["ClusterArn", "WorkPoolName", "PrefectApiSecretArn"]
)
def test_a_missing_output_is_named_before_anything_changes(
    blocks, prefect, aws, requests, output
):
    create_stack(aws, without(output))
    with pytest.raises(ClearError, match=f"no output {output}. Nothing was changed"):
        blocks("apply")
    assert {each.split()[0] for each in requests} <= {"GET"}


def test_an_unknown_stack(blocks, prefect, stack):
    with pytest.raises(ClearError, match="no stack shop in the region eu-central-1"):
        blocks("apply", "production", "--stack", "shop")


def test_an_unknown_variable_for_the_apis_secret(blocks, prefect, aws):
    create_stack(aws, OUTPUTS | {"PrefectApiSecretVariable": "PREFECT_KEY"})
    with pytest.raises(ClearError, match="'PREFECT_KEY' as PrefectApiSecretVariable"):
        blocks("plan")


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
    assert {each.split()[0] for each in requests} <= {"GET"}


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
    """As a process, as a person or a release would run it."""
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
        with pytest.raises(ClearError, match="No Prefect server is named"):
            blocks("plan", "dev")


def test_a_server_that_refuses(blocks):
    with api(json_answer({"detail": "Unauthorized"}, status=401)) as server:
        with temporary_settings({PREFECT_API_URL: server.url}):
            with pytest.raises(
                ClearError, match="401 Unauthorized. Set PREFECT_API_KEY"
            ):
                blocks("apply", "dev")


def test_a_server_that_does_not_know_a_type(prefect):
    with pytest.raises(ClearError, match="does not know blocks of the type no-such"):
        BlockDocument("no-such-type", "name", {}).create(prefect)
