"""Checks of the workflows' files: linters, and rules that no linter has."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any, Iterator
from unittest.mock import ANY

import pytest
import yaml

from tests.github.runner import BASH, WORKFLOWS, jobs_of
from tests.repository.tree import ROOT
from tests.servers.programs import program

DEPENDABOT = ROOT / ".github" / "dependabot.yml"
FILES = sorted(WORKFLOWS.iterdir())
DEPLOYING = [("main", "deploy"), ("rollback", "rollback")]
every_workflow = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def lint(name: str, *arguments: str | Path) -> str:
    """Run a linter, which has to find nothing."""
    command = [program(name), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_actionlint_finds_no_fault():
    """Runs its maintained fork, at the least severe level. Security is zizmor's."""
    lint("jactionlint", "--profile", "correctness", "--strict-exit", *FILES)


def test_zizmor_finds_no_fault():
    """Includes findings that zizmor shows to auditors only."""
    printed = lint("zizmor", "--offline", "--persona", "auditor", ROOT / ".github")
    assert "No findings to report" in printed
    for path in (*FILES, DEPENDABOT):
        assert f"completed {path}" in printed


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", FILES), ("dependabot", [DEPENDABOT])],
)
def test_files_match_their_schema(schema, files):
    lint("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    for job in jobs_of(path.stem).values():
        yield from job["steps"]


def test_there_are_three_workflows():
    assert [path.name for path in FILES] == ["ci.yaml", "main.yaml", "rollback.yaml"]


@every_workflow
def test_jobs_have_only_needed_permissions(path):
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for name, job in jobs_of(path.stem).items():
        deploys = (path.stem, name) in DEPLOYING
        token = {"id-token": "write"} if deploys else {}
        assert job["permissions"] == {"contents": "read"} | token
        assert job["timeout-minutes"] <= 60


@every_workflow
def test_actions_are_pinned_by_commit_with_the_version_beside(path):
    used = re.findall(r"uses: (.*)", path.read_text())
    assert len(used) == len([step for step in steps_of(path) if "uses" in step]) > 0
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_an_action_has_one_version_in_all():
    used = {
        use for path in FILES for use in re.findall(r"uses: (.*)", path.read_text())
    }
    assert len(used) == len({use.partition("@")[0] for use in used}) == 4


@every_workflow
def test_commands_get_values_by_the_environment(path):
    for step in steps_of(path):
        assert "${{" not in step.get("run", "")


@every_workflow
def test_a_checkout_leaves_no_credentials(path):
    checkouts = [
        step for step in steps_of(path) if "actions/checkout" in step.get("uses", "")
    ]
    assert len(checkouts) == len(jobs_of(path.stem))
    for step in checkouts:
        assert step["with"]["persist-credentials"] is False


@every_workflow
def test_github_keeps_no_secret(path):
    """Relies on AWS: keys for an hour by GitHub's token, and Prefect's secret."""
    text = path.read_text()
    assert "secrets." not in text and "secrets:" not in text
    assert not re.search("access-key|password:|token:(?! write)", text)
    assert set(re.findall(r"vars\.(\w+)", text)) <= {
        "AWS_DEPLOY_ROLE_ARN",
        "AWS_REGION",
        "CPU_ARCHITECTURE",
    }


def test_only_deploying_jobs_reach_aws_and_never_side_by_side():
    found = [
        (path.stem, name)
        for path in FILES
        for name, job in jobs_of(path.stem).items()
        if {"environment"} & job.keys() or "configure-aws" in str(job["steps"])
    ]
    assert found == DEPLOYING
    for workflow, name in DEPLOYING:
        job = jobs_of(workflow)[name]
        assert job["environment"] == "production"
        assert job["concurrency"] == {
            "group": "production",
            "cancel-in-progress": False,
        }


def test_packages_are_installed_before_there_are_credentials():
    """Nothing is built beside a key, and no package comes from another job's cache."""
    for workflow, name in DEPLOYING:
        steps = jobs_of(workflow)[name]["steps"]
        names = [step.get("name") or step["uses"].partition("@")[0] for step in steps]
        assert names[:4] == [
            *("actions/checkout", "uv", "Packages"),
            "aws-actions/configure-aws-credentials",
        ]
        assert steps[2]["run"] == "uv sync --group release"
        settings = jobs_of(workflow)[name]["env"]
        for each in ("UV_LOCKED", "UV_NO_DEV", "UV_NO_SYNC"):
            assert settings[each] == "1"
        assert "actions/cache" not in str(steps)


def test_uv_is_installed_by_its_hash():
    jobs = [job for path in FILES for job in jobs_of(path.stem).values()]
    installing = [
        s["run"] for job in jobs for s in job["steps"] if s.get("name") == "uv"
    ]
    assert len(installing) == len([job for job in jobs if "uv run" in str(job)]) == 4
    assert set(installing) == {'.ci/uv "$RUNNER_TEMP/uv" >> "$GITHUB_PATH"'}
    installer = (ROOT / ".ci" / "uv").read_text()
    assert "--require-hashes" in installer
    assert "--requirement .ci/requirements.txt" in installer


def test_only_commands_that_ask_prefect_have_its_secret():
    # a platform of another name gives it to each command
    access = r"uv run python -m infrastructure\.prefect_access (--\S+ \S+ )*python -m "
    for workflow, name in DEPLOYING:
        runs = [step.get("run", "") for step in jobs_of(workflow)[name]["steps"]]
        asking = [
            each for each in runs if re.search("-m (blocks|infra.*release) ", each)
        ]
        assert (
            asking == [each for each in runs if "infrastructure.prefect" in each] != []
        )
        for run in asking:
            assert re.search(access, " ".join(run.replace("\\", "").split()))
        assert not any("GITHUB_ENV" in each for each in runs)


def test_main_is_released_in_the_order_of_its_commits():
    main = yaml.safe_load((WORKFLOWS / "main.yaml").read_text())
    assert main["concurrency"] == {
        # another branch has a group of its own, and cancels none that waits
        "group": "release-${{ github.ref }}",
        "cancel-in-progress": False,
    }
    assert main[True] == {  # YAML's word for `on`
        "push": {"branches": ["main"]},
        "workflow_dispatch": ANY,
    }
    assert main["jobs"]["deploy"]["needs"] == ["setup", "tests"]


def test_only_where_aws_is_set_up_something_is_deployed():
    for workflow, name in DEPLOYING:
        jobs = jobs_of(workflow)
        assert jobs["setup"] == jobs_of("main")["setup"]
        assert "needs" not in jobs["setup"]
        assert "setup" in jobs[name]["needs"]
        assert jobs[name]["if"] == "needs.setup.outputs.answer == 'yes'"
        # a run outside main ends before anything else
        assert all("setup" in j["needs"] for n, j in jobs.items() if n != "setup")


def test_the_last_push_of_a_pull_request_is_checked_once():
    ci = yaml.safe_load((WORKFLOWS / "ci.yaml").read_text())
    assert ci["concurrency"] == {
        "group": "ci-${{ github.ref }}",
        "cancel-in-progress": True,
    }
    events = ("pull_request", "merge_group", "workflow_dispatch")
    assert ci[True] == dict.fromkeys(events)  # a push would be checked twice


def test_a_rollback_is_started_by_a_person():
    rollback = yaml.safe_load((WORKFLOWS / "rollback.yaml").read_text())
    assert rollback[True] == {"workflow_dispatch": None}


def test_a_branch_is_tested_and_built_as_main_is():
    """Compares the steps of both, except conditions, the image's name and its cache."""
    ci, main = jobs_of("ci"), jobs_of("main")
    assert ci["tests"] | {"needs": "setup"} == main["tests"]
    assert ci["tests"]["steps"][-1]["run"].splitlines()[-1] == ".ci/run"
    built = {"docker/setup-buildx-action", "docker/build-push-action"}
    own = {"tags", "build-args", "labels", "pull", "no-cache", "cache-from", "cache-to"}

    def image_steps(steps: list[dict[str, Any]]) -> list[Any]:
        return [
            (step.get("uses"), step.get("run"))
            + tuple(each for each in step.get("with", {}).items() if each[0] not in own)
            for step in steps
            if step.get("uses", "").partition("@")[0] in built
            or "docker run" in step.get("run", "")
        ]

    assert image_steps(ci["image"]["steps"]) == image_steps(main["deploy"]["steps"])
    assert len(image_steps(ci["image"]["steps"])) == 3


def test_no_layer_of_production_comes_from_githubs_cache():
    """Each job of main may write it, and so may a package of the tests."""
    for workflow, name in DEPLOYING:
        steps = str(jobs_of(workflow)[name]["steps"])
        assert "type=gha" not in steps and "actions/cache" not in steps


def test_an_image_is_tried_then_pushed_then_deployed():
    wanted = ["docker login", "docker/build-push-action", "docker run", "docker push"]
    wanted += ["apply stack", "blocks apply production", "apply deployments"]
    steps = [
        f"{step.get('uses')} {step.get('run')}"
        for step in jobs_of("main")["deploy"]["steps"]
    ]
    places = [
        [number for number, step in enumerate(steps) if each in step] for each in wanted
    ]
    assert all(len(each) == 1 for each in places)
    assert places == sorted(places)


def test_an_image_is_built_on_the_processor_that_it_is_for():
    choice = "vars.CPU_ARCHITECTURE == 'ARM64' && 'ubuntu-24.04-arm' || 'ubuntu-24.04'"
    chosen = [
        (path.stem, name)
        for path in FILES
        for name, job in jobs_of(path.stem).items()
        if job["runs-on"] != "ubuntu-24.04"
    ]
    assert chosen == [("ci", "image"), ("main", "deploy")]
    for workflow, name in chosen:
        assert jobs_of(workflow)[name]["runs-on"] == f"${{{{ {choice} }}}}"


@pytest.mark.parametrize(
    ("processor", "machine", "fits"),
    [
        ("X86_64", "x86_64", True),
        ("ARM64", "aarch64", True),
        ("ARM64", "x86_64", False),
        ("X86_64", "aarch64", False),
    ],
)
def test_an_image_for_another_processor_is_not_built(
    tmp_path, processor, machine, fits
):
    steps = jobs_of("main")["deploy"]["steps"]
    names = [step.get("name", step.get("uses")) for step in steps]
    place = names.index("This runner has the stack's processor")
    assert place < names.index("Build the image")
    assert steps[place]["env"] == {"PROCESSOR": "${{ steps.plan.outputs.processor }}"}
    (tmp_path / "uname").write_text(f"#!/bin/sh\necho {machine}\n")
    (tmp_path / "uname").chmod(0o755)

    done = subprocess.run(
        [*BASH, "-c", steps[place]["run"]],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PROCESSOR": processor},
        capture_output=True,
        text=True,
    )

    assert (done.returncode == 0) == fits
    told = f"::error::The stack is for {processor}, and this runner is {machine}."
    assert done.stdout.startswith(told) != fits


def test_dependabot_waits_a_week():
    updates = yaml.safe_load(DEPENDABOT.read_text())["updates"]
    assert [each["package-ecosystem"] for each in updates] == [
        "github-actions",
        "docker-compose",
        "uv",
        "pip",
    ]
    assert (ROOT / updates[1]["directory"][1:] / "compose.yaml").exists()
    assert updates[2]["directory"] == "/"
    assert updates[3]["directories"] == ["/.ci", "/.ci/tools"]
    for each in updates:
        assert each["cooldown"] == {"default-days": 7}
