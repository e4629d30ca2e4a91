from __future__ import annotations

import json

import pytest

from azext_aksegress import snapshot
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.report import make, show_json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import SnapshotError, Unread, masked, without_secrets
from tests.builders import Shop


def saved(shop: Shop) -> dict[str, object]:
    """The document that `show` prints, through JSON and back."""
    document: dict[str, object] = json.loads(json.dumps(show_json(shop.snapshot())))
    return document


@pytest.mark.parametrize("target", OUTBOUND_TYPES)
@pytest.mark.parametrize(
    "shop",
    [
        Shop.byo("userDefinedRouting"),
        Shop.byo("userAssignedNATGateway").forbid("snet-apps"),
        Shop.managed("managedNATGateway"),
        Shop.managed().set(agentPoolProfiles=None),
    ],
    ids=["udr", "unread", "managed", "no pools"],
)
def test_a_saved_snapshot_is_judged_to_the_same_findings(shop: Shop, target: str) -> None:
    live = make(shop.snapshot(), Request(target)).to_json()
    assert make(snapshot.from_json(saved(shop)), Request(target)).to_json() == live


def test_the_derived_part_of_a_saved_snapshot_is_ignored() -> None:
    document = {**saved(Shop.byo()), "egress": {"outboundType": "block"}}
    assert make(snapshot.from_json(document), Request("none")).origin == "loadBalancer"


def test_what_could_not_be_read_is_in_it_with_reason_and_permission() -> None:
    shop = Shop.byo().forbid("snet-apps")
    assert [row for row in saved(shop)["unread"] if row["id"] == shop.subnets["snet-apps"]] == [
        {
            "id": shop.subnets["snet-apps"],
            "reason": "HTTP 403",
            "permission": "Microsoft.Network/virtualNetworks/subnets/read",
        }
    ]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"schemaVersion": "2", "cluster": {"id": "/x"}},
        {"schemaVersion": "1"},
        {"schemaVersion": "1", "cluster": {"id": 7}},
    ],
)
def test_what_is_no_snapshot_is_refused(document: object) -> None:
    with pytest.raises(SnapshotError):
        snapshot.from_json(document)


@pytest.mark.parametrize("part", ["resources", "collections", "unread"])
@pytest.mark.parametrize("value", [None, [], {}, "text", [None], {"x": None}])
def test_a_snapshot_with_a_broken_part_is_judged_all_the_same(part: str, value: object) -> None:
    document = {**saved(Shop.byo("userDefinedRouting")), part: value}
    assert make(snapshot.from_json(document), Request("loadBalancer")).findings


@pytest.mark.parametrize("rows", [None, [None], [{"id": "/a"}, 7], {}])
def test_a_collection_of_which_a_member_is_lost_was_not_listed(rows: object) -> None:
    document = {**saved(Shop.byo()), "collections": {"/subscriptions/1/locks": rows}}
    with pytest.raises(Unread, match="was not listed"):
        snapshot.from_json(document).collection("/subscriptions/1/locks")


@pytest.mark.parametrize("answer", [{}, {"properties": None}, {"properties": "text"}])
def test_a_resource_without_properties_was_not_read(answer: dict[str, object]) -> None:
    found = Shop.byo().snapshot().plus({"/subscriptions/1/x": answer})
    with pytest.raises(Unread, match="no properties"):
        found.resource("/subscriptions/1/x")


@pytest.mark.parametrize("properties", [None, "text", []])
def test_a_cluster_without_properties_shows_nothing_green(properties: object) -> None:
    shop = Shop.byo()
    shop.document["properties"] = properties
    passed = {finding.id for finding in shop.report("userDefinedRouting").findings if finding.outcome == "pass"}
    assert passed == {"EGR105"}


def test_what_was_never_read_is_unread_rather_than_absent() -> None:
    document = {**saved(Shop.byo()), "resources": {}}
    with pytest.raises(Unread, match="was not read"):
        snapshot.from_json(document).resource("/subscriptions/1/anything")


@pytest.mark.parametrize(
    ("document", "clean"),
    [
        ({"adminPassword": "x", "adminUsername": "y"}, {"adminUsername": "y"}),
        ({"servicePrincipalProfile": {"clientId": "c", "secret": "s"}}, {"servicePrincipalProfile": {"clientId": "c"}}),
        ({"httpProxy": "http://me:pass@proxy:8080/"}, {"httpProxy": "http://proxy:8080/"}),
        ({"addons": [{"config": {"sharedKey": "k", "region": "r"}}]}, {"addons": [{"config": {"region": "r"}}]}),
        ({"DB_PWD": "p", "api_key": "k", "access-key": "k", "clientSecretValue": "s", "passwd": "p"}, {}),
        ({"keyData": "ssh-rsa", "publicKey": "k"}, {"keyData": "ssh-rsa", "publicKey": "k"}),
        ({"enableSecretRotation": "true"}, {"enableSecretRotation": "true"}),
        ({"clientSecret": {"value": "s"}, "accountKey": ["k"]}, {}),
        (
            {"note": "use http://u:p@h and https://x/y?a=1&sig=abc&b=2"},
            {"note": "use http://h and https://x/y?a=1&sig=&b=2"},
        ),
        ({"publicKeys": [{"keyData": "ssh-rsa"}]}, {"publicKeys": [{"keyData": "ssh-rsa"}]}),
        ({"secretProvider": {"enabled": True}}, {"secretProvider": {"enabled": True}}),
    ],
)
def test_secrets_never_leave_the_process(document: object, clean: object) -> None:
    assert without_secrets(document) == clean


@pytest.mark.parametrize(
    "text",
    [
        "refused: Bearer abcdefgh12345678",
        "token eyJhbGciOi.eyJzdWIiOiIx.c2ln was not taken",
        "x-eyJhbGciOi.eyJzdWIiOiIx.c2ln, and then-some-eyJhbGciOi.eyJz",
        "DefaultEndpointsProtocol=https;AccountKey=abc123==;EndpointSuffix=core",
        "Server=db;Password=hunter2;",
        "https://user:p@ss@proxy:8080/",
        "https://storage/blob?sv=1&sig=abc123",
    ],
)
def test_secrets_within_a_text_are_masked(text: str) -> None:
    clean = masked(text)
    secrets = ("abcdefgh12345678", "eyJhbGciOi", "abc123", "hunter2", "p@ss", "ss@")
    assert not any(secret in clean for secret in secrets)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "the monkey=banana of rg-shop", "https://learn.microsoft.com/azure"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("part", ["a", "eyJ-", "eyJ", "eyJa.", "a://", "x://a@", "bearer ", "?sig=", "pwd=", " key"])
def test_a_long_text_is_not_searched_again_from_each_of_its_letters(part: str) -> None:
    assert masked(part * (2_000_000 // len(part)))  # by the square of its length, this would take hours
