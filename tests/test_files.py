from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path
from typing import Callable

import pytest

from azext_aksegress import files
from azext_aksegress.owners import NotOurs


def test_a_file_is_for_its_owner_alone_also_where_an_older_one_was_not(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text("older")
    file.chmod(0o644)
    files.write(str(file), {"a": 1})
    assert (json.loads(file.read_text()), stat.S_IMODE(file.stat().st_mode)) == ({"a": 1}, 0o600)


def test_a_new_file_is_opened_as_bytes_where_that_makes_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary, really, seen = 1 << 40, os.open, []

    def opened(path: str, flags: int, mode: int = 0o777) -> int:
        seen.append(flags & binary)
        return really(path, flags & ~binary, mode)

    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)  # of Windows alone
    monkeypatch.setattr(files.os, "open", opened)
    files.create(str(tmp_path / "file.json"), {})
    assert seen[0] == binary


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "file.json")
    files.write(str(tmp_path / "link.json"), [])
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "file.json").read_text() == "[]\n"


def test_what_cannot_be_written_leaves_the_older_file_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text("older")
    with pytest.raises(TypeError):
        files.write(str(file), {"a": object()})
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [("file.json", "older")]


@pytest.mark.parametrize("name", ["", "none/file.json", "pipe"])
def test_the_error_names_the_path(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = os.path.join(str(tmp_path), name)
    with pytest.raises(OSError, match=r"\w") as raised:
        files.write(path, {})
    assert raised.value.filename == path
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_content_and_name_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(files.os, "fsync", lambda handle: synced.append(stat.S_ISDIR(os.fstat(handle).st_mode)))
    files.write(str(tmp_path / "file.json"), {})
    assert synced == [False, True]


@pytest.mark.parametrize(
    "text", ["", "{", '{"a": NaN}', '{"a": 1e999}', "[" * 50_000, "[" * 500 + "]" * 500, "\xff\xfe\x00"]
)
def test_what_is_no_json_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"it is|it has|is no JSON"):
        files.read(str(tmp_path / "file.json"))


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 3)
    (tmp_path / "file.json").write_text("[   ]")
    with pytest.raises(ValueError, match="larger than 3 bytes"):
        files.read(str(tmp_path / "file.json"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_powershell_wrote_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "file.json").write_text('{"a": "é"}', encoding=encoding)
    assert files.read(str(tmp_path / "file.json")) == {"a": "é"}


class TestCreating:
    def test_a_file_is_made_for_its_owner_alone_and_nothing_beside_it(self, tmp_path: Path) -> None:
        files.create(str(tmp_path / "file.json"), {"a": 1})
        (made,) = tmp_path.iterdir()
        assert (json.loads(made.read_text()), stat.S_IMODE(made.stat().st_mode)) == ({"a": 1}, 0o600)

    def test_one_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "file.json").write_text("older")
        with pytest.raises(FileExistsError):
            files.create(str(tmp_path / "file.json"), {})
        assert [found.read_text() for found in tmp_path.iterdir()] == ["older"]

    def test_a_link_to_nowhere_is_there_too(self, tmp_path: Path) -> None:
        (tmp_path / "file.json").symlink_to(tmp_path / "nowhere")
        with pytest.raises(FileExistsError):
            files.create(str(tmp_path / "file.json"), {})
        assert [found.name for found in tmp_path.iterdir()] == ["file.json"]

    def test_one_that_another_process_is_about_to_make_is_left_to_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, replace = str(tmp_path / "file.json"), os.replace

        def meanwhile(old: str, new: str) -> None:
            with pytest.raises(FileExistsError):
                files.create(path, "second")
            replace(old, new)

        monkeypatch.setattr(files.os, "replace", meanwhile)
        files.create(path, "first")
        assert json.loads(Path(path).read_text()) == "first"

    def test_of_many_at_once_one_makes_it(self, tmp_path: Path) -> None:
        made: list[int] = []
        start = threading.Barrier(8)

        def make(number: int) -> None:
            start.wait(20)
            try:
                files.create(str(tmp_path / "file.json"), number)
                made.append(number)
            except FileExistsError:
                pass

        threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert [json.loads((tmp_path / "file.json").read_text())] == made
        assert len(list(tmp_path.iterdir())) == 1


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("write", [files.write, files.create])
@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[str, object], None], at: str
) -> None:
    monkeypatch.setattr(files.os, at, full)
    with pytest.raises(OSError, match="No space left") as raised:
        write(str(tmp_path / "file.json"), {})
    assert raised.value.filename == str(tmp_path / "file.json")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_syncs_no_folders_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(files.os, "fsync", sync)
    files.write(str(tmp_path / "file.json"), {})
    assert (tmp_path / "file.json").read_text() == "{}\n"


