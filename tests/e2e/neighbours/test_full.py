"""A full disk, and one that cannot be written: nothing is sent, or what was sent is followed and told to its end."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.armsim.cli import Az, Result
from tests.armsim.faults import Before
from tests.builders import Shop
from tests.e2e.neighbours.conftest import MOUNTS, Serve, World

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, UDR = "loadBalancer", "userDefinedRouting"
ANY = re.compile(".*")
LOST = "the record cannot be written any more (No space left on device)"


def migrate(az: Az, folder: Path) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes", "--record-dir", str(folder))


def stored_type(shop: Shop) -> str:
    found: str = shop.document["properties"]["networkProfile"]["outboundType"]
    return found


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small").mkdir()
    return tmp_path / "small"


def mounted(folder: Path, options: str) -> str:
    return f'mount -t tmpfs -o {options} none "{folder}"'


@pytest.mark.parametrize("options", ["size=4k", "size=1m,nr_inodes=1"], ids=["no-space", "no-inode"])
def test_where_no_record_fits_nothing_is_sent(world: World, serve: Serve, small: Path, options: str) -> None:
    arm = serve(Shop.byo().routed())
    result = migrate(world(mounted(small, options), unshare=MOUNTS), small)
    assert (result.code, arm.writes) == (1, []), result.err
    assert "cannot be written (No space left on device), so nothing was sent" in result.err


def test_on_a_read_only_file_system_nothing_is_sent(world: World, serve: Serve, small: Path) -> None:
    arm = serve(Shop.byo().routed())
    result = migrate(world(mounted(small, "ro"), unshare=MOUNTS), small / "new")
    assert (result.code, arm.writes) == (1, []), result.err
    assert "Read-only file system" in result.err


class Filler:
    """Fills the disk in another world as soon as the record there ends with an event."""

    def __init__(self, folder: Path, pid_file: Path, event: str) -> None:
        self._folder, self._pid_file, self._event = folder, pid_file, event

    def __call__(self) -> None:
        folder = Path(f"/proc/{self._pid_file.read_text().strip()}/root") / self._folder.relative_to("/")
        records = list(folder.glob("*.json"))
        if records and events(records[0])[-1] == self._event and not (folder / "filler").exists():
            with suppress(OSError), (folder / "filler").open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))


def events(record: Path) -> list[str]:
    return [step["event"] for step in json.loads(record.read_text())["steps"]]


@pytest.mark.parametrize("kept", [["sending"], ["sending", "accepted"], ["sending", "accepted", "succeeded"]])
def test_a_disk_that_fills_up_on_the_way_keeps_nobody_from_going_on_or_back(
    az: Az, world: World, serve: Serve, small: Path, tmp_path: Path, kept: list[str]
) -> None:
    shop = Shop.byo().routed()
    arm = serve(shop)
    pid, left = tmp_path / "pid", tmp_path / "left"
    arm.fault("*", ANY, Before(Filler(small, pid, kept[-1])), times=999)
    full = world(f'echo $$ > "{pid}"', mounted(small, "size=1m"), unshare=MOUNTS, end=f'cp -a "{small}" "{left}"')

    result = migrate(full, small)

    assert (result.code, result.json["outcome"], stored_type(shop)) == (0, "applied", UDR), result.err
    assert LOST in result.err
    (record,) = [found for found in left.iterdir() if found.name != "filler"]
    assert events(record) == kept
    words = ("--record", str(record), "--record-dir", str(tmp_path / "elsewhere"))
    back = az("aks", "egress", "rollback", *CLUSTER, "--yes", *words)
    assert (back.code, stored_type(shop)) == (0, LB), back.err


def test_a_full_disk_keeps_no_half_a_plan(world: World, serve: Serve, small: Path, tmp_path: Path) -> None:
    serve(Shop.byo().routed())
    full = world(mounted(small, "size=4k"), unshare=MOUNTS, end=f'ls -A "{small}" >&2')
    plan = small / "plan.json"
    result = full("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--dry-run", "--out", str(plan))
    assert result.code == 1
    assert f"{plan} cannot be used: No space left on device" in result.err
    assert "aksegress" not in result.err.rpartition("No space left")[2]


def sealed(folder: Path) -> str:
    return f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}"'


@pytest.mark.parametrize("words", [("list-paths",), ("check", *CLUSTER, "--to", UDR), ("show", *CLUSTER)])
def test_what_writes_nothing_needs_no_disk(world: World, serve: Serve, az: Az, words: tuple[str, ...]) -> None:
    serve(Shop.byo().routed())
    own_log = "export AZURE_LOGGING_ENABLE_LOG_FILE=no"  # without which az itself runs nowhere else
    result = world(own_log, sealed(az.folder), unshare=MOUNTS)("aks", "egress", *words)
    assert result.code == 0, result.err
    assert result.json


def test_records_on_a_read_only_file_system_are_read_and_none_is_added(
    world: World, serve: Serve, az: Az, tmp_path: Path
) -> None:
    arm = serve(Shop.byo().routed())
    folder = tmp_path / "records"
    assert migrate(az, folder).code == 0
    there = world(sealed(folder), unshare=MOUNTS)
    assert there("aks", "egress", "verify", *CLUSTER, "--record-dir", str(folder)).code == 0
    back = there("aks", "egress", "rollback", *CLUSTER, "--yes", "--record-dir", str(folder))
    assert (back.code, len(arm.writes)) == (1, 1)
    assert "(Read-only file system), so nothing was sent" in back.err
