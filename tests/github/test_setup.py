"""A push and a rollback before AWS is set up, with half of it, and on another branch."""

from __future__ import annotations

import re

import pytest

from tests.github.repository import GitHub, new_repository
from tests.github.runner import StepFailed
from tests.repository.tree import ROOT

ROLE = {"AWS_DEPLOY_ROLE_ARN": "arn:aws:iam::123456789012:role/deploy"}
REGION = {"AWS_REGION": "eu-central-1"}
README = (ROOT / "infrastructure" / "README.md").read_text()
each_workflow = pytest.mark.parametrize(
    ("workflow", "job"), [("main", "deploy"), ("rollback", "rollback")]
)


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> GitHub:
    """A fresh fork."""
    return new_repository(tmp_path_factory.mktemp("github"))


@each_workflow
def test_before_aws_is_set_up_nothing_is_done_and_the_step_is_named(
    github, workflow, job
):
    github.variables = {}
    skipped = github.run(workflow, job)
    assert skipped.done == []

    setup = github.run(workflow, "setup")
    assert setup.results == {"answer": "no"}
    (notice,) = re.findall("^::notice title=AWS is not set up::(.*)$", setup.log, re.M)
    assert notice in setup.summary
    assert "Nothing was changed in production" in notice
    assert 'infrastructure/README.md, "From nothing to a run"' in notice
    assert "\n## From nothing to a run\n" in README
    assert_step_sets_the_variables(notice)


def assert_step_sets_the_variables(told: str) -> None:
    """Check that the step of the README that a message names is about the variables."""
    (number,) = re.findall(r"[Ss]tep (\d+)", told)
    (step,) = re.findall(rf"\n\*\*{number}\. (.*?)\n\*\*", README, re.DOTALL)
    assert {"AWS_DEPLOY_ROLE_ARN", "AWS_REGION"} <= {*re.findall("`(.*?)`", step)}


@each_workflow
@pytest.mark.parametrize(
    ("given", "missing"),
    [(ROLE, [*REGION]), (REGION, [*ROLE])],
    ids=lambda each: [*each][0],
)
def test_half_of_the_settings_is_an_error(github, workflow, job, given, missing):
    github.variables = given
    with pytest.raises(StepFailed) as failed:
        github.run(workflow, job)
    (error,) = re.findall("^::error title=.*?::(.*)$", str(failed.value), re.M)
    assert error.startswith(f"The repository variable {missing[0]} is missing")
    assert_step_sets_the_variables(error)
    # the error is in the summary of the job that failed
    assert (
        error in (github.folder / f"job{github.machines - 1}" / "summary").read_text()
    )


@each_workflow
def test_production_is_changed_from_main_alone(github, workflow, job):
    github.variables = ROLE | REGION
    with pytest.raises(StepFailed, match="::error title=Not the branch main::"):
        github.run(workflow, job, ref="refs/heads/a-branch")


@each_workflow
def test_with_both_on_main_the_job_is_wanted(github, workflow, job):
    github.variables = ROLE | REGION
    setup = github.run(workflow, "setup")
    assert setup.results == {"answer": "yes"}
    assert "::notice" not in setup.log
    assert not (setup.folder / "summary").exists()
