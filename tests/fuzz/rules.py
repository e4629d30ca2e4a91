"""What must hold of all that is said and written, whatever was read."""

from __future__ import annotations

import io
import json
import re
from typing import Any, Iterable
from unittest.mock import patch

from azure.cli.core.azclierror import AzCLIError
from azure.cli.core.style import format_styled_text

from azext_aksegress import present
from azext_aksegress.render.terminal import Line

LONGEST = 4000
"""Characters of a message, which is read on a screen."""
_NOT_TO_BE_PRINTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def strict(document: Any) -> None:
    """It can be written as JSON that any reader takes, and reads as it was."""
    text = json.dumps(document, allow_nan=False)
    assert json.dumps(json.loads(text)) == text


def printed(lines: Iterable[Line]) -> None:
    """A terminal in UTF-8 takes it, and no character of it does more than stand there."""
    shown = io.BytesIO()
    screen = io.TextIOWrapper(shown, encoding="utf-8")
    with patch.object(format_styled_text, "theme", "none", create=True):  # what is left has no escapes of az's own
        present._print(lines, screen)
    screen.flush()
    text = shown.getvalue().decode()
    assert not _NOT_TO_BE_PRINTED.search(text)


def tabled(rows: Iterable[Any]) -> None:
    """The cells of a table are one line each."""
    for row in rows:
        for cell in row.values():
            assert not _NOT_TO_BE_PRINTED.search(cell), cell
            assert "\n" not in cell


def told(error: AzCLIError) -> None:
    """What az logs of an error: a sentence that fits a screen, and how to mend it, one line each; a command is never
    shortened, since it would be another one then."""
    assert len(str(error)) < LONGEST
    for text in (str(error), *(error.recommendations or ())):
        assert text.strip()
        assert not _NOT_TO_BE_PRINTED.search(text), text
        assert "\n" not in text
