"""Reading template.yaml for the local gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import template

SMALL = """
Parameters:
  Zone: {Type: String, Default: Europe/Amsterdam}
  Memory: {Type: Number, Default: 512}
Globals:
  Function:
    Handler: app.lambda_handler
    MemorySize: !Ref Memory
    Timeout: 10
    Environment:
      Variables: {PEOPLE_TABLE: !Ref PeopleTable, ZONE: !Ref Zone}
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/greet
      Timeout: 3
      Environment:
        Variables: {GREETING: hello}
      Events:
        Route: {Type: HttpApi, Properties: {Method: post, Path: /greet}}
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
  Part:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/part
      Environment:
        Variables: {GREETING: PART_GREETING}
      Events:
        Route: {Type: HttpApi, Properties: {Method: POST, Path: /part}}
  PeopleTable:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      SSESpecification: {SSEEnabled: true}
      AttributeDefinitions: [{AttributeName: name, AttributeType: S}]
      KeySchema: [{AttributeName: name, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
Outputs:
  Arn: {Value: !GetAtt PeopleTable.Arn}
"""


def read_small(folder: Path, part_greeting: str = "hello", table_prefix: str = "") -> template.Template:
    path = folder / "template.yaml"
    path.write_text(SMALL.replace("PART_GREETING", part_greeting), encoding="utf-8")
    return template.read(path, table_prefix)


def test_a_route_is_read_with_its_function_and_other_events_are_left_out(tmp_path: Path) -> None:
    greet, part = read_small(tmp_path).routes

    assert (greet.method, greet.path, greet.key) == ("POST", "/greet", "POST /greet")
    assert (greet.function.name, greet.function.stem) == ("Greet", "greet")
    assert greet.function.folder == tmp_path / "functions" / "greet"
    assert (greet.function.module, greet.function.attribute) == ("app", "lambda_handler")
    assert part.path == "/part"


def test_a_function_takes_the_globals_where_it_says_nothing_of_its_own(tmp_path: Path) -> None:
    greet, part = (route.function for route in read_small(tmp_path).routes)

    assert (greet.timeout_s, part.timeout_s) == (3, 10)
    assert (greet.memory_mb, part.memory_mb) == (512, 512)


def test_references_become_parameter_defaults_and_prefixed_table_names(tmp_path: Path) -> None:
    service = read_small(tmp_path, table_prefix="t1-")

    assert service.routes[0].function.environment == {
        "PEOPLE_TABLE": "t1-PeopleTable",
        "ZONE": "Europe/Amsterdam",
        "GREETING": "hello",
    }
    assert service.tables[0].name == "t1-PeopleTable"
    assert service.tables[0].logical_id == "PeopleTable"


def test_a_table_keeps_only_what_an_engine_understands(tmp_path: Path) -> None:
    (table,) = read_small(tmp_path).tables

    assert table.definition == {
        "TableName": "PeopleTable",
        "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert table.ttl_attribute == "expiresAt"


def test_functions_that_agree_share_one_environment(tmp_path: Path) -> None:
    assert read_small(tmp_path).environment["GREETING"] == "hello"


def test_functions_that_give_one_variable_two_values_are_refused(tmp_path: Path) -> None:
    service = read_small(tmp_path, part_greeting="goodbye")

    with pytest.raises(ValueError, match="GREETING"):
        _ = service.environment


def test_the_projects_template_has_a_route_per_endpoint_and_a_variable_per_table() -> None:
    service = template.read()
    types = [resource["Type"] for resource in template.load()["Resources"].values()]

    assert len({route.path for route in service.routes}) == len(service.routes)
    assert len(service.functions) == types.count("AWS::Serverless::Function")
    pages = {route.function.name for route in service.optional_routes}
    assert len(service.routes) + len(service.invoked_functions) + len(pages) == len(service.functions)
    assert {table.name for table in service.tables} <= set(service.environment.values())
