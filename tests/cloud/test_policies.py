"""IAM's decisions on policy documents alone."""

from __future__ import annotations

import pytest

from tests.cloud.policies import Decision, decide

pytestmark = pytest.mark.slow

CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/data"
RUN = {
    "Effect": "Allow",
    "Action": ["ecs:RunTask", "ecs:Describe*"],
    "Resource": "arn:aws:ecs:*:*:task-definition/flow-*",
}
IN_CLUSTER = RUN | {"Condition": {"ArnEquals": {"ecs:cluster": CLUSTER}}}
DEFINITION = "arn:aws:ecs:eu-central-1:123456789012:task-definition/flow-a:1"


@pytest.mark.parametrize(
    "statements, action, context, decision",
    [
        ([RUN], "ecs:RunTask", {}, Decision.ALLOWED),
        ([RUN], "ecs:runtask", {}, Decision.ALLOWED),
        ([RUN], "ecs:DescribeTasks", {}, Decision.ALLOWED),
        ([RUN], "ecs:StopTask", {}, Decision.SILENT),
        ([RUN | {"Resource": CLUSTER}], "ecs:RunTask", {}, Decision.SILENT),
        (
            [RUN | {"Resource": DEFINITION[:-1] + "?"}],
            "ecs:RunTask",
            {},
            Decision.ALLOWED,
        ),
        ([RUN, RUN | {"Effect": "Deny"}], "ecs:RunTask", {}, Decision.DENIED),
        ([IN_CLUSTER], "ecs:RunTask", {"ecs:cluster": CLUSTER}, Decision.ALLOWED),
        ([IN_CLUSTER], "ecs:RunTask", {"ecs:cluster": CLUSTER + "2"}, Decision.SILENT),
        ([IN_CLUSTER], "ecs:RunTask", {}, Decision.SILENT),
    ],
)
def test_decisions(statements, action, context, decision):
    assert decide([{"Statement": statements}], action, DEFINITION, context) is decision


@pytest.mark.parametrize(
    "team, resource, decision",
    [
        ("red", "arn:aws:s3:::red/file", Decision.ALLOWED),
        ("red", "arn:aws:s3:::blue/file", Decision.SILENT),
        ("red", "arn:aws:s3:::shared", Decision.ALLOWED),
        (None, "arn:aws:s3:::/file", Decision.SILENT),
        # AWS may take a statement for invalid if a variable in it has no value
        (None, "arn:aws:s3:::shared", Decision.SILENT),
    ],
)
def test_a_variable_has_the_value_of_the_call(team, resource, decision):
    own = "arn:aws:s3:::${aws:PrincipalTag/team}/*"
    statement = {"Effect": "Allow", "Action": "s3:GetObject"}
    statement["Resource"] = [own, "arn:aws:s3:::shared"]
    context = {"aws:PrincipalTag/team": team} if team else {}
    found = decide([{"Statement": statement}], "s3:GetObject", resource, context)
    assert found is decision


@pytest.mark.parametrize(
    "operator, value, holds",
    [
        ("StringEquals", "a", True),
        ("StringEquals", ["b", "a"], True),
        ("StringEquals", "A", False),
        ("StringEqualsIgnoreCase", "A", True),
        ("StringNotEquals", "a", False),
        ("StringLike", "?", True),
        ("StringEqualsIfExists", "b", False),
        ("ForAnyValue:StringEquals", "a", True),
        ("Null", "false", True),
    ],
)
def test_conditions(operator, value, holds):
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statement["Condition"] = {operator: {"aws:Key": value}}
    found = decide([{"Statement": statement}], "s3:GetObject", "*", {"aws:key": "a"})
    assert (found is Decision.ALLOWED) == holds


@pytest.mark.parametrize(
    "operator, value, values, holds",
    [
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", "a", ("a", "b"), False),
        ("ForAllValues:StringLike", "*", ("a", "b"), True),
        # so without a further condition it allows a call that has no value
        ("ForAllValues:StringEquals", "a", None, True),
        ("ForAnyValue:StringEquals", "a", ("a", "b"), True),
        ("ForAnyValue:StringEquals", "c", ("a", "b"), False),
        ("ForAnyValue:StringLike", "*", None, False),
        ("Null", "false", ("a", "b"), True),
        ("Null", "false", None, False),
    ],
)
def test_conditions_on_several_values(operator, value, values, holds):
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    statement["Condition"] = {operator: {"aws:Key": value}}
    context = {} if values is None else {"aws:key": values}
    found = decide([{"Statement": statement}], "events:PutTargets", "*", context)
    assert (found is Decision.ALLOWED) == holds
