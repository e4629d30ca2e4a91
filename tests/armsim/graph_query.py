"""The part of Resource Graph's query language that the local Azure understands; the rest is refused, never guessed.

Tables `Resources` and `ResourceContainers`, and the stages where, project, project-away, extend, order by, distinct,
limit, take, count and mv-expand.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Iterator

from tests.armsim.messages import Json

Expression = Callable[[Json], Any]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>!?[A-Za-z_$][\w-]*~?)|(?P<sign>=~|!~|==|!=|<=|>=|[<>=(),.\[\]|]))"""
)
_END = ("end", "")


class NotUnderstood(Exception):
    """A query with something in it that the local Azure does not know."""


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    query = "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("//"))
    position = 0
    while query[position:].strip():
        found = _TOKEN.match(query, position)
        if found is None:
            raise NotUnderstood(query[position : position + 20].strip())
        position = found.end()
        yield str(found.lastgroup), found[str(found.lastgroup)]


def _same(one: Any, other: Any) -> bool:
    return str(one).lower() == str(other).lower()


def _within(part: Any, whole: Any) -> bool:
    return whole is not None and str(part).lower() in text_of(whole).lower()


def text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "=~": _same,
    "!~": lambda a, b: not _same(a, b),
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
    "contains": lambda a, b: _within(b, a),
    "!contains": lambda a, b: not _within(b, a),
    "has": lambda a, b: re.search(rf"(?<![^\W_]){re.escape(str(b))}(?![^\W_])", text_of(a), re.I) is not None,
    "startswith": lambda a, b: text_of(a).lower().startswith(str(b).lower()),
    "endswith": lambda a, b: text_of(a).lower().endswith(str(b).lower()),
}
_AMONG: dict[str, Callable[[Any, list[Any]], bool]] = {
    "in": lambda a, rows: a in rows,
    "!in": lambda a, rows: a not in rows,
    "in~": lambda a, rows: any(_same(a, row) for row in rows),
    "!in~": lambda a, rows: not any(_same(a, row) for row in rows),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tostring": text_of,
    "tolower": lambda value: text_of(value).lower(),
    "toupper": lambda value: text_of(value).upper(),
    "isempty": lambda value: text_of(value) == "",
    "isnotempty": lambda value: text_of(value) != "",
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
    "tobool": lambda value: text_of(value).lower() == "true",
    "toint": lambda value: int(value) if text_of(value).lstrip("-").isdigit() else None,
    "not": lambda value: not value,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
}
_CONSTANTS = {"true": True, "false": False, "null": None}


class Parser:
    """A query, token by token; each expression becomes a function of a row."""

    def __init__(self, query: str) -> None:
        self._left = [*_tokens(query), _END]

    @property
    def next(self) -> str:
        """The next token as it is written, in lower case."""
        return "" if self._left[0][0] == "text" else self._left[0][1].lower()

    @property
    def done(self) -> bool:
        return self._left[0] == _END

    def take(self, *wanted: str) -> str:
        kind, text = self._left[0]
        if kind == "end" or (wanted and self.next not in wanted):
            raise NotUnderstood(f"'{text}' where {' or '.join(wanted) or 'more'} should be")
        del self._left[0]
        return text

    def accept(self, *wanted: str) -> bool:
        if self.next in wanted and self.next:
            self.take()
            return True
        return False

    def word(self) -> str:
        if self._left[0][0] != "word":
            raise NotUnderstood(f"'{self._left[0][1]}' where a name should be")
        return self.take()

    def number(self) -> int:
        if self._left[0][0] != "number":
            raise NotUnderstood(f"'{self._left[0][1]}' where a number should be")
        return int(self.take())

    def several(self, read: Callable[[], Any]) -> list[Any]:
        found = [read()]
        while self.accept(","):
            found.append(read())
        return found

    def column(self) -> tuple[str, Expression]:
        """`name = expression`, or a path: `properties.a.b` is then called properties_a_b, as in Azure."""
        if self._left[0][0] == "word" and self._left[1][1] == "=":
            name = self.word()
            self.take("=")
            return name, self.condition()
        before = list(self._left)
        value = self.condition()
        written = before[: len(before) - len(self._left)]
        if any(kind != "word" and text != "." for kind, text in written):
            raise NotUnderstood("a column that needs a name")
        return "_".join(text for kind, text in written if kind == "word"), value

    def condition(self) -> Expression:
        """`or` of `and` of comparisons."""
        terms = [self._all()]
        while self.accept("or"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else lambda row: any(term(row) for term in terms)

    def _all(self) -> Expression:
        terms = [self._comparison()]
        while self.accept("and"):
            terms.append(self._comparison())
        return terms[0] if len(terms) == 1 else lambda row: all(term(row) for term in terms)

    def _comparison(self) -> Expression:
        left = self._value()
        if self.next in _AMONG:
            among = _AMONG[self.take().lower()]
            self.take("(")
            rows = self.several(self._value)
            self.take(")")
            return lambda row: among(left(row), [value(row) for value in rows])
        if self.next in _COMPARE:
            compare = _COMPARE[self.take().lower()]
            right = self._value()
            return lambda row: compare(left(row), right(row))
        return left

    def _value(self) -> Expression:
        kind, text = self._left[0]
        if self.accept("("):
            inner = self.condition()
            self.take(")")
            return inner
        if kind in ("text", "number"):
            self.take()
            constant = text[1:-1].replace("\\'", "'") if kind == "text" else float(text) if "." in text else int(text)
            return lambda row: constant
        name = self.word()
        if name.lower() in _CONSTANTS:
            return lambda row: _CONSTANTS[name.lower()]
        return self._call(name) if self.accept("(") else self._path(name)

    def _call(self, name: str) -> Expression:
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise NotUnderstood(f"the function {name}")
        arguments = self.several(self.condition)
        self.take(")")
        return lambda row: function(*(argument(row) for argument in arguments))

    def _path(self, name: str) -> Expression:
        """`properties.networkProfile['outboundType']`, `zones[0]`; what is not there is null."""
        keys: list[Any] = [name]
        while self.next in (".", "["):
            if self.take() == ".":
                keys.append(self.word())
                continue
            keys.append(self.number() if self._left[0][0] == "number" else self.take()[1:-1])
            self.take("]")

        def value(row: Json) -> Any:
            found: Any = row
            for key in keys:
                found = _item(found, key)
            return found

        return value


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None
