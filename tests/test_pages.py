"""The file of --report: written anew with each page, and what comes of a command whose file cannot be written."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from azext_aksegress import files, pages
from azext_aksegress.present import MASK, ExitCode
from azext_aksegress.render import page
from tests.builders import SUBSCRIPTION, Shop
from tests.test_present import Cli

UDR = "userDefinedRouting"


class Command:
    """As much of az's command as a report needs."""

    def __init__(self) -> None:
        self.cli_ctx: Any = Cli()
        self.cli_ctx.only_show_errors = True
        self.cli_ctx.config = SimpleNamespace(getboolean=lambda *_, fallback: fallback)


def work(name: str = "aks-shop", fails: BaseException | None = None) -> Any:
    """A command that puts one page into its report, or fails."""

    @pages.in_a_file
    def command(cmd: Any, **given: Any) -> str:
        if fails:
            raise fails
        made = page.of_report(Shop.byo().routed().report(UDR))
        pages.add(cmd, lambda _: page.Page(name, f"{name}: judged", made.style, made.verdict, made.facts))
        return "done"

    return command


class TestAFile:
    @pytest.mark.parametrize(
        ("name", "beginning"), [("r.md", "# aks"), ("r.html", "<!doctype html>"), ("R.HTML", "<!d")]
    )
    def test_is_written_as_it_is_called(self, tmp_path: Path, name: str, beginning: str) -> None:
        assert work()(Command(), report=str(tmp_path / name), mask=None) == "done"
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)

    def test_has_all_clusters_of_a_command_in_their_order(self, tmp_path: Path) -> None:
        command, file = Command(), tmp_path / "r.md"
        for name in ("aks-b", "aks-a"):
            work(name)(command, report=str(file))
        text = file.read_text(encoding="utf-8")
        assert 0 <= text.index("# aks-a") < text.index("# aks-b")

    def test_says_so_where_a_command_fails(self, tmp_path: Path) -> None:
        file = tmp_path / "r.md"
        file.write_text("an older report: Ready")
        with pytest.raises(ValueError, match="the network is down"):
            work(fails=ValueError("the network is down"))(Command(), report=str(file), resource_name="aks-shop")
        text = file.read_text(encoding="utf-8")
        assert "the network is down" in text
        assert "Ready" not in text

    def test_says_so_where_a_person_interrupts(self, tmp_path: Path) -> None:
        file = tmp_path / "r.md"
        with pytest.raises(KeyboardInterrupt):
            work(fails=KeyboardInterrupt())(Command(), report=str(file), resource_name="aks-shop")
        assert "Interrupted." in file.read_text(encoding="utf-8")

    def test_is_masked_where_that_was_asked_for(self, tmp_path: Path) -> None:
        work()(Command(), report=str(tmp_path / "r.md"), mask=["ids"])
        assert SUBSCRIPTION not in (tmp_path / "r.md").read_text(encoding="utf-8")

    def test_that_cannot_be_written_any_more_costs_no_result(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(files, "write_text", full)
        command = Command()
        assert work()(command, report=str(tmp_path / "r.md")) == "done"
        assert command.cli_ctx.ends_with(ExitCode.BLOCKED) == ExitCode.ERROR
        assert "No space left" in capsys.readouterr().err


def test_a_page_that_cannot_be_made_costs_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Any) -> Any:
        raise KeyError("a cluster that nobody thought of")

    @pages.in_a_file
    def command(cmd: Any, **_: Any) -> str:
        pages.add(cmd, broken)
        return "done"

    cmd = Command()
    assert command(cmd, report=str(tmp_path / "r.md")) == "done"
    assert cmd.cli_ctx.ends_with() == ExitCode.ERROR
    assert "could not be written" in capsys.readouterr().err


def test_without_a_file_nothing_is_drawn() -> None:
    command = Command()
    pages.add(command, lambda _: pytest.fail("a page was made"))


def test_a_mask_without_a_file_is_for_the_result() -> None:
    command = Command()
    work()(command, mask=["ids", "ips"])
    assert command.cli_ctx.invocation.data[MASK].text("20.1.2.3") == "ip-1"


def test_a_mask_with_a_file_leaves_the_result_as_it_is(tmp_path: Path) -> None:
    command = Command()
    work()(command, report=str(tmp_path / "r.md"), mask=["ids"])
    assert MASK not in command.cli_ctx.invocation.data
