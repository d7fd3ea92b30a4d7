"""Profiles: what the web site shows of an agent. The keys and their order are the document's."""

from paidline import clock
from paidline.domain import agents
from paidline.domain.types import STATUS_VISUAL, AgentStatus
from paidline.store import agents as stored_agents
from paidline.store import profiles
from paidline.store.agents import Agent

# What a profile holds that the agent does not, with what stands there for an agent who never filled it in.
DEFAULTS = {
    "_ctbThumbnail": "",
    "_ctbThumbnailMedium": "",
    "_ctbThumbnailLarge": "",
    "_ctbThumbnailFull": "",
    "_ctbShortText": "",
    "_ctbLongText": "",
    "_ctbNickname": "",
    "_ctbLanguages": "",
    "_ctbKeywords": "",
    "_ctbChatEnabled": "false",
    "_ctbChatSessionTpm": "0",
    "_ctbChatEnableCam": "false",
    "_ctbMessenger": "false",
    "_ctbMessengerTokensPerMessage": "0",
    "_ctbEndpointEnabled": "false",
    "_ctbWhatsappMessenger": "false",
    "_ctbWhatsAppStatus": "offline",
    "_ctbWhatsAppLastStatusChange": "",
    "_ctbAppointmentsEnabled": "false",
    "_ctbPhotoReadingEnabled": "false",
    "_ctbProfileLink": "",
    "_ctbMessengerModalLink": "",
    "_ctbCallRecordingEnabled": "false",
    "_ctbAsteriskPrompt": "",
}

_ORDER = (
    "_ctbUserId",
    "_ctbStatus",
    "_ctbLastStatusChange",
    "_ctbRef",
    "_ctbThumbnail",
    "_ctbThumbnailMedium",
    "_ctbThumbnailLarge",
    "_ctbThumbnailFull",
    "_ctbShortText",
    "_ctbLongText",
    "_ctbNickname",
    "_ctbLanguages",
    "_ctbKeywords",
    "_ctbChatEnabled",
    "_ctbChatSessionTpm",
    "_ctbChatEnableCam",
    "_ctbMessenger",
    "_ctbMessengerTokensPerMessage",
    "_ctbCallSessionTpm",
    "_ctbEndpointEnabled",
    "_ctbWhatsappMessenger",
    "_ctbWhatsAppStatus",
    "_ctbWhatsAppLastStatusChange",
    "_ctbAppointmentsEnabled",
    "_ctbPhotoReadingEnabled",
    "_ctbProfileLink",
    "_ctbMessengerModalLink",
    "_ctbStatusVisual",
    "_ctbOutboundNumber",
    "_ctbCallRecordingEnabled",
    "_ctbAsteriskPrompt",
)


def every() -> list[dict[str, str]]:
    """Show all agents, the lowest userId first. One Scan of the agents and one of the profiles per megabyte."""
    texts = profiles.every()
    in_order = sorted(stored_agents.every(), key=lambda agent: agent.user_id)
    return [_shown(agent, texts.get(stored_agents.key_of(agent.ref), {})) for agent in in_order]


def of(ref: str) -> dict[str, str]:
    """Show one agent. Two GetItems. Raises RefNotFound."""
    agent = agents.find(ref)
    return _shown(agent, profiles.get(ref))


def _shown(agent: Agent, texts: dict[str, str]) -> dict[str, str]:
    values = {
        **DEFAULTS,
        **texts,
        "_ctbUserId": str(agent.user_id),
        "_ctbStatus": agent.status,
        "_ctbLastStatusChange": clock.shown(agent.last_status_change),
        "_ctbRef": agent.ref,
        "_ctbCallSessionTpm": str(agent.tpm),
        "_ctbStatusVisual": STATUS_VISUAL[AgentStatus(agent.status)],
        "_ctbOutboundNumber": agent.outbound_number,
    }
    return {key: values[key] for key in _ORDER}
