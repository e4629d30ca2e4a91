"""Asks Resource Graph: page by page, as fast as it lets a caller, and never for more at once than it gives."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from concurrent.futures import Future
from datetime import datetime, timezone
from typing import Any, Callable, Iterator, TypeVar

from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError

from azext_aksegress import arm, fleet, graph, resources, strictjson, wire
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.graph import Question
from azext_aksegress.resources import ArmReader, NotAsked
from azext_aksegress.snapshot import Snapshot, masked
from azext_aksegress.surroundings import Surroundings, cluster_in

PAGE = 1000
"""Rows of a page at most (Azure REST API, Resource Graph resources 2022-10-01, QueryRequestOptions.$top)."""
PARALLEL = 4
"""Questions at a time: the quota of a caller is 15 in five seconds (Azure documentation, resource-graph/concepts/
guidance-for-throttled-requests)."""
TRIES = 5
LONGEST_WAIT = 60
"""Seconds that one question may have to wait for its turn, all in all."""
MAX_PAGES = 1000
_BUSY = (408, 429, 500, 502, 503, 504)
_REMAINING, _RESETS_AFTER = "x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"
_TOO_BUSY = "Resource Graph is too busy for this caller"
_TOO_LARGE = "ResponsePayloadTooLarge"
"""How Resource Graph refuses an answer of more than 16 MiB."""

Say = Callable[[str], None]


class Incomplete(AzureError):
    """Not every cluster was listed; the message says why."""


class Inventory:
    """Resource Graph as one caller may ask it. `say` hears what is waited for."""

    def __init__(self, reader: ArmReader, say: Say) -> None:
        self._reader = reader
        self._say = say
        self._places = threading.Semaphore(PARALLEL)
        self._turn = threading.Lock()
        self._free_at = 0.0
        self._shared: dict[Question, list[Json]] = {}
        self._missing: dict[str, str] = {}

    @property
    def missing(self) -> dict[str, str]:
        """Why a part could not be read, by what it is about."""
        return self._missing

    def batches(self, questions: Iterator[Question], vnet: str | None, is_judged: bool) -> Iterator[list[Snapshot]]:
        """The clusters of each page, with what is around them; raises Incomplete where there are more than came."""
        for question in questions:
            for rows in self._cluster_pages(question):
                yield self._with_surroundings(rows, vnet, is_judged)

    def _with_surroundings(self, rows: list[Json], vnet: str | None, is_judged: bool) -> list[Snapshot]:
        """The clusters of a page, all in the same surroundings; the rows themselves are used up."""
        self._reader.begin()
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        around = Surroundings()
        found = [Cluster(around.snapshot(cluster_in(row), now)) for row in rows if arm.text(row, "id")]
        rows.clear()
        wanted = [cluster for cluster in found if fleet.is_wanted(cluster, vnet)]
        for asked in fleet.rounds(wanted, around, is_judged):
            for one, told in zip(asked, [_begun(self._rows, one) for one in asked]):
                around.hold(one.about, told.result())
        return [cluster.snapshot for cluster in wanted]

    def _cluster_pages(self, question: Question) -> Iterator[list[Json]]:
        try:
            yield from self._pages(question, question.query)
        except resources.SignInFailed:
            raise
        except (AzureError, ValueError) as error:
            raise Incomplete(f"Resource Graph lists not every cluster: {_reason(error)}") from error

    def _rows(self, question: Question) -> list[Json]:
        """The rows of all pages of a part; none of one that cannot be read, which is noted as missing."""
        if question not in self._shared:
            rows = self._read(question)
            if question.about not in graph.SHARED:
                return rows
            self._shared[question] = rows
        return self._shared[question]

    def _read(self, question: Question) -> list[Json]:
        try:
            with self._places:
                return self._rows_of(question)
        except (AzureError, ValueError) as error:
            self._missing[question.about] = _reason(error)
            return []

    def _rows_of(self, question: Question) -> list[Json]:
        try:
            return [row for page in self._pages(question, question.query) for row in page]
        except HttpResponseError as error:
            if error.status_code != 400 or not question.simpler:
                raise
            return [row for page in self._pages(question, question.simpler) for row in page]

    def _pages(self, question: Question, query: str) -> Iterator[list[Json]]:
        """All rows, a page at a time; smaller pages where they would be too large. Raises NotAsked where the service
        does not give them all, and AzureError and ValueError where it gives none."""
        size, count = PAGE, 0
        token: str | None = None
        seen: set[str] = set()
        coming = _begun(self._ask, question, query, size, token)
        while True:
            try:
                answer = strictjson.loads(coming.result())
            except (HttpResponseError, wire.TooMuch, strictjson.TooLarge) as error:
                if size == 1 or not _is_too_large(error):
                    raise
                size //= 2
                coming = _begun(self._ask, question, query, size, token)
                continue
            rows = arm.dig(answer, "data")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise NotAsked("the answer is not a list")
            count += len(rows)
            token, total = arm.text(answer, "$skipToken"), arm.dig(answer, "totalRecords")
            has_more = token is not None and token not in seen and len(seen) < MAX_PAGES
            if has_more:  # it is asked for, though not yet taken apart, while these rows are used
                coming = _begun(self._ask, question, query, size, token)
            yield rows
            if token is None:
                if arm.dig(answer, "resultTruncated") in ("true", True) or (isinstance(total, int) and total > count):
                    raise NotAsked("the answer was cut short")
                return
            if not has_more:
                raise NotAsked("the pages have no end")
            seen.add(token)

    def _ask(self, question: Question, query: str, size: int, token: str | None) -> bytes:
        """One page as it comes, asked for again while the service is busy; raises AzureError."""
        options = {"resultFormat": "objectArray", "$top": size, **({"$skipToken": token} if token else {})}
        body = {"subscriptions": question.subscriptions, "query": query, "options": options}
        waited = 0.0
        for attempt in range(1, TRIES + 1):
            waited += self._wait(waited)
            try:
                with resources.signed_in():
                    response = self._reader.query(body)
            except (ServiceRequestError, ServiceResponseError, HttpResponseError) as error:
                busy = not isinstance(error, HttpResponseError) or error.status_code in _BUSY
                if attempt == TRIES or not busy:
                    raise
                self._rest(getattr(error, "response", None), attempt)
                continue
            if response.headers.get(_REMAINING) == "0":
                self._rest(response, 0)
            content: bytes = response.content
            return content
        raise AssertionError("the last try returns or raises")

    def _wait(self, waited: float) -> float:
        """Until the service takes questions again, and so long does all that is asked at the same time; the seconds
        that took. Raises NotAsked where it is too long, with what was waited before."""
        with self._turn:
            left = max(0.0, self._free_at - time.monotonic())
        if waited + left > LONGEST_WAIT:
            raise NotAsked(_TOO_BUSY)
        if left:
            self._say(f"waiting {math.ceil(left)} s, as Resource Graph asks")
            time.sleep(left)
        return left

    def _rest(self, response: Any, attempt: int) -> None:
        """Have nothing asked for as long as an answer says."""
        seconds = max(resources.pause(response), _resets_after(response)) if response is not None else 0.0
        with self._turn:
            self._free_at = max(self._free_at, time.monotonic() + (seconds or attempt / 2))


def _resets_after(response: Any) -> float:
    """Seconds until a caller may ask again, which stand as hh:mm:ss; 0 where nothing is said."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?", response.headers.get(_RESETS_AFTER) or "")
    hours, minutes, seconds = map(int, found.groups()) if found else (0, 0, 0)
    return float(hours * 3600 + minutes * 60 + seconds)


