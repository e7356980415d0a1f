"""Rules of all templates: no findings of linters, nothing unexplained, nothing hard-coded.

Each of checkov's rules that a template skips has its reason in the template.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.templates import EVERY_TEMPLATE, SERVERS, read, rights
from tests.servers.programs import program

# More than this CloudFormation takes only from a bucket.
MOST_BYTES = 51_200
# AWS's lists differ: the data that checkov has of them knows no resource for these, that of
# cfn-lint knows the topic. A star is right for both.
OF_SUBSCRIPTIONS = {
    "sns:GetSubscriptionAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}
# Neither may go away with a stack, and neither is worth keeping if it fails to be made.
KEPT = {
    "data_lake": {"Bucket"},
    "foundation": {"Address"},
    "github_deploy": {"Repository"},
    "prefect_server_ec2": {"Dumps"},
    "prefect_server_ecs": {"Dumps"},
}
# Of a database its last snapshot stays instead.
SNAPSHOTS = {"prefect_server_ec2": {"Data"}, "prefect_server_ecs": {"Database"}}
every_template = pytest.mark.parametrize(
    "path", EVERY_TEMPLATE, ids=lambda path: path.stem
)


def test_every_template_is_here():
    folder = EVERY_TEMPLATE[0].parent
    assert set(folder.glob("*.yml")) == set(EVERY_TEMPLATE)


def test_cfn_lint_finds_no_fault():
    done = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", *EVERY_TEMPLATE],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_checkov_finds_no_fault():
    files = [argument for path in EVERY_TEMPLATE for argument in ("-f", path)]
    done = subprocess.run(
        # --skip-download: it would ask its maker's server for the rules' pages
        [program("checkov"), "--framework", "cloudformation", "--compact", "--quiet"]
        + ["--skip-download", *files],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "Passed checks: " in done.stdout


@every_template
def test_the_template_fits_into_one_call(path: Path):
    assert len(path.read_bytes()) < MOST_BYTES


@every_template
def test_a_star_has_its_reason_in_the_line_above(path: Path):
    """A resource `*`, and an action with a `*`, also for who is denied."""
    lines = path.read_text().splitlines()
    stars = [
        number
        for number, line in enumerate(lines)
        if re.search(r'Resource: "\*"|Action:.*\*|^ +- [a-z0-9-]+:\S*\*$', line)
    ]
    if path.stem not in ("data_lake", "foundation"):
        assert stars
    for number in stars:
        above = number - 1
        # a list of actions has one reason
        while re.match(r"^ +(- [a-z0-9-]+:[A-Za-z]|Action:$)", lines[above]):
            above -= 1
        assert lines[above].strip().startswith("# "), f"{path.name}:{number + 1}"


@every_template
def test_an_action_that_knows_no_resource_stands_on_a_star(path: Path):
    """IAM denies them on any other resource."""
    data = files("cfnlint.data.AdditionalSpecs") / "Policies.json"
    known = json.loads(data.read_text())
    for name, each in read(path)["Resources"].items():
        if each["Type"] not in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
            continue
        for action, resource, _ in rights(path, name):
            if "*" in action:
                assert resource == "*", (name, action)
                continue
            service, _, verb = action.partition(":")
            of_none = "Resources" not in known[service]["Actions"][verb.lower()]
            if of_none or action in OF_SUBSCRIPTIONS:
                assert resource == "*", (name, action)


@every_template
def test_what_holds_data_or_is_known_to_others_outlives_its_stack(path: Path):
    kept = {
        name: (each["DeletionPolicy"], each["UpdateReplacePolicy"])
        for name, each in read(path)["Resources"].items()
        if "DeletionPolicy" in each or "UpdateReplacePolicy" in each
    }
    retained = dict.fromkeys(
        KEPT.get(path.stem, ()), ("RetainExceptOnCreate", "Retain")
    )
    snapshots = dict.fromkeys(SNAPSHOTS.get(path.stem, ()), ("Snapshot", "Snapshot"))
    assert kept == retained | snapshots


@every_template
def test_every_skipped_rule_has_its_reason(path: Path):
    for reason in re.findall(r"checkov:skip=\w+(.*)", path.read_text()):
        assert re.fullmatch(r":\w.{20,}", reason), reason


@every_template
def test_parameters_and_outputs_are_explained_in_sentences(path: Path):
    template = read(path)
    for kind in ("Parameters", "Outputs"):
        for name, each in template[kind].items():
            assert re.fullmatch(r"[A-Z].*\.", each["Description"]), name
    for name, each in template["Parameters"].items():
        if "AllowedPattern" in each:
            assert re.fullmatch(r"[A-Z].*\.", each["ConstraintDescription"]), name
            if "Default" in each:
                assert re.fullmatch(each["AllowedPattern"], each["Default"]), name


@every_template
def test_every_parameter_is_in_one_group(path: Path):
    template = read(path)
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])


@every_template
def test_every_output_is_an_export(path: Path):
    for name, output in read(path)["Outputs"].items():
        exported = {"Sub": "${AWS::StackName}-" + name}
        assert output["Export"]["Name"] == exported


@every_template
def test_no_account_and_no_region_is_written_down(path: Path):
    found = re.findall(
        r"\b\d{12}\b|\b(?:us|eu|ap|ca|sa|af|me)-[a-z]+-\d", path.read_text()
    )
    assert not found


@every_template
def test_no_secret_is_a_parameter_or_a_value(path: Path):
    """Templates neither create secrets nor resolve them, except a database's of its own."""
    template = read(path)
    made = {
        name
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::SecretsManager::Secret"
    }
    resolved = re.findall(r"\{\{resolve:\w+:(.*?)\}\}", path.read_text())
    of_server = path == SERVERS["ecs"]
    assert made == ({"DatabaseSecret"} if of_server else set())
    own = ["${DatabaseSecret}:SecretString:password"]
    assert resolved == (own if of_server else [])
    secret = re.compile("password|token|secret|key", re.IGNORECASE)
    for name, parameter in template["Parameters"].items():
        if secret.search(name):
            assert name.endswith(("Arn", "Variable")), name
            assert not parameter.get("Default") or name.endswith("Variable")


@every_template
def test_roles_have_names_of_awss_making(path: Path):
    """Fixed names would collide with another stack, and when a role is replaced.

    Those of runs are fixed, because prefect.yaml names them, and have the stack's name; that
    of the server's machine is, because the platform trusts it.
    """
    for name, each in read(path)["Resources"].items():
        if each["Type"] == "AWS::IAM::Role":
            given: dict[str, Any] = each["Properties"]
            if given.get("Path") == {"Sub": "/${PlatformStackName}-server/"}:
                name = {"Sub": "${PlatformStackName}-server-machine"}
                assert given["RoleName"] == name
                continue
            of_runs = given.get("Path") == {"Sub": "/${AWS::StackName}/flows/"}
            assert ("RoleName" in given) == of_runs, name
            if of_runs:
                assert given["RoleName"]["Sub"].startswith("${AWS::StackName}-"), name
            elif path.stem != "data_lake":
                assert given["Path"] == {"Sub": "/${AWS::StackName}/"}, name
