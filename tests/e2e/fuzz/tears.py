"""Ways in which the bytes of a true answer are torn, so that they say nothing any more."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import Callable, Mapping

from tests.armsim.faults import Handle
from tests.armsim.messages import Answer

Tear = Callable[[bytes, random.Random], bytes]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _flipped(data: bytes, chance: random.Random) -> bytes:
    """The same but for one bit of what holds the document together."""
    places = [place for place, byte in enumerate(data) if byte in b'{}[]":']
    place = chance.choice(places)
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(7)]) + data[place + 1 :]


def _within_a_text(data: bytes, odd: bytes) -> bytes:
    return data.replace(b'"id": "', b'"id": "' + odd, 1) if b'"id": "' in data else b'{"id": "' + odd + b'"}'


def _as_a_value(data: bytes, odd: bytes) -> bytes:
    return b'{"odd": ' + odd + b", " + data.lstrip()[1:]


def _swapped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(1, len(data))
    return data[place:] + data[:place]


def _spliced(data: bytes, chance: random.Random) -> bytes:
    one, other = chance.randrange(len(data)), chance.randrange(len(data))
    return data[:one] + data[other:]


TEARS: Mapping[str, Tear] = {
    "cut": _cut,
    "flipped": _flipped,
    "swapped": _swapped,
    "spliced": _spliced,
    "doubled": lambda data, _: data + data,
    "empty": lambda *_: b"",
    "utf-16": lambda data, _: data.decode().encode("utf-16-be"),
    "nul": lambda data, _: _within_a_text(data, b"\x00"),
    "not-utf-8": lambda data, _: _within_a_text(data, b"\xc3\x28"),
    "nan": lambda data, _: _as_a_value(data, b"NaN"),
    "digits": lambda data, _: _as_a_value(data, b"9" * 5000),
    "deep": lambda data, _: _as_a_value(data, b"[" * 100_000 + b"]" * 100_000),
}


@dataclass(frozen=True)
class Torn:
    """The request is carried out, and its answer torn; what still says something after that is cut in half."""

    tear: Tear
    seed: int

    def answer(self, handle: Handle) -> Answer:
        found = handle()
        data = json.dumps(found.body).encode()
        torn = self.tear(data, random.Random(self.seed))
        headers = {"Content-Type": "application/json", **found.headers}
        return replace(found, body=data[: len(data) // 2] if _says_something(torn) else torn, headers=headers)


def _says_something(data: bytes) -> bool:
    try:
        json.loads(data, parse_constant=int)
    except (ValueError, RecursionError):
        return False
    return True