def _is_too_large(error: Exception) -> bool:
    return not isinstance(error, HttpResponseError) or _TOO_LARGE in _reason(error)


def _reason(error: Exception) -> str:
    """What went wrong; Resource Graph's own word for it is in the details of an error."""
    if isinstance(error, json.JSONDecodeError):
        return "the answer is no JSON"
    if isinstance(error, HttpResponseError) and error.status_code == 429:
        return _TOO_BUSY
    for detail in getattr(getattr(error, "error", None), "details", None) or ():
        return f"({resources.short(str(detail.code))}) {masked(resources.short(str(detail.message)))}"
    return resources.said(error) if isinstance(error, AzureError) else str(error)


_T = TypeVar("_T")


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The items of an iterator, of which the next is made while one is used; raises what making one raises."""
    coming = _begun(next, items, None)
    while True:
        item = coming.result()
        if item is None:
            return
        coming = _begun(next, items, None)
        yield item


def _begun(work: Callable[..., Any], *given: Any) -> Future[Any]:
    """Work that goes on in a thread of its own. Python waits for those of a pool when it ends, however long one waits
    for an answer, so Ctrl-C would not end the command; it does not wait for these."""
    coming: Future[Any] = Future()

    def run() -> None:
        try:
            coming.set_result(work(*given))
        # Whatever it is, somebody waits for it, and raises it there.
        except BaseException as error:  # noqa: BLE001  # pylint: disable=broad-except
            coming.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return coming
