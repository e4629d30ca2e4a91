"""What holds for every list of authorized ranges, however it is spelled."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azext_aksegress import ranges

ONLY_LB = "0.0.0.0/32"
plain = st.builds("{}.{}.0.0/16".format, st.integers(1, 223), st.integers(0, 9))
stored = st.lists(st.one_of(plain, st.sampled_from(["AzureCloud", "2001:db8::/32", "9.9.9.9", "9.9.9.9/32", "odd"])))
lists = st.one_of(stored, st.just([ONLY_LB]))
addresses = st.lists(st.builds("52.0.0.{}/32".format, st.integers(0, 9)), unique=True)
often = settings(deadline=None, derandomize=True)


@often
@given(lists, addresses)
def test_joining_keeps_every_range_and_its_place_but_the_load_balancers_alone(known: list[str], new: list[str]) -> None:
    found = ranges.joined(known, new)
    kept = [one for one in known if one != ONLY_LB or not new]
    assert list(found[: len(kept)]) == kept
    assert set(new) <= set(found)


@often
@given(lists, addresses)
def test_joining_twice_is_joining_once(known: list[str], new: list[str]) -> None:
    once = ranges.joined(known, new)
    assert ranges.joined(once, new) == once


@often
@given(lists.filter(bool), addresses)
def test_what_was_added_can_be_taken_out_again(known: list[str], new: list[str]) -> None:
    then = ranges.joined(known, new)
    assert ranges.without(then, new, ranges.replaced_by(known, new), []) == tuple(known)


@often
@given(lists.filter(bool), addresses, addresses, addresses)
def test_the_way_back_empties_no_list_and_takes_nothing_that_is_needed(
    known: list[str], new: list[str], more: list[str], needed: list[str]
) -> None:
    then = ranges.joined(ranges.joined(known, new), more)
    found = ranges.without(then, new, ranges.replaced_by(known, new), needed)
    assert found
    assert {one for one in then if one in needed or one not in new} <= set(found)
