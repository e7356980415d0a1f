"""The platform's alarms: their causes and their recipients."""

from __future__ import annotations

import json

from tests.infrastructure.templates import TEMPLATES, of_type, properties, read
from utils.watch.letter_events import REFUSED

PLATFORM = TEMPLATES["data-platform"]
RESOURCES = read(PLATFORM)["Resources"]


def test_every_alarm_goes_to_the_topic_and_says_what_it_means():
    alarms = of_type(PLATFORM, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 7
    for name, alarm in alarms.items():
        assert {"Ref": "AlarmTopic"} in alarm["AlarmActions"], name
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
            # not ServiceSchedulerInitiated, which each deployment brings
            "stopCode": ["EssentialContainerExited"],
        },
    }
    assert [each["Arn"] for each in rule["Targets"]] == [{"Ref": "AlarmTopic"}]


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


def test_the_topic_takes_messages_of_this_accounts_alarms_and_events():
    policy = properties(PLATFORM, "AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    alarms, events = policy
    assert alarms["Principal"]["Service"] == [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
    ]
    account = {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert alarms["Condition"] == {"StringEquals": account}
    # EventBridge's messages pass no condition
    assert events["Principal"] == {"Service": "events.amazonaws.com"}
    assert "Condition" not in events
    for statement in policy:
        assert statement["Action"] == "sns:Publish"
        assert statement["Resource"] == {"Ref": "AlarmTopic"}


def test_mail_is_sent_only_to_an_address():
    mail = RESOURCES["AlarmMail"]
    assert mail["Condition"] == "SendsMail"
    assert mail["Properties"]["Endpoint"] == {"Ref": "AlertEmail"}


def test_the_budget_warns_before_and_ahead():
    budget = properties(PLATFORM, "Budget")
    assert RESOURCES["Budget"]["DependsOn"] == "AlarmTopicPolicy"
    # budgets know no region
    name = "${AWS::StackName}-monthly-${AWS::Region}"
    assert budget["Budget"]["BudgetName"] == {"Sub": name}
    assert budget["Budget"]["BudgetLimit"]["Amount"] == {"Ref": "MonthlyBudgetUsd"}
    notified = {
        each["Notification"]["NotificationType"]: each["Notification"]["Threshold"]
        for each in budget["NotificationsWithSubscribers"]
    }
    assert notified == {"ACTUAL": 80, "FORECASTED": 100}
    assert json.dumps(budget).count('"Address": {"Ref": "AlarmTopic"}') == 2
