"""The part of Resource Graph's query language that the local Azure understands; the rest is refused, never guessed.

Tables `Resources` and `ResourceContainers`, and the stages where, project, project-away, extend, order by, distinct,
limit, take, count and mv-expand.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Callable, FrozenSet, Hashable, Iterator, Optional, Tuple

from tests.armsim.messages import Json

Expression = Callable[[Json], Any]
Filter = Tuple[Expression, Optional[FrozenSet[str]]]
"""A condition, and the types in lower case that alone can fulfil it, where it says so."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)"""
    r"""|(?P<word>!?[A-Za-z_$][\w-]*~?)|(?P<sign>=~|!~|==|!=|<=|>=|[<>=(),.\[\]|]))"""
)
_END = ("end", "")


@dataclass(frozen=True)
class _Constant:
    """The same for every row."""

    value: Any

    def __call__(self, _: Json) -> Any:
        return self.value


class NotUnderstood(Exception):
    """A query with something in it that the local Azure does not know."""


def _tokens(query: str) -> Iterator[tuple[str, str]]:
    query = "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("//"))
    query, position = query.rstrip(), 0
    while position < len(query):
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
_LOWER: dict[str, Callable[[Any], Callable[[Any], bool]]] = {
    "=~": lambda b: lambda a: str(a).lower() == b,
    "!~": lambda b: lambda a: str(a).lower() != b,
}
"""Comparisons with a constant in lower case, without the work for each row that the constant would be."""
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
        self._tokens = [*_tokens(query), _END]
        self._at = 0
        self.expansions = 0
        """How many mv-expand there have been."""

    @property
    def next(self) -> str:
        """The next token as it is written, in lower case."""
        kind, text = self._tokens[self._at]
        return "" if kind == "text" else text.lower()

    @property
    def done(self) -> bool:
        return self._tokens[self._at] == _END

    def take(self, *wanted: str) -> str:
        kind, text = self._tokens[self._at]
        if kind == "end" or (wanted and self.next not in wanted):
            raise NotUnderstood(f"'{text}' where {' or '.join(wanted) or 'more'} should be")
        self._at += 1
        return text

    def accept(self, *wanted: str) -> bool:
        if self.next in wanted and self.next:
            self.take()
            return True
        return False

    def word(self) -> str:
        if self._tokens[self._at][0] != "word":
            raise NotUnderstood(f"'{self._tokens[self._at][1]}' where a name should be")
        return self.take()

    def number(self) -> int:
        if self._tokens[self._at][0] != "number":
            raise NotUnderstood(f"'{self._tokens[self._at][1]}' where a number should be")
        return int(self.take())

    def several(self, read: Callable[[], Any]) -> list[Any]:
        found = [read()]
        while self.accept(","):
            found.append(read())
        return found

    def column(self) -> tuple[str, Expression]:
        """`name = expression`, or a path: `properties.a.b` is then called properties_a_b, as in Azure."""
        if self._tokens[self._at][0] == "word" and self._tokens[self._at + 1][1] == "=":
            name = self.word()
            self.take("=")
            return name, self.condition()
        before = self._at
        value = self.condition()
        written = self._tokens[before : self._at]
        if any(kind != "word" and text != "." for kind, text in written):
            raise NotUnderstood("a column that needs a name")
        return "_".join(text for kind, text in written if kind == "word"), value

    def accept_stage(self, name: str) -> bool:
        """Go past `| name`, where that comes next."""
        if self.next == "|" and self._tokens[self._at + 1][1].lower() == name:
            self._at += 2
            return True
        return False

    def condition(self) -> Expression:
        """`or` of `and` of comparisons."""
        return self.filter()[0]

    def filter(self) -> Filter:
        """A condition, and the types to which it narrows the rows."""
        terms = [self._all()]
        while self.accept("or"):
            terms.append(self._all())
        if len(terms) == 1:
            return terms[0]
        tests = [test for test, _ in terms]
        known = [kinds for _, kinds in terms if kinds is not None]
        every = frozenset().union(*known) if len(known) == len(terms) else None
        return lambda row: any(test(row) for test in tests), every

    def _all(self) -> Filter:
        terms = [self._comparison()]
        while self.accept("and"):
            terms.append(self._comparison())
        if len(terms) == 1:
            return terms[0]
        tests = [test for test, _ in terms]
        known = [kinds for _, kinds in terms if kinds is not None]
        common = frozenset.intersection(*known) if known else None
        return lambda row: all(test(row) for test in tests), common

    def _comparison(self) -> Filter:
        of_type = self.next == "type"
        if self.next == "(":
            self.take()
            inner = self.filter()
            self.take(")")
            return inner if self.next not in (*_AMONG, *_COMPARE) else self._compared(inner[0], of_type=False)
        return self._compared(self._value(), of_type and self.next not in (".", "["))

    def _compared(self, left: Expression, of_type: bool) -> Filter:
        operator = self.next
        if operator in _AMONG:
            self.take()
            self.take("(")
            rows = self.several(self._value)
            self.take(")")
            return _among(operator, left, rows), _kinds(operator, rows, of_type)
        if operator in _COMPARE:
            self.take()
            right = self._value()
            return _compare(operator, left, right), _kinds(operator, [right], of_type)
        return left, None

    def _value(self) -> Expression:
        kind, text = self._tokens[self._at]
        if self.accept("("):
            inner = self.condition()
            self.take(")")
            return inner
        if kind in ("text", "number"):
            self.take()
            constant = text[1:-1].replace("\\'", "'") if kind == "text" else float(text) if "." in text else int(text)
            return _Constant(constant)
        name = self.word()
        if name.lower() in _CONSTANTS:
            return _Constant(_CONSTANTS[name.lower()])
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
            keys.append(self.number() if self._tokens[self._at][0] == "number" else self.take()[1:-1])
            self.take("]")

        if not keys[1:]:
            return lambda row: row.get(name)

        def value(row: Json) -> Any:
            found: Any = row
            for key in keys:
                found = _item(found, key)
            return found

        return value


def _kinds(operator: str, rows: list[Expression], of_type: bool) -> frozenset[str] | None:
    """The types that a comparison of `type` with constants leaves."""
    if not of_type or operator not in ("==", "=~", "in", "in~"):
        return None
    texts = [row.value for row in rows if isinstance(row, _Constant)]
    return frozenset(str(text).lower() for text in texts) if len(texts) == len(rows) else None


def _among(operator: str, left: Expression, rows: list[Expression]) -> Expression:
    """Constants, of which there may be thousands, are looked up in a set."""
    constants = [row.value for row in rows if isinstance(row, _Constant)]
    if len(constants) < len(rows):
        among = _AMONG[operator]
        return lambda row: among(left(row), [value(row) for value in rows])
    wanted = not operator.startswith("!")
    if operator.endswith("~"):
        lower = {str(constant).lower() for constant in constants}
        return lambda row: (str(left(row)).lower() in lower) == wanted
    known = set(constants)

    def is_known(row: Json) -> bool:
        found = left(row)
        return (isinstance(found, Hashable) and found in known) == wanted

    return is_known


def _compare(operator: str, left: Expression, right: Expression) -> Expression:
    if isinstance(right, _Constant) and operator in _LOWER:
        test = _LOWER[operator](str(right.value).lower())
        return lambda row: test(left(row))
    compare = _COMPARE[operator]
    return lambda row: compare(left(row), right(row))


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None
