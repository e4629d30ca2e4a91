"""What it costs the commands that are not ours that the extension is installed.

Processor time is counted, since these commands only work: the difference is some milliseconds of hundreds, and
the time on the wall of a machine with other work varies by more than that.
"""

from __future__ import annotations

from functools import partial
from typing import Iterator

from benchmarks.estates import shop
from benchmarks.numbers import Goal, Measure, difference, typical
from benchmarks.stage import Stage, interleaved, processor

COMMANDS = (("version",), ("aks", "--help"), ("group", "list"))
ROUNDS = 20


def measure(stage: Stage) -> Iterator[Measure]:
    """Each command with the extension and without; raises RuntimeError where one fails."""
    stage.furnish(shop(1, 1))
    for words in COMMANDS:
        runs = [partial(stage.az.must, *words), partial(stage.plain.must, *words)]
        with_it, without = ([1000 * found for found in times] for times in interleaved(runs, ROUNDS, processor))
        detail = f"{typical(with_it):.0f} ms against {typical(without):.0f} ms"
        yield Measure(f"`az {' '.join(words)}`, longer with it", difference(with_it, without), "ms", Goal(10), detail)
