"""An Azure in this process that answers with any bytes: the extension and its SDK are real, down to the socket.

Time passes in it only by sleeping.
"""

from __future__ import annotations

import io
import json
import math
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Mapping
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, urlsplit

from azure.core.pipeline import policies
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from azext_aksegress.azure import Azure
from tests.armsim.arm import Request as Asked
from tests.armsim.estate import SUBSCRIPTION
from tests.builders import CLUSTER, Shop
from tests.fuzz.mutations import HOME

JSON = {"Content-Type": "application/json"}
MOST_REQUESTS = 1000
"""Requests of one command; a hundred pages each for a few collections are the most that it may ask for."""


@dataclass(frozen=True)
class Raw:
    """An answer as it goes over the wire."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


class Wire:
    """`with Wire(shop, {"/the/path": [raw, …]}) as wire:`; each answer is given once, and the last of a path for ever.

    What has no answer of its own is answered by the local Azure of the shop. A path is spelled in lower case.
    """

    def __init__(self, shop: Shop, answers: Mapping[str, list[Raw]] | None = None) -> None:
        self.shop = shop
        self.answers = {path: list(rows) for path, rows in (answers or {}).items()}
        self.sent: list[str] = []
        """Method and URL of every request."""
        self.answered: dict[str, Any] = {}
        """What the local Azure answered, by path in lower case."""
        self.slept = 0.0
        self._patches = ExitStack()

    def __enter__(self) -> Wire:
        factory = "azure.cli.core.commands.client_factory.get_mgmt_service_client"
        started = time.monotonic()
        for patched in (
            patch.object(HTTPAdapter, "send", lambda adapter, request, **_: self._send(adapter, request)),
            patch(factory, self._client),
            patch("time.sleep", self._sleep),
            patch("time.monotonic", lambda: started + self.slept),
        ):
            self._patches.enter_context(patched)
        return self

    def __exit__(self, *_: Any) -> None:
        self._patches.close()

    @property
    def azure(self) -> Azure:
        """The cluster's Azure, as a command has it."""
        return Azure(None, "rg-shop", CLUSTER)

    def count(self, method: str) -> int:
        """How many requests of a method were sent."""
        return sum(line.startswith(f"{method} ") for line in self.sent)

    def _client(self, _: Any, kind: Any, **kwargs: Any) -> Any:
        nothing: policies.SansIOHTTPPolicy[Any, Any] = policies.SansIOHTTPPolicy()
        given = dict.fromkeys(("authentication_policy", "logging_policy", "http_logging_policy"), nothing)
        return kind(object(), SUBSCRIPTION, base_url=HOME, credential_scopes=[HOME], **given, **kwargs)

    def _sleep(self, seconds: float) -> None:
        if math.isnan(seconds) or seconds < 0:
            raise ValueError("sleep length must be non-negative")
        if seconds > 2**33:
            raise OverflowError("timestamp too large to convert to C _PyTime_t")
        self.slept += seconds

    def _send(self, adapter: HTTPAdapter, request: Any) -> Any:
        assert request.url.startswith(f"{HOME}/"), "a token went to another host"
        self.sent.append(f"{request.method} {request.url}")
        assert len(self.sent) <= MOST_REQUESTS, "there is no end to it"
        parts = urlsplit(request.url)
        raw = self._raw(request, unquote(parts.path), dict(parse_qsl(parts.query)))
        response = HTTPResponse(
            io.BytesIO(raw.body), headers=raw.headers, status=raw.status, preload_content=False, reason="as it is"
        )
        return adapter.build_response(request, response)

    def _raw(self, request: Any, path: str, query: dict[str, str]) -> Raw:
        rows = self.answers.get(path.lower()) or self.answers.get(request.method)
        if rows:
            return rows.pop(0) if len(rows) > 1 else rows[0]
        body = request.body.read() if hasattr(request.body, "read") else request.body
        headers = {**request.headers, "Host": urlsplit(HOME).netloc}
        asked = Asked(request.method, path, query, headers, json.loads(body) if body else None)
        answer = self.shop.arm.handle(asked)
        self.answered[path.lower()] = answer.body
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        return Raw(text.encode(), answer.status, {**JSON, **answer.headers})
