"""The objects of the contract as JSON values: user, wallet, call session, status log row and profile.

Keys are in the contract's order, and each value has the contract's JSON type.
"""

from typing import TYPE_CHECKING, Any

from paidline import clock
from paidline.domain.types import STATUS_VISUAL, AgentStatus

# For type checkers only, so that a cold start does not import other endpoints' entities.
if TYPE_CHECKING:
    from paidline.domain.calls.quoting import Quote
    from paidline.domain.wallboard import Board
    from paidline.domain.wallets import FoundWallet
    from paidline.store.agents import Agent
    from paidline.store.call_sessions import CallSession
    from paidline.store.calls import Call
    from paidline.store.status_log import StatusLogRow

_PROFILE_KEYS = (
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


def user(agent: "Agent") -> dict[str, Any]:
    """Return the `user` object of agent endpoints, the only one in which userId is a number."""
    return {
        "userId": agent.user_id,
        "ref": agent.ref,
        "status": agent.status,
        "statusVisual": STATUS_VISUAL[AgentStatus(agent.status)],
    }


def user_with_line(agent: "Agent") -> dict[str, Any]:
    """Return the `user` object of getStatusByRef, which includes how to dial the agent."""
    return {
        **user(agent),
        "outboundNumber": agent.outbound_number,
        "dialTimeOut": str(agent.dial_time_out),
        "lineSharing": "true" if agent.line_sharing else "false",
    }


def status_log_row(row: "StatusLogRow") -> dict[str, str]:
    """Return a row of the status log, with its time in the configured zone."""
    return {
        "id": str(row.id),
        "userId": str(row.user_id),
        "ref": row.ref,
        "creationDate": clock.to_local(row.created),
        "status": row.status,
        "handler": row.handler,
        "ip": row.ip,
    }


def call_session(session: "CallSession") -> dict[str, str]:
    """Return a `callSession` object."""
    return {
        "id": str(session.id),
        "sessionId": str(session.id),
        "dialedNumber": session.dialed_number,
        "inboundNumber": session.inbound_number,
        "outboundNumber": session.outbound_number,
        "type": "outbound",
        "dialStatus": session.dial_status,
        "channelId": "0",
        "duration": str(session.duration),
        "context": "ctbcallend",
        "userId": str(session.user_id),
        "startTime": session.start_time,
        # The contract's example shows the start time here.
        "updateTime": session.start_time,
        "endTime": session.end_time,
        "tpm": str(session.tpm),
    }


def call(begun: "Call") -> dict[str, str]:
    """Return the `call` object of a paid call as it was when it began."""
    return {
        "callId": begun.call_id,
        "state": "open",
        "userId": str(begun.user_id),
        "ref": begun.ref,
        "outboundNumber": begun.outbound_number,
        "dialTimeOut": str(begun.dial_time_out),
        "lineSharing": "true" if begun.line_sharing else "false",
        "tpm": str(begun.tpm),
        "walletId": begun.wallet_id,
        "tokens": str(begun.tokens),
        "heldTokens": str(begun.held),
        "maxSeconds": str(begun.max_seconds),
        "maxMilliseconds": str(begun.max_seconds * 1000),
    }


def quote(quoted: "Quote") -> dict[str, str]:
    """Return the `quote` object: what a call would get."""
    return {
        "userId": str(quoted.agent.user_id),
        "ref": quoted.agent.ref,
        "tpm": str(quoted.agent.tpm),
        "billingIncrements": quoted.billing_increments,
        "walletId": quoted.wallet.wallet_id,
        "tokens": str(quoted.wallet.available),
        "maxSeconds": str(quoted.max_seconds),
        "maxMilliseconds": str(quoted.max_seconds * 1000),
    }


def board(seen: "Board") -> dict[str, Any]:
    """Return the `board` object of the wallboard, with "" for what is not known.

    That is how long an agent has been in a status that was never set, and the day's totals until they are counted.
    """
    return {
        "time": clock.to_local(clock.to_iso(seen.time)),
        "agents": [
            {
                "userId": str(agent.user_id),
                "ref": agent.ref,
                "status": agent.status,
                "statusSeconds": str(seen.age_s(agent.last_status_change)) if agent.last_status_change else "",
            }
            for agent in seen.agents
        ],
        "openCalls": str(len(seen.opened)),
        "longestCallSeconds": str(max(map(seen.age_s, seen.opened), default=0)),
        "callsToday": str(seen.today.calls) if seen.today else "",
        "answeredToday": str(seen.today.answered) if seen.today else "",
        "tokensToday": str(seen.today.tokens) if seen.today else "",
        "refusalsToday": [
            {"reason": reason, "count": str(count)}
            for reason, count in sorted(seen.refusals.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
    }


def wallet(found: "FoundWallet") -> dict[str, str]:
    """Return a `wallet` object as found by PIN: without e-mail address and phone number."""
    return {
        "applicationId": found.dialed.application_id,
        "companyName": found.dialed.company_name,
        "walletId": found.wallet.wallet_id,
        "pin": found.wallet.pin,
        "tokens": str(found.wallet.available),
        "dialedNumber": found.dialed.dialed_number,
    }


def wallet_with_owner(found: "FoundWallet") -> dict[str, str]:
    """Return a `wallet` object as found by inbound number: with the owner's e-mail address and phone number."""
    return {
        "applicationId": found.dialed.application_id,
        "companyName": found.dialed.company_name,
        "walletId": found.wallet.wallet_id,
        "pin": found.wallet.pin,
        "tokens": str(found.wallet.available),
        "email": found.wallet.email,
        "dialedNumber": found.dialed.dialed_number,
        "phoneNumber": found.wallet.phone_number,
    }


def profile(agent: "Agent", stored: dict[str, str]) -> dict[str, str]:
    """Return a profile with every key, from the agent and the stored profile (defaults included)."""
    values = {
        **stored,
        "_ctbUserId": str(agent.user_id),
        "_ctbStatus": agent.status,
        "_ctbLastStatusChange": clock.to_local(agent.last_status_change),
        "_ctbRef": agent.ref,
        "_ctbCallSessionTpm": str(agent.tpm),
        "_ctbStatusVisual": STATUS_VISUAL[AgentStatus(agent.status)],
        "_ctbOutboundNumber": agent.outbound_number,
    }
    return {key: values[key] for key in _PROFILE_KEYS}
