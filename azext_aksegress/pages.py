"""The report in a file: a page for each cluster of a command, written anew whenever one more is known.

So the file always tells how far the command came, also where it ends early: nobody takes an old file for its result.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Callable, Collection

if TYPE_CHECKING:  # az loads this file for every command of the group
    from azext_aksegress.mask import Mask
    from azext_aksegress.render.page import Page

_log = logging.getLogger(f"cli.{__name__}")
_FILE = "aksegress_report_file"
"""Where az's data of one invocation has the file."""
_LOCK = threading.Lock()
"""With --ids, az runs the clusters side by side, and they share the file."""


@dataclass
class ReportFile:
    """Where the report goes, what is hidden in it, and the pages that are known by now."""

    path: str
    mask: Mask | None
    pages: list[Page] = field(default_factory=list)

    def write(self) -> None:
        """Write all pages; raises OSError."""
        from azext_aksegress import files
        from azext_aksegress.render import html, markdown

        render = html.render if self.path.lower().endswith(".html") else markdown.render
        pages = sorted(self.pages, key=lambda page: page.name)
        files.write_text(self.path, render(self.mask.all(pages) if self.mask else pages))


def in_a_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """Take --report and --mask from a command, and have a command that fails say so in its file."""

    @wraps(command)
    def run(cmd: Any, *, report: str | None = None, mask: Collection[str] | None = None, **given: Any) -> Any:
        _open(cmd.cli_ctx, report, mask)
        try:
            return command(cmd, **given)
        except (Exception, KeyboardInterrupt) as error:
            add(cmd, partial(_failed, given.get("resource_name") or "az aks egress", error))
            raise

    return run


def _open(cli_ctx: Any, path: str | None, hidden: Collection[str] | None) -> None:
    """Note where the report goes, once for all clusters of a command."""
    from azext_aksegress.mask import Mask
    from azext_aksegress.present import MASK

    mask = Mask(*hidden) if hidden else None
    if path is not None:
        cli_ctx.invocation.data.setdefault(_FILE, ReportFile(path, mask))
    elif mask:
        cli_ctx.invocation.data.setdefault(MASK, mask)


def add(cmd: Any, made_by: Callable[[Any], Page]) -> None:
    """Put one more page, made by the module that makes them, into the report where one was asked for.

    A report that cannot be made or written any more ends the command with exit code 1, and costs no result: the move
    that it is about may be made.
    """
    from azext_aksegress.present import ExitCode, Talk, end_with

    kept: ReportFile | None = cmd.cli_ctx.invocation.data.get(_FILE)
    if kept is None:
        return

    from azext_aksegress.render import page
    from azext_aksegress.render.terminal import brief

    with _LOCK:
        try:
            kept.pages.append(made_by(page))
            kept.write()
            if len(kept.pages) == 1:
                Talk(cmd.cli_ctx).lines([[("primary", brief(f"The report is in {kept.path}."))]])
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-except
            _log.debug("%s", kept.path, exc_info=error)
            why = getattr(error, "strerror", None) or error or type(error).__name__
            Talk(cmd.cli_ctx).error(brief(f"The report could not be written in {kept.path}: {why}"))
            end_with(cmd.cli_ctx, ExitCode.ERROR)


def _failed(name: str, error: BaseException, page: Any) -> Page:
    what = str(error) or ("Interrupted." if isinstance(error, KeyboardInterrupt) else type(error).__name__)
    made: Page = page.of_error(name, what, getattr(error, "recommendations", None) or ())
    return made
