"""What comes in and what goes out: requests, answers, and the two envelopes of a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable

Json = Dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One line of the journal; `applied` says whether it did what it asked for, whatever the caller heard of it, and
    `after` how many answers had gone out when it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    status: int = 0
    fault: str = ""
    applied: bool = True
    after: int = 0


@dataclass
class Answer:
    """What goes back; `body` is JSON, or text or bytes that go out as they are, text as HTML.

    `cut` says how the connection ends where it does not end well: "reset" before any answer, or "half" way through it.
    `then` is called once an answer that is not cut is on the wire. `pieces` makes the body of an answer that is no JSON
    and no text: bytes that go out one after the other, each after `pause` seconds, as long as somebody listens.
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0
    cut: str = ""
    fault: str = ""
    applied: bool = False
    then: Callable[[], object] | None = None
    pieces: Callable[[], Iterable[bytes]] | None = None
    pause: float = 0

    @property
    def heard(self) -> int:
        """The status that the caller gets to see: none after a reset."""
        return 0 if self.cut == "reset" else self.status


class Refusal(Exception):
    """An error as ARM itself answers it, or as AKS does, whose envelope is bare."""

    def __init__(self, status: int, code: str, message: str, by_arm: bool = True, **more: Any) -> None:
        super().__init__(message)
        error = {"code": code, "message": message, **more}
        bare = {"code": code, "details": None, "message": message, "subcode": "", **more}
        self.answer = Answer({"error": error} if by_arm else bare, status)
