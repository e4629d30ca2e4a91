"""The only module that talks to Azure: the cluster through azure-mgmt-containerservice, the rest through plain ARM.

Both clients are made by az's own factory, so that credential, cloud, proxy, headers and logging are the CLI's.
"""

from __future__ import annotations

import io
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Callable, Iterator, Mapping, Sequence

from azure.core import PipelineClient
from azure.core.configuration import Configuration
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline import policies
from azure.core.polling import NoPolling
from azure.core.rest import HttpRequest
from azure.mgmt.core.exceptions import ARMErrorFormat

from azext_aksegress import arm, matrix, read
from azext_aksegress.arm import Json
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, NOT_FOUND, PREVIEW_API_VERSION, Answer, Snapshot, Unread

NETWORK_API_VERSION = "2025-07-01"
"""Microsoft.Network's version in az 2.91.0: the first in its commands with a NAT gateway's IPv6 addresses."""
PARALLEL_READS = 8
READ_TIMEOUT = 20
"""Seconds without an answer after which one try of a read counts as failed."""
RETRIES = {"retry_total": 4, "retry_connect": 2, "retry_read": 1, "read_timeout": READ_TIMEOUT}
"""A read that hangs ends after two tries, well within a minute; 429 and 5xx are tried again as Azure asks."""
SAFE = {"permit_redirects": False}
"""ARM answers where it is asked; a redirect would carry the cluster, or the word of somebody else, across hosts."""
MAX_PAGES = 100
NONE_THERE = ("ResourceGroupNotFound", "ResourceNotFound")
"""What ARM answers for a collection in a resource group that is not there: a collection without members."""
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
"""How the SDK's models stumble over answers that are not what they expect, before our own reading begins."""

# The SDK logs a traceback at each error that is no JSON, and then goes on; people are told in a sentence instead.
logging.getLogger("azure.mgmt.containerservice").setLevel(logging.ERROR)


class NotAsked(ValueError):
    """Something that Azure named is not followed; the message says why."""


class SignInFailed(AzureError):
    """az has no token for Azure; `cause` is az's own error, which says how to sign in."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"az cannot sign in: {cause}")
        self.cause = cause


class OnlyMethods(policies.SansIOHTTPPolicy):
    """Lets only some HTTP methods through, whatever another policy of the pipeline would like to send.

    azure-mgmt-core's pipeline registers a resource provider, which is a write, when it meets one that is not.
    """

    def __init__(self, *methods: str) -> None:
        self._methods = methods

    def on_request(self, request: Any) -> None:
        """Raise AzureError for a request that was not announced."""
        if request.http_request.method not in self._methods:
            raise AzureError(f"refused to send {request.http_request.method} {request.http_request.url}")


class ArmReader:
    """Reads any resource or collection of ARM as plain JSON. `get_mgmt_service_client` makes it."""

    def __init__(self, credential: Any, subscription_id: str, base_url: str, **kwargs: Any) -> None:
        config: Any = Configuration(**kwargs)
        config.headers_policy = policies.HeadersPolicy(**kwargs)
        config.user_agent_policy = kwargs.get("user_agent_policy") or policies.UserAgentPolicy(**kwargs)
        config.proxy_policy = policies.ProxyPolicy(**kwargs)
        config.redirect_policy = policies.RedirectPolicy(**SAFE)
        config.retry_policy = policies.RetryPolicy(**kwargs)
        config.authentication_policy = kwargs["authentication_policy"]
        config.custom_hook_policy = kwargs.get("custom_hook_policy") or policies.CustomHookPolicy(**kwargs)
        config.logging_policy = kwargs["logging_policy"]
        config.http_logging_policy = kwargs["http_logging_policy"]
        self.credential = credential
        self.subscription_id = subscription_id
        self._client: Any = PipelineClient(base_url, config=config, **kwargs)

    def get(self, resource_id: str, api_version: str) -> Any:
        """The JSON behind an id; raises AzureError, and ValueError for an answer that is no JSON."""
        return self._json(self._client.format_url(resource_id), {"api-version": api_version})

    def list(self, collection_id: str, api_version: str) -> Sequence[Json]:
        """All members of a collection, page by page, as long as the pages stay on the same host."""
        page = self.get(collection_id, api_version)
        found = [*arm.objects(page, "value")]
        for _ in range(MAX_PAGES):
            link = arm.text(page, "nextLink")
            if link is None:
                return tuple(found)
            if not self.is_at_home(link):
                raise NotAsked("the next page is on another host")
            page = self._json(link, {})
            found += arm.objects(page, "value")
        raise NotAsked(f"more than {MAX_PAGES} pages")

    def operation(self, url: str) -> tuple[Json, float]:
        """What an operation says of itself, and the seconds to wait before asking again (0 where it does not say)."""
        response = self._send(url, {})
        found = response.json()
        if not isinstance(found, dict):
            raise ValueError("the operation's answer is not an object")
        milliseconds = _number(response.headers.get("x-ms-retry-after-ms"))
        return found, milliseconds / 1000 or _number(response.headers.get("Retry-After"))

    def is_at_home(self, url: str) -> bool:
        """Whether an URL that Azure gave leads to Azure itself; a token goes with each request."""
        home: str = self._client.format_url("/")
        return url.lower().startswith(home.lower())

    def _json(self, url: str, params: Mapping[str, str]) -> Any:
        return self._send(url, params).json()

    def _send(self, url: str, params: Mapping[str, str]) -> Any:
        request = HttpRequest("GET", url, params=params, headers={"Accept": "application/json"})
        response = self._client.send_request(request)
        if response.status_code >= 300:
            raise HttpResponseError(response=response, error_format=ARMErrorFormat)
        return response


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


class _Unfollowed(NoPolling):
    """Ends where the SDK's own polling would begin: with the answer as it came."""

    def resource(self) -> Any:
        """The HTTP response that accepted the update."""
        answer: Any = self._initial_response
        return answer.http_response


