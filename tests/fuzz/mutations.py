"""What can happen to a file or an answer: bytes torn, JSON spoiled with whatever the wire has ever been seen to say."""

from __future__ import annotations

import copy
import json
import os
from typing import Any, Callable, Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.properties.documents import paths

TIMES = int(os.environ.get("AKSEGRESS_EXAMPLES", "1"))
"""How many times as many examples as CI takes."""
REPEATS = TIMES == 1
"""CI looks at the same examples each time; who looks for longer looks elsewhere each time."""

HOME = "https://azure.example"
"""Where Azure is, to what is tested here."""
ODD_BYTES = (
    b"",
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"1" * 5000,
    b"1e999",
    b"-1e999",
    b"NaN",
    b"Infinity",
    b"-0",
    b"1E400",
    b"[" * 200,
    b"[" * 100_000,
    b'{"a":' * 5000,
    b"]}",
    b'"id":"/subscriptions/x",',
    b'"properties":null,',
    b'"schemaVersion":"1",',
    b"\r\n",
    b"/*",
    b"<html>",
)
"""What does not belong into a file, or only elsewhere."""

ODD_TEXTS = (
    "",
    " ",
    "\n",
    "\x1b[31m",
    "\x00",
    "\ud800",
    "\u202e",
    "\u2028",
    "\u0661\u0662",
    "é" * 3,
    "$(touch x)",
    "'; rm -rf ~; '",
    "{0.__class__}",
    "%s%n",
    "../../..",
    "https://elsewhere.example/x",
    "*",
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0/33",
    "1.2.3.4",
    "1.2.3.4/32",
    "0-65535",
    "-",
    "9" * 400,
    "1e999",
    "nan",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "+00:00",
    "24:00",
    "100%",
    "Succeeded",
    "Failed",
    "Updating",
    "loadBalancer",
    "managedNATGateway",
    "managedNATGatewayV2",
    "userAssignedNATGateway",
    "userDefinedRouting",
    "none",
    "block",
    "Standard",
    "StandardV2",
    "Basic",
    "Internet",
    "VirtualAppliance",
    "VirtualNetworkGateway",
    "None",
    "VnetLocal",
    "AzureCloud",
    "AzureCloud.westeurope",
    "Deny",
    "Allow",
    "Outbound",
    "/",
    "//",
    "/subscriptions",
    "/subscriptions/x",
    "/subscriptions/x/resourceGroups",
    "/subscriptions/x/resourceGroups/rg/providers",
    "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
    "/subscriptions/x/../../elsewhere",
    "/subscriptions/x/y?a=b#c",
    "//elsewhere.example/subscriptions/x/y",
    f"{HOME}/next",
    f"{HOME}.elsewhere.example/next",
    "https://azure.example@elsewhere.example/next",
    "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/publicIPAddresses/p",
    "/providers/Microsoft.ResourceGraph/resources",
    "2026-06-01",
    "2019-01-01",
    "2026-05-02-preview",
    "notFound (SubscriptionNotFound)",
    "not found (ResourceNotFound)",
)
"""What the wire says where it says something else, and what a text must not do."""

ODD_KEYS = (
    *("nextLink", "$skipToken", "value", "data", "error", "details", "code", "message", "status"),
    *("id", "ID", "properties", "Properties", "resultTruncated", "__class__", "", "\ud800", "password"),
)
"""Keys that decide how a document is read, and such as nobody uses."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    7,
    65536,
    2**63,
    10**400,
    -(10**400),
    0.5,
    1e308,
    [],
    {},
    [None],
    [[]],
    [{}],
    [{"id": None}],
    {"id": 7},
    {"properties": None},
    {"properties": []},
    {"value": []},
    {"error": {"code": "X", "message": "y"}},
)


TOKENS = {
    "@deep": b"[" * 60 + b"]" * 60,
    "@deeper": b'{"a":' * 101 + b"1" + b"}" * 101,
    "@deepest": b"[" * 600 + b"]" * 600,
    "@bottomless": b"[" * 100_000 + b"]" * 100_000,
    "@nan": b"NaN",
    "@infinite": b"-Infinity",
    "@huge": b"1e999",
    "@digits": b"9" * 5000,
    "@fraction": b"0." + b"1" * 5000,
    "@twice": b'{"id":"/a","id":"/b"}',
    "@lone": b'"\\ud83d"',
    "@long": b'"' + b"a" * 20_000 + b'"',
    "@tokens": b'"' + b"eyJ-" * 5000 + b'"',
    "@many": b"[" + b"{}," * 20_000 + b"{}]",
}
"""What Python's own writer of JSON would not write; a text of this name stands for it until then."""


