"""The document of the checks is what the code says now."""

from __future__ import annotations

import re

import pytest

from azext_aksegress import checks
from tools import checks_document

TEXT = checks_document.FILE.read_text(encoding="utf-8")


def test_it_is_not_stale() -> None:
    assert checks_document.document().rstrip() + "\n" == TEXT, "run `make docs`"


@pytest.mark.parametrize("check_id", list(checks.load()))
def test_the_address_in_a_finding_leads_to_it(check_id: str) -> None:
    anchor = checks.load()[check_id].url.partition("#")[2]
    assert len(re.findall(rf'<a id="{anchor}"></a>', TEXT)) == 1
