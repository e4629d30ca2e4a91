from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from azext_aksegress import files


def test_a_file_is_for_its_owner_alone_also_where_an_older_one_was_not(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    file.write_text("older")
    file.chmod(0o644)
    files.write(str(file), {"a": 1})
    assert (json.loads(file.read_text()), stat.S_IMODE(file.stat().st_mode)) == ({"a": 1}, 0o600)


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
    with pytest.raises(ValueError, match=r"it is|is no JSON"):
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
