"""Where the commands run: a warm az, a local Azure with one cluster, and the records of that az."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.armsim.arm import Arm, Request
from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before, Faults
from tests.builders import Shop
from tests.e2e.faults.commands import Command

OURS = {"team": "shop"}
"""The tags of the cluster, which each update carries along: so one that is stale takes back what was written since."""
THEIRS = {**OURS, "owner": "somebody-else"}
"""The tags that somebody else writes."""
_VOLATILE = ("eTag", "provisioningState", "effectiveOutboundIPs", "tags")
_API_VERSION = {"api-version": "2026-06-01"}
Records = dict[str, bytes]
"""The files in the folder of the records, by name."""


@dataclass(frozen=True)
class Clean:
    """How a command ends when nothing goes wrong, and how the cluster is configured then."""

    result: Result
    journal: list[Request]
    goal: Any


class Scene:
    """One cluster before and after a command, on a copy of the estate."""

    def __init__(self, az: Az, shop: Shop, records: Records) -> None:
        self.az = az
        self.shop = shop
        self.records = records
        self.origin = configuration(shop.document)
        self.tags = copy.deepcopy(shop.document.get("tags"))
        self.at_the_update: list[Records] = []
        """The records that are new, as they were when each PUT came in."""
        self._furnish()
        self.arm.fault("PUT", "/managedClusters/", Before(self._note), times=99)

    @property
    def arm(self) -> Arm:
        return self.shop.arm

    @property
    def folder(self) -> Path:
        return self.az.folder / "azure" / "aksegress"

    @property
    def configured(self) -> Any:
        """How the cluster is configured now; tags are compared by themselves."""
        return configuration(self.shop.document)

    def run(self, command: Command) -> Result:
        self.open()
        return self.az(*command.words)

    def open(self) -> None:
        """Let the local Azure be the one of this scene."""
        self.az.azure.arm = self.arm

    @property
    def applied(self) -> int:
        """How many updates Azure carried out."""
        return sum(request.method == "PUT" and request.applied for request in self.arm.journal)

    def change(self) -> None:
        """Somebody else writes the cluster's tags, unless Azure is at work on it: then it refuses them, as us."""
        request = Request("PATCH", self.shop.document["id"], _API_VERSION, {}, {"tags": THEIRS})
        if self.arm.handle(request).status == 200:
            self.tags = THEIRS

    def pass_time(self) -> None:
        """Nothing goes wrong any more, and Azure ends what it began, which it does in a few looks."""
        self.arm.faults = Faults()
        for _ in range(9):
            self.arm.handle(Request("GET", self.shop.document["id"], _API_VERSION, {}))

    def new_records(self) -> Records:
        """The records that were not there, or not so, when the scene was set."""
        return {name: text for name, text in self.files().items() if self.records.get(name) != text}

    def files(self) -> Records:
        """All whole files in the folder of the records; what a killed process left half done begins with a dot."""
        found = self.folder.glob("[!.]*") if self.folder.exists() else ()
        return {path.name: path.read_bytes() for path in found}

    def _note(self) -> None:
        self.at_the_update.append(self.new_records())

    def _furnish(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for path in self.folder.iterdir():
            path.unlink()
        for name, text in self.records.items():
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_bytes(text)


class Stage:
    """Sets scenes, and knows how each command ends when nothing goes wrong."""

    def __init__(self, az: Az) -> None:
        self.az = az
        self._starts: dict[tuple[Command, ...], tuple[Shop, Records]] = {(): (whole(), {})}
        self._clean: dict[Command, Clean] = {}
        self._nodes_said: dict[Command, str] = {}
        """What nodes print when they are asked: it is worked out once, by a real shell; the faults are on the way."""

    def scene(self, command: Command) -> Scene:
        """What is there when a command starts: what those before it left."""
        shop, records = self._start(command.after)
        scene = Scene(self.az, copy.deepcopy(shop), records)
        said = self._nodes_said.get(command)
        if said:
            scene.arm.node.answers = lambda script: _in_this_run(said, script)
        return scene

    def clean(self, command: Command) -> Clean:
        if command not in self._clean:
            scene = self.scene(command)
            result = _well(command, scene.run(command))
            self._clean[command] = Clean(result, list(scene.arm.journal), scene.configured)
            for ran in scene.arm.node.scripts:
                self._nodes_said[command] = ran.output.result().out.decode()
        return self._clean[command]

    def _start(self, after: tuple[Command, ...]) -> tuple[Shop, Records]:
        if after not in self._starts:
            shop, records = self._start(after[:-1])
            scene = Scene(self.az, copy.deepcopy(shop), records)
            _well(after[-1], scene.run(after[-1]))
            scene.shop.arm = Arm(scene.shop.estate)
            self._starts[after] = (scene.shop, scene.files())
        return self._starts[after]


def whole() -> Shop:
    """A cluster that can go where the suite moves it, and of which everything can be read."""
    shop = Shop.byo().gated()
    shop.document["tags"] = dict(OURS)
    shop.estate.feature("Microsoft.ContainerService", "NetworkIsolatedClusterPreview")
    return shop


def _well(command: Command, result: Result) -> Result:
    if result.code:
        raise RuntimeError(f"{command.title} ends with {result.code} by itself:\n{result.out}\n{result.err}")
    return result


def configuration(document: Any) -> Any:
    """What somebody chose of a cluster; what Azure makes and changes by itself, and tags, are left out."""
    if isinstance(document, dict):
        return {key: configuration(value) for key, value in document.items() if key not in _VOLATILE}
    return [configuration(row) for row in document] if isinstance(document, list) else document


def _in_this_run(said: str, script: str) -> str:
    """What a script of an earlier run printed, with the word by which this run knows its own answer."""
    then, now = (re.search(r"aksegress begin (\w+)", text) for text in (said, script))
    return said.replace(then[1], now[1]) if then and now else said


def steps(record: bytes) -> list[str]:
    """The events of a record, in their order; raises ValueError when it is no whole JSON."""
    return [step["event"] for step in json.loads(record)["steps"]]
