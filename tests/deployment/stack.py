"""The stack as AWS would make it of template.yaml: packaged, translated by SAM, created in moto's CloudFormation."""

from __future__ import annotations

import functools
import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3

from admin import release
from local import template
from local.template import PROJECT

BUCKET = "packages"
REGION = "eu-west-1"
_TRANSLATOR = PROJECT / ".venv-translator" / "bin" / "python"
_LONG_TAGS = {"If", "Equals", "Not", "And", "Or", "Sub", "Join", "Select", "Split", "ImportValue", "FindInMap"}
_MOTO_CREATES = {
    "AWS::DynamoDB::Table",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
}
# moto looks for the roles of functions whose condition does not hold by default.
_ABSENT = "HasPages"
_CODE = ("CodeUri", "ContentUri")

Document = dict[str, Any]


def load(path: Path = template.TEMPLATE) -> Document:
    """A template with CloudFormation's long tags, which are what JSON can say."""
    document: Document = _long(template.load(path))
    return document


def _long(value: Any) -> Any:
    if isinstance(value, list):
        return [_long(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"GetAtt"}:
        return {"Fn::GetAtt": value["GetAtt"].split(".", 1)}
    return {
        f"Fn::{key}" if len(value) == 1 and key in _LONG_TAGS else key: _long(entry) for key, entry in value.items()
    }


def package(document: Document, root: Path) -> Document:
    """Replace each folder of code by an address that is made of its contents, as `sam package` does."""
    packaged: Document = json.loads(json.dumps(document))
    for resource in packaged["Resources"].values():
        for name in _CODE:
            if name in resource.get("Properties", {}):
                contents = release.digest(root / resource["Properties"][name], {})
                resource["Properties"][name] = f"s3://{BUCKET}/{contents}"
    return packaged


def translate(document: Document, parameters: Mapping[str, str]) -> Document:
    """Translate a packaged template with SAM's own translator."""
    translated: Document = json.loads(_translate(json.dumps({"template": document, "parameters": dict(parameters)})))
    return translated


# Most tests begin with the same template, and the translator takes seconds.
@functools.cache
def _translate(given: str) -> str:
    assert _TRANSLATOR.exists(), "SAM's translator is not installed: run `make .venv-translator/.installed`."
    done = subprocess.run(
        [_TRANSLATOR, "-W", "ignore", Path(__file__).with_name("translate.py")],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(folder: Path) -> Path:
    """Copy what `sam build` builds into a folder, so that a test can change it."""
    for part in ("functions", "layers"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(template.TEMPLATE, folder)
    return folder


def released(built: Path, **changes: str) -> tuple[Document, dict[str, str]]:
    """What a deployment hands to CloudFormation: the translated template, and the parameters with its digest."""
    parameters = {"Architecture": "x86_64", **changes}
    parameters["ReleaseDigest"] = release.digest(built, parameters)
    return translate(package(load(built / "template.yaml"), built), parameters), parameters


def versions(translated: Document) -> dict[str, str]:
    """The logical id of each function's version: CloudFormation publishes a version when it changes."""
    return {
        resource["Properties"]["FunctionName"]["Ref"]: name
        for name, resource in translated["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def for_moto(translated: Document) -> str:
    """The part of a translated template that moto can create, as JSON: not the API, layers, aliases and CodeDeploy."""
    kept: Document = {
        name: one
        for name, one in translated["Resources"].items()
        if one["Type"] in _MOTO_CREATES and one.get("Condition") != _ABSENT
    }
    for one in kept.values():
        one["Properties"].pop("Layers", None)
    # moto takes what YAML allows for YAML, and reads that for seconds; YAML does not allow tabs.
    return json.dumps(_without_absent({**translated, "Resources": kept, "Outputs": {}}), indent="\t")


def _without_absent(value: Any) -> Any:
    """Leave out what depends on a condition that does not hold by default: moto would put null into lists."""
    if isinstance(value, list):
        return [_without_absent(entry) for entry in value if not _is_absent(entry)]
    if isinstance(value, dict):
        return {name: _without_absent(entry) for name, entry in value.items() if not _is_absent(entry)}
    return value


def _is_absent(value: Any) -> bool:
    return isinstance(value, dict) and value.get("Fn::If", [None])[-1] == {"Ref": "AWS::NoValue"}


def upload(translated: Document) -> None:
    """Put an archive at each address of code that the template names."""
    s3 = boto3.client("s3", region_name=REGION)
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "")
    for resource in translated["Resources"].values():
        code = resource.get("Properties", {}).get("Code") or resource.get("Properties", {}).get("Content")
        if isinstance(code, dict) and "S3Key" in code:
            s3.put_object(Bucket=BUCKET, Key=code["S3Key"], Body=archive.getvalue())


def renamed(
    service: template.Template, variables: Mapping[str, str], functions: Mapping[str, str] | None = None
) -> template.Template:
    """The service with a stack's names: of tables by their environment variables, of functions by their logical ids."""
    own = service.environment
    names = {own[variable]: name for variable, name in variables.items() if variable.endswith("_TABLE")}
    made = {
        function.name: replace(
            function,
            name=(functions or {}).get(function.name, function.name),
            environment={name: names.get(value, value) for name, value in function.environment.items()},
        )
        for function in service.functions
    }
    return template.Template(
        functions=tuple(made.values()),
        routes=tuple(replace(route, function=made[route.function.name]) for route in service.routes),
        schedules=tuple(replace(one, function=made[one.function.name]) for one in service.schedules),
        tables=tuple(
            replace(table, definition={**table.definition, "TableName": names[table.name]}) for table in service.tables
        ),
    )
