"""Azure Resource Manager's JSON and ids, read without trust: whatever is missing, null or of another type is None."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict

Json = Dict[str, Any]
IDS_AT_HAND = 2048
"""Ids that are kept in parts: those of a cluster are taken apart by each check anew, and neighbours share theirs."""


def dig(document: Any, *path: str) -> Any:
    """The value at a path of keys, or None where the path ends before it."""
    for key in path:
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def text(document: Any, *path: str) -> str | None:
    """The non-empty string at a path, or None."""
    for key in path:  # as `dig` does, without a call more: nothing else is asked so often
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document if isinstance(document, str) and document else None


def location(document: Any) -> str | None:
    """The region of a resource as ARM normalises it, in lower case and without spaces, or None."""
    found = text(document, "location")
    return found.lower().replace(" ", "") if found else None


def flag(document: Any, *path: str) -> bool:
    """Whether the value at a path is true; absent, null and anything else count as false, as ARM does."""
    return dig(document, *path) is True


def objects(document: Any, *path: str) -> tuple[Json, ...]:
    """The objects in the list at a path; what is no object is left out."""
    value = dig(document, *path)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def strings(document: Any, *path: str) -> tuple[str, ...]:
    """The strings in the list at a path; what is no string is left out."""
    value = dig(document, *path)
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def references(document: Any, *path: str) -> tuple[str, ...]:
    """The `id` of each object in the list at a path."""
    return tuple(reference for reference in (text(item, "id") for item in objects(document, *path)) if reference)


def same(one: str | None, other: str | None) -> bool:
    """Whether two ids or names are the same to ARM, which ignores letter case."""
    return one is not None and other is not None and one.lower() == other.lower()


def matches(pattern: str, word: str) -> bool:
    """Whether a pattern, in which `*` stands for any text, is a word, in any letter case."""
    first, *rest = pattern.lower().split("*")
    if not rest:
        return first == word.lower()
    if not word.lower().startswith(first):
        return False
    left = word.lower()[len(first) :]
    *middle, last = rest
    for piece in filter(None, middle):
        _, found, left = left.partition(piece)
        if not found:
            return False
    return left.endswith(last)


@lru_cache(maxsize=IDS_AT_HAND)
def _segments(resource_id: str) -> tuple[str, ...]:
    """The parts of an id; the condition of a filtered collection is none."""
    return tuple(filter(None, resource_id.partition("?")[0].split("/")))


@lru_cache(maxsize=IDS_AT_HAND)
def part(resource_id: str, label: str) -> str:
    """What follows a label in an id (`subscriptions`, `resourceGroups`, `virtualNetworks`…), or ''."""
    segments = _segments(resource_id)
    for key, value in zip(segments, segments[1:]):
        if key.lower() == label.lower():
            return value
    return ""


def name(resource_id: str) -> str:
    """The last part of an id: the resource's own name."""
    return (_segments(resource_id) or [""])[-1]


@lru_cache(maxsize=IDS_AT_HAND)
def called(resource_id: str) -> str:
    """How a sentence calls what an id names: a resource by its name, a collection also by what its members are of."""
    segments = _segments(resource_id)
    if not is_collection(resource_id):
        return name(resource_id)
    of = segments[:-3] if len(segments) > 2 and segments[-3].lower() == "providers" else segments[:-1]
    return f"{segments[-1]} of {of[-1]}" if of else segments[-1]


@lru_cache(maxsize=IDS_AT_HAND)
def parent(resource_id: str) -> str:
    """The id one level up: the virtual network of a subnet, for example."""
    return "/" + "/".join(_segments(resource_id)[:-2])


@lru_cache(maxsize=IDS_AT_HAND)
def resource_type(resource_id: str) -> str:
    """`Microsoft.Network/virtualNetworks/subnets` for the id of a subnet, and of the collection of subnets too."""
    segments = _segments(resource_id)
    lower = [segment.lower() for segment in segments]
    if "providers" not in lower:
        return ""
    provider = len(lower) - 1 - lower[::-1].index("providers")
    return "/".join([*segments[provider + 1 : provider + 2], *segments[provider + 2 :: 2]])


def is_collection(resource_id: str) -> bool:
    """Whether an id names a list of resources (`…/virtualNetworks`) rather than one resource."""
    segments = _segments(resource_id)
    return len(segments) % 2 == 1


def child(resource_id: str, *more: str) -> str:
    """The id of something below another."""
    return "/".join([resource_id.rstrip("/"), *more])


def spelled(value: Any) -> str:
    """How a sentence says a value of a document: ids by their names, and null as `not set`."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(spelled(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {spelled(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str) and value.startswith("/subscriptions/"):
        return name(value)
    return "not set" if value is None else str(value)