class Azure:
    """One cluster's Azure: reads it, and writes it once when told to."""

    def __init__(self, cli_ctx: Any, resource_group: str, name: str) -> None:
        self._cli_ctx = cli_ctx
        self._resource_group = resource_group
        self._name = name

    def read(self, request: Request | None = None) -> Snapshot:
        """The cluster and everything around it, and what a request names; raises AzureError when the cluster itself
        cannot be read.

        `block` exists only in preview api-versions, so what concerns it, as target or today, is read with one; but the
        SKU of a NAT gateway is younger than that preview, and leaving `block` for one takes no word of the preview.
        """
        wanted = request or Request("")
        api_version, cluster = self._read_cluster(PREVIEW_API_VERSION if wanted.to == matrix.BLOCK else API_VERSION)
        today = arm.text(cluster, "properties", "networkProfile", "outboundType")
        if arm.same(today, matrix.BLOCK) and api_version != PREVIEW_API_VERSION and not wanted.nat_gateway_sku:
            api_version, cluster = self._read_cluster(PREVIEW_API_VERSION)
        return read.complete(Snapshot(_now(), api_version, cluster), self._fetch, wanted.own_ids)

    def read_cluster(self, api_version: str) -> Json:
        """The cluster alone, as ARM's JSON; raises AzureError."""
        return self._read_cluster(api_version)[1]

    def _read_cluster(self, api_version: str) -> tuple[str, Json]:
        def get(version: str) -> Any:
            operations, extra = _cluster_operations(self._cli_ctx, version, per_retry_policies=[OnlyMethods("GET")])
            with _understood():
                return operations.get(self._resource_group, self._name, cls=_raw, **RETRIES, **extra)

        version, cluster = _newest(get, api_version)
        if not isinstance(cluster, dict) or not ("id" in cluster or "properties" in cluster):
            raise AzureError("Azure's answer is not the JSON of a managed cluster.")
        return version, cluster if arm.text(cluster, "id") else {**cluster, "id": self._asked_for}

    @property
    def _asked_for(self) -> str:
        group = f"/subscriptions/{self._reader.subscription_id}/resourceGroups/{self._resource_group}"
        return f"{group}/providers/Microsoft.ContainerService/managedClusters/{self._name}"

    @cached_property
    def _reader(self) -> ArmReader:
        from azure.cli.core.commands.client_factory import get_mgmt_service_client

        reader: ArmReader = get_mgmt_service_client(
            self._cli_ctx,
            ArmReader,
            **RETRIES,
            per_retry_policies=[OnlyMethods("GET")],
        )
        return reader

    def _fetch(self, ids: Sequence[str]) -> dict[str, Answer]:
        reader = self._reader
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            return dict(zip(ids, pool.map(lambda resource_id: _answer(reader, resource_id), ids)))

    def put(self, body: bytes, etag: str | None, api_version: str) -> str | None:
        """Send the whole cluster once, without any retry; the URL of the operation that this starts, if one is named.

        Raises HttpResponseError when Azure refuses, and AzureError when no answer came that can be understood.
        """
        operations, extra = _cluster_operations(
            self._cli_ctx, api_version, per_retry_policies=[OnlyMethods("GET", "PUT")]
        )
        with _understood():
            answer = operations.begin_create_or_update(
                self._resource_group,
                self._name,
                io.BytesIO(body),
                content_type="application/json",
                headers={"If-Match": etag} if etag else {},
                polling=_Unfollowed(),
                retry_total=0,
                **extra,
            ).result()
            url: str | None = answer.headers.get("Azure-AsyncOperation")
            if url is None and not arm.text(json.loads(answer.text()), "id"):
                raise ValueError("neither an operation nor a cluster")
        return url if url and self._reader.is_at_home(url) else None

    def operation(self, url: str) -> tuple[str, str, float]:
        """Status of an operation, what went wrong in words, and the seconds to wait before asking again.

        Raises AzureError when the operation cannot be read.
        """
        with _understood():
            found, pause = self._reader.operation(url)
        code, message = arm.text(found, "error", "code"), arm.text(found, "error", "message")
        reason = " ".join((message or "Azure gives no reason").split())
        return arm.text(found, "status") or "", f"({code}) {reason}" if code else reason, pause


