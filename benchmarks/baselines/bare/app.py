"""The floor: botocore's client and json, nothing else. No checks, no log, no metric."""

import hashlib
import json
import os

import botocore.session

_VISUAL = {"online": "Beschikbaar", "inConversation": "In gesprek", "pause": "Pauze", "offline": "Offline"}

client = botocore.session.get_session().create_client("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"])


def lambda_handler(event, context):
    """Answer with the agent."""
    request = json.loads(event["body"])
    if hashlib.sha256(request["authenticationHash"].encode()).hexdigest() != os.environ["HASH_DIGEST"]:
        return _answer({"status": 0, "message": "unauthorized", "code": 40})
    found = client.get_item(
        TableName=os.environ["AGENTS_TABLE"], Key={"refKey": {"S": request["ref"].lstrip("0")}}, ConsistentRead=True
    )
    if "Item" not in found:
        return _answer({"status": 0, "message": "ref not found", "code": 200})
    agent = found["Item"]
    user = {
        "userId": int(agent["userId"]["N"]),
        "ref": agent["ref"]["S"],
        "status": agent["status"]["S"],
        "statusVisual": _VISUAL[agent["status"]["S"]],
        "outboundNumber": agent["outboundNumber"]["S"],
        "dialTimeOut": agent["dialTimeOut"]["N"],
        "lineSharing": "true" if agent["lineSharing"]["BOOL"] else "false",
    }
    return _answer({"status": 1, "message": "ref is valid", "code": 202, "user": user})


def _answer(body):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
