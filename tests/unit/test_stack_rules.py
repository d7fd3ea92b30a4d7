"""The templates keep the rules of tests/support/stack_rules.py, and each rule notices the mistake that it is for."""

# Each mistake is one line, so that what is changed can be seen beside what it becomes.
# ruff: noqa: E501
from __future__ import annotations

import re

import pytest

from local import template
from local.template import PROJECT
from tests.support import stack_rules

ALARMS = template.load(PROJECT / "alarms.yaml")["Resources"]

# The file, what a hurried change does to it, and the sentence that says so.
MISTAKES = {
    "a star in a policy": ("template.yaml", "Action: dynamodb:GetItem, Resource: !GetAtt AgentsTable.Arn}", 'Action: "dynamodb:*", Resource: !GetAtt AgentsTable.Arn}', "has a star"),
    "a policy on everything": ("template.yaml", "Action: dynamodb:GetItem, Resource: !GetAtt AgentsTable.Arn}", 'Action: dynamodb:GetItem, Resource: "*"}', "is allowed on everything"),
    "a table without retention": ("template.yaml", "  WalletsTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n", "  WalletsTable:\n    Type: AWS::DynamoDB::Table\n", "WalletsTable is not retained"),
    "a table without protection": ("template.yaml", "      DeletionProtectionEnabled: true\n", "", "is not protected from deletion"),
    "a table without recovery": ("template.yaml", "{PointInTimeRecoveryEnabled: true}", "{PointInTimeRecoveryEnabled: false}", "cannot be restored to a second"),
    "a log group that never forgets": ("template.yaml", "      RetentionInDays: !Ref LogRetentionDays\n", "", "keeps its lines for ever"),
    "an access log with the query": ("template.yaml", '"status":"$context.status"', '"status":"$context.path"', "which clients fill"),
    "a function that keeps its version": ("template.yaml", "      AutoPublishCodeSha256: !Ref ReleaseDigest\n", "", "publishes no version"),
    "functions without a boundary": ("template.yaml", "    PermissionsBoundary: !Ref FunctionBoundary\n", "", "every log group"),
    "a boundary that is too narrow": ("template.yaml", "dynamodb:UpdateItem, dynamodb:DeleteItem, dynamodb:ConditionCheckItem]", "dynamodb:DeleteItem, dynamodb:ConditionCheckItem]", "the boundary takes"),
    "a release that no alarm watches": ("template.yaml", "      Alarms: [!Ref ReleaseFaultsAlarm, !Ref ReleaseCrashesAlarm, !Ref ReleaseLatencyAlarm]\n", "", "rolls a release back"),
    "an API without throttling": ("template.yaml", "        ThrottlingRateLimit: !Ref ThrottlingRateLimit\n", "", "the API is not throttled"),
    "throttling of a route that is gone": ("template.yaml", "        POST /wp-json/credsys/v1/json/getWalletByDialedNumberAndPin:", "        POST /wp-json/credsys/v1/json/getWalletByPin:", "does not exist"),
    "a domain without a rule": ("template.yaml", "  CreditDomainAndCertificate:", "  SomethingElse:", "without its certificate"),
    "an alarm on a metric that nobody writes": ("alarms.yaml", "      MetricName: StoreRetries\n", "      MetricName: StoreFailures\n", "which nobody writes"),
    "a filter for a reason that is gone": ("alarms.yaml", '$.reason = "contention"', '$.reason = "collision"', "which is no reason"),
    "an alarm that wakes nobody": ("alarms.yaml", "      AlarmActions: [!Ref Topic]\n", "", "wakes nobody"),
    "an alarm silent about missing data": ("alarms.yaml", "      TreatMissingData: notBreaching\n", "", "what missing data means"),
    "a dashboard with an empty graph": ("alarms.yaml", '["AWS/Lambda", "Errors"]', '["AWS/Lambda", "Failures"]', "the dashboard shows"),
    "PINs of paid calls that are not throttled": ("template.yaml", "        POST /v1/calls/quote:\n", "        POST /v1/calls/sync:\n", "looking up PINs"),
    "a role that cannot make schedules": ("deploy-role.yaml", "[events:PutRule, ", "[", "schedules"),
    "a role that cannot make subscriptions": ("deploy-role.yaml", "logs:PutSubscriptionFilter, ", "", "subscriptions"),
    "a deployment by any branch": ("deploy-role.yaml", ":environment:${Environment}", ":*", "any workflow"),
}  # fmt: skip


def test_the_templates_break_no_rule() -> None:
    assert stack_rules.problems(stack_rules.texts()) == []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_noticed(name: str) -> None:
    file, before, after, sentence = MISTAKES[name]
    texts = stack_rules.texts()
    assert before in texts[file], "What the mistake changes is no longer there."
    planted = {**texts, file: texts[file].replace(before, after, 1)}

    assert any(sentence in problem for problem in stack_rules.problems(planted))


def test_every_alarm_has_a_paragraph_that_its_message_names() -> None:
    headings = re.findall(r"^### (\w+)$", (PROJECT / "docs/operations.md").read_text(encoding="utf-8"), flags=re.M)

    for name, alarm in ALARMS.items():
        if alarm["Type"] == "AWS::CloudWatch::Alarm":
            _, named = alarm["Properties"]["AlarmDescription"].split("docs/operations.md: ")
            assert named in headings, name
            assert name.startswith(named), name
