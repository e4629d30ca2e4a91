"""Reads any resource, collection or question of Azure Resource Manager as plain JSON; nothing here can write."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, Mapping, Sequence

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline import policies
from azure.core.rest import HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat

from azext_aksegress import arm, questions, strictjson, wire
from azext_aksegress.arm import Json
from azext_aksegress.questions import FILTER
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, masked

_API_VERSIONS = {
    "microsoft.network": "2025-07-01",
    "microsoft.containerservice": API_VERSION,
    "microsoft.containerservice/managedclusters": PREVIEW_API_VERSION,
    "microsoft.authorization/locks": "2016-09-01",
    "microsoft.authorization": "2022-04-01",
    "microsoft.features": "2021-07-01",
    "microsoft.kubernetesconfiguration": "2023-05-01",
    "microsoft.containerregistry": "2023-07-01",
    "microsoft.policyinsights": "2023-03-01",
    "microsoft.resourcegraph": "2022-10-01",
    "microsoft.compute": "2024-07-01",
}
"""The api-version of each provider or type. Microsoft.Network's is that of az 2.91.0, the first in its commands with a
NAT gateway's IPv6 addresses; a cluster is read here for what previews alone show of it; the others are stable ones of
the Azure REST API reference. A cloud that does not know one is asked again with the newest that it knows."""
READ_TIMEOUT = 10
"""Seconds without an answer after which one try of a read counts as failed."""
RETRIES = {"retry_total": 4, "retry_connect": 2, "retry_read": 1, "read_timeout": READ_TIMEOUT, "timeout": 120}
"""A read that hangs ends after two tries, well within a minute; 429 and 5xx are tried again as Azure asks; all tries of
a read end within two minutes."""
ONCE = {"retry_total": 0, "retry_on_methods": ("GET",), "read_timeout": 60}
"""An action is sent once, since it may have begun where no answer came, and gets a minute to begin; the SDK would send
any POST again after a 503."""
SAFE = {"permit_redirects": False}
"""ARM answers where it is asked; a redirect would carry the cluster, or the word of somebody else, across hosts."""
LONGEST_PAUSE = 60
"""Seconds between two looks at an operation, whatever it asks for."""
MAX_PAGES = 100
LONGEST_LIST = 120
"""Seconds after which no further page of a list is asked for."""
LONGEST_WORDS = 2000
"""Characters of what an error says."""


class NotAsked(ValueError):
    """Something that Azure named is not followed; the message says why."""


class SignInFailed(AzureError):
    """az has no token for Azure; `cause` is az's own error, which says how to sign in."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"az cannot sign in: {cause}")
        self.cause = cause


class OnlyMethods(policies.SansIOHTTPPolicy):
    """Lets only some HTTP methods through, whatever another policy of the pipeline would like to send.

    azure-mgmt-core's pipeline registers a resource provider, which is a write, when it meets one that is not. A POST
    passes where it is one of the two that only read, or the one action that was announced.
    """

    def __init__(self, *methods: str, action: str | None = None) -> None:
        self._methods = methods
        self._action = action

    def on_request(self, request: Any) -> None:
        """Raise AzureError for a request that was not announced."""
        sent = request.http_request
        if sent.method in self._methods or (sent.method == "POST" and self._may_post(sent.url)):
            return
        raise AzureError(f"refused to send {sent.method} {sent.url}")

    def _may_post(self, url: str) -> bool:
        path = url.partition("?")[0].lower()
        mine = (f"/{self._action}".lower(),) if self._action else ()
        return path.endswith((questions.GRAPH.lower(), f"/{questions.POLICIES}".lower(), *mine))


