"""The document's `user` object."""

from typing import Any

from paidline.domain.types import STATUS_VISUAL, AgentStatus
from paidline.store.agents import Agent


def user(agent: Agent) -> dict[str, Any]:
    """Show an agent: here, and only here, the document prints userId as a number."""
    return {
        "userId": agent.user_id,
        "ref": agent.ref,
        "status": agent.status,
        "statusVisual": STATUS_VISUAL[AgentStatus(agent.status)],
    }
