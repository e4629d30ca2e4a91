"""How answers come in: every connection of ours to Azure is made here, and no answer on it is endless, in size or time.

A socket's own timeout begins anew with each byte, and a packed answer can be a thousand times as large as what is sent;
so time is counted where bytes come off the socket, and size where they come out of the unpacking.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from functools import lru_cache, partial
from typing import Any, Iterator

from azure.core.exceptions import AzureError
from azure.core.pipeline import policies
from azure.core.pipeline.transport import RequestsTransport
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from azext_aksegress import strictjson

LARGEST = 32 * 2**20
"""Bytes of one answer, unpacked. Azure's largest is that of a network or a subnet: a row of some 280 bytes in its
`ipConfigurations` for each address in use. A network may have 65,536 (Azure's limits of networks), which makes 18 MiB.
"""
LARGEST_READING = 4 * LARGEST
"""Bytes of all answers of one reading of a cluster: its network and its subnets have a row each for the same address,
which makes 36 MiB, as much again for a network beside it, and the rest is small."""
LONGEST = 30
"""Seconds from the first byte of an answer to its last."""
_PACKED = "gzip"
"""The one way of packing that is asked for, and taken: others, and one in another, unpack to any size at once."""
MAX_WAIT = 15
"""Seconds that a part may ask to be waited for before another try; one that asks for more is unread."""
LONGEST_WAIT = 60
"""The same of the cluster itself, without which there is nothing to say."""
PARALLEL_READS = 32
"""Reads at a time, with a connection for each: a whole level of dependent reads, and far below what ARM allows a caller
in a minute."""


class TooMuch(AzureError):
    """An answer is larger than any of Azure's, or packed in a way that nobody asked for; the message says which."""


class Allowance:
    """The bytes that answers may still have together; shared by the threads that read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = LARGEST_READING

    def renew(self) -> None:
        """Begin another reading: what the last one brought is kept no more, or was allowed for."""
        with self._lock:
            self._left = LARGEST_READING

    def take(self, size: int) -> None:
        """Take bytes out of it; raises TooMuch where there are none left."""
        with self._lock:
            self._left -= size
            if self._left < 0:
                raise TooMuch(f"Azure's answers are larger than {LARGEST_READING >> 20} MiB together")


def transport(allowance: Allowance | None = None, **kwargs: Any) -> RequestsTransport:
    """A transport for a client of the SDK, or for our own, with these bounds on every answer."""
    session = Session()
    session.headers["Accept-Encoding"] = _PACKED
    adapter = _Bounded(allowance or Allowance())
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(session=session, session_owner=True, **kwargs)


class _Bounded(HTTPAdapter):
    """Gives every answer a size at which it ends with TooMuch, and every connection a clock."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        super().__init__(pool_maxsize=PARALLEL_READS, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """The pools of connections to Azure itself."""
        super().init_poolmanager(*args, **kwargs)
        _time(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """The pools of connections through a proxy."""
        return _time(super().proxy_manager_for(*args, **kwargs))

    def build_response(self, req: Any, resp: Any) -> Any:
        """The response, of which the body is still to be read; whoever reads it does so by `stream`."""
        packed = resp.headers.get("Content-Encoding") or _PACKED
        if packed.strip().lower() not in (_PACKED, "identity"):
            resp.close()
            raise TooMuch("the answer is packed in a way that was not asked for")
        resp.stream = partial(self._counted, resp, resp.stream)
        return super().build_response(req, resp)

    def _counted(self, response: Any, stream: Any, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for piece in stream(*args, **kwargs):
            size += len(piece)
            try:
                self._allowance.take(len(piece))
                if size > LARGEST:
                    raise TooMuch(f"the answer is larger than {LARGEST >> 20} MiB")
            except TooMuch:
                response.close()
                raise
            yield piece


class _Clocked(io.RawIOBase):
    """The bytes of one answer as they come off a socket, for LONGEST seconds from the first of them on."""

    def __init__(self, raw: Any) -> None:
        super().__init__()
        self._raw = raw
        self._end: float | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """As the socket has it; raises socket.timeout once time is up."""
        if self._end is not None and time.monotonic() > self._end:
            raise socket.timeout("the answer takes too long")
        size: int | None = self._raw.readinto(buffer)
        if self._end is None:
            self._end = time.monotonic() + LONGEST
        return size

    def close(self) -> None:
        """The socket's own file too."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_Clocked(self.fp.detach()))


@lru_cache(maxsize=4)
def _trusting(authorities: str | None, folder: str | None) -> ssl.SSLContext:
    """What a connection needs to know whether Azure is Azure; raises OSError where the file or folder cannot be read.

    urllib3 would read the file anew for each connection: with the 150 authorities that the world trusts, that is 17 ms
    of work for each of the reads that go out at once, and far more than all the rest of them.
    """
    context: ssl.SSLContext = create_urllib3_context()
    context.load_verify_locations(authorities, folder)
    return context


class _Connection(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        """As urllib3 does, with the authorities that another connection has read; a proxy of https, a certificate of
        one's own and a connection that trusts anybody go their own way."""
        has_its_own = self.ssl_context or self.cert_file or getattr(self.proxy, "scheme", None) == "https"
        if not has_its_own and (self.ca_certs or self.ca_cert_dir):
            self.ssl_context = _trusting(self.ca_certs, self.ca_cert_dir)
            self.ca_certs = self.ca_cert_dir = None
        HTTPSConnection.connect(self)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


def _time(manager: Any) -> Any:
    """Have a manager make connections that are clocked; those through SOCKS have a class of their own."""
    if manager.pool_classes_by_scheme["https"] is HTTPSConnectionPool:
        manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _Pool}
    return manager


class Patient(policies.RetryPolicy):
    """Tries again as Azure asks, as long as nobody has to wait for long: a part that is busy for minutes is unread."""

    def __init__(self, longest: float = MAX_WAIT, **kwargs: Any) -> None:
        """`longest` is the most seconds that an answer may ask to be waited for."""
        super().__init__(**kwargs)
        self._longest = longest

    def get_retry_after(self, response: Any) -> Any:
        """The seconds that an answer asks for; None for what is no number and no date."""
        try:
            return super().get_retry_after(response)
        except (ValueError, TypeError, OverflowError):
            return None

    def increment(self, settings: Any, response: Any = None, error: Any = None) -> Any:
        """Whether another try is left; what is too much once would be so again, and costs as much."""
        return not isinstance(error, TooMuch) and super().increment(settings, response=response, error=error)

    def is_retry(self, settings: Any, response: Any) -> Any:
        """Whether to try once more; a refusal stays one, whatever it says about later."""
        after = self.get_retry_after(response)
        if response.http_response.status_code == 403 or (after and after > self._longest):
            return False
        return super().is_retry(settings, response)


class Understood(policies.SansIOHTTPPolicy):
    """Reads an answer strictly before the SDK does, which takes any JSON, and needs far more room and time for it."""

    def on_response(self, request: Any, response: Any) -> None:
        """Keep what an answer says for `said_by`; raise ValueError, which no policy tries again, where it says
        nothing certain."""
        if response.http_response.status_code < 300:
            response.context[_UNDERSTOOD] = strictjson.loads(response.http_response.body())


_UNDERSTOOD = "aksegress_understood"


def said_by(response: Any) -> Any:
    """The JSON of an answer that went through `Understood`."""
    return response.context[_UNDERSTOOD]
