"""Pretty or data? Which exit code? The only module that knows terminals, `-o` and `--query`."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import signal
import sys
import threading
import time
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, Callable, Collection, Iterable, Iterator, Mapping

from azext_aksegress.checks import WARN
from azext_aksegress.render.terminal import Line, Look, clean, cleaned, fitted
from azext_aksegress.report import BLOCKED, READY_WITH_WARNINGS, UNDETERMINED, Report

_log = logging.getLogger(f"cli.{__name__}")


class ExitCode(IntEnum):
    """How a command ends; 1, 2 and 3 are az's own."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    BLOCKED = 4
    UNDETERMINED = 5
    NOT_VERIFIED = 6


WORST_FIRST = (
    ExitCode.ERROR,
    ExitCode.NOT_FOUND,
    ExitCode.BLOCKED,
    ExitCode.NOT_VERIFIED,
    ExitCode.UNDETERMINED,
    ExitCode.OK,
)
"""Which code wins where one command judged several clusters."""

HEARTBEAT = 60
"""Seconds after which a log hears again that the work goes on."""

_ASKING = threading.Lock()
"""With --ids, az runs the clusters side by side; a person is asked about one at a time."""
_SHARING = threading.Lock()
"""Guards what the clusters of one command leave in the invocation's data."""
_CLUSTERS, _CODES, _REPORTS = "aksegress_clusters", "aksegress_exit_codes", "aksegress_reports"
_CLUSTER = "aksegress_cluster"
"""Where az's data of one job says which cluster it is about."""
MASK = "aksegress_mask"
"""Where az's data of one invocation says what is hidden in its result."""
_SPEAKING = threading.Lock()
"""Keeps the lines of one cluster together."""
_INTERRUPTED = threading.Event()
"""Ctrl-C reaches the main thread alone, which may be waiting for the clusters' own: all of them look here."""


def exit_code(report: Report, fail_on: str) -> ExitCode:
    """The exit code of a judged cluster."""
    if fail_on == "never":
        return ExitCode.OK
    warned = report.verdict == READY_WITH_WARNINGS or bool(report.counts[WARN])
    if report.verdict == BLOCKED or (fail_on == "warning" and warned):
        return ExitCode.BLOCKED
    return ExitCode.UNDETERMINED if report.verdict == UNDETERMINED else ExitCode.OK


def worst(codes: Collection[ExitCode]) -> ExitCode:
    """The code that wins among several."""
    return next(found for found in WORST_FIRST if found in codes)


def present(
    cmd: Any, data: Any, pretty: Iterable[Line], code: ExitCode = ExitCode.OK, aside: Iterable[Line] = ()
) -> Any:
    """What the command returns to az: the data, or nothing where a person reads the report on a terminal.

    `aside` is said on stderr where the data does not say it in words.
    """
    end_with(cmd.cli_ctx, code)
    mask = cmd.cli_ctx.invocation.data.get(MASK)
    if mask:
        data, pretty, aside = mask.all(data), mask.all(list(pretty)), mask.all(list(aside))
    if not _for_a_person(cmd.cli_ctx):
        Talk(cmd.cli_ctx).lines(aside)
        return cleaned(data) if sys.stdout.isatty() else data
    if not several(cmd.cli_ctx):
        _print(pretty, sys.stdout)
    else:
        cmd.cli_ctx.invocation.data.setdefault(_REPORTS, []).append(list(pretty))
    return None


def one_more_cluster(cli_ctx: Any, resource_group: str | None, name: str) -> bool:
    """Count a cluster that the command is about, and whether it is another than those before; az calls this for all of
    them before the first one runs. Nobody need be signed in for that: a saved snapshot is judged offline."""
    clusters: list[Any] = cli_ctx.invocation.data.setdefault(_CLUSTERS, [])
    found = (cli_ctx.data.get("subscription_id"), (resource_group or "").lower(), name.lower())
    clusters.append(found)
    signal.signal(signal.SIGINT, _interrupt_all)
    return clusters.count(found) == 1


def _interrupt_all(*_: object) -> None:
    """Take Ctrl-C down, for the threads of other clusters, and where Python drops the exception, as it does in a
    destructor: the next phase of the work ends it."""
    _INTERRUPTED.set()
    raise KeyboardInterrupt


def several(cli_ctx: Any) -> bool:
    """Whether the command is about more than one cluster."""
    return len(cli_ctx.invocation.data.get(_CLUSTERS, ())) > 1


