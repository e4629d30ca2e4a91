"""One cluster's Azure: the cluster through azure-mgmt-containerservice, the rest through plain ARM (`resources`).

These two are the only modules that talk to Azure.

Both clients are made by az's own factory, so that credential, cloud, proxy, headers and logging are the CLI's.
"""

from __future__ import annotations

import io
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Iterator, Mapping

from azure.core.exceptions import AzureError
from azure.core.polling import NoPolling

from azext_aksegress import arm, matrix, read, strictjson, wire
from azext_aksegress.answers import answer
from azext_aksegress.arm import Json
from azext_aksegress.read import Wanted, nothing_else
from azext_aksegress.request import Request
from azext_aksegress.resources import LONGEST_WORDS, RETRIES, SAFE, ArmReader, OnlyMethods, newest, signed_in
from azext_aksegress.snapshot import API_VERSION, PREVIEW_API_VERSION, Answer, Snapshot, masked

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""How the SDK's models stumble over answers that are not what they expect, before our own reading begins."""

# The SDK logs a traceback at each error that is no JSON, and then goes on; people are told in a sentence instead.
logging.getLogger("azure.mgmt.containerservice").setLevel(logging.ERROR)


class _Unfollowed(NoPolling):
    """Ends where the SDK's own polling would begin: with the answer as it came."""

    def resource(self) -> Any:
        """The HTTP response that accepted the update."""
        accepted: Any = self._initial_response
        return accepted.http_response