class TestReadingWhatOthersMayHaveWritten:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        (tmp_path / "file.json").write_text("{}")
        return tmp_path / "file.json"

    def test_is_refused_but_for_a_mere_look(self, file: Path) -> None:
        file.chmod(0o666)
        with pytest.raises(NotOurs) as raised:
            files.read(str(file))
        assert raised.value.filename == str(file)
        assert files.read_anybodys(str(file)) == {}

    def test_is_decided_by_the_file_that_is_open(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        real_open = os.open

        def swapped(path: str, flags: int, *more: int) -> int:
            file.unlink()
            file.write_text("[]")
            file.chmod(0o666)
            return real_open(path, flags, *more)

        monkeypatch.setattr(files.os, "open", swapped)
        with pytest.raises(NotOurs):
            files.read(str(file))

    def test_does_not_follow_a_link_that_was_put_there_meanwhile(
        self, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real_open = os.open

        def swapped(path: str, flags: int, *more: int) -> int:
            file.rename(tmp_path / "elsewhere.json")
            file.symlink_to(tmp_path / "elsewhere.json")
            return real_open(path, flags, *more)

        monkeypatch.setattr(files.os, "open", swapped)
        with pytest.raises(OSError, match="symbolic links"):
            files.read(str(file))

    def test_follows_a_link_of_ours(self, file: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(file)
        assert files.read(str(tmp_path / "link")) == {}


class TestReadingWhatIsNoFile:
    @pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/"])
    def test_is_told(self, path: str) -> None:
        for read in (files.read, files.read_anybodys):
            with pytest.raises(OSError, match=r"no regular file|Is a directory") as raised:
                read(path)
            assert raised.value.filename == path

    def test_does_not_wait_for_who_writes_to_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe", 0o600)
        with pytest.raises(OSError, match="no regular file"):
            files.read(str(tmp_path / "pipe"))
        with pytest.raises(ValueError, match="no JSON"):
            files.read_anybodys(str(tmp_path / "pipe"))

    def test_looks_at_what_comes_late_through_a_pipe(self) -> None:
        ours, theirs = os.pipe()

        def late() -> None:
            os.write(theirs, b"{}")
            os.close(theirs)

        timer = threading.Timer(0.1, late)
        timer.start()
        assert files.read_anybodys(f"/dev/fd/{ours}") == {}
        timer.join()
        os.close(ours)


class TestATextForOthers:
    def test_is_written_with_the_mode_of_new_files(self, tmp_path: Path) -> None:
        file = tmp_path / "report.md"
        files.write_text(str(file), "√")
        assert file.read_text(encoding="utf-8") == "√"
        (tmp_path / "other").touch()
        assert file.stat().st_mode == (tmp_path / "other").stat().st_mode

    def test_leaves_nothing_else_in_the_folder(self, tmp_path: Path) -> None:
        files.write_text(str(tmp_path / "report.md"), "text")
        files.require_writable(str(tmp_path / "other.md"))
        assert [path.name for path in tmp_path.iterdir()] == ["report.md"]

    def test_does_not_touch_what_is_there_when_it_is_asked_whether_it_could(self, tmp_path: Path) -> None:
        file = tmp_path / "report.md"
        file.write_text("older")
        files.require_writable(str(file))
        assert file.read_text() == "older"

    def test_is_refused_before_it_is_made_where_it_cannot_be(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere" / "report.md"):
            with pytest.raises(OSError, match=r"regular file|No such file"):
                files.require_writable(str(path))