def for_each_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """With several --ids, a cluster that fails is a row of the result, and the others are finished all the same."""

    @functools.wraps(command)
    def run(cmd: Any, **given: Any) -> Any:
        from azure.cli.core.azclierror import ResourceNotFoundError

        cmd.cli_ctx.data[_CLUSTER] = given["resource_name"]
        try:
            return command(cmd, **given)
        except Exception as error:  # pylint: disable=broad-except  # beside others, az would drop it without a word
            if not several(cmd.cli_ctx):
                raise
            cluster_id, what = _id(cmd.cli_ctx, given), str(error) or type(error).__name__
            cures = getattr(error, "recommendations", None) or []
            story: list[Line] = [[("error", clean(what))], *([("primary", clean(cure))] for cure in cures)]
            _log.debug("%s", cluster_id, exc_info=error)
            if _INTERRUPTED.is_set():  # az prints nothing any more
                Talk(cmd.cli_ctx).lines(story)
            code = ExitCode.NOT_FOUND if isinstance(error, ResourceNotFoundError) else ExitCode.ERROR
            named: list[Line] = [[("highlight", clean(given["resource_name"]))], *story]
            return present(cmd, {"id": cluster_id, "error": what}, named, code, story)

    return run


def _id(cli_ctx: Any, given: Mapping[str, Any]) -> str:
    from azure.cli.core.commands.client_factory import get_subscription_id

    group = f"/subscriptions/{get_subscription_id(cli_ctx)}/resourceGroups/{given['resource_group_name']}"
    return f"{group}/providers/Microsoft.ContainerService/managedClusters/{given['resource_name']}"


def look(stream: Any = None) -> Look:
    """How the report may look on a stream."""
    stream = stream or sys.stdout
    try:
        "√‼×".encode(stream.encoding or "ascii")
        carries = True
    except UnicodeEncodeError:
        carries = False
    return Look(max(80, shutil.get_terminal_size((80, 24)).columns), carries)


def _for_a_person(cli_ctx: Any) -> bool:
    """A terminal, no -o and no --query, and no output format in az's configuration."""
    given = list(cli_ctx.data.get("safe_params") or [])
    if cli_ctx.data.get("command") == "aks egress migrate":  # its own --out is no beginning of --output
        given = [option for option in given if option != "--out"]
    asked = any(option == "-o" or _abbreviates(option, "--output", "--query") for option in given)
    configured = cli_ctx.config.get("core", "output", fallback=None)
    return sys.stdout.isatty() and not asked and not configured


def _abbreviates(option: str, *known: str) -> bool:
    """Whether az takes an option for one of some others: any beginning that names it does."""
    return len(option) > 3 and any(found.startswith(option) for found in known)


def end_with(cli_ctx: Any, code: ExitCode) -> None:
    """Have az print the result, as -o and --query ask, and then end with a code; the worst wins among several."""
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE, EVENT_INVOKER_FILTER_RESULT

    shared: dict[str, Any] = cli_ctx.invocation.data
    with _SHARING:
        codes = shared.setdefault(_CODES, [])
        codes.append(code)
        if len(codes) > 1:
            return

    def reports_instead(_: Any, event_data: Any) -> None:
        if _REPORTS in shared:
            event_data["result"] = None

    def finish(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, finish)
        cli.unregister_event(EVENT_INVOKER_FILTER_RESULT, reports_instead)
        for number, made in enumerate(shared.get(_REPORTS, [])):
            _print([[], *made] if number else made, sys.stdout)
        code = worst(codes)
        if code:
            raise SystemExit(int(code))

    cli_ctx.register_event(EVENT_INVOKER_FILTER_RESULT, reports_instead)
    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, finish)


def _print(lines: Iterable[Line], stream: Any) -> None:
    from azure.cli.core.style import Style, format_styled_text

    fallback = {"highlight": getattr(Style, "HIGHLIGHT", Style.IMPORTANT)}
    theme = "none" if os.environ.get("NO_COLOR") else None  # no-color.org; None leaves it to az's own setting
    for line in fitted(lines, look(stream)) if stream.isatty() else lines:
        styled = [(fallback.get(style) or Style(style), clean(_carried(text, stream))) for style, text in line]
        print(format_styled_text(styled, theme) if styled else "", file=stream)