def often(examples: int) -> settings:
    """How many examples of a property CI looks at; without deadlines, since examples differ in size."""
    return settings(
        deadline=None, max_examples=examples * TIMES, derandomize=REPEATS, suppress_health_check=list(HealthCheck)
    )


texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=20))
values = st.one_of(
    st.sampled_from(ODD_VALUES),
    texts,
    st.sampled_from(list(TOKENS)),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)


def _flip(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    bit = 1 << draw(st.integers(0, 7))
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]


def _cut(data: bytes, _: st.DrawFn, place: int) -> bytes:
    return data[:place]


def _drop(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    return data[:place] + data[place + draw(st.integers(1, 400)) :]


def _double(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    end = place + draw(st.integers(1, 400))
    return data[:end] + data[place:end] + data[end:]


def _splice(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    start = draw(st.integers(0, len(data)))
    return data[:place] + data[start : start + draw(st.integers(1, 400))] + data[place:]


def _swap(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    size = draw(st.integers(1, 200))
    middle = place + size
    return data[:place] + data[middle : middle + size] + data[place:middle] + data[middle + size :]


def _insert(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    return data[:place] + draw(st.sampled_from(ODD_BYTES)) + data[place:]


def _overwrite(data: bytes, draw: st.DrawFn, place: int) -> bytes:
    odd = draw(st.one_of(st.binary(max_size=8), st.sampled_from(ODD_BYTES)))
    return data[:place] + odd + data[place + len(odd) :]


def _recode(data: bytes, draw: st.DrawFn, _: int) -> bytes:
    encoding = draw(st.sampled_from(("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "utf-7")))
    return data.decode("utf-8", "replace").encode(encoding, "replace")


_TEARS: Sequence[Callable[[bytes, st.DrawFn, int], bytes]] = (
    *(_flip, _cut, _drop, _double, _splice, _swap, _insert, _overwrite),
    _recode,
)


@st.composite
def torn(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes of which up to four places are not as they were."""
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            return data
        place = draw(st.integers(0, len(data) - 1))
        data = draw(st.sampled_from(_TEARS))(data, draw, place)
    return data


def _spoil(draw: st.DrawFn, place: Any, key: Any) -> None:
    how = draw(st.integers(0, 5))
    if how == 0:
        del place[key]
    elif how == 1 and isinstance(place[key], str):
        word, at = place[key], draw(st.integers(0, len(place[key])))
        place[key] = word[:at] + draw(texts) + word[at:]
    elif how == 2 and isinstance(place, dict):
        place[draw(st.sampled_from(ODD_KEYS))] = draw(st.one_of(st.just(place[key]), values))
    elif how == 3 and isinstance(place[key], list):
        place[key] = place[key] * draw(st.integers(2, 40))
    else:
        place[key] = copy.deepcopy(draw(values))


@st.composite
def spoiled(draw: st.DrawFn, document: Any, below: tuple[str, ...] = ()) -> Any:
    """A document of which up to five parts, all below one path, say something else."""
    found = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 5))):
        places = [path for path in paths(found) if path[: len(below)] == below and len(path) > len(below)]
        if not places:
            break
        path = draw(st.sampled_from(places))
        place = found
        for key in path[:-1]:
            place = place[key]
        _spoil(draw, place, path[-1])
    return found


@st.composite
def written(draw: st.DrawFn, document: Any) -> bytes:
    """A document that is spoiled, and then perhaps torn, as bytes."""
    found = json.dumps(draw(spoiled(document))).encode()
    for name, token in TOKENS.items():
        found = found.replace(f'"{name}"'.encode(), token)
    return draw(torn(found)) if draw(st.integers(0, 3)) == 0 else found
