"""Measured numbers: their medians, the goal beside each, and the table that a person reads. No clock, no process."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Sequence

MET, MISSED = "met", "**missed**"


@dataclass(frozen=True)
class Goal:
    """The most, or with `at_least` the least, that a number may be."""

    limit: float
    at_least: bool = False

    def verdict(self, number: float) -> str:
        """Whether a number is within the goal; a number that lies on it is."""
        return MET if (number >= self.limit if self.at_least else number <= self.limit) else MISSED


@dataclass(frozen=True)
class Measure:
    """One line of the table: what was measured, in which unit, and what it should be."""

    what: str
    number: float
    unit: str
    goal: Goal | None = None
    detail: str = ""

    def cells(self) -> tuple[str, ...]:
        """The line, cell by cell."""
        goal, verdict = "", ""
        if self.goal:
            goal = f"{'≥' if self.goal.at_least else '≤'} {amount(self.goal.limit, self.unit)}"
            verdict = self.goal.verdict(self.number)
        return self.what, amount(self.number, self.unit), goal, verdict, self.detail


HEADINGS = ("", "measured", "goal", "", "of which")


def amount(number: float, unit: str) -> str:
    """A number as it is read: seconds and ratios with two digits, all else whole."""
    text = f"{number:.2f}" if unit in ("s", "×") else f"{number:,.0f}"
    return f"{text} {unit}".strip()


def typical(times: Sequence[float]) -> float:
    """The median, which a machine that is busy for a moment does not move; raises StatisticsError without numbers."""
    return median(times)


def pairwise(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbours: what slows the machine slows both of a pair."""
    return typical([one / other for one, other in zip(ours, theirs)])


def difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the differences of neighbours, in the unit of both."""
    return typical([one - other for one, other in zip(ours, theirs)])


def growth(small: tuple[int, float], large: tuple[int, float]) -> float:
    """How much more one thing costs among many than among few: 1 is linear, less is better. Each is (count, time)."""
    return (large[1] / large[0]) / (small[1] / small[0])


def table(measures: Sequence[Measure]) -> str:
    """A table in Markdown; the column of what a number is made of is left out where no line has any."""
    rows = [HEADINGS, *(measure.cells() for measure in measures)]
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---|" + "---:|" * 2 + "---|" * (len(rows[0]) - 3), *lines[1:]])
