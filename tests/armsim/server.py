"""The wire: TLS on loopback, Entra ID's token endpoints, the cloud's metadata; everything else goes to `arm`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from pathlib import Path
from typing import Any, Iterable

import trustme
from aiohttp import web

from tests.armsim.arm import TENANT, Answer, Arm, Request

HOST = "127.0.0.1"
_HEADERS = ("Host", "If-Match", "If-None-Match")
"""What of a request's headers decides something, and is kept in the journal."""


class LocalAzure:
    """`with LocalAzure(arm, folder) as azure:` serves on `azure.url`; `azure.ca` is the file that az must trust."""

    def __init__(self, arm: Arm, folder: Path) -> None:
        self.arm = arm
        self.port = 0
        self.ca = folder / "ca.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST, "localhost").configure_cert(self._tls)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def __enter__(self) -> LocalAzure:
        self._thread.start()
        if not self._ready.wait(20):
            raise RuntimeError("the local Azure did not start")
        return self

    def __exit__(self, *_: Any) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        application = web.Application(client_max_size=64 * 2**20)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, HOST, 0, ssl_context=self._tls)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        platform = self._platform(request)
        if platform is not None:
            return web.json_response(platform)
        text = await request.text()
        seen = Request(
            request.method,
            request.path,
            dict(request.query),
            {name: request.headers[name] for name in _HEADERS if name in request.headers},
            _json(text),
        )
        answer = self._authenticated(request) or self.arm.handle(seen)
        arm = self.arm
        told = {"status": answer.heard, "fault": answer.fault, "applied": answer.applied, "after": arm.answered}
        arm.journal.append(Request(**{**seen.__dict__, **told}))
        await asyncio.sleep(answer.delay)
        arm.answered += 1
        if answer.cut:
            return await _cut(request, answer)
        if answer.pieces:
            return await _in_pieces(request, answer, answer.pieces())
        response = _response(answer)
        if answer.then:
            await response.prepare(request)
            await response.write_eof()
            answer.then()
        return response

    @staticmethod
    def _authenticated(request: web.Request) -> Answer | None:
        if request.headers.get("Authorization", "").startswith("Bearer "):
            return None
        error = {
            "code": "AuthenticationFailed",
            "message": "Authentication failed. The Authorization header is missing.",
        }
        return Answer({"error": error}, 401)

    def _platform(self, request: web.Request) -> Any:
        path = request.path.lower()
        if path == "/metadata/endpoints":
            return self._metadata(request.query.get("api-version", ""))
        if path.endswith("/.well-known/openid-configuration"):
            base = f"{self.url}/{TENANT}"
            return {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
            }
        if path.endswith("/oauth2/v2.0/token"):
            return {"token_type": "Bearer", "expires_in": 86399, "access_token": _token()}
        return None

    def _metadata(self, api_version: str) -> Any:
        modern = {
            "name": "LocalAzure",
            "portal": self.url,
            "authentication": {"loginEndpoint": self.url, "audiences": [self.url], "tenant": "common"},
            "media": self.url,
            "graphAudience": self.url,
            "graph": self.url,
            "suffixes": {},
            "batch": self.url,
            "resourceManager": self.url,
            "activeDirectoryDataLake": self.url,
            "sqlManagement": self.url,
            "gallery": self.url,
        }
        return modern if api_version >= "2022" else {**modern, "galleryEndpoint": self.url, "graphEndpoint": self.url}


def _json(text: str) -> Any:
    """The body as JSON; what is no JSON stays text, for ARM to refuse."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _response(answer: Answer) -> web.Response:
    if isinstance(answer.body, bytes):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    if isinstance(answer.body, str):
        html = {"Content-Type": "text/html", **answer.headers}
        return web.Response(status=answer.status, headers=html, text=answer.body)
    if answer.body is None:
        return web.Response(status=answer.status, headers=answer.headers)
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)


async def _cut(request: web.Request, answer: Answer) -> web.StreamResponse:
    """End the connection without a proper answer, and never touch it again.

    A write after that could reach another connection that got the same file descriptor.
    """
    transport = request.transport
    response = web.StreamResponse(status=answer.status or 200, headers=answer.headers)
    if answer.cut == "half":
        text = json.dumps(answer.body).encode()
        response.content_length = len(text)
        response.content_type = "application/json"
        await response.prepare(request)
        await response.write(text[: len(text) // 2])
    elif transport is not None:
        lingering = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    if transport is not None:
        transport.abort()
    return response


async def _in_pieces(request: web.Request, answer: Answer, pieces: Iterable[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json", **answer.headers})
    with contextlib.suppress(OSError):  # nobody listens any more
        await response.prepare(request)
        for piece in pieces:
            await asyncio.sleep(answer.pause)
            await response.write(piece)
        await response.write_eof()
    return response


def _token() -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(time.time())
    claims = {
        "aud": "local",
        "iss": "local",
        "tid": TENANT,
        "oid": TENANT,
        "appid": TENANT,
        "iat": now,
        "exp": now + 86399,
    }
    return ".".join([part({"alg": "none", "typ": "JWT"}), part(claims), part("signature")])