def _carried(text: str, stream: Any) -> str:
    """A text as a stream can carry it: a path may hold bytes that are no text, and a name any letter there is."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class Talk:
    """What a command says while it works, on stderr; silent with --only-show-errors.

    Where there are several clusters, each line of progress begins with the name of its own.
    """

    def __init__(self, cli_ctx: Any) -> None:
        self._silent = bool(cli_ctx.only_show_errors)
        self._no_prompt = cli_ctx.config.getboolean("core", "disable_confirm_prompt", fallback=False)
        self._prefix = f"{cli_ctx.data.get(_CLUSTER)}: " if several(cli_ctx) else ""
        self._redraws = sys.stderr.isatty() and not self._prefix
        self._phase: str | None = None
        self._started = time.monotonic()
        self._said = 0

    def lines(self, lines: Iterable[Line]) -> None:
        """Say some lines of a report."""
        if not self._silent:
            self._say(lines)

    def error(self, text: str) -> None:
        """Say what went wrong beside the result, also with --only-show-errors."""
        self._say([[("error", text)]])

    def _say(self, lines: Iterable[Line]) -> None:
        with _SPEAKING:
            _print(([("secondary", self._prefix), *line] for line in lines), sys.stderr)

    def can_ask(self, yes: bool) -> bool:
        """Whether somebody is to be asked, and there is a terminal to ask on."""
        return not yes and not self._no_prompt and sys.stdin.isatty()

    def confirm(self, plan: Iterable[Line], question: str, yes: bool, name: str | None = None) -> None:
        """Show the plan, and ask on the terminal unless --yes was given; raises az's errors when the answer is no, or
        nobody can be asked. Who is asked is always shown what about. Where a `name` is given, only that is a yes."""
        from azure.cli.core.azclierror import ManualInterrupt, RequiredArgumentMissingError

        if yes or self._no_prompt:
            self.lines(plan)
            return
        with _ASKING:
            if _INTERRUPTED.is_set():
                raise ManualInterrupt("Interrupted: nothing was sent.")
            self._say(plan)
            if not sys.stdin.isatty():
                raise RequiredArgumentMissingError(
                    "There is no terminal to ask on, so nothing was sent.", recommendation="Add --yes to make the move."
                )
            how = f"There may be no way back; type the name of the cluster, {name}, to go on: " if name else "(y/N): "
            sys.stderr.write(clean(f"{question} {how}"))
            sys.stderr.flush()
            try:
                answer = sys.stdin.readline().strip().lower()
            except KeyboardInterrupt as interrupt:
                raise ManualInterrupt("Interrupted: nothing was sent.") from interrupt
            if _INTERRUPTED.is_set():
                raise ManualInterrupt("Interrupted: nothing was sent.")
        if answer not in ((name.lower(),) if name else ("y", "yes")):
            raise ManualInterrupt("Declined: nothing was sent.")

    def phase(self, phase: str) -> None:
        """Say the phase of long work: one line that counts the seconds on a terminal, else a line at each change and at
        each minute.

        Raises KeyboardInterrupt where another thread was interrupted.
        """
        if _INTERRUPTED.is_set():
            raise KeyboardInterrupt
        if self._silent:
            return
        elapsed = int(time.monotonic() - self._started)
        passed = f"{elapsed // 60}:{elapsed % 60:02d}"
        if self._redraws:
            sys.stderr.write(f"\r\x1b[K{clean(phase)} ... {passed}")
        elif phase != self._phase or elapsed >= self._said + HEARTBEAT:
            sys.stderr.write(clean(f"{time.strftime('%H:%M:%S')} {self._prefix}{phase} ({passed})") + "\n")
            self._said = elapsed
        sys.stderr.flush()
        self._phase = phase

    def waiting(self, phase: str) -> None:
        """Say the phase of work that is a read at first: a terminal sees it at once, a pipe once it takes a minute."""
        if self._redraws or time.monotonic() - self._started > HEARTBEAT:
            self.phase(phase)

    @contextmanager
    def interruptible(self, command: str, record_path: Callable[[], str]) -> Iterator[None]:
        """Do work that Azure goes on with when it is interrupted here, and say so then; where the record is, is only
        certain once it was written."""
        from azure.cli.core.azclierror import ManualInterrupt

        try:
            yield
        except KeyboardInterrupt as interrupt:
            kept = f"; the record is {record_path()}" if os.path.exists(record_path()) else ""
            raise ManualInterrupt(
                str(interrupt) or "Interrupted here; what was sent to Azure goes on there.",
                recommendation=f"Look with `{command}`{kept}.",
            ) from interrupt
        finally:
            self.end()

    @contextmanager
    def working(self, phase: str) -> Iterator[None]:
        """Show on a terminal that a read goes on; a pipe hears nothing of it."""
        if self._redraws:
            self.phase(phase)
        try:
            yield
        finally:
            self.end()

    def end(self) -> None:
        """Leave the line of the last phase."""
        if self._phase and self._redraws and not self._silent:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._phase = None
