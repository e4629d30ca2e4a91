from __future__ import annotations

import json

import pytest

from azext_aksegress import strictjson
from azext_aksegress.files import DEEPEST


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("value", [None, True, 7, -1.5e3, "", "é\u0000\n", [], {}, {"a": [{"b": None}]}, "\U0001f600"])
def test_what_json_says_is_read_as_it_is(value: object) -> None:
    for ascii_only in (True, False):
        assert strictjson.loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert strictjson.loads(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[1,]", b"{'a': 1}", b"<html>", b"[1] [2]", b"// x\n1", b"+1", b"01", b'"a\nb"'),
        *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"[" + b"9" * 101 + b"]", b"0." + b"1" * 100),
        *(b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "a": 2}}]', b'{"a": 1, "\\u0061": 2}'),
        *(
            b'"\\ud800"',
            b'"\\udc00"',
            b'{"\\uD800": 1}',
            b'"\\ude00\\ud83d"',
            b'"\xed\xa0\x80"',
            b'"\xff"',
            b'"\xc0\xaf"',
        ),
    ],
)
def test_what_is_no_json_or_says_two_things_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        strictjson.loads(content)


def test_it_goes_as_deep_as_an_answer_may_and_no_deeper() -> None:
    assert strictjson.loads(nested(strictjson.DEEPEST))
    for levels in (strictjson.DEEPEST + 1, 1_000, 100_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            strictjson.loads(nested(levels))


def test_objects_count_as_levels_as_lists_do() -> None:
    levels = strictjson.DEEPEST + 1
    with pytest.raises(ValueError, match="nested too deeply"):
        strictjson.loads(b'{"a":' * levels + b"1" + b"}" * levels)


def test_a_file_that_holds_answers_may_be_deeper_than_they_are() -> None:
    assert strictjson.DEEPEST + 10 <= DEEPEST


@pytest.mark.parametrize("part", [b"{}", b"[]", b"0"])
def test_small_parts_without_end_are_refused_before_they_are_made(part: bytes) -> None:
    with pytest.raises(ValueError, match="parts"):
        strictjson.loads(b"[" + b",".join([part] * (strictjson.MOST_PARTS + 1)) + b"]")