class ArmReader:
    """Reads any resource or collection of ARM as plain JSON. `get_mgmt_service_client` makes it."""

    def __init__(self, credential: Any, subscription_id: str, base_url: str, **kwargs: Any) -> None:
        self.credential = credential
        self.subscription_id = subscription_id
        self.known_versions: dict[str, str] = {}
        """The api-versions that this cloud answered with, by kind."""
        self._allowance = wire.Allowance()
        transport = wire.transport(self._allowance, **kwargs)
        self._client: Any = PipelineClient(base_url, policies=_pipeline(kwargs), **{**kwargs, "transport": transport})

    def begin(self) -> None:
        """Begin a reading: nothing of what was read before counts against what this one may bring."""
        self._allowance.renew()

    def get(self, resource_id: str, api_version: str) -> Any:
        """The JSON behind an id; raises AzureError, and ValueError for an answer that is no JSON."""
        return self._json(self._client.format_url(resource_id), {"api-version": api_version})

    def ask(self, resource_id: str, api_version: str, question: Json) -> Any:
        """The answer to a question: an object, or the rows of all its pages; raises as `get` and `list` do."""
        url, params = self._client.format_url(resource_id), {"api-version": api_version}
        page = self._json(url, params, question)
        if not isinstance(arm.dig(page, "data"), list):
            return page

        def follow(token: str) -> Any:
            options = {**question.get("options", {}), "$skipToken": token}
            return self._json(url, params, {**question, "options": options})

        pages = list(_pages(page, "$skipToken", follow))
        return _all([row for found in pages for row in _members(found, "data")], pages[-1])

    def query(self, body: Json) -> Any:
        """POST one query to Resource Graph, once: the response, whose headers say how many more may come; raises
        AzureError."""
        url = self._client.format_url(questions.GRAPH)
        _, version = api_version_of(questions.GRAPH)
        return newest(lambda known: self._send(url, {"api-version": known}, body, **ONCE), version)[1]

    def list(self, collection_id: str, api_version: str) -> Sequence[Json]:
        """All members of a collection, page by page, as long as the pages stay on the same host."""
        path, _, condition = collection_id.partition(FILTER)
        params = {"api-version": api_version, **({"$filter": condition} if condition else {})}

        def follow(link: str) -> Any:
            if not self.is_at_home(link):
                raise NotAsked("the next page is on another host")
            return self._json(link, {})

        first = self._json(self._client.format_url(path), params)
        return tuple(row for page in _pages(first, "nextLink", follow) for row in _members(page, "value"))

    def operation(self, url: str) -> tuple[Json, float]:
        """What an operation says of itself, and the seconds to wait before asking again (0 where it does not say)."""
        self.begin()
        response = self._send(url, {})
        found = strictjson.loads(response.content)
        if not isinstance(found, dict):
            raise ValueError("the operation's answer is not an object")
        return found, pause(response)

    def act(self, resource_id: str, action: str, body: Json) -> Any:
        """POST an action that changes nothing, once: the response, whose headers say where to look for the end of it;
        raises AzureError and NotAsked."""
        if not is_an_id(resource_id):
            raise NotAsked("is not the id of an Azure resource")
        _, version = api_version_of(resource_id)
        url = self._client.format_url(f"{resource_id}/{action}")
        return newest(lambda known: self._send(url, {"api-version": known}, body, **ONCE), version)[1]

    def look(self, url: str) -> Any:
        """The response of an URL that Azure named, which must be its own; raises AzureError and NotAsked."""
        if not self.is_at_home(url):
            raise NotAsked("Azure names another host to look at")
        return self._send(url, {})

    def is_at_home(self, url: str) -> bool:
        """Whether an URL that Azure gave leads to Azure itself; a token goes with each request."""
        home: str = self._client.format_url("/")
        return url.lower().startswith(home.lower())

    def _json(self, url: str, params: Mapping[str, str], question: Json | None = None) -> Any:
        return strictjson.loads(self._send(url, params, question).content)

    def _send(self, url: str, params: Mapping[str, str], question: Json | None = None, **options: Any) -> Any:
        method, headers = "POST" if question else "GET", {"Accept": "application/json"}
        request = HttpRequest(method, url, params=params, headers=headers, json=question)
        response = self._client.send_request(request, **{"retry_on_methods": ("GET", "POST"), **options})
        if response.status_code >= 300:
            raise _refusal(response)
        return response


def _refusal(response: Any) -> HttpResponseError:
    """The error that a response is; the SDK walks the details of one to their end, however deep they go."""
    try:
        return HttpResponseError(response=response, error_format=ARMErrorFormat)
    except RecursionError:
        error = HttpResponseError(f"Azure answers HTTP {response.status_code}, with details that nest without end.")
        error.status_code, error.response = response.status_code, response
        return error


def _pipeline(kwargs: Mapping[str, Any]) -> list[Any]:
    """The SDK's usual policies, but for the one that parses answers, which takes any JSON; with what az adds."""
    return [
        policies.RequestIdPolicy(**kwargs),
        policies.HeadersPolicy(**kwargs),
        kwargs.get("user_agent_policy") or policies.UserAgentPolicy(**kwargs),
        policies.ProxyPolicy(**kwargs),
        policies.RedirectPolicy(**SAFE),
        wire.Patient(**kwargs),
        kwargs["authentication_policy"],
        kwargs.get("custom_hook_policy") or policies.CustomHookPolicy(**kwargs),
        kwargs["logging_policy"],
        kwargs["http_logging_policy"],
    ]


