"""Folders of records with odd names: they serve as any other, or the error says what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.armsim.cli import Az, Result
from tests.armsim.terminal import on_a_terminal
from tests.builders import Shop
from tests.e2e.neighbours.conftest import Serve, World

CLUSTER = ("-g", "rg-shop", "-n", "aks-shop")
UDR = "userDefinedRouting"
ODD = [
    "with spaces",
    "new\nline",
    "-leading",
    "$(touch x)'\"",
    "%s {0}",
    "ünï",
    os.fsdecode(b"no-utf8-\xff"),
    "\x1b[31m",
]


def migrate(az: Az, folder: str) -> Result:
    return az("aks", "egress", "migrate", *CLUSTER, "--to", UDR, "--yes", f"--record-dir={folder}")


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_an_odd_name_serves_as_any_other(az: Az, serve: Serve, tmp_path: Path, name: str) -> None:
    serve(Shop.byo().routed())
    folder = str(tmp_path / name)
    result = migrate(az, folder)
    assert result.code == 0, result.err
    assert [found.name for found in tmp_path.iterdir()] == [name]
    assert az("aks", "egress", "verify", *CLUSTER, f"--record-dir={folder}").code == 0
    back = on_a_terminal(az, "aks", "egress", "rollback", *CLUSTER, f"--record-dir={folder}", answer="y")
    assert (back.code, "Traceback" in back.out) == (0, False), back.out
    assert len(os.listdir(folder)) == 2


def test_a_name_that_is_no_text_serves_too(serve: Serve, tmp_path: Path, world: World) -> None:
    serve(Shop.byo().routed())
    az = world("export PYTHONIOENCODING=utf-8:strict")  # as in a locale such as en_US.UTF-8
    folder = tmp_path / os.fsdecode(b"no-utf8-\xff")
    move = (*CLUSTER, "--record-dir", str(folder), "--yes")
    as_json = az("aks", "egress", "migrate", "--to", UDR, *move)
    assert (as_json.code, as_json.json["outcome"]) == (0, "applied"), as_json.err
    assert len(os.listdir(folder)) == 1
    read = on_a_terminal(az, "aks", "egress", "rollback", *move)
    assert (read.code, "Traceback" in read.out) == (0, False), read.out


def test_a_relative_one_is_where_the_user_stands(az: Az, serve: Serve, tmp_path: Path, world: World) -> None:
    serve(Shop.byo().routed())
    there = world(f'cd "{tmp_path}"')
    record = Path(migrate(there, "-records").json["record"])
    assert record.parent == tmp_path / "-records"


def test_a_tilde_is_the_home_though_no_shell_expands_it_here(az: Az, serve: Serve) -> None:
    serve(Shop.byo().routed())
    record = Path(migrate(az, "~/records").json["record"])
    assert record.parent == az.folder / "records"


def deep(folder: Path, length: int) -> str:
    """A path of so many characters below a folder."""
    path = f"{folder}/"
    while len(path) < length:
        path += "d" * min(200, length - len(path) - 1) + "/"
    return path[:length].rstrip("/")


def test_a_long_one_serves_as_any_other(az: Az, serve: Serve, tmp_path: Path) -> None:
    serve(Shop.byo().routed())
    folder = deep(tmp_path, 4000)
    result = migrate(az, folder)
    assert (result.code, len(os.listdir(folder))) == (0, 1), result.err
    assert az("aks", "egress", "verify", *CLUSTER, f"--record-dir={folder}").code == 0


@pytest.mark.parametrize("name", ["d" * 4000, "d/" * 2500], ids=["name", "path"])
def test_one_that_is_too_long_is_told(az: Az, serve: Serve, tmp_path: Path, name: str) -> None:
    arm = serve(Shop.byo().routed())
    result = migrate(az, str(tmp_path / name))
    assert (result.code, arm.writes) == (1, []), result.err
    assert "cannot be written (File name too long), so nothing was sent" in result.err
    for command in ("verify", "rollback"):
        read = az("aks", "egress", command, *CLUSTER, f"--record-dir={tmp_path / name}")
        assert (read.code, arm.writes) == (1, [])
        assert "File name too long" in read.err
