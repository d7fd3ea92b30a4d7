"""What the templates of a production stack must keep, as sentences about what breaks it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local import template
from local.template import PROJECT

FILES = ("template.yaml", "alarms.yaml", "deploy-role.yaml", "backups.yaml")
Document = dict[str, Any]

# Metrics that AWS writes, as its documentation names them.
_AWS_METRICS = {
    "AWS/ApiGateway": {"5xx", "4xx", "Latency", "Count"},
    "AWS/Lambda": {"Errors", "Throttles", "ConcurrentExecutions"},
}
# Actions that IAM cannot limit to a resource.
_WITHOUT_RESOURCE = ("xray:", "logs:DescribeLogGroups", "logs:CreateLogDelivery", "logs:GetLogDelivery")
# The routes that find a wallet by a PIN that a caller has typed.
_PIN_ROUTES = {
    "POST /wp-json/credsys/v1/json/getWalletByDialedNumberAndPin",
    "POST /v1/calls/begin",
    "POST /v1/calls/quote",
}
_LOGGED = {"requestId", "awsEndpointRequestId", "routeKey", "status", "responseLatency", "integrationErrorMessage"}


def texts() -> dict[str, str]:
    """The templates as they are."""
    return {name: (PROJECT / name).read_text(encoding="utf-8") for name in FILES}


def problems(files: Mapping[str, str]) -> list[str]:
    """Everything that the templates break."""
    documents = {name: template.parse(text) for name, text in files.items()}
    service, alarms = documents["template.yaml"], documents["alarms.yaml"]
    found = [f"{name}: {problem}" for name, document in documents.items() for problem in _policies(document)]
    found += [*_tables(service), *_logs(service), *_functions(service), *_edge(service)]
    found += [*_alarms(documents), *_metric_filters(documents), *_deployment(documents)]
    if not all(one["Properties"].get("AlarmActions") for one in _of(alarms, "AWS::CloudWatch::Alarm").values()):
        found.append("alarms.yaml: an alarm wakes nobody")
    return found


def _of(document: Document, type_: str) -> dict[str, Document]:
    return {name: one for name, one in document["Resources"].items() if one["Type"] == type_}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(value: Any) -> Iterator[Document]:
    if isinstance(value, list):
        for entry in value:
            yield from _statements(entry)
    elif isinstance(value, dict):
        if "Effect" in value:
            yield value
        for entry in value.values():
            yield from _statements(entry)


def _policies(document: Document) -> Iterator[str]:
    for statement in _statements(document["Resources"]):
        actions = _listed(statement["Action"])
        if any("*" in action for action in actions):
            yield f"{actions} has a star"
        if statement.get("Resource") == "*" and not actions[0].startswith(_WITHOUT_RESOURCE):
            yield f"{actions} is allowed on everything"


def _tables(service: Document) -> Iterator[str]:
    for name, table in _of(service, "AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        if not table.get("DeletionPolicy") == table.get("UpdateReplacePolicy") == "Retain":
            yield f"{name} is not retained"
        if properties.get("DeletionProtectionEnabled") is not True:
            yield f"{name} is not protected from deletion"
        if properties.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield f"{name} cannot be restored to a second"
        if not properties.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a key of KMS"


def _logs(service: Document) -> Iterator[str]:
    for name, group in _of(service, "AWS::Logs::LogGroup").items():
        if "RetentionInDays" not in group["Properties"]:
            yield f"{name} keeps its lines for ever"
    settings = service["Resources"]["HttpApi"]["Properties"].get("AccessLogSettings")
    if not settings:
        yield "the API has no access log"
        return
    names = re.findall(r"\$context\.(\w+)", settings["Format"]["Sub"][0])
    if not set(names) <= _LOGGED:
        yield f"the access log has {sorted(set(names) - _LOGGED)}, which clients fill"


def _functions(service: Document) -> Iterator[str]:
    shared = service["Globals"]["Function"]
    if "PermissionsBoundary" not in shared:
        yield "functions may write to every log group of the account"
    if not shared.get("DeploymentPreference", {}).get("Alarms"):
        yield "no alarm rolls a release back"
    if not shared.get("AutoPublishAlias"):
        yield "functions have no alias"
    bounded = {
        action
        for statement in _statements(service["Resources"]["FunctionBoundary"])
        for action in _listed(statement["Action"])
    }
    for name, function in _of(service, "AWS::Serverless::Function").items():
        if function["Properties"].get("AutoPublishCodeSha256") != {"Ref": "ReleaseDigest"}:
            yield f"{name} publishes no version with a release"
        used = {
            action
            for statement in _statements(function["Properties"].get("Policies", []))
            for action in _listed(statement["Action"])
        }
        if not used <= bounded:
            yield f"the boundary takes {sorted(used - bounded)} from {name}"


def _edge(service: Document) -> Iterator[str]:
    api = service["Resources"]["HttpApi"]["Properties"]
    routes = {
        f"POST {event['Properties']['Path']}"
        for function in _of(service, "AWS::Serverless::Function").values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    }
    if "ThrottlingRateLimit" not in api.get("DefaultRouteSettings", {}):
        yield "the API is not throttled"
    if not set(api.get("RouteSettings", {})) <= routes:
        yield "a route that does not exist is throttled"
    if not set(api.get("RouteSettings", {})) >= _PIN_ROUTES:
        yield "looking up PINs is not throttled by itself"
    if "DisableExecuteApiEndpoint" not in api:
        yield "clients can go around the domains"
    for side in ("Agents", "Credit"):
        if f"{side}DomainAndCertificate" not in service.get("Rules", {}):
            yield f"{side}DomainName may be set without its certificate"


def _written_metrics(documents: Mapping[str, Document]) -> dict[str, set[str]]:
    telemetry = (PROJECT / "layers/shared/src/paidline/api/telemetry.py").read_text(encoding="utf-8")
    functions = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "functions").rglob("app.py"))
    own = {*re.findall(r'add_metric\("(\w+)"', telemetry), *re.findall(r'telemetry\.count\("(\w+)"', functions)}
    filters = {
        transformation["MetricName"]
        for document in documents.values()
        for one in _of(document, "AWS::Logs::MetricFilter").values()
        for transformation in one["Properties"]["MetricTransformations"]
    }
    return {**_AWS_METRICS, "Paidline": own, "Paidline/stack": filters}


def _alarms(documents: Mapping[str, Document]) -> Iterator[str]:
    written = _written_metrics(documents)
    for document in documents.values():
        for name, alarm in _of(document, "AWS::CloudWatch::Alarm").items():
            properties = alarm["Properties"]
            metrics = [one["MetricStat"]["Metric"] for one in properties.get("Metrics", []) if "MetricStat" in one]
            for metric in metrics or [properties]:
                if metric["MetricName"] not in written.get(_namespace(metric["Namespace"]), set()):
                    yield f"{name} watches {metric['MetricName']}, which nobody writes"
            if "TreatMissingData" not in properties:
                yield f"{name} does not say what missing data means"
    body = documents["alarms.yaml"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Sub"][0]
    for widget in json.loads(body)["widgets"]:
        for namespace, metric, *_ in widget["properties"]["metrics"]:
            if metric not in written.get(_namespace(namespace), set()):
                yield f"the dashboard shows {metric}, which nobody writes"


def _namespace(value: Any) -> str:
    text = value["Sub"] if isinstance(value, dict) else str(value)
    return re.sub(r"\$\{.*\}", "stack", text)


def _metric_filters(documents: Mapping[str, Document]) -> Iterator[str]:
    errors = (PROJECT / "layers/shared/src/paidline/errors.py").read_text(encoding="utf-8")
    reasons = set(re.findall(r'^    reason = "(\w+)"', errors, flags=re.M))
    for document in documents.values():
        for name, one in _of(document, "AWS::Logs::MetricFilter").items():
            wanted = set(re.findall(r'\$\.(?:reason|outcome) = "(\w+)"', one["Properties"]["FilterPattern"]))
            if not wanted <= reasons:
                yield f"{name} counts {sorted(wanted - reasons)}, which is no reason"


def _deployment(documents: Mapping[str, Document]) -> Iterator[str]:
    role = documents["deploy-role.yaml"]
    functions = _of(documents["template.yaml"], "AWS::Serverless::Function").values()
    events = [event["Type"] for function in functions for event in function["Properties"].get("Events", {}).values()]
    allowed = {action for one in _statements(role["Resources"]) for action in _listed(one["Action"])}
    if "Schedule" in events and "events:PutRule" not in allowed:
        yield "the role that deploys cannot make schedules"
    if "CloudWatchLogs" in events and "logs:PutSubscriptionFilter" not in allowed:
        yield "the role that deploys cannot make subscriptions to the log"
    (statement,) = role["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    condition = statement.get("Condition", {}).get("StringEquals", {})
    subject = condition.get("token.actions.githubusercontent.com:sub", {}).get("Sub", "")
    if not re.fullmatch(r"repo:\$\{Repository\}:environment:\$\{Environment\}", subject):
        yield "any workflow of GitHub may deploy"