@contextmanager
def _signed_in() -> Iterator[None]:
    """A token that cannot be had is an AzureError, as what Azure itself answers is: it expires while a move goes on."""
    from azure.cli.core.azclierror import AuthenticationError

    try:
        yield
    except AuthenticationError as error:
        raise SignInFailed(error) from error
    except OSError as error:  # the sign-in asks its own service, by other means than the pipeline
        raise AzureError(f"The sign-in service gave no answer: {error}") from error


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever cannot be understood of an answer is an AzureError."""
    try:
        with _signed_in():
            yield
    except UNREADABLE as error:
        if isinstance(error, AzureError):
            raise
        raise AzureError("Azure's answer cannot be understood.") from error


def said(error: AzureError) -> str:
    """What an error says, once and on one line: code and message of the service where there are any."""
    detail = getattr(error, "error", None)
    code, message = getattr(detail, "code", None), getattr(detail, "message", None)
    words = " ".join(str(message or error.message or error).split())
    return f"({code}) {words}" if code and not words.startswith(f"({code})") else words


def _cluster_operations(cli_ctx: Any, api_version: str, **kwargs: Any) -> tuple[Any, dict[str, str]]:
    """The operations on clusters, and what to add to each call so that it uses the api-version.

    The SDK takes the version in the client from 39 on (az 2.77), and in each call before that.
    """
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.mgmt import containerservice

    single = int(containerservice.__version__.partition(".")[0]) >= 39
    at = {"api_version": api_version}
    client = get_mgmt_service_client(
        cli_ctx, containerservice.ContainerServiceClient, **SAFE, **({**kwargs, **at} if single else kwargs)
    )
    return client.managed_clusters, {} if single else at


def _raw(response: Any, *_: Any) -> Any:
    """The answer as JSON, without the SDK's models, which drop what they do not know."""
    try:
        return json.loads(response.http_response.text())
    except ValueError as error:
        raise AzureError("Azure's answer is not JSON.") from error


_ARM_ID = re.compile(r"/subscriptions(/[^/?#{}\\]+)+$", re.I)
"""Ids come from Azure's answers, and a token goes with each read: nothing that could name another host is read."""


def _answer(reader: ArmReader, resource_id: str) -> Answer:
    """What one id answers; every failure ends as Unread, so that it never holds the others up."""
    if not _ARM_ID.match(resource_id):
        return Unread(resource_id, "is not the id of an Azure resource")
    many = arm.is_collection(resource_id)
    try:
        with _signed_in():
            _, found = _newest(
                lambda version: reader.list(resource_id, version) if many else reader.get(resource_id, version),
                NETWORK_API_VERSION,
            )
    except HttpResponseError as error:
        if many and error.status_code == 404 and _code(error) in NONE_THERE:
            return ()
        return _unread(resource_id, error)
    except (AzureError, ValueError) as error:
        return _unread(resource_id, error)
    if many:
        return tuple(found)
    return found if isinstance(found, dict) else Unread(resource_id, "the answer is not a resource")


def _unread(resource_id: str, error: Exception) -> Unread:
    if isinstance(error, HttpResponseError):
        permission = f"{arm.resource_type(resource_id)}/read" if error.status_code == 403 else None
        return Unread(resource_id, _reason(error), permission)
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return Unread(resource_id, "Azure gave no answer")
    if isinstance(error, NotAsked):
        return Unread(resource_id, str(error))
    return Unread(resource_id, said(error) if isinstance(error, AzureError) else "the answer is not JSON")


def _code(error: HttpResponseError) -> str | None:
    return getattr(error.error, "code", None)


def _reason(error: HttpResponseError) -> str:
    words = {401: "the sign-in is not valid for it", 403: "forbidden", 404: NOT_FOUND, 429: "throttled"}
    if error.status_code and 200 <= error.status_code < 300:
        return "the answer is not JSON"
    code = _code(error)
    status = words.get(error.status_code or 0, f"HTTP {error.status_code}")
    return f"{status} ({code})" if code else status


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
_OTHER_VERSIONS = re.compile(r"supported (?:api-)?versions are (.*?)(?:The supported locations|$)", re.I | re.S)


def _newest(call: Callable[[str], Any], version: str) -> tuple[str, Any]:
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


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
