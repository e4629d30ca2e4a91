"""JSON that says one thing only. What two readers could take for two things, or what costs far more to hold than to
send, is refused: an answer that is not understood must never be judged. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 64
"""Levels of an answer; Azure's have some twenty, and the files that hold answers add a few of their own."""
MOST_PARTS = 500_000
"""Members and containers of one document: an empty one takes three bytes to send, and sixty to hold."""
LONGEST_NUMBER = 100
"""Characters of a number; reading one takes a time that grows with their square."""
_LONE = re.compile(rb"\\u[dD][89a-fA-F]")
"""How half a character begins, which JSON can spell and UTF-8 cannot."""


class TooLarge(ValueError):
    """A document has more parts than one of Azure's resources has."""


def loads(content: bytes) -> Any:
    """The value that UTF-8 bytes spell.

    Raises ValueError for bytes that are no JSON (RFC 8259), NaN and infinite numbers included, and for keys that occur
    twice, lone surrogates, numbers that nobody counts with, and documents of too many parts or levels.
    """
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise TooLarge(f"it has more than {MOST_PARTS} parts")
    found = parse(content.decode("utf-8-sig"), DEEPEST)
    if _LONE.search(content):
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # raises UnicodeEncodeError, which is a ValueError
    return found


def parse(text: str, deepest: int) -> Any:
    """The same of a text whose size is bounded already, down to so many levels; a file of ours may hold the path of
    another whose bytes are no text, so lone surrogates pass."""
    try:
        found = json.loads(
            text,
            parse_constant=_refused,
            parse_int=_integer,
            parse_float=_finite,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if is_deeper(found, deepest):
        raise ValueError("it is nested too deeply")
    return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("it has a number that is too long")
    return int(text)


def _finite(text: str) -> float:
    found = float(text) if len(text) <= LONGEST_NUMBER else math.inf
    if math.isinf(found):
        raise ValueError("it has a number that is too large or too long")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a key twice")
    return found


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a document has more levels than that; it is walked level by level, so that none is too deep to tell."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(levels + 1):
        if not level:
            return False
        inside = [found.values() if isinstance(found, dict) else found for found in level]
        level = [item for items in inside for item in items if isinstance(item, (dict, list))]
    return True
