from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_aksegress import owners
from azext_aksegress.owners import NotOurs

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such owners and modes")
ME, SOMEBODY = 1000, 1001
MY_GROUP, ROOTS_GROUP, USERS, NAMELESS = 1000, 0, 100, 4242
USERS_BY_ID = {0: "root", ME: "me", SOMEBODY: "bob"}
GROUPS = {
    MY_GROUP: SimpleNamespace(gr_name="me", gr_mem=[]),
    ROOTS_GROUP: SimpleNamespace(gr_name="root", gr_mem=[]),
    USERS: SimpleNamespace(gr_name="users", gr_mem=[]),
}


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """A machine of which we are the user "me", and its groups by id."""
    groups = dict(GROUPS)
    monkeypatch.setattr(owners.os, "geteuid", lambda: ME)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: SimpleNamespace(pw_name=USERS_BY_ID[uid]))
    monkeypatch.setattr("grp.getgrgid", groups.__getitem__)
    return groups


def status(mode: int, uid: int = ME, gid: int = MY_GROUP, kind: int = stat.S_IFREG) -> os.stat_result:
    return os.stat_result((kind | mode, 0, 0, 1, uid, gid, 0, 0, 0, 0))


@pytest.mark.usefixtures("machine")
class TestAFile:
    @pytest.mark.parametrize("uid", [ME, owners.ROOT])
    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
    def test_of_ours_or_roots_that_nobody_else_writes_is_believed(self, mode: int, uid: int) -> None:
        owners.require_file(status(mode, uid), "file")

    @pytest.mark.parametrize("mode", [0o600, 0o644])
    def test_of_somebody_else_is_not_and_the_error_names_him(self, mode: int) -> None:
        with pytest.raises(NotOurs) as raised:
            owners.require_file(status(mode, SOMEBODY), "file")
        assert (raised.value.strerror, raised.value.filename) == ("this file belongs to bob", "file")

    def test_of_a_user_without_a_name_is_told_by_number(self) -> None:
        with pytest.raises(NotOurs, match="belongs to user 7"):
            owners.require_file(status(0o600, 7), "file")

    @pytest.mark.parametrize("mode", [0o602, 0o666, 0o1666])
    def test_that_anybody_may_write_is_not(self, mode: int) -> None:
        with pytest.raises(NotOurs, match="others may write to this file"):
            owners.require_file(status(mode), "file")

    @pytest.mark.parametrize("gid", [MY_GROUP, ROOTS_GROUP])
    def test_that_a_group_of_one_may_write_is_believed(self, gid: int) -> None:
        owners.require_file(status(0o664, gid=gid), "file")

    @pytest.mark.parametrize("gid", [USERS, NAMELESS])
    def test_that_another_group_may_write_is_not(self, gid: int) -> None:
        with pytest.raises(NotOurs, match="others may write to this file"):
            owners.require_file(status(0o664, gid=gid), "file")

    def test_that_a_group_of_our_name_with_members_may_write_is_not(self, machine: dict[int, Any]) -> None:
        machine[MY_GROUP] = SimpleNamespace(gr_name="me", gr_mem=["me", "bob"])
        with pytest.raises(NotOurs):
            owners.require_file(status(0o664), "file")

    def test_is_told_with_the_command_that_adopts_it(self) -> None:
        with pytest.raises(NotOurs) as raised:
            owners.require_file(status(0o666), "my file")
        assert "`cp 'my file' COPY`" in raised.value.cure
        assert "to a folder of your own, such as your home" in raised.value.cure


def test_a_user_without_a_name_has_files_and_roots_group(
    machine: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owners.os, "geteuid", lambda: 54321)  # as in a container of OpenShift
    owners.require_file(status(0o664, 54321, ROOTS_GROUP), "file")
    with pytest.raises(NotOurs):
        owners.require_file(status(0o664, 54321, NAMELESS), "file")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir(mode=0o700)
    return tmp_path / "folder"


def turned_over(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Have a path be somebody else's, which root alone could do in truth."""
    real = {name: getattr(os, name) for name in ("stat", "lstat")}
    inode = os.lstat(path).st_ino

    def owned(name: str, found: str) -> os.stat_result:
        made = real[name](found)
        theirs = (*made[:4], SOMEBODY, SOMEBODY, *made[6:])
        return os.stat_result(theirs) if made.st_ino == inode else made

    for name in real:
        monkeypatch.setattr(owners.os, name, lambda found, name=name: owned(name, found))


class TestAFolder:
    @pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
    def test_in_which_nobody_else_takes_anything_away_serves(self, folder: Path, mode: int) -> None:
        folder.chmod(mode)
        owners.require_folder(str(folder))

    @pytest.mark.parametrize("mode", [0o777, 0o702])
    def test_in_which_others_may_does_not_and_how_to_mend_it_is_told(self, folder: Path, mode: int) -> None:
        folder.chmod(mode)
        with pytest.raises(NotOurs, match="others may write to this folder") as raised:
            owners.require_folder(str(folder))
        assert f"`chmod go-w {folder}`" in raised.value.cure

    @pytest.mark.parametrize("mode", [0o700, 0o1777])
    def test_of_somebody_else_does_not_and_is_not_to_be_mended(
        self, folder: Path, mode: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.chmod(mode)
        turned_over(monkeypatch, folder)
        with pytest.raises(NotOurs, match="this folder belongs to") as raised:
            owners.require_folder(str(folder))
        assert "chmod" not in raised.value.cure

    def test_is_judged_where_a_link_leads(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(folder)
        owners.require_folder(str(tmp_path / "link"))
        folder.chmod(0o777)
        with pytest.raises(NotOurs):
            owners.require_folder(str(tmp_path / "link"))

    def test_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            owners.require_folder(str(tmp_path / "none"))


class TestALink:
    def test_of_ours_is_followed_link_by_link(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "first").symlink_to("second")
        (tmp_path / "second").symlink_to(folder / "file")
        assert owners.followed(str(tmp_path / "first")) == str(folder / "file")

    def test_of_somebody_else_on_the_way_is_not(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "first").symlink_to("second")
        (tmp_path / "second").symlink_to(folder)
        turned_over(monkeypatch, tmp_path / "second")
        with pytest.raises(NotOurs, match="this link belongs to") as raised:
            owners.followed(str(tmp_path / "first"))
        assert raised.value.filename == str(tmp_path / "second")

    def test_to_itself_ends(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("link")
        with pytest.raises(OSError, match="symbolic links") as raised:
            owners.followed(str(tmp_path / "link"))
        assert raised.value.errno == errno.ELOOP
