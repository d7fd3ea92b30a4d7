"""A release publishes a version of every function, whatever it changes: also the layer alone, or a parameter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local import template
from tests.deployment import stack

FUNCTIONS = {
    name for name, found in template.load()["Resources"].items() if found["Type"] == "AWS::Serverless::Function"
}


def change_the_layer(built: Path) -> None:
    path = built / "layers/shared/src/paidline/codes.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# One more line.\n", encoding="utf-8")


def change_a_package_of_the_layer(built: Path) -> None:
    (built / "layers/shared/requirements.txt").write_text("", encoding="utf-8")


def change_one_function(built: Path) -> None:
    path = built / "functions/get_status_by_ref/app.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# One more line.\n", encoding="utf-8")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What was built, to be changed."""
    return stack.build(tmp_path)


@pytest.mark.parametrize("change", [change_the_layer, change_a_package_of_the_layer, change_one_function])
def test_a_change_of_the_code_publishes_a_version_of_every_function(
    built: Path, change: Callable[[Path], None]
) -> None:
    before = stack.versions(stack.released(built)[0])
    change(built)
    after = stack.versions(stack.released(built)[0])

    assert before.keys() == after.keys() == FUNCTIONS
    assert not set(before.values()) & set(after.values())


def test_a_change_of_a_parameter_publishes_a_version_of_every_function(built: Path) -> None:
    before = stack.versions(stack.released(built)[0])
    after = stack.versions(stack.released(built, MaxWrongPins="10")[0])

    assert not set(before.values()) & set(after.values())


def test_a_release_that_changes_nothing_publishes_nothing(built: Path) -> None:
    assert stack.versions(stack.released(built)[0]) == stack.versions(stack.released(built)[0])


def test_a_version_differs_from_the_one_before_so_that_lambda_does_not_refuse_to_publish_it(built: Path) -> None:
    translated, _ = stack.released(built)
    functions = [one for one in translated["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]

    assert len(functions) == len(FUNCTIONS)
    for function in functions:
        assert function["Properties"]["Environment"]["Variables"]["RELEASE"] == {"Ref": "ReleaseDigest"}


def test_routes_lead_to_the_alias_and_the_alias_to_the_version(built: Path) -> None:
    translated, _ = stack.released(built)
    resources = translated["Resources"]
    routes = resources["HttpApi"]["Properties"]["Body"]["paths"].values()

    for name, version in stack.versions(translated).items():
        alias = resources[f"{name}Aliaslive"]["Properties"]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    for route in routes:
        (method,) = _if_it_holds(route).values()
        integration = _if_it_holds(method)["x-amazon-apigateway-integration"]
        assert "Aliaslive}/invocations" in _if_it_holds(integration["uri"])["Fn::Sub"]


def _if_it_holds(value: stack.Document) -> stack.Document:
    """What a condition leads to, as the docs page's routes are there only if it is served."""
    chosen: stack.Document = value.get("Fn::If", [None, value])[1]
    return chosen


@pytest.mark.parametrize("preference", ["AllAtOnce", "Canary10Percent5Minutes", "Linear10PercentEvery1Minute"])
def test_requests_move_to_a_version_as_the_parameter_says_and_an_alarm_moves_them_back(
    built: Path, preference: str
) -> None:
    resources = stack.released(built, DeploymentPreference=preference)[0]["Resources"]
    groups = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"]

    assert len(groups) == len(FUNCTIONS)
    for group in groups:
        name, values = group["DeploymentConfigName"]["Fn::Sub"]
        assert name.replace("${ConfigName}", values["ConfigName"]) == f"CodeDeployDefault.Lambda{preference}"
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        alarms = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
        assert {resources[alarm]["Type"] for alarm in alarms} == {"AWS::CloudWatch::Alarm"}
