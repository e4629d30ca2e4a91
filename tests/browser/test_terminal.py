"""The report as a terminal shows it, kept as a picture: a golden file in colour, in the colours of az's dark theme."""

from __future__ import annotations

import re
from html import escape

import pytest

from tests.browser.conftest import SCREENSHOTS, Reader
from tests.render.test_terminal import CASES, GOLDEN

COLOURS = {
    "0": "#cccccc",
    "90": "#8b8b8b",
    "91": "#f14c4c",
    "92": "#23d18b",
    "93": "#f5f543",
    "94": "#6cb0ff",
    "95": "#d670d6",
    "96": "#29b8db",
}
"""Escape codes that az's theme uses, as a terminal of today shows them."""


def page(text: str) -> str:
    """Text with escape codes, as a document."""
    parts = re.split(r"\x1b\[(\d+)m", text)
    spans = [
        f'<span style="color:{COLOURS[code]}">{escape(part)}</span>' for code, part in zip(parts[1::2], parts[2::2])
    ]
    style = "background:#1e1e1e;color:#ccc;margin:0;padding:16px;width:calc(120ch + 32px);box-sizing:border-box;"
    style += "font:14px/1.35 monospace;white-space:pre-wrap;word-break:break-all"
    return f'<!doctype html><body style="margin:0"><pre style="{style}">{escape(parts[0])}{"".join(spans)}</pre>'


@pytest.mark.parametrize("case", CASES)
def test_it_is_kept_as_a_picture(reader: Reader, case: str) -> None:
    tab = reader.open(page((GOLDEN / f"{case}.120-colour.txt").read_text(encoding="utf-8")))
    file = SCREENSHOTS / f"{case}.terminal.png"
    tab.page.locator("pre").screenshot(path=file)
    assert file.stat().st_size > 2_000
