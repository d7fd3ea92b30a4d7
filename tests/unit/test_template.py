"""What template.yaml declares beside the endpoints: tables, logs, domains, layers, parameters."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from local import template
from local.template import PROJECT
from paidline.store import call_sessions, status_log
from paidline.store.call_sessions import CallSession
from paidline.store.idempotency_keys import UsedKey
from paidline.store.status_log import StatusLogRow

TEMPLATE = template.load()
CALL = CallSession(1, "38", 194, "14620905014", "31688006395", "31612345678", "answer", 60, "", "", 90, "", "request")
ROW = StatusLogRow(1, 194, "38", "2026-11-25T12:00:00.000000Z", "online", "handler", "127.0.0.1", "request")


def resources(type_: str) -> dict[str, Any]:
    return {name: found for name, found in TEMPLATE["Resources"].items() if found["Type"] == type_}


def declared(name: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE["Resources"][name]
    return found


def test_all_functions_write_to_one_log_group_but_the_one_that_reads_it() -> None:
    functions = resources("AWS::Serverless::Function")
    shared = TEMPLATE["Globals"]["Function"]["LoggingConfig"]["LogGroup"]["Ref"]

    assert shared in resources("AWS::Logs::LogGroup")
    others = {
        name: one["Properties"]["LoggingConfig"]
        for name, one in functions.items()
        if "LoggingConfig" in one["Properties"]
    }
    assert others == {"CountRefusals": {"LogGroup": {"Ref": "CountRefusalsLogs"}}}


def test_every_log_group_keeps_its_lines_for_as_long_as_the_parameter_says() -> None:
    groups = resources("AWS::Logs::LogGroup")
    kept = {name: group["Properties"].get("RetentionInDays") for name, group in groups.items()}

    assert kept == {name: {"Ref": "LogRetentionDays"} for name in groups}


def test_every_table_is_encrypted_restorable_and_protected() -> None:
    tables = resources("AWS::DynamoDB::Table").values()

    assert tables
    for table in tables:
        properties = table["Properties"]
        assert {table["DeletionPolicy"], table["UpdateReplacePolicy"]} == {"Retain"}
        assert properties["DeletionProtectionEnabled"] is True
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        key = {"If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
        assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_used_keys_expire_by_the_attribute_that_they_are_written_with_in_seconds() -> None:
    expiry = declared("IdempotencyKeysTable")["Properties"]["TimeToLiveSpecification"]
    written = UsedKey("k", "r", "{}", int(time.time())).to_item()

    assert expiry["Enabled"] is True
    assert int(written[expiry["AttributeName"]]["N"]) == pytest.approx(time.time(), abs=300)


@pytest.mark.parametrize(
    ("table", "variable", "write"),
    [
        ("CallSessionsTable", "CALL_SESSION_DAYS", lambda: call_sessions.create(CALL)),
        ("StatusLogTable", "STATUS_LOG_DAYS", lambda: status_log.append(ROW)),
    ],
)
def test_calls_and_log_rows_expire_only_if_the_stack_says_after_how_many_days(
    monkeypatch: pytest.MonkeyPatch, table: str, variable: str, write: Callable[[], Any]
) -> None:
    expiry = declared(table)["Properties"]["TimeToLiveSpecification"]
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    parameter = TEMPLATE["Parameters"][variables[variable]["Ref"]]
    monkeypatch.setenv("CALL_SESSIONS_TABLE", "calls")
    monkeypatch.setenv("STATUS_LOG_TABLE", "log")
    monkeypatch.setenv(variable, str(parameter["Default"]))
    kept = write()["Put"]["Item"]
    monkeypatch.setenv(variable, "10")
    expiring = write()["Put"]["Item"]

    assert expiry == {"AttributeName": "expiresAt", "Enabled": True}
    assert "expiresAt" not in kept
    assert int(expiring["expiresAt"]["N"]) == pytest.approx(time.time() + 10 * 24 * 60 * 60, abs=300)


def test_items_expire_only_where_nobody_needs_them_for_good() -> None:
    tables = resources("AWS::DynamoDB::Table").items()

    assert {name for name, table in tables if "TimeToLiveSpecification" in table["Properties"]} == {
        "CallSessionsTable",
        "CallsTable",
        "IdempotencyKeysTable",
        "RefusalsTable",
        "StatusLogTable",
        "WrongPinsTable",
    }


def test_the_access_log_has_the_fields_that_the_docs_list_and_none_that_a_client_fills() -> None:
    text, values = declared("HttpApi")["Properties"]["AccessLogSettings"]["Format"]["Sub"]

    assert json.loads(text) == {
        "requestId": "$context.requestId",
        "functionRequestId": "$context.awsEndpointRequestId",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "integrationError": "$context.integrationErrorMessage",
        "sourceIp": "${SourceIp}",
    }
    # An IP address is personal data, so it is there only where it is asked for.
    assert values == {"SourceIp": {"If": ["LogsSourceAddress", "$context.identity.sourceIp", ""]}}
    assert TEMPLATE["Parameters"]["LogSourceAddress"]["Default"] == "no"
    operations = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in operations for name in json.loads(text))


def test_every_parameter_of_the_template_is_in_the_docs_with_its_default() -> None:
    operations = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in operations.splitlines() if row.startswith("| `")]
    told = {name: default.strip().strip("`") for names, default in rows for name in re.findall(r"`(\w+)`", names)}

    for name, parameter in TEMPLATE["Parameters"].items():
        default = parameter.get("Default", "by `make deploy")
        expected = {"": "none"}.get(default, str(default))
        assert told[name] == ("see `template.yaml" if name == "MemorySize" else expected)


@pytest.mark.parametrize("side", ["Agents", "Credit"])
def test_a_custom_domain_has_its_own_name_and_certificate_and_leads_to_the_api(side: str) -> None:
    domain = declared(f"{side}Domain")
    mapping = declared(f"{side}DomainMapping")
    (configuration,) = domain["Properties"]["DomainNameConfigurations"]

    assert domain["Properties"]["DomainName"] == {"Ref": f"{side}DomainName"}
    assert configuration["CertificateArn"] == {"Ref": f"{side}CertificateArn"}
    assert mapping["Properties"] == {
        "ApiId": {"Ref": "HttpApi"},
        "DomainName": {"Ref": f"{side}Domain"},
        "Stage": {"Ref": "HttpApi.Stage"},
    }
    assert domain["Condition"] == mapping["Condition"] == f"Has{side}Domain"
    assert TEMPLATE["Conditions"][f"Has{side}Domain"] == {"Not": [{"Equals": [{"Ref": f"{side}CertificateArn"}, ""]}]}
    assert TEMPLATE["Outputs"][f"{side}DomainTarget"]["Value"] == {"GetAtt": f"{side}Domain.RegionalDomainName"}


@pytest.mark.parametrize(("processor", "layer"), [("arm64", "SharedLayerArm64"), ("x86_64", "SharedLayerX8664")])
def test_functions_get_the_layer_of_their_processor(processor: str, layer: str) -> None:
    condition = {"arm64": "IsArm64", "x86_64": "IsX8664"}[processor]
    built = declared(layer)

    assert TEMPLATE["Globals"]["Function"]["Layers"] == [
        {"If": ["IsArm64", {"Ref": "SharedLayerArm64"}, {"Ref": "SharedLayerX8664"}]}
    ]
    assert TEMPLATE["Conditions"][condition] == {"Equals": [{"Ref": "Architecture"}, processor]}
    assert built["Condition"] == condition
    assert built["Properties"]["CompatibleArchitectures"] == [processor]
    assert built["Metadata"]["BuildArchitecture"] == processor


def test_every_function_publishes_a_version_with_each_release() -> None:
    for name, function in resources("AWS::Serverless::Function").items():
        assert function["Properties"].get("AutoPublishCodeSha256") == {"Ref": "ReleaseDigest"}, name
    assert "Default" not in TEMPLATE["Parameters"]["ReleaseDigest"]


@pytest.mark.parametrize("side", ["Agents", "Credit"])
def test_a_domain_without_its_certificate_is_refused_and_so_is_a_certificate_without_its_domain(side: str) -> None:
    name, certificate = ({"Equals": [{"Ref": f"{side}{part}"}, ""]} for part in ("DomainName", "CertificateArn"))
    (rule,) = TEMPLATE["Rules"][f"{side}DomainAndCertificate"]["Assertions"]

    assert rule["Assert"] == {"Or": [{"And": [name, certificate]}, {"And": [{"Not": [name]}, {"Not": [certificate]}]}]}


def test_a_restored_table_takes_the_place_of_the_stacks_own_everywhere() -> None:
    """In the functions' environment and in every policy: else a function would write to both."""
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"].values()
    money = {value["If"][2]["Ref"] for value in variables if isinstance(value, dict) and "If" in value}
    named = [
        statement["Resource"]
        for function in resources("AWS::Serverless::Function").values()
        for policy in function["Properties"].get("Policies", [])
        for statement in policy["Statement"]
    ]

    assert money == {"WalletsTable", "WalletLedgerTable", "IdempotencyKeysTable", "CallsTable"}
    for table in money:
        concerned = [resource for resource in named if re.search(rf"\b{table}\b", str(resource))]
        assert concerned
        for resource in concerned:
            assert "If" in resource, f"A policy names {table} without *{table}."
            condition, restored, own = resource["If"]
            assert condition == "UsesRestoredTables"
            assert f"${{RestoredTables}}-{table}" in restored["Sub"]
            assert f"{table}.Arn" in str(own)
