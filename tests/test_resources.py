from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AuthenticationError
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError

from azext_aksegress import answers, questions, resources
from azext_aksegress.arm import Json
from azext_aksegress.resources import NotAsked, OnlyMethods
from azext_aksegress.snapshot import Unread
from tests.armsim.estate import cluster_id, network_id

SUBNET = network_id("virtualNetworks", "vnet") + "/subnets/snet"
NETWORKS = network_id("virtualNetworks", "x").rsplit("/", 1)[0]


def refused(status: int, code: str, message: str = "") -> HttpResponseError:
    error = HttpResponseError(message=message)
    error.status_code = status
    error.error = SimpleNamespace(code=code, message=message)
    return error


class Reader:
    """An ARM that gives one answer, or raises it, and keeps the api-versions that it was asked with."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.versions: list[str] = []
        self.known_versions: dict[str, str] = {}

    def get(self, _: str, version: str) -> Any:
        self.versions.append(version)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    list = get

    def ask(self, _: str, version: str, __: Json) -> Any:
        return self.get("", version)


def answer(resource_id: str, *given: Any) -> Any:
    return answers.answer(Reader(*given), resource_id)


def unread(resource_id: str, *answers: Any) -> tuple[str, str | None]:
    found = answer(resource_id, *answers)
    assert isinstance(found, Unread)
    return found.reason, found.permission


class TestAnswers:
    def test_a_resource_and_a_collection(self) -> None:
        assert answer(SUBNET, {"id": SUBNET}) == {"id": SUBNET}
        assert answer(NETWORKS, [{"id": "a"}]) == ({"id": "a"},)

    def test_what_is_forbidden_names_the_permission(self) -> None:
        assert unread(SUBNET, refused(403, "AuthorizationFailed")) == (
            "forbidden (AuthorizationFailed)",
            "Microsoft.Network/virtualNetworks/subnets/read",
        )
        assert unread(NETWORKS, refused(403, "AuthorizationFailed"))[1] == "Microsoft.Network/virtualNetworks/read"

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (
                refused(401, "InvalidAuthenticationToken"),
                "the sign-in is not valid for it (InvalidAuthenticationToken)",
            ),
            (refused(404, "ResourceNotFound"), "not found (ResourceNotFound)"),
            (refused(500, ""), "HTTP 500"),
            (refused(200, ""), "the answer is not JSON"),
            (ServiceRequestError("connection refused"), "Azure gave no answer"),
            (json.JSONDecodeError("Expecting value", "", 0), "the answer is not JSON"),
            (NotAsked("the next page is on another host"), "the next page is on another host"),
        ],
    )
    def test_what_fails_otherwise_says_why_and_names_no_permission(self, error: Exception, reason: str) -> None:
        assert unread(SUBNET, error) == (reason, None)

    @pytest.mark.parametrize("document", [None, [], "text", 7])
    def test_what_is_no_resource_was_not_read(self, document: object) -> None:
        assert unread(SUBNET, document) == ("the answer is not a resource", None)

    def test_a_collection_in_a_resource_group_that_is_not_there_has_no_members(self) -> None:
        assert answer(NETWORKS, refused(404, "ResourceGroupNotFound")) == ()

    def test_a_collection_of_a_subscription_that_is_not_there_was_not_read(self) -> None:
        assert unread(NETWORKS, refused(404, "SubscriptionNotFound"))[0] == "not found (SubscriptionNotFound)"

    @pytest.mark.parametrize(
        "resource_id",
        [
            "https://evil.example/subscriptions/1/x/y",
            "//evil.example/subscriptions/1",
            "/subscriptions/1/x?y=z",
            "/subscriptions/{0}/x/y",
            "/subscriptions/1/x#y",
            "not an id",
            "",
        ],
    )
    def test_what_could_lead_to_another_host_is_never_asked(self, resource_id: str) -> None:
        assert unread(resource_id) == ("is not the id of an Azure resource", None)


class TestApiVersions:
    MESSAGE = "The supported api-versions are '2023-10-01, 2025-05-01, 2025-06-01-preview, 2099-01-01'. The supported"

    def test_the_newest_stable_one_that_is_not_newer_is_taken(self) -> None:
        reader = Reader(refused(400, "NoRegisteredProviderFound", self.MESSAGE), {"id": "x"})
        assert resources.newest(lambda version: reader.get("", version), "2026-06-01") == ("2025-05-01", {"id": "x"})

    def test_locations_are_no_versions(self) -> None:
        message = "The supported api-versions are '2023-10-01'. The supported locations are '2025-01-01-land'."
        reader = Reader(refused(400, "NoRegisteredProviderFound", message), {})
        assert resources.newest(lambda version: reader.get("", version), "2026-06-01")[0] == "2023-10-01"

    @pytest.mark.parametrize("message", ["", "The supported api-versions are '2099-01-01'.", "something else"])
    def test_without_one_the_refusal_stands(self, message: str) -> None:
        reader = Reader(refused(400, "NoRegisteredProviderFound", message))
        with pytest.raises(HttpResponseError):
            resources.newest(lambda version: reader.get("", version), "2026-06-01")

    @pytest.mark.parametrize(
        ("below", "version"), [("", "2026-05-02-preview"), ("/maintenanceConfigurations/default", "2026-06-01")]
    )
    def test_a_cluster_itself_is_read_by_the_preview_that_shows_more_of_it(self, below: str, version: str) -> None:
        reader: Any = Reader({"id": "x"})
        answers.answer(reader, cluster_id("aks-shop") + below)
        assert reader.versions == [version]


class TestOnlyMethods:
    @pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
    def test_a_reading_pipeline_lets_no_write_through(self, method: str) -> None:
        request = SimpleNamespace(http_request=SimpleNamespace(method=method, url="https://azure/x"))
        with pytest.raises(AzureError, match=f"refused to send {method}"):
            OnlyMethods("GET").on_request(request)

    def test_what_was_announced_passes(self) -> None:
        OnlyMethods("GET", "PUT").on_request(SimpleNamespace(http_request=SimpleNamespace(method="PUT")))

    @pytest.mark.parametrize(
        "path", [questions.GRAPH, f"/subscriptions/1/resourceGroups/rg/providers/{questions.POLICIES}"]
    )
    def test_a_question_passes_though_it_is_a_post(self, path: str) -> None:
        sent = SimpleNamespace(method="POST", url=f"https://azure{path}?api-version=1")
        OnlyMethods("GET").on_request(SimpleNamespace(http_request=sent))

    @pytest.mark.parametrize("url", ["https://azure/x/runCommand?api-version=1", "https://azure/X/RUNCOMMAND"])
    def test_an_action_passes_only_where_it_was_announced(self, url: str) -> None:
        request = SimpleNamespace(http_request=SimpleNamespace(method="POST", url=url))
        OnlyMethods("GET", action="runCommand").on_request(request)
        with pytest.raises(AzureError, match="refused to send POST"):
            OnlyMethods("GET").on_request(request)

    @pytest.mark.parametrize(
        "url", ["https://azure/x/start", "https://azure/runCommand/x", "https://azure/x?a=/runCommand"]
    )
    def test_no_other_action_passes_with_it(self, url: str) -> None:
        with pytest.raises(AzureError, match="refused to send POST"):
            OnlyMethods("GET", action="runCommand").on_request(
                SimpleNamespace(http_request=SimpleNamespace(method="POST", url=url))
            )


class TestAnAction:
    def test_is_posted_with_its_body(self) -> None:
        made = reader({})
        made.act(SUBNET, "runCommand", {"commandId": "x"})
        (sent,) = made._client.sent
        assert (sent.method, sent.url.partition("?")[0]) == ("POST", f"https://azure{SUBNET}/runCommand")
        assert '"commandId": "x"' in str(sent.content)

    @pytest.mark.parametrize(
        "resource_id", ["", "//evil/x", f"{SUBNET}/../x", f"{SUBNET}?x", f"{SUBNET}%2e", f"{SUBNET}\n"]
    )
    def test_is_sent_to_nothing_but_a_resource(self, resource_id: str) -> None:
        made = reader({})
        with pytest.raises(NotAsked):
            made.act(resource_id, "runCommand", {"commandId": "x"})
        assert not made._client.sent

    @pytest.mark.parametrize("url", ["https://evil/x", "https://azure.evil/x", "http://azure/x", "//azure/x", ""])
    def test_is_followed_nowhere_but_at_home(self, url: str) -> None:
        made = reader({})
        with pytest.raises(NotAsked, match="another host"):
            made.look(url)
        assert not made._client.sent

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, 0),
            ({"Retry-After": "7"}, 7),
            ({"x-ms-retry-after-ms": "50", "Retry-After": "7"}, 0.05),
            ({"Retry-After": "inf"}, resources.LONGEST_PAUSE),
            ({"Retry-After": "nan"}, 0),
            ({"Retry-After": "-5"}, 0),
            ({"Retry-After": "soon"}, 0),
        ],
    )
    def test_says_how_long_to_wait_within_bounds(self, headers: dict[str, str], seconds: float) -> None:
        assert resources.pause(SimpleNamespace(headers=headers)) == seconds


class Client:
    """A pipeline that gives one body after the other."""

    def __init__(self, *bodies: Any) -> None:
        self._bodies = list(bodies)
        self.sent: list[Any] = []

    def format_url(self, path: str) -> str:
        return f"https://azure{path}"

    def send_request(self, request: Any, **_: Any) -> Any:
        self.sent.append(request)
        return SimpleNamespace(status_code=200, content=json.dumps(self._bodies.pop(0)).encode())


def reader(*bodies: Any) -> resources.ArmReader:
    made = resources.ArmReader.__new__(resources.ArmReader)
    made._client, made.known_versions = Client(*bodies), {}
    return made


NEXT: Json = {"value": [{"id": "a"}], "nextLink": "https://azure/next"}
ROWS: Json = {"data": [{"id": "a"}], "$skipToken": "more", "totalRecords": 2}


class TestPages:
    def test_all_pages_are_one_list(self) -> None:
        assert answers.answer(reader(NEXT, {"value": [{"id": "b"}]}), NETWORKS) == ({"id": "a"}, {"id": "b"})

    @pytest.mark.parametrize("body", [{}, [], None, {"value": None}, {"value": "x"}, {"value": [None]}, {"error": {}}])
    def test_what_is_no_list_is_unread_and_not_empty(self, body: object) -> None:
        for bodies in ((body,), (NEXT, body)):
            found = answers.answer(reader(*bodies), NETWORKS)
            assert isinstance(found, Unread)
            assert found.reason == "the answer is not a list"

    def test_another_page_of_a_question_is_asked_for_with_its_token(self) -> None:
        made = reader(ROWS, {"data": [{"id": "b"}], "totalRecords": 2})
        assert answers.answer(made, questions.GRAPH, {"query": "q", "options": {}}) == ({"id": "a"}, {"id": "b"})
        assert '"$skipToken": "more"' in str(made._client.sent[1].content)

    @pytest.mark.parametrize(
        "bodies",
        [
            (ROWS, {}),
            (ROWS, {"data": None}),
            ({"data": [{"id": "a"}], "totalRecords": 5},),
            ({"data": [], "resultTruncated": "true"},),
        ],
    )
    def test_rows_that_are_not_all_are_unread(self, bodies: tuple[Any, ...]) -> None:
        assert isinstance(answers.answer(reader(*bodies), questions.GRAPH, {"query": "q"}), Unread)


def test_what_a_cloud_does_not_know_is_asked_once_for_each_kind() -> None:
    message = "The supported api-versions are '2023-10-01'."
    made: Any = Reader(refused(400, "NoRegisteredProviderFound", message), {"id": "x"}, {"id": "y"})
    for _ in range(2):
        answers.answer(made, SUBNET)
    assert made.versions == ["2025-07-01", "2023-10-01", "2023-10-01"]


def test_a_feature_that_is_forbidden_names_its_own_provider() -> None:
    path = "/subscriptions/1/providers/Microsoft.Features/providers/Microsoft.ContainerService/features/SomePreview"
    assert unread(path, refused(403, "AuthorizationFailed"))[1] == "Microsoft.Features/providers/features/read"


def test_children_of_what_is_not_there_are_not_known_to_be_none() -> None:
    groups = network_id("firewallPolicies", "policy") + "/ruleCollectionGroups"
    assert unread(groups, refused(404, "ResourceNotFound"))[0].startswith("not found")


class TestQuestions:
    def test_an_object_is_kept_as_the_properties_of_its_id(self) -> None:
        made: Any = Reader({"fieldRestrictions": []})
        found = answers.answer(made, questions.GRAPH, {"query": ""})
        assert found == {"id": questions.GRAPH, "properties": {"fieldRestrictions": []}}

    def test_rows_are_a_collection(self) -> None:
        made: Any = Reader(({"id": "a"},))
        found = answers.answer(made, questions.GRAPH, {"query": ""})
        assert found == ({"id": "a"},)


def test_an_error_is_said_once_and_on_one_line() -> None:
    assert resources.said(refused(400, "Code", "a\n b")) == "(Code) a b"
    assert resources.said(AzureError("no\nanswer")) == "no answer"


def test_without_a_sign_in_a_part_is_unread() -> None:
    assert unread(SUBNET, AuthenticationError("AADSTS70043: expired")) == (
        "az cannot sign in: AADSTS70043: expired",
        None,
    )
