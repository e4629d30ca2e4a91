"""The registry is the catalogue, and every check has the tests that it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azext_aksegress import checks
from tests.checks.catalogue import CATALOGUE, NEVER_UNKNOWN

HERE = Path(__file__).parent
CONTRACT = HERE.parent.parent.parent / "shared" / "checks.md"
NEVER_GREEN = {
    "EGR302": "always said",
    "EGR304": "always said",
    "EGR106": "block is a preview as long as the row stands",
    "EGR308": "always said",
}


def section(check_id: str) -> str:
    """The test classes of a check."""
    text = "\n".join(path.read_text() for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
    classes = re.split(r"^(?=class Test)", text, flags=re.MULTILINE)
    return "\n".join(found for found in classes if found.startswith(f"class Test{check_id}"))


def test_the_checks_are_those_of_the_catalogue() -> None:
    assert list(checks.load()) == list(CATALOGUE)


@pytest.mark.skipif(not CONTRACT.exists(), reason="the catalogue's document is not beside this checkout")
def test_the_catalogue_is_that_of_the_document() -> None:
    rows = re.findall(r"^\| (EGR\d{3}) \|.*\| ([^|]*) \| ([^|]*) \| [^|]* \| [^|]* \|$", CONTRACT.read_text(), re.M)
    assert [row[0] for row in rows] == list(CATALOGUE)


@pytest.mark.parametrize("check_id", CATALOGUE)
class TestACheck:
    def test_it_is_for_the_types_of_its_row(self, check_id: str) -> None:
        assert set(checks.load()[check_id].targets) == CATALOGUE[check_id].targets

    def test_it_leaves_the_verdict_open_where_its_row_says_so(self, check_id: str) -> None:
        assert checks.load()[check_id].blocks == CATALOGUE[check_id].leaves_open

    def test_it_can_be_accepted_where_its_row_is_marked(self, check_id: str) -> None:
        assert checks.load()[check_id].acceptable == CATALOGUE[check_id].acceptable

    def test_it_states_a_fact_a_consequence_and_where_to_read_on(self, check_id: str) -> None:
        known = checks.load()[check_id]
        assert known.title
        assert known.consequence.endswith(".")
        assert known.reference.startswith("https://learn.microsoft.com/")
        assert known.url == f"docs/checks.md#{check_id.lower()}"

    def test_it_has_a_failing_a_passing_and_an_unknown_test(self, check_id: str) -> None:
        text = section(check_id)
        assert any(f'"{word}"' in text for word in ("fail", "warn", "note"))
        assert '"pass"' in text or check_id in NEVER_GREEN
        assert '"unknown"' in text or check_id in NEVER_UNKNOWN
