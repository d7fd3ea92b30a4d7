"""Profiles: the information about an agent that the web site shows."""

from paidline.domain import agents
from paidline.store import agents as stored_agents
from paidline.store import profiles
from paidline.store.agents import Agent

# The keys of a profile that are not properties of the agent, with their values if the agent never set them.
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


def list_all() -> list[tuple[Agent, dict[str, str]]]:
    """List all agents with their profiles, by ascending userId.

    One Scan of the agents and one of the profiles per megabyte.
    """
    stored = profiles.list_all()
    in_order = sorted(stored_agents.list_all(), key=lambda agent: agent.user_id)
    return [(agent, {**DEFAULTS, **stored.get(stored_agents.ref_key(agent.ref), {})}) for agent in in_order]


def find(ref: str) -> tuple[Agent, dict[str, str]]:
    """Find an agent and their profile. Two GetItems. Raises RefNotFound."""
    agent = agents.find(ref)
    return agent, {**DEFAULTS, **profiles.get(ref)}
