"""The tidy handler: pydantic for the request and the answer, Powertools' Logger, botocore's client."""

import hashlib
import os

import botocore.session
from aws_lambda_powertools import Logger
from pydantic import BaseModel, Field, ValidationError

_VISUAL = {"online": "Beschikbaar", "inConversation": "In gesprek", "pause": "Pauze", "offline": "Offline"}

logger = Logger()
client = botocore.session.get_session().create_client("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"])


class Request(BaseModel):
    """The documented parameters."""

    authenticationHash: str = Field(min_length=1)
    ref: str = Field(min_length=1, max_length=64)


class User(BaseModel):
    """The documented agent."""

    userId: int
    ref: str
    status: str
    statusVisual: str
    outboundNumber: str
    dialTimeOut: str
    lineSharing: str


class Answer(BaseModel):
    """The documented success."""

    status: int
    message: str
    code: int
    user: User | None = None


def lambda_handler(event, context):
    """Answer with the agent."""
    try:
        request = Request.model_validate_json(event["body"])
    except ValidationError:
        return _answer(Answer(status=0, message="request data is invalid", code=10))
    if hashlib.sha256(request.authenticationHash.encode()).hexdigest() != os.environ["HASH_DIGEST"]:
        return _answer(Answer(status=0, message="unauthorized", code=40))
    found = client.get_item(
        TableName=os.environ["AGENTS_TABLE"], Key={"refKey": {"S": request.ref.lstrip("0")}}, ConsistentRead=True
    )
    if "Item" not in found:
        return _answer(Answer(status=0, message="ref not found", code=200))
    agent = found["Item"]
    user = User(
        userId=int(agent["userId"]["N"]),
        ref=agent["ref"]["S"],
        status=agent["status"]["S"],
        statusVisual=_VISUAL[agent["status"]["S"]],
        outboundNumber=agent["outboundNumber"]["S"],
        dialTimeOut=agent["dialTimeOut"]["N"],
        lineSharing="true" if agent["lineSharing"]["BOOL"] else "false",
    )
    return _answer(Answer(status=1, message="ref is valid", code=202, user=user))


def _answer(answer):
    logger.info("answered", code=answer.code)
    body = answer.model_dump_json(exclude_none=True)
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}