def _pages(page: Any, key: str, follow: Callable[[str], Any]) -> Iterator[Any]:
    """A page and those after it; raises NotAsked where there is no end of them."""
    seen: set[str] = set()
    end = time.monotonic() + LONGEST_LIST
    while True:
        yield page
        link = arm.text(page, key)
        if link is None:
            return
        if link in seen:
            raise NotAsked("the pages go round in a circle")
        if len(seen) == MAX_PAGES:
            raise NotAsked(f"more than {MAX_PAGES} pages")
        if time.monotonic() > end:
            raise NotAsked(f"the pages take more than {LONGEST_LIST} seconds")
        seen.add(link)
        page = follow(link)


def _members(page: Any, key: str) -> list[Json]:
    """The members on a page; what is no list of objects is no page, since nothing would look like none."""
    rows = arm.dig(page, key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotAsked("the answer is not a list")
    return rows[:]


def _all(rows: Sequence[Json], last: Json) -> Sequence[Json]:
    """The rows of all pages, where the service does not say that there are more."""
    total = arm.dig(last, "totalRecords")
    if arm.dig(last, "resultTruncated") in ("true", True) or (isinstance(total, int) and len(rows) < total):
        raise NotAsked("the answer was cut short")
    return tuple(rows)


def pause(response: Any) -> float:
    """Seconds to wait before asking again, by an answer's headers; 0 where they do not say."""
    milliseconds = _number(response.headers.get("x-ms-retry-after-ms"))
    return min(milliseconds / 1000 or _number(response.headers.get("Retry-After")), LONGEST_PAUSE)


def _number(text: str | None) -> float:
    """The number in a header, never negative, 0 where there is none."""
    try:
        return max(0.0, float(text or 0))  # in this order, NaN is 0 too
    except ValueError:
        return 0.0


@contextmanager
def signed_in() -> Iterator[None]:
    """A token that cannot be had is an AzureError, as what Azure itself answers is: it expires while a move goes on."""
    from azure.cli.core.azclierror import AuthenticationError

    try:
        yield
    except AuthenticationError as error:
        raise SignInFailed(error) from error
    except OSError as error:  # the sign-in asks its own service, by other means than the pipeline
        raise AzureError(f"The sign-in service gave no answer: {error}") from error


def said(error: AzureError) -> str:
    """What an error says, once and on one line: code and message of the service where there are any."""
    detail = getattr(error, "error", None)
    code, message = getattr(detail, "code", None), getattr(detail, "message", None)
    words = masked(short(str(message or error.message or error)))
    return f"({short(str(code))}) {words}" if code and not words.startswith(f"({code})") else words


def short(text: str) -> str:
    """A text on one line that fits a sentence."""
    words = " ".join(text[: 2 * LONGEST_WORDS].split())
    return words if len(words) <= LONGEST_WORDS else f"{words[: LONGEST_WORDS - 1]}…"


_ARM_ID = re.compile(r"/subscriptions(/(?!\.\.?(/|$))[^/?#{}\\%\x00-\x1f\x7f-\x9f]+)+", re.I)
"""Ids come from Azure's answers, and a token goes with each read: nothing that could name another host is read, and
nothing that is another path once it is on its way, as `..` and `%2e` are."""
LONGEST_ID = 4096
"""Characters of an id: far more than all its names may have, and as much as an URL may."""


def is_an_id(text: str) -> bool:
    """Whether a text can be the id of an Azure resource, and nothing else."""
    return len(text) <= LONGEST_ID and _ARM_ID.fullmatch(text) is not None


def api_version_of(resource_id: str) -> tuple[str, str]:
    """The kind of an id that has an api-version of its own, and that version."""
    kind = kind_of(resource_id).lower()
    known = kind if kind in _API_VERSIONS else kind.partition("/")[0]
    return known, _API_VERSIONS.get(known, _API_VERSIONS["microsoft.network"])


def kind_of(resource_id: str) -> str:
    """The resource type; a feature's id names two providers, of which the first answers."""
    if "/providers/microsoft.features/" in resource_id.lower():
        return "Microsoft.Features/providers/features"
    return arm.resource_type(resource_id)


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
_OTHER_VERSIONS = re.compile(r"supported (?:api-)?versions are (.*?)(?:The supported locations|$)", re.I | re.S)


def newest(call: Callable[[str], Any], version: str) -> tuple[str, Any]:
    """Call with an api-version, or where the cloud does not know it, with the newest stable one before it."""
    try:
        return version, call(version)
    except HttpResponseError as error:
        known = _OTHER_VERSIONS.search(str(error.message or "")) if error.status_code in (400, 404) else None
        older = [found for found in _DATE.findall(known.group(1)) if found < version] if known else []
        stable = [found for found in older if not found.endswith("preview")]
        if not stable:
            raise
        return max(stable), call(max(stable))
