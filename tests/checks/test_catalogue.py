from __future__ import annotations

from pathlib import Path

import pytest

from azext_aksegress import checks

HERE = Path(__file__).parent
BUILT = [
    *("EGR101", "EGR102", "EGR103", "EGR104", "EGR105", "EGR106", "EGR107", "EGR108", "EGR113"),
    *("EGR201", "EGR202", "EGR203", "EGR211", "EGR212", "EGR221", "EGR222", "EGR223", "EGR224", "EGR241", "EGR242"),
    *("EGR301", "EGR302", "EGR304", "EGR403"),
    *("EGR601", "EGR602", "EGR603", "EGR604"),
]
NEVER_UNKNOWN = {
    "EGR105": "the version of az is always known, or there is no az",
    "EGR106": "the api-version that answered is always known",
    "EGR302": "a note, which says in words what is not known",
    "EGR304": "a note, which depends on nothing",
    "EGR403": "judged on the request alone",
    "EGR603": "judged on the cluster alone, whose profiles may be absent",
}


def test_the_checks_are_those_of_the_catalogue_that_are_built() -> None:
    assert sorted(checks.load()) == sorted(BUILT)


def test_the_acceptable_ones_are_those_that_the_catalogue_marks() -> None:
    assert checks.acceptable_ids() == ("EGR301", "EGR601", "EGR604")


@pytest.mark.parametrize("check_id", BUILT)
def test_a_check_states_a_fact_a_consequence_and_where_to_read_on(check_id: str) -> None:
    known = checks.load()[check_id]
    assert known.title
    assert known.consequence.endswith((".", "2026-07-14)."))
    assert known.url.startswith("https://learn.microsoft.com/")


@pytest.mark.parametrize("check_id", BUILT)
def test_a_check_has_a_failing_a_passing_and_an_unknown_test(check_id: str) -> None:
    text = "\n".join(path.read_text() for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
    start = text.index(f"class Test{check_id}")
    end = text.find("\nclass Test", start + 1)
    section = text[start : end if end != -1 else None]
    assert any(word in section for word in ('"fail"', '"warn"', '"note"', "note"))
    assert '"pass"' in section or "always" in section
    assert '"unknown"' in section or check_id in NEVER_UNKNOWN
