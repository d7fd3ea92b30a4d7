"""Get the status of a user: who the agent is, whether they are free, and how to ring them."""

from paidline.codes import Code
from paidline.domain import agents
from paidline.domain.api_clients import Scope
from paidline.domain.types import Ref
from paidline.edge.answering import Answer, success
from paidline.edge.endpoint import Caller, Request, endpoint
from paidline.edge.users import user


class GetStatusByRefRequest(Request):
    """The documented parameters."""

    ref: Ref


@endpoint("get_status_by_ref", GetStatusByRefRequest, Scope.AGENTS)
def lambda_handler(request: GetStatusByRefRequest, caller: Caller) -> Answer:
    """Answer with the agent. One GetItem."""
    agent = agents.find(request.ref)
    line = {
        "outboundNumber": agent.outbound_number,
        "dialTimeOut": str(agent.dial_time_out),
        "lineSharing": "true" if agent.line_sharing else "false",
    }
    return success(Code.REF_VALID, user={**user(agent), **line})
