"""Powertools all the way: resolver with validation, Logger, Metrics, and boto3's resource."""

import hashlib
import os

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, Field

_VISUAL = {"online": "Beschikbaar", "inConversation": "In gesprek", "pause": "Pauze", "offline": "Offline"}

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)
agents = boto3.resource("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT"]).Table(os.environ["AGENTS_TABLE"])


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
    """The documented envelope."""

    status: int
    message: str
    code: int
    user: User | None = None


@app.post("/wp-json/ctb/v1/json/getStatusByRef")
def get_status_by_ref(request: Request) -> Answer:
    """Answer with the agent."""
    answer = _find(request)
    logger.info("answered", code=answer.code)
    metrics.add_metric("Answers", MetricUnit.Count, 1)
    return answer


def _find(request):
    if hashlib.sha256(request.authenticationHash.encode()).hexdigest() != os.environ["HASH_DIGEST"]:
        return Answer(status=0, message="unauthorized", code=40)
    agent = agents.get_item(Key={"refKey": request.ref.lstrip("0")}, ConsistentRead=True).get("Item")
    if agent is None:
        return Answer(status=0, message="ref not found", code=200)
    user = User(
        userId=int(agent["userId"]),
        ref=agent["ref"],
        status=agent["status"],
        statusVisual=_VISUAL[agent["status"]],
        outboundNumber=agent["outboundNumber"],
        dialTimeOut=str(agent["dialTimeOut"]),
        lineSharing="true" if agent["lineSharing"] else "false",
    )
    return Answer(status=1, message="ref is valid", code=202, user=user)


@metrics.log_metrics
def lambda_handler(event, context):
    """Hand the event to the resolver."""
    return app.resolve(event, context)
