"""The platform's alarms: their causes and their recipients."""

from __future__ import annotations

import pytest

from tests.infrastructure.templates import TEMPLATES, imported, of_type, properties
from utils.watch.letter_events import REFUSED

PLATFORM = TEMPLATES["data-platform"]


TOPIC = imported("AlarmTopicArn", "AWS::StackName")


def test_every_alarm_goes_to_the_topic_and_says_what_it_means():
    alarms = of_type(PLATFORM, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 4
    for name, alarm in alarms.items():
        assert TOPIC in alarm["AlarmActions"], name
        assert alarm["AlarmDescription"].endswith("."), name


def test_a_missing_worker_is_noticed_without_prefect():
    alarm = properties(PLATFORM, "NoWorker")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ECS", "CPUUtilization")
    assert alarm["Statistic"] == "SampleCount"
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["Threshold"] == 1
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Dimensions"] == [
        {"Name": "ClusterName", "Value": {"Ref": "Cluster"}},
        {"Name": "ServiceName", "Value": {"GetAtt": "WorkerService.Name"}},
    ]


def test_a_worker_that_dies_again_and_again_is_noticed():
    rule = properties(PLATFORM, "WorkerDiedRule")
    assert rule["EventPattern"] == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [{"GetAtt": "Cluster.Arn"}],
            "group": [{"Sub": "service:${WorkerService.Name}"}],
            "lastStatus": ["STOPPED"],
            "$or": [
                # not ServiceSchedulerInitiated, which each deployment brings
                {"stopCode": ["EssentialContainerExited"]},
                {"stoppedReason": [{"prefix": "Task failed container health checks"}]},
            ],
        },
    }


@pytest.mark.parametrize("name", ["WorkerDiedRule", "WorkerTroubleRule"])
def test_a_mail_of_eventbridge_is_sent_by_a_role_or_told_as_lost(name):
    (target,) = properties(PLATFORM, name)["Targets"]
    assert target["Arn"] == TOPIC
    assert target["RoleArn"] == imported("AlarmRoleArn", "AWS::StackName")
    assert target["DeadLetterConfig"] == {
        "Arn": imported("LostMailsArn", "AWS::StackName")
    }


def test_events_that_are_lost_or_not_read_are_noticed():
    for name, metric, queue in (
        ("EventsLost", "ApproximateNumberOfMessagesVisible", "DeadLetters"),
        ("EventsNotRead", "ApproximateAgeOfOldestMessage", "TaskEvents"),
    ):
        alarm = properties(PLATFORM, name)
        assert alarm["MetricName"] == metric
        (dimension,) = alarm["Dimensions"]
        assert dimension["Value"] == {"GetAtt": f"{queue}.QueueName"}
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_refused_alerts_are_told_by_what_watch_logs():
    metric = properties(PLATFORM, "AlertsRefusedMetric")
    assert metric["FilterPattern"] == f'"{REFUSED}"'
    (transformed,) = metric["MetricTransformations"]
    alarm = properties(PLATFORM, "AlertsRefused")
    assert alarm["MetricName"] == transformed["MetricName"]
    assert alarm["Namespace"] == transformed["MetricNamespace"]
