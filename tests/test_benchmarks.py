"""What the benchmarks make of measured numbers; nothing here measures any."""

from __future__ import annotations

import pytest

from benchmarks.numbers import MET, MISSED, Goal, Measure, amount, difference, growth, pairwise, table, typical


def test_the_median_does_not_move_with_one_slow_run() -> None:
    assert typical([1.0, 1.1, 60.0]) == 1.1


def test_a_ratio_is_that_of_neighbours_so_a_machine_that_slows_down_changes_nothing() -> None:
    assert pairwise([2.0, 4.0, 8.0], [1.0, 2.0, 4.0]) == 2.0


def test_a_difference_is_that_of_neighbours() -> None:
    assert difference([5.0, 7.0, 9.0], [4.0, 6.0, 8.0]) == 1.0


@pytest.mark.parametrize(
    ("small", "large", "expected"),
    [((1000, 2.0), (5000, 10.0), 1.0), ((1000, 2.0), (5000, 20.0), 2.0), ((1000, 2.0), (5000, 5.0), 0.5)],
)
def test_growth_is_one_where_time_grows_as_the_number_does(
    small: tuple[int, float], large: tuple[int, float], expected: float
) -> None:
    assert growth(small, large) == expected


@pytest.mark.parametrize(
    ("goal", "number", "expected"),
    [
        (Goal(10), 10, MET),
        (Goal(10), 10.1, MISSED),
        (Goal(8, at_least=True), 8, MET),
        (Goal(8, at_least=True), 7.9, MISSED),
    ],
)
def test_a_number_on_the_goal_meets_it(goal: Goal, number: float, expected: str) -> None:
    assert goal.verdict(number) == expected


@pytest.mark.parametrize(
    ("number", "unit", "expected"), [(0.956, "s", "0.96 s"), (1.254, "×", "1.25 ×"), (12345.6, "", "12,346")]
)
def test_seconds_and_ratios_have_two_digits_and_all_else_none(number: float, unit: str, expected: str) -> None:
    assert amount(number, unit) == expected


def test_the_table_has_the_goal_beside_the_number_and_says_what_was_missed() -> None:
    rows = table([Measure("fast", 1.5, "s", Goal(2)), Measure("slow", 3.0, "s", Goal(2), "why")]).splitlines()
    assert rows[2:] == ["| fast | 1.50 s | ≤ 2.00 s | met |  |", "| slow | 3.00 s | ≤ 2.00 s | **missed** | why |"]


def test_a_table_without_details_has_no_column_for_them() -> None:
    assert table([Measure("of 100 clusters", 3, "")]).splitlines()[-1] == "| of 100 clusters | 3 |  |  |"
