"""The alarms of Prefect's server on Fargate: their causes and their recipients."""

from __future__ import annotations

import inspect
import re

from infrastructure import server_pulse
from tests.infrastructure.templates import (
    SERVERS,
    TEMPLATES,
    imported,
    of_type,
    properties,
    read,
)

SERVER = SERVERS["ecs"]
ALARMS = of_type(SERVER, "AWS::CloudWatch::Alarm")
TOPIC = imported("AlarmTopicArn")
PULSE = {
    # the alarm, its metric's filter, and what is logged
    "NotReady": ("ReadyMetric", "ready"),
    "ScheduledRunTooOld": ("ScheduleLagMetric", "schedule_lag_seconds"),
}


def test_every_alarm_goes_to_the_platforms_topic_and_says_what_it_means():
    assert len(ALARMS) == 7
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == [TOPIC], name
        assert re.fullmatch(r"[A-Z].*\.", alarm["AlarmDescription"]), name


def test_a_missing_server_is_noticed_as_soon_as_one_that_is_not_ready():
    for name in ("NoServer", "NotReady"):
        alarm = ALARMS[name]
        # no target, no task: no sample
        assert alarm["TreatMissingData"] == "breaching"
        assert alarm["Period"] * alarm["EvaluationPeriods"] == 300
        assert alarm["ComparisonOperator"] == "LessThanThreshold"
        assert alarm["Threshold"] == 1
        assert read(SERVER)["Resources"][name]["DependsOn"] == "Service"
    assert ALARMS["NoServer"]["Dimensions"] == [
        {
            "Name": "LoadBalancer",
            "Value": {"GetAtt": "Balancer.LoadBalancerFullName"},
        },
        {"Name": "TargetGroup", "Value": {"GetAtt": "Target.TargetGroupFullName"}},
    ]


def test_what_the_pulse_logs_becomes_the_metrics():
    for alarm, (metric, key) in PULSE.items():
        filtered = properties(SERVER, metric)
        assert filtered["LogGroupName"] == {"Ref": "ServerLogs"}
        assert filtered["FilterPattern"] == f"{{ $.{key} = * }}"
        (transformed,) = filtered["MetricTransformations"]
        assert transformed["MetricValue"] == f"$.{key}"
        assert ALARMS[alarm]["MetricName"] == transformed["MetricName"]
        assert ALARMS[alarm]["Namespace"] == transformed["MetricNamespace"]
    logged = set(re.findall(r'"(\w+)":', inspect.getsource(server_pulse.look)))
    assert logged == {key for _, key in PULSE.values()}
    # a sample in each minute that NotReady looks at
    period = ALARMS["NotReady"]["Period"]
    assert server_pulse.SECONDS_BETWEEN_LOOKS <= period
    (pulse,) = [
        each
        for each in properties(SERVER, "ServerTask")["ContainerDefinitions"]
        if each["Name"] == "pulse"
    ]
    assert pulse["Command"][:3] == ["python", "-m", server_pulse.__name__]
    assert pulse["Essential"] is False and pulse["RestartPolicy"]["Enabled"] is True


def test_a_scheduler_that_stands_still_is_told_only_if_it_can_be_known():
    alarm = ALARMS["ScheduledRunTooOld"]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (
        *("GreaterThanThreshold", 0),
    )
    # the lag is 0 for ten minutes, and a moment without a lag ends the alarm
    assert alarm["Statistic"] == "Minimum"
    assert alarm["TreatMissingData"] == "notBreaching"


def test_the_database_is_told_before_its_disk_and_its_connections_are_used_up():
    parameters = read(SERVER)["Parameters"]
    disk = ALARMS["DatabaseDiskLow"]
    smallest = parameters["DatabaseStorage"]["MinValue"] * 2**30
    assert 0.1 * smallest < disk["Threshold"] < 0.5 * smallest
    # RDS gives a class of 1 GiB about so many
    most = 2**30 // 9_531_392
    assert parameters["DatabaseClass"]["Default"] == "db.t4g.micro"
    # both of Prefect's pools, for requests and for services, at once
    assert 2 * (5 + 10) < ALARMS["DatabaseConnectionsHigh"]["Threshold"] < 0.8 * most
    for name in ("DatabaseDiskLow", "DatabaseConnectionsHigh"):
        assert ALARMS[name]["Dimensions"] == [
            {"Name": "DBInstanceIdentifier", "Value": {"Ref": "Database"}}
        ]


def test_a_certificate_that_is_not_renewed_is_told_weeks_before_it_ends():
    alarm = ALARMS["CertificateExpires"]
    assert alarm["Threshold"] >= 14
    assert alarm["Dimensions"][0]["Value"] == {"Ref": "CertificateArn"}


def test_a_server_that_does_not_start_or_ends_by_itself_is_told_as_a_worker_is():
    platform = TEMPLATES["data-platform"]
    for of_server, of_worker in (
        ("ServerTroubleRule", "WorkerTroubleRule"),
        ("ServerDiedRule", "WorkerDiedRule"),
    ):
        rule, other = properties(SERVER, of_server), properties(platform, of_worker)
        expected = str(other["EventPattern"]).replace("WorkerService", "Service")
        assert str(rule["EventPattern"]) == expected
        assert [each["Arn"] for each in rule["Targets"]] == [TOPIC]
