"""Where commands are measured: a real az with the built wheel, and a local Azure that a benchmark furnishes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Iterator, Sequence

import certifi

from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import Estate
from tests.armsim.faults import Latency
from tests.armsim.server import LocalAzure

ROOT = Path(__file__).parent.parent
Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Weighed:
    """What a command took, and the JSON that it printed."""

    seconds: float
    megabytes: float
    rows: Any


class Stage:
    """Two az, one with the extension and one that never heard of it, signed in to the same local Azure."""

    def __init__(self, azure: LocalAzure, folder: Path) -> None:
        self._azure = azure
        self._folder = folder
        # az reads a list of all the authorities that the world trusts, and that takes its time
        azure.ca.write_bytes(azure.ca.read_bytes() + Path(certifi.where()).read_bytes())
        executable = Path(sys.executable).with_name("az")
        self.az, self.plain = (Az(executable, folder / name, azure) for name in ("with", "without"))
        self.az.sign_in()
        self.plain.sign_in()
        (wheel,) = (ROOT / "dist").glob("aksegress-*.whl")
        self.az.add_extension(wheel)

    def furnish(self, estate: Estate, latency: float = 0.0) -> Arm:
        """Have the local Azure answer for an estate, each answer so many seconds late."""
        self._azure.arm = arm = Arm(estate)
        if latency:
            arm.fault("*", "", Latency(latency), times=10**9)
        return arm

    def weighed(self, *words: str) -> Weighed:
        """Run az, and measure its time and its memory; raises RuntimeError where it fails."""
        weight, out = self._folder / "weight.json", self._folder / "out.json"
        weigh = [sys.executable, str(Path(__file__).with_name("weigh.py")), str(weight), str(self.az.executable)]
        with out.open("wb") as file:
            subprocess.run(
                [*weigh, *words],
                env=self.az.environment,
                cwd=self.az.folder,
                stdout=file,
                stderr=subprocess.DEVNULL,
                check=True,
            )
        found = json.loads(weight.read_text(encoding="utf-8"))
        if found["code"]:
            raise RuntimeError(f"az {' '.join(words)} ended with {found['code']}")
        rows = json.loads(out.read_text(encoding="utf-8"))
        return Weighed(found["seconds"], found["kilobytes"] * 1024 / 1e6, rows)


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage in a folder of its own, gone afterwards."""
    with TemporaryDirectory(prefix="aksegress-bench-") as folder, LocalAzure(Arm(), Path(folder)) as azure:
        yield Stage(azure, Path(folder))


def processor() -> float:
    """Seconds that processors worked for commands so far: what a busy machine blurs less than the time on the wall."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def interleaved(runs: Sequence[Run], rounds: int, clock: Clock = time.perf_counter) -> list[list[float]]:
    """Seconds of each run in each round: a, b, b, a, …, since a machine is never as fast twice.

    Every run is made once before that, unmeasured: Python compiles what it loads for the first time, and so on.
    """
    for run in runs:
        run()
    times: list[list[float]] = [[] for _ in runs]
    for number in range(rounds):
        order = range(len(runs)) if number % 2 == 0 else range(len(runs) - 1, -1, -1)
        for index in order:
            begun = clock()
            runs[index]()
            times[index].append(clock() - begun)
    return times
