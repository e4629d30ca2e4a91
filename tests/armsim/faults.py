"""What goes wrong between a caller and Azure, by method, path and count.

arm.fault("PUT", "/managedclusters/", Dropped())           # applied, and nobody hears of it
arm.fault("GET", "/operations/", BadGateway(), times=2, skip=1)
arm.fault("GET", re.compile(r"/.*/managedClusters/[^/]+"), Reset())  # the whole path, so nothing below a cluster
arm.fault("POST", "resourceGraph/resources", CutShort(), asking="routeTables")  # the queries with this text alone
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, replace
from typing import Any, Callable, Union

from tests.armsim.messages import Answer, Refusal, Request

Handle = Callable[[], Answer]
Hook = Callable[[], object]


@dataclass(frozen=True)
class Latency:
    """The truth, late."""

    seconds: float

    def answer(self, handle: Handle) -> Answer:
        found = handle()
        return replace(found, delay=found.delay + self.seconds)


@dataclass(frozen=True)
class Before:
    """Something happens right before the request: a change by somebody else, for example."""

    hook: Hook

    def answer(self, handle: Handle) -> Answer:
        self.hook()
        return handle()


@dataclass(frozen=True)
class After:
    """Something happens as soon as the answer is on the wire: the caller is killed, for example."""

    hook: Hook

    def answer(self, handle: Handle) -> Answer:
        return replace(handle(), then=self.hook)


@dataclass(frozen=True)
class Throttled:
    """429, with Retry-After in seconds or without."""

    retry_after: int | None = None

    def answer(self, _: Handle) -> Answer:
        return _later(429, "TooManyRequests", "The request is being limited because of too many requests.", self)


@dataclass(frozen=True)
class Unavailable:
    """503, with Retry-After in seconds or without."""

    retry_after: int | None = None

    def answer(self, _: Handle) -> Answer:
        return _later(503, "ServiceUnavailable", "The service is temporarily unavailable. Please retry later.", self)


@dataclass(frozen=True)
class Html:
    """A page of something on the way: a proxy, a sign-in."""

    status: int = 200

    def answer(self, _: Handle) -> Answer:
        return Answer("<html><body>a page from something on the way</body></html>", self.status)


@dataclass(frozen=True)
class BadGateway:
    """502, with the page of the gateway."""

    def answer(self, _: Handle) -> Answer:
        return Answer("<html><head><title>502 Bad Gateway</title></head></html>", 502)


@dataclass(frozen=True)
class Reset:
    """The connection is reset before the request is looked at."""

    def answer(self, _: Handle) -> Answer:
        return Answer(None, 0, cut="reset")


@dataclass(frozen=True)
class Dropped:
    """The request is carried out, and then the connection is reset without an answer."""

    def answer(self, handle: Handle) -> Answer:
        return replace(handle(), cut="reset")


@dataclass(frozen=True)
class HalfAnswer:
    """The request is carried out; headers and half of the body arrive."""

    def answer(self, handle: Handle) -> Answer:
        return replace(handle(), cut="half")


@dataclass(frozen=True)
class CutShort:
    """Of the rows that Resource Graph found only the first half comes, and nothing to go on with.

    It says so, or does not: then totalRecords alone is larger than what came.
    """

    said: bool = True

    def answer(self, handle: Handle) -> Answer:
        found = handle()
        if not isinstance(found.body, dict) or "data" not in found.body:
            return found
        page = {key: value for key, value in found.body.items() if key != "$skipToken"}
        data = page["data"][: len(page["data"]) // 2]
        truncated = "true" if self.said else "false"
        return replace(found, body={**page, "data": data, "count": len(data), "resultTruncated": truncated})


@dataclass(frozen=True)
class BadJson:
    """An answer that calls itself JSON, and ends in the middle of it."""

    def answer(self, handle: Handle) -> Answer:
        headers = {**handle().headers, "Content-Type": "application/json"}
        return Answer(b'{"data": [{"id": "/subscriptions', headers=headers)


Fault = Union[
    Answer,
    Refusal,
    Latency,
    Before,
    After,
    Throttled,
    Unavailable,
    Html,
    BadGateway,
    Reset,
    Dropped,
    HalfAnswer,
    CutShort,
    BadJson,
]
Part = Union[str, "re.Pattern[str]"]
"""A part of a path in any case, or a pattern for the whole of it."""


def _later(status: int, code: str, message: str, fault: Throttled | Unavailable) -> Answer:
    found = Refusal(status, code, message).answer
    if fault.retry_after is not None:
        found.headers["Retry-After"] = str(fault.retry_after)
    return found


@dataclass
class _Row:
    method: str
    part: Part
    fault: Fault
    times: int
    skip: int
    asking: str

    def meets(self, request: Request) -> bool:
        due = self.times > 0 and self.method in (request.method, "*")
        return due and self._is_in(request.path) and self._is_asked(request.body)

    def _is_asked(self, body: Any) -> bool:
        query = body.get("query") if isinstance(body, dict) else None
        return not self.asking or (isinstance(query, str) and self.asking.lower() in query.lower())

    def _is_in(self, path: str) -> bool:
        if isinstance(self.part, str):
            return self.part.lower() in path.lower()
        return self.part.fullmatch(path) is not None


class Faults:
    """The faults that wait for their requests, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._rows: list[_Row] = []

    def add(self, method: str, part: Part, fault: Fault, times: int, skip: int, asking: str = "") -> None:
        self._rows.append(_Row(method, part, fault, times, skip, asking))

    def around(self, request: Request, handle: Handle) -> Answer:
        """Answer through every fault that is due; the first that does not ask on leaves the rest for later requests."""
        due = []
        for row in self._rows:
            if row.meets(request) and row.skip:
                row.skip -= 1
            elif row.meets(request):
                due.append(row)
        return self._through(due, handle)

    def _through(self, due: list[_Row], handle: Handle) -> Answer:
        if not due:
            return handle()
        row, *others = due
        row.times -= 1
        found = self._faulty(row.fault, lambda: self._through(others, handle))
        return replace(found, fault=found.fault or type(row.fault).__name__)

    @staticmethod
    def _faulty(fault: Fault, handle: Handle) -> Answer:
        if isinstance(fault, Answer):
            return copy.deepcopy(fault)
        if isinstance(fault, Refusal):
            return copy.deepcopy(fault.answer)
        return fault.answer(handle)
