"""The document of the checks is what the code says now."""

from __future__ import annotations

import re

import pytest

from azext_aksegress import checks
from tools import checks_document, probe_document

TEXT = checks_document.FILE.read_text(encoding="utf-8")


def test_it_is_not_stale() -> None:
    assert checks_document.document().rstrip() + "\n" == TEXT, "run `make docs`"


def test_what_runs_on_a_node_is_told_as_it_is() -> None:
    assert probe_document.document().rstrip() + "\n" == probe_document.FILE.read_text(encoding="utf-8"), (
        "run `make docs`"
    )


@pytest.mark.parametrize("check", [*checks.load().values(), *checks_document.after_a_move()], ids=lambda row: row.id)
def test_the_address_in_a_finding_leads_to_it(check: checks.Check) -> None:
    anchor = check.url.partition("#")[2]
    assert len(re.findall(rf'<a id="{anchor}"></a>', TEXT)) == 1