class Azure:
    """One cluster's Azure: reads it, and writes it once when told to."""

    def __init__(self, cli_ctx: Any, resource_group: str, name: str) -> None:
        self._cli_ctx = cli_ctx
        self._resource_group = resource_group
        self._name = name

    def read(self, request: Request | None = None, also: Wanted = nothing_else) -> Snapshot:
        """The cluster and everything around it, what a request names, and what else is wanted; raises AzureError when
        the cluster itself cannot be read.

        `block` exists only in preview api-versions, so what concerns it, as target or today, is read with one; but the
        SKU of a NAT gateway is younger than that preview, and leaving `block` for one takes no word of the preview.
        """
        self._reader.begin()
        wanted = request or Request("")
        api_version, cluster = self._read_cluster(PREVIEW_API_VERSION if wanted.to == matrix.BLOCK else API_VERSION)
        today = arm.text(cluster, "properties", "networkProfile", "outboundType")
        if arm.same(today, matrix.BLOCK) and api_version != PREVIEW_API_VERSION and not wanted.nat_gateway_sku:
            api_version, cluster = self._read_cluster(PREVIEW_API_VERSION)
        return read.complete(Snapshot(_now(), api_version, cluster), self._fetch, wanted.own_ids, also)

    def more(self, snapshot: Snapshot, also: Wanted) -> Snapshot:
        """A snapshot with what else is wanted of its cluster."""
        self._reader.begin()
        return read.complete(snapshot, self._fetch, (), also)

    def read_cluster(self, api_version: str) -> Json:
        """The cluster alone, as ARM's JSON; raises AzureError."""
        return self._read_cluster(api_version)[1]

    def _read_cluster(self, api_version: str) -> tuple[str, Json]:
        def get(version: str) -> Any:
            operations, extra = _cluster_operations(
                self._cli_ctx,
                version,
                retry_policy=wire.Patient(wire.LONGEST_WAIT),
                per_retry_policies=[OnlyMethods("GET"), wire.Understood()],
            )
            with _understood():
                return operations.get(
                    self._resource_group,
                    self._name,
                    cls=lambda response, *_: wire.said_by(response),
                    **RETRIES,
                    **extra,
                )

        version, cluster = newest(get, api_version)
        if not isinstance(cluster, dict) or not ("id" in cluster or "properties" in cluster):
            raise AzureError("Azure's answer is not the JSON of a managed cluster.")
        if not arm.text(cluster, "id"):
            return version, {**cluster, "id": self.cluster_id}
        if not arm.same(arm.text(cluster, "id"), self.cluster_id):  # all that follows, commands included, names this id
            raise AzureError("Azure's answer is of another cluster.")
        return version, cluster

    @property
    def cluster_id(self) -> str:
        """The id of the cluster as it was asked for."""
        group = f"/subscriptions/{self._reader.subscription_id}/resourceGroups/{self._resource_group}"
        return f"{group}/providers/Microsoft.ContainerService/managedClusters/{self._name}"

    @cached_property
    def _reader(self) -> ArmReader:
        return self.runner()

    def runner(self, action: str | None = None) -> ArmReader:
        """A client that reads, and may POST one action besides, which is not to change anything."""
        from azure.cli.core.commands.client_factory import get_mgmt_service_client

        reader: ArmReader = get_mgmt_service_client(
            self._cli_ctx,
            ArmReader,
            **RETRIES,
            per_retry_policies=[OnlyMethods("GET", action=action)],
        )
        return reader

    def _fetch(self, wanted: Mapping[str, Json | None]) -> dict[str, Answer]:
        reader = self._reader
        with ThreadPoolExecutor(wire.PARALLEL_READS) as pool:
            return dict(zip(wanted, pool.map(lambda row: answer(reader, *row), wanted.items())))

    def put(self, body: bytes, etag: str | None, api_version: str) -> str | None:
        """Send the whole cluster once, without any retry; the URL of the operation that this starts, if one is named.

        Raises HttpResponseError when Azure refuses, and AzureError when no answer came that can be understood.
        """
        operations, extra = _cluster_operations(
            self._cli_ctx, api_version, per_retry_policies=[OnlyMethods("GET", "PUT")]
        )
        with _understood():
            accepted = operations.begin_create_or_update(
                self._resource_group,
                self._name,
                io.BytesIO(body),
                content_type="application/json",
                headers={"If-Match": etag} if etag else {},
                polling=_Unfollowed(),
                retry_total=0,
                **extra,
            ).result()
            url: str | None = accepted.headers.get("Azure-AsyncOperation")
            if url is None and not arm.text(strictjson.loads(accepted.body()), "id"):
                raise ValueError("neither an operation nor a cluster")
        return url if url and self._reader.is_at_home(url) else None

    def operation(self, url: str) -> tuple[str, str, float]:
        """Status of an operation, what went wrong in words, and the seconds to wait before asking again.

        Raises AzureError when the operation cannot be read.
        """
        with _understood():
            found, pause = self._reader.operation(url)
        code, message = arm.text(found, "error", "code"), arm.text(found, "error", "message")
        reason = masked(" ".join((message or "Azure gives no reason")[:LONGEST_WORDS].split()))
        return arm.text(found, "status") or "", f"({code}) {reason}" if code else reason, pause


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever cannot be understood of an answer is an AzureError."""
    try:
        with signed_in():
            yield
    except UNREADABLE as error:
        if isinstance(error, AzureError):
            raise
        raise AzureError("Azure's answer cannot be understood.") from error


def _cluster_operations(cli_ctx: Any, api_version: str, **kwargs: Any) -> tuple[Any, dict[str, str]]:
    """The operations on clusters, and what to add to each call so that it uses the api-version.

    The SDK takes the version in the client from 39 on (az 2.77), and in each call before that.
    """
    from azure.cli.core._debug import change_ssl_cert_verification_track2
    from azure.cli.core.commands.client_factory import get_mgmt_service_client
    from azure.mgmt import containerservice

    single = int(containerservice.__version__.partition(".")[0]) >= 39
    at = {"api_version": api_version}
    client = get_mgmt_service_client(
        cli_ctx,
        containerservice.ContainerServiceClient,
        # the factory tells a transport that it makes itself whom to trust, and not one that it is given
        transport=wire.transport(**change_ssl_cert_verification_track2()),
        **SAFE,
        **({**kwargs, **at} if single else kwargs),
    )
    return client.managed_clusters, {} if single else at


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
