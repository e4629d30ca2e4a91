"""Others on the same machine: what they wrote, or could have, is neither believed nor written to."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable

import pytest

from tests.armsim.arm import Arm
from tests.armsim.cli import Az, Result
from tests.builders import Shop
from tests.e2e.neighbours.conftest import Serve

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
LB, UDR = "loadBalancer", "userDefinedRouting"
SOMEBODY = 54321
READERS = [("verify",), ("rollback", "--yes")]


def egress(az: Az, *words: str) -> Result:
    command, *options = words
    return az("aks", "egress", command, *CLUSTER, *options)


def migrate(az: Az, folder: Path, *words: str) -> Result:
    return egress(az, "migrate", "--to", UDR, "--yes", "--record-dir", str(folder), *words)


def refused(result: Result, arm: Arm, *said: str, writes: int = 0) -> None:
    """It ended as an error that says this and how to go on, and nothing was sent."""
    assert (result.code, len(arm.writes)) == (1, writes), result.err
    assert [words for words in said if words not in result.err] == [], result.err
    assert "Traceback" not in result.err


def belongs_to_somebody(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)


def open_to_all(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


def open_to_a_group(path: Path) -> None:
    belongs = 100  # "users", where there is such a group: nobody's own
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to any group")
    os.chown(path, -1, belongs)
    path.chmod(path.stat().st_mode | 0o020)


Spoil = Callable[[Path], None]
SPOILS = [
    pytest.param(belongs_to_somebody, f"belongs to user {SOMEBODY}", id="somebody's"),
    pytest.param(open_to_all, "others may write to this", id="world-writable"),
    pytest.param(open_to_a_group, "others may write to this", id="group-writable"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "records"
    made.mkdir(mode=0o700)
    return made


@pytest.mark.parametrize(("spoil", "said"), SPOILS)
class TestAFolderOfRecords:
    def test_is_not_written_to(self, az: Az, serve: Serve, folder: Path, spoil: Spoil, said: str) -> None:
        arm = serve(Shop.byo().routed())
        spoil(folder)
        refused(migrate(az, folder), arm, said, "nothing was sent", "--record-dir")
        assert list(folder.iterdir()) == []

    @pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
    def test_is_not_read(
        self, az: Az, serve: Serve, folder: Path, spoil: Spoil, said: str, words: tuple[str, ...]
    ) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(az, folder).code == 0
        spoil(folder)
        refused(egress(az, *words, "--record-dir", str(folder)), arm, said, "--record-dir", writes=1)


def test_a_folder_that_is_not_believed_keeps_nobody_from_a_check(az: Az, serve: Serve) -> None:
    shop = Shop.byo().routed()
    own = shop.own_ip("pip-own", ipAddress="52.0.1.1")
    serve(shop)
    folder = az.folder / "azure" / "aksegress"
    folder.mkdir()
    open_to_all(folder)
    result = egress(az, "check", "--to", LB, "--lb-ips", own)
    assert (result.code, result.json["to"]) == (0, LB), result.err


class TestAFolderThatOthersAddTo:
    def test_is_good_where_nobody_takes_away_what_is_anothers(self, az: Az, serve: Serve, folder: Path) -> None:
        serve(Shop.byo().routed())
        folder.chmod(0o1777)
        assert migrate(az, folder).code == 0
        assert egress(az, "rollback", "--yes", "--record-dir", str(folder)).code == 0

    def test_holds_records_of_theirs_that_are_not_believed(self, az: Az, serve: Serve, folder: Path) -> None:
        arm = serve(Shop.byo().routed())
        folder.chmod(0o1777)
        ours = Path(migrate(az, folder).json["record"])
        theirs = folder / "aks-shop-29990101T000000000000Z.json"
        shutil.copy(ours, theirs)
        belongs_to_somebody(theirs)
        for words in READERS:
            refused(egress(az, *words, "--record-dir", str(folder)), arm, str(theirs), "belongs to user", writes=1)
        assert egress(az, "verify", "--record", str(ours)).code == 0

    def test_holds_links_of_theirs_that_are_not_followed(self, az: Az, serve: Serve, folder: Path) -> None:
        arm = serve(Shop.byo().routed())
        folder.chmod(0o1777)
        ours = Path(migrate(az, folder).json["record"])
        theirs = folder / "aks-shop-29990101T000000000000Z.json"
        theirs.symlink_to(ours)
        belongs_to_somebody(theirs)
        refused(egress(az, "verify", "--record-dir", str(folder)), arm, "this link belongs to user", writes=1)


class TestALinkToAFolder:
    def test_of_ours_is_followed(self, az: Az, serve: Serve, folder: Path, tmp_path: Path) -> None:
        serve(Shop.byo().routed())
        (tmp_path / "link").symlink_to(folder)
        result = migrate(az, tmp_path / "link")
        assert (result.code, len(list(folder.iterdir()))) == (0, 1), result.err
        assert egress(az, "rollback", "--yes", "--record-dir", str(tmp_path / "link")).code == 0

    def test_of_somebody_else_is_not(self, az: Az, serve: Serve, folder: Path, tmp_path: Path) -> None:
        arm = serve(Shop.byo().routed())
        (tmp_path / "link").symlink_to(folder)
        belongs_to_somebody(tmp_path / "link")
        refused(migrate(az, tmp_path / "link"), arm, "this link belongs to user", "nothing was sent")
        assert list(folder.iterdir()) == []

    def test_to_nowhere_is_told(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.byo().routed())
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        refused(migrate(az, tmp_path / "link"), arm, "nothing was sent")
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to(tmp_path / "link")
        refused(egress(az, "verify", "--record-dir", str(tmp_path / "link")), arm, "symbolic links")


@pytest.mark.parametrize(("spoil", "said"), SPOILS)
class TestAFileThatIsNamed:
    @pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
    def test_is_no_record_until_it_is_copied(
        self, az: Az, serve: Serve, folder: Path, spoil: Spoil, said: str, words: tuple[str, ...]
    ) -> None:
        arm = serve(Shop.byo().routed())
        record = Path(migrate(az, folder).json["record"])
        spoil(record)
        result = egress(az, *words, "--record", str(record), "--record-dir", str(folder / "new"))
        refused(result, arm, said, str(record), writes=1)
        copied = az.shell(pasted(result).replace("COPY", "mine.json"))
        assert copied.code == 0, copied.err
        mine = az.folder / "mine.json"
        mine.chmod(0o600)  # a copy has the mode of the other, less this user's umask, which these tests do not set
        assert egress(az, *words, "--record", str(mine), "--record-dir", str(folder / "new")).code == 0

    def test_is_no_plan(self, az: Az, serve: Serve, tmp_path: Path, spoil: Spoil, said: str) -> None:
        arm = serve(Shop.byo().routed())
        plan = tmp_path / "plan.json"
        assert egress(az, "migrate", "--to", UDR, "--dry-run", "--out", str(plan)).code == 0
        spoil(plan)
        arm.journal.clear()
        refused(az("aks", "egress", "migrate", "--plan", str(plan), "--yes"), arm, said, pasted_copy(plan))
        assert arm.journal == []

    def test_is_judged_as_a_snapshot_which_changes_nothing(
        self, az: Az, serve: Serve, tmp_path: Path, spoil: Spoil, said: str
    ) -> None:
        serve(Shop.byo().routed())
        snapshot = tmp_path / "snapshot.json"
        snapshot.write_text(az.must("aks", "egress", "show", *CLUSTER, "-o", "json").out)
        spoil(snapshot)
        assert az("aks", "egress", "check", "--snapshot", str(snapshot), "--to", UDR).code == 0


def pasted_copy(path: Path) -> str:
    return f"`cp {path} COPY`"


def pasted(result: Result) -> str:
    """The command in an error's cure."""
    return result.err.rpartition("`")[0].rpartition("`")[2]


