"""Each of the ten subroutines sends its documented request, with both labels, and returns the documented answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.asterisk.pbx import Pbx
from tests.asterisk.service import Service
from tests.asterisk.slow_door import Door

_LABELS = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
_USER = {"userId": 194, "ref": "000038"}
_WALLET = {"applicationId": "1288", "companyName": "_credSysCompanyName1288", "walletId": "6254", "pin": "695334"}
_NUMBER = {"dialedNumber": "14620905014"}
_SESSION = {
    "dialedNumber": "31612345678",
    "inboundNumber": "31612345678",
    "outboundNumber": "31612345678",
    "type": "outbound",
    "dialStatus": "answer",
    "channelId": "0",
    "duration": "60",
    "context": "ctbcallend",
    "userId": "194",
    "startTime": "2042-01-01 12:00:01",
    "updateTime": "2042-01-01 12:00:01",
    "endTime": "2042-01-01 13:00:01",
    "tpm": "90",
}
_LOG_ROW = {"userId": "194", "ref": "000038", "status": "offline", "handler": "RouteControllerUpdateUserStatus"}
_SUCCESS = {"status": 1, "message": "success", "code": 20}

_ANSWERS: dict[str, Any] = {
    "getStatusByRef": {
        "status": 1,
        "message": "ref is valid",
        "code": 202,
        "user": _USER
        | {"status": "online", "statusVisual": "Beschikbaar"}
        | {"outboundNumber": "31612345678", "dialTimeOut": "30", "lineSharing": "true"},
    },
    "updateStatusByRef": _SUCCESS | {"user": _USER | {"status": "online", "statusVisual": "Beschikbaar"}},
    "updateStatusByLineSharing": _SUCCESS | {"user": _USER | {"status": "pause", "statusVisual": "Pauze"}},
    "getStatusLog": _SUCCESS | {"data": [_LOG_ROW | {"ip": "127.0.0.1"}]},
    "sessionCallCreateByRef": {
        "status": 1,
        "message": "call session created",
        "code": 403,
        "callSession": _SESSION,
    },
    "getProfileData": [{"_ctbCallSessionTpm": "90"}],
    "getWalletByDialedNumberAndPin": _SUCCESS | {"wallet": _WALLET | {"tokens": "1971"} | _NUMBER},
    "getWalletByDialedNumberAndInboundNumber": _SUCCESS
    | {"wallet": _WALLET | {"tokens": "1971", "email": "a1@a12.com"} | _NUMBER | {"phoneNumber": "31688006395"}},
    "subtractTokensFromWallet": _SUCCESS | {"wallet": _WALLET | {"tokens": "1871"} | _NUMBER},
    "addTokensToWallet": _SUCCESS | {"wallet": _WALLET | {"tokens": "2071"} | _NUMBER},
}


@pytest.mark.parametrize("label", _LABELS)
@pytest.mark.parametrize("name", _ANSWERS)
def test_subroutine_returns_the_documented_answer(
    name: str, label: str, asterisk: Pbx, api: Service, door: Door
) -> None:
    said = asterisk.call(name, label)

    assert _without_our_own_values(_answer(said)) == _ANSWERS[name]
    assert {labelled for _, labelled in door.requests} == {_LABELS[label]}


def _answer(said: str) -> Any:
    """The JSON behind the first ANSWER."""
    return json.JSONDecoder().raw_decode(said.partition("ANSWER ")[2])[0]


def _without_our_own_values(answer: Any) -> Any:
    """Takes out the ids and times that are the service's, after a look at their form."""
    if not isinstance(answer, dict):
        return answer
    session = answer.get("callSession", {})
    if session:
        assert session.pop("id") == session["sessionId"]
        assert session.pop("sessionId").isdigit()
    for row in answer.get("data", []):
        assert row.pop("id").isdigit()
        assert len(row.pop("creationDate")) == len("2024-05-25 22:55:03")
    return answer
