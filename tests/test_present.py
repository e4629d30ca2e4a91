from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from azext_aksegress import present
from azext_aksegress.present import ExitCode
from tests.builders import Shop

LB, MNAT, UANAT, UDR = "loadBalancer", "managedNATGateway", "userAssignedNATGateway", "userDefinedRouting"


class Cli:
    """As much of az as decides how a result is shown, and how the process ends."""

    def __init__(self, *options: str, configured: str | None = None) -> None:
        self.data = {"safe_params": list(options)}
        self.config = SimpleNamespace(get=lambda *_, fallback=None: configured or fallback)
        self.invocation = SimpleNamespace(data={})
        self._handlers: list[Any] = []

    def register_event(self, _: str, handler: Any) -> None:
        self._handlers.append(handler)

    def unregister_event(self, _: str, handler: Any) -> None:
        self._handlers.remove(handler)

    def ends_with(self, *codes: ExitCode) -> int:
        for code in codes:
            present.end_with(self, code)
        try:
            for handler in list(self._handlers):
                handler(self, event_data={})
        except SystemExit as end:
            return int(str(end.code))
        return 0


@pytest.mark.parametrize(
    ("shop", "target", "fail_on", "code"),
    [
        (Shop.quiet(), UANAT, "blocked", 0),
        (Shop.byo(UANAT), LB, "blocked", 0),
        (Shop.byo(UANAT), LB, "warning", 4),
        (Shop.byo(), UDR, "blocked", 4),
        (Shop.byo(), UDR, "never", 0),
        (Shop.quiet().forbid("snet-apps"), UANAT, "blocked", 5),
        (Shop.quiet().forbid("snet-apps"), UANAT, "warning", 5),
        (Shop.quiet().forbid("snet-apps").pool("apps", type="VirtualMachines"), UANAT, "warning", 4),
        (Shop.quiet().forbid("snet-apps"), UANAT, "never", 0),
        (Shop.byo(UDR), UDR, "warning", 0),
    ],
)
def test_the_exit_code_of_a_check(shop: Shop, target: str, fail_on: str, code: int) -> None:
    assert present.exit_code(shop.report(target), fail_on) == code


@pytest.mark.parametrize(
    ("codes", "worst"), [((0, 0), 0), ((0, 5), 5), ((5, 6), 6), ((6, 4), 4), ((4, 3), 3), ((3, 1), 1), ((4, 0, 5), 4)]
)
def test_the_worst_of_several_clusters_wins(codes: tuple[int, ...], worst: int) -> None:
    assert Cli().ends_with(*(ExitCode(code) for code in codes)) == worst


@pytest.mark.parametrize("option", ["-o", "--output", "--out", "--query", "--quer"])
def test_who_asks_for_data_gets_data_on_a_terminal_too(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert not present._for_a_person(Cli("--to", option))


@pytest.mark.parametrize(("command", "pretty"), [("aks egress migrate", True), ("aks egress check", False)])
def test_out_is_a_beginning_of_output_but_where_it_is_an_option(
    monkeypatch: pytest.MonkeyPatch, command: str, pretty: bool
) -> None:
    monkeypatch.setattr(present.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    cli = Cli("--dry-run", "--out")
    cli.data["command"] = command
    assert present._for_a_person(cli) is pretty


def test_who_configured_an_output_format_gets_data_on_a_terminal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    assert not present._for_a_person(Cli("--to", configured="table"))
    assert present._for_a_person(Cli("--to", "--name"))


def test_a_pipe_gets_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present.sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert not present._for_a_person(Cli())


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("ascii", False), ("latin-1", False), (None, False)]
)
def test_a_stream_that_cannot_carry_the_signs_gets_ascii(encoding: str | None, unicode: bool) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding) if encoding else SimpleNamespace(encoding=None)
    assert present.look(stream).unicode is unicode


class TestProgress:
    def said(self, monkeypatch: pytest.MonkeyPatch, phases: list[tuple[int, str]], cluster: str = "") -> list[str]:
        """What a log hears of phases, each at a second of its own; the time of day left out."""
        stream, clock = io.StringIO(), [0]
        monkeypatch.setattr(present.sys, "stderr", stream)
        monkeypatch.setattr(present.time, "monotonic", lambda: clock[0])
        cli = SimpleNamespace(
            only_show_errors=False,
            config=SimpleNamespace(getboolean=lambda *_, fallback: fallback),
            invocation=SimpleNamespace(data={present._CLUSTERS: [1, 2] if cluster else [1]}),
            data={present._CLUSTER: cluster},
        )
        talk = present.Talk(cli)
        for second, phase in phases:
            clock[0] = second
            talk.phase(phase)
        return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]

    def test_a_log_hears_each_phase_once_with_the_time_that_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        phases = [(0, "reading"), (1, "reading"), (5, "sending"), (6, "sending")]
        assert self.said(monkeypatch, phases) == ["reading (0:00)", "sending (0:05)"]

    def test_a_log_hears_of_long_work_each_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        phases = [(second, "changing") for second in range(0, 150, 5)]
        assert self.said(monkeypatch, phases) == ["changing (0:00)", "changing (1:00)", "changing (2:00)"]

    def test_of_several_clusters_each_line_names_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.said(monkeypatch, [(0, "sending")], "aks-two") == ["aks-two: sending (0:00)"]

    def test_the_lines_of_one_of_several_clusters_name_it_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []

        def keep(lines: Any, _: object) -> None:
            written.extend("".join(text for _, text in line) for line in lines)

        monkeypatch.setattr(present, "_print", keep)
        present.Talk(several("aks-two")).lines([[("primary", "Plan")], [("error", "- 20.1.2.3")]])
        assert written == ["aks-two: Plan", "aks-two: - 20.1.2.3"]


def several(cluster: str) -> Any:
    """As much of az as a command on the second of two clusters sees."""
    cli = Cli()
    cli.only_show_errors = False
    cli.config = SimpleNamespace(getboolean=lambda *_, fallback: fallback, get=lambda *_, fallback=None: "json")
    cli.data = {"subscription_id": "11111111-1111-1111-1111-111111111111", "safe_params": [], present._CLUSTER: cluster}
    cli.invocation.data[present._CLUSTERS] = [("", "", "aks-one"), ("", "", cluster)]
    return cli


def test_a_cluster_that_fails_in_a_way_nobody_thought_of_is_a_row_too() -> None:
    def command(cmd: Any, **_: Any) -> None:
        raise TypeError("nobody thought of it")

    cli = several("aks-two")
    row = present.for_each_cluster(command)(
        SimpleNamespace(cli_ctx=cli), resource_group_name="rg", resource_name="aks-two"
    )
    assert row["id"].endswith("/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-two")
    assert row["error"] == "nobody thought of it"
    assert cli.ends_with() == 1


def test_a_cluster_that_is_named_twice_is_no_second_one() -> None:
    cli = several("aks-two")
    cli.invocation.data.clear()
    named = [present.one_more_cluster(cli, "rg", name) for name in ("aks-one", "aks-two", "AKS-One")]
    assert named == [True, True, False]


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [("utf-8", "/no-text-\udcff", "/no-text-\\udcff"), ("ascii", "ü", "\\xfc"), ("utf-8", "ü", "ü")],
)
def test_what_a_terminal_cannot_carry_is_spelled(encoding: str, text: str, shown: str) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    present._print([[("primary", text)]], screen)
    screen.flush()
    assert shown in screen.buffer.getvalue().decode(encoding)