class TestSavingAPlan:
    def test_is_not_done_through_somebody_elses_link(self, az: Az, serve: Serve, tmp_path: Path) -> None:
        arm = serve(Shop.byo().routed())
        mine = tmp_path / "mine"
        mine.write_text("mine")
        (tmp_path / "plan.json").symlink_to(mine)
        belongs_to_somebody(tmp_path / "plan.json")
        result = egress(az, "migrate", "--to", UDR, "--dry-run", "--out", str(tmp_path / "plan.json"))
        refused(result, arm, "this link belongs to user")
        assert mine.read_text() == "mine"


def make_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


class TestWhatIsNoFile:
    @pytest.mark.parametrize("make", [make_pipe, Path.mkdir], ids=["pipe", "folder"])
    def test_is_no_record(self, az: Az, serve: Serve, folder: Path, make: Spoil) -> None:
        arm = serve(Shop.byo().routed())
        assert migrate(az, folder).code == 0
        odd = folder / "aks-shop-29990101T000000000000Z.json"
        make(odd)
        for words in READERS:
            refused(egress(az, *words, "--record-dir", str(folder)), arm, f"{odd} cannot be used", writes=1)

    @pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev", "pipe"])
    def test_is_no_plan_and_no_snapshot(self, az: Az, serve: Serve, tmp_path: Path, path: str) -> None:
        arm = serve(Shop.byo().routed())
        make_pipe(tmp_path / "pipe")
        named = str(tmp_path / path)
        refused(az("aks", "egress", "migrate", "--plan", named, "--yes"), arm, f"{named} cannot be used")
        checked = az("aks", "egress", "check", "--snapshot", named, "--to", UDR)
        assert checked.code == 1
        assert named in checked.err


def test_a_snapshot_may_come_through_a_pipe(az: Az, serve: Serve, tmp_path: Path) -> None:
    serve(Shop.byo().routed())
    show = f"az aks egress show {' '.join(CLUSTER)} -o json"
    result = az.shell(f"{show} | az aks egress check --snapshot /dev/stdin --to {UDR}")
    assert (result.code, result.json["to"]) == (0, UDR), result.err


def test_a_snapshot_that_never_ends_is_told(az: Az) -> None:
    result = az.shell(f"yes '[' | az aks egress check --snapshot /dev/stdin --to {UDR}")
    assert result.code == 1
    assert "/dev/stdin is no snapshot: it is larger than" in result.err


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here, whose <(command) this is")
def test_a_snapshot_may_be_what_a_command_prints(az: Az, serve: Serve) -> None:
    serve(Shop.byo().routed())
    show = f"az aks egress show {' '.join(CLUSTER)} -o json"
    result = az.shell(f"bash -c 'az aks egress check --snapshot <({show}) --to {UDR}'")
    assert (result.code, result.json["to"]) == (0, UDR), result.err
