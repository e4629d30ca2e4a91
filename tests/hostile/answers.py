"""Answers that no Azure would give: no JSON, or JSON of which nobody can say what it means."""

from __future__ import annotations

import json
import zlib
from functools import cache, partial
from itertools import repeat
from typing import Any, Callable, Iterable, Mapping

from tests.armsim.arm import Answer

DEEP = 100_000


def whole(content: bytes, status: int = 200, **headers: str) -> Answer:
    """An answer of some bytes."""
    return Answer(None, status, headers, pieces=partial(iter, (content,)))


def resource(inner: str, resource_id: str = "/subscriptions/x") -> bytes:
    """The JSON of a resource with some text in its properties."""
    return f'{{"id": "{resource_id}", "properties": {{{inner}}}}}'.encode()


NO_JSON: Mapping[str, bytes] = {
    "invalid UTF-8": resource('"a": "X"').replace(b"X", b"\xff\xfe"),
    "an overlong slash": resource('"a": "X"').replace(b"X", b"\xc0\xaf"),
    "UTF-16": resource('"a": 1').decode().encode("utf-16"),
    "NaN": resource('"a": NaN'),
    "infinite": resource('"a": -Infinity'),
    "infinite by its size": resource('"a": 1e999'),
    "a number without end": resource(f'"a": {"9" * 10_000}'),
    "a key twice": resource('"routeTable": null, "routeTable": {"id": "/subscriptions/x"}'),
    "a lone surrogate": resource('"a": "\\ud800"'),
    "a lone surrogate in a key": resource('"\\udfff": 1'),
    "lists without end of them": resource('"a": ' + "[" * DEEP + "]" * DEEP),
    "objects in objects": resource('"a": ' + '{"a":' * DEEP + "1" + "}" * DEEP),
    "unfinished": resource('"a": 1')[:-2],
    "two documents": resource('"a": 1') * 2,
    "two million parts": resource('"a": [' + "{}," * 2_000_000 + "{}]"),
}
"""What is sent as JSON and is none, or none that says one thing, by what is wrong with it."""


NESTED = b'{"code": "X", "details": [' * 400 + b'{"code": "X"}' + b"]}" * 400
"""An error with details in its details, as deep as JSON is still read, and far deeper than an error should be."""


def endless(**headers: str) -> Answer:
    """An answer without an end, as fast as it is taken."""
    return Answer(None, 200, headers, pieces=partial(_after, b'{"id": "', partial(repeat, b"x" * 65536)))


def _after(first: bytes, rest: Callable[[], Iterable[bytes]]) -> Iterable[bytes]:
    yield first
    yield from rest()


def bomb(megabytes: int = 1000) -> Answer:
    """An answer that is a thousand times as large once it is unpacked."""
    return whole(_packed(megabytes), **{"Content-Encoding": "gzip"})


@cache
def _packed(megabytes: int) -> bytes:
    """A text that takes no memory to make either."""
    packer = zlib.compressobj(wbits=31)
    text = (packer.compress(b" " * (1 << 20)) for _ in range(megabytes))
    return b"".join([packer.compress(b'{"id": "'), *text, packer.flush()])


def dripping(pause: float, document: Any = None) -> Answer:
    """An answer of which one byte comes at a time, and which comes to no end in an hour."""
    content = json.dumps(document or {"id": "x" * 100_000}).encode()
    return Answer(None, 200, {}, pieces=lambda: (content[at : at + 1] for at in range(len(content))), pause=pause)
