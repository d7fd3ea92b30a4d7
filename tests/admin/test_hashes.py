"""Hashes of operators: what they open, from where, and how they are rotated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from paidline.store import api_clients
from tests.support import wire
from tests.support.admin import NEW_HASH, Admin
from tests.support.service import BY_PIN, CREDIT, UPDATE, Service

FROM_ANYWHERE = {**NEW_HASH, "sourceCidrs": []}


def prefix(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def test_a_hash_is_shown_once_stored_as_its_digest_and_works_at_once(admin: Admin, service: Service) -> None:
    issued = admin.do("hash.issue", "k", **FROM_ANYWHERE)
    again = admin.do("hash.issue", "k", **FROM_ANYWHERE)
    stored = str([service.items(name) for name in service.tables if name.endswith("_TABLE")])

    assert issued == {"hash": issued["hash"], "digestPrefix": prefix(issued["hash"]), "version": 0}
    assert again == {**issued, "hash": None}
    assert len(issued["hash"]) == 64
    assert issued["hash"] not in stored
    assert service.send(BY_PIN, authenticationHash=issued["hash"]).tokens == 100


def test_a_hash_of_other_applications_opens_no_wallet(admin: Admin, service: Service) -> None:
    issued = admin.do("hash.issue", "k", **{**FROM_ANYWHERE, "applicationIds": ["1289"]})
    refusal = service.send(BY_PIN, authenticationHash=issued["hash"]).refusal
    admin.do("hash.change", digestPrefix=issued["digestPrefix"], applicationIds="all")
    every = [found for found in admin.do("hash.list")["hashes"] if found["digestPrefix"] == issued["digestPrefix"]]

    assert refusal == (40, "unauthorized")
    assert [(found["applicationIds"], found["version"]) for found in every] == [("all", 1)]


def test_a_rotation_leaves_no_moment_without_a_valid_hash(admin: Admin, service: Service) -> None:
    new = admin.do("hash.issue", "k", label="pbx-1", scope="ctb")["hash"]
    old = [found for found in admin.do("hash.list")["hashes"] if found["scope"] == "ctb" and not found["label"]]
    both = [service.send(UPDATE).code, service.send(UPDATE, authenticationHash=new).code]
    admin.do("hash.revoke", digestPrefix=old[0]["digestPrefix"], version=0)
    # A process forgets it within a minute; tests/unit/test_authentication.py waits for that.
    api_clients.cache.clear()

    assert both == [20, 20]
    assert service.send(UPDATE).refusal == (40, "unauthorized")
    assert service.send(UPDATE, authenticationHash=new).code == 20
    states = {found["digestPrefix"]: found["state"] for found in admin.do("hash.list")["hashes"]}
    assert states[old[0]["digestPrefix"]] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ({"scope": "other"}, "invalid_request", "scope"),
        ({"scope": "ctb"}, "refused", "applicationIds"),
        ({"applicationIds": []}, "invalid_request", "applicationIds"),
        ({"applicationIds": "1288"}, "invalid_request", "applicationIds"),
        ({"label": ""}, "invalid_request", "label"),
        ({"sourceCidrs": ["192.0.2.1/24"]}, "invalid_request", "sourceCidrs"),
        ({"sourceCidrs": ["example.com"]}, "invalid_request", "sourceCidrs"),
        ({"sourceCidrs": ["::ffff:192.0.2.0/120"]}, "invalid_request", "sourceCidrs"),
    ],
)
def test_a_hash_that_cannot_be_is_refused_by_the_field_at_fault(
    storeless: Admin, arguments: dict[str, Any], code: str, field: str
) -> None:
    assert storeless.fail("hash.issue", "k", **{**NEW_HASH, **arguments}) == (code, field)


def test_a_hash_without_a_key_is_refused(storeless: Admin) -> None:
    assert storeless.fail("hash.issue", **NEW_HASH) == ("invalid_request", "key")


def test_a_hash_is_named_by_the_start_of_its_digest(admin: Admin, service: Service) -> None:
    issued = admin.do("hash.issue", "k", **NEW_HASH)
    digest = hashlib.sha256(issued["hash"].encode()).hexdigest()
    twin = digest[:20] + "0" * 44
    service.store.put_item(
        TableName=service.tables["API_CLIENTS_TABLE"],
        Item={"hashDigest": {"S": twin}, "scope": {"S": "ctb"}, "state": {"S": "active"}},
    )

    assert admin.fail("hash.revoke", digestPrefix=digest[:7]) == ("invalid_request", "digestPrefix")
    assert admin.fail("hash.revoke", digestPrefix=digest[:12]) == ("invalid_request", "digestPrefix")
    assert admin.fail("hash.revoke", digestPrefix="00000000") == ("not_found", "digestPrefix")
    assert admin.do("hash.revoke", digestPrefix=digest) == {"digestPrefix": digest[:12], "version": 1}


@pytest.mark.parametrize("command", ["hash.change", "hash.revoke"])
def test_a_command_for_another_version_is_a_conflict(admin: Admin, command: str) -> None:
    old = {"digestPrefix": prefix(CREDIT)}
    admin.do("hash.change", **old, label="pbx-1")

    assert admin.fail(command, **old, version=0) == ("conflict", "version")
    with wire.before("TransactWriteItems", lambda: admin.do("hash.change", **old, label="rival")):
        assert admin.fail(command, **old, version=1) == ("conflict", "version")
    (stored,) = [found for found in admin.do("hash.list")["hashes"] if found["label"]]
    assert (stored["label"], stored["state"], stored["version"]) == ("rival", "active", 2)


def test_a_ctb_hash_gets_no_applications(admin: Admin) -> None:
    issued = admin.do("hash.issue", "k", label="pbx-1", scope="ctb")
    refusal = admin.fail("hash.change", digestPrefix=issued["digestPrefix"], applicationIds=["1288"])

    assert refusal == ("refused", "applicationIds")


def test_the_log_shows_which_hash_was_used_by_the_start_of_its_digest(
    service: Service, logged: Callable[[], str]
) -> None:
    service.send(BY_PIN)
    service.send(BY_PIN, pin="1")
    used = logged()
    service.send(BY_PIN, authenticationHash="guess")

    assert used.count(f'"client":"{prefix(CREDIT)}"') == 2
    assert '"client":""' in logged()
