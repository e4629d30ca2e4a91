from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from azext_aksegress.maintenance import moment, next_window
from azext_aksegress.snapshot import Unread

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=timezone.utc)


def recurring(schedule: Any, **more: Any) -> dict[str, Any]:
    window = {"schedule": schedule, "durationHours": 4, "startTime": "02:00", **more}
    return {"id": "/c/maintenanceConfigurations/m", "properties": {"maintenanceWindow": window}}


def weekly(day: str, interval: int = 1, **more: Any) -> dict[str, Any]:
    return recurring({"weekly": {"intervalWeeks": interval, "dayOfWeek": day}}, **more)


def hours(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"id": "/c/maintenanceConfigurations/default", "properties": {"timeInWeek": list(rows), **more}}


def opens(configuration: dict[str, Any], now: datetime = MONDAY) -> str | None:
    window = next_window(configuration, now)
    return window and f"{window.start:%Y-%m-%d %H:%M}"


class TestSchedules:
    def test_a_daily_one_opens_every_day(self) -> None:
        assert opens(recurring({"daily": {"intervalDays": 1}})) == "2026-11-24 02:00"

    def test_one_of_several_days_is_counted_from_the_start_date(self) -> None:
        assert opens(recurring({"daily": {"intervalDays": 3}}, startDate="2026-11-19")) == "2026-11-25 02:00"

    def test_a_weekly_one_opens_on_its_weekday_in_any_letter_case(self) -> None:
        assert opens(weekly("Friday")) == opens(weekly("FRIDAY")) == "2026-11-27 02:00"

    @pytest.mark.parametrize(
        ("start", "first"), [("2026-11-17", "2026-11-27"), ("2026-11-14", "2026-12-04"), ("2026-11-13", "2026-11-27")]
    )
    def test_one_of_several_weeks_is_counted_from_the_first_weekday_after_the_start_date(
        self, start: str, first: str
    ) -> None:
        interval = 1 if start == "2026-11-17" else 2
        assert opens(weekly("Friday", interval, startDate=start)) == f"{first} 02:00"

    def test_a_day_of_the_month_is_left_out_where_a_month_does_not_have_it(self) -> None:
        schedule = {"absoluteMonthly": {"intervalMonths": 1, "dayOfMonth": 31}}
        assert opens(recurring(schedule)) == "2026-12-31 02:00"

    def test_one_of_several_months_is_counted_from_the_first_such_day_after_the_start_date(self) -> None:
        schedule = {"absoluteMonthly": {"intervalMonths": 3, "dayOfMonth": 1}}
        assert opens(recurring(schedule, startDate="2026-08-15")) == "2026-12-01 02:00"

    @pytest.mark.parametrize(
        ("index", "first"),
        [("First", "2026-12-01"), ("Second", "2026-12-08"), ("Fourth", "2026-11-24"), ("LAST", "2026-11-24")],
    )
    def test_a_weekday_of_the_month(self, index: str, first: str) -> None:
        schedule = {"relativeMonthly": {"intervalMonths": 1, "dayOfWeek": "Tuesday", "weekIndex": index}}
        assert opens(recurring(schedule)) == f"{first} 02:00"

    def test_the_last_weekday_may_be_the_fifth(self) -> None:
        schedule = {"relativeMonthly": {"intervalMonths": 1, "dayOfWeek": "Monday", "weekIndex": "Last"}}
        assert opens(recurring(schedule)) == "2026-11-30 02:00"

    def test_nothing_opens_before_the_start_date(self) -> None:
        assert opens(weekly("Monday", startDate="2027-01-02")) == "2027-01-04 02:00"

    def test_a_start_date_far_away_opens_nothing_within_a_year(self) -> None:
        assert opens(weekly("Monday", startDate="2030-01-02")) is None


class TestWindows:
    def test_one_that_is_open_is_open_up_to_its_end(self) -> None:
        window = next_window(weekly("Monday", startTime="03:00"), MONDAY)
        assert window is not None
        assert window.is_open(MONDAY)
        assert not window.is_open(MONDAY + timedelta(hours=1))
        assert str(window) == "2026-11-23 03:00 to 2026-11-23 07:00 UTC"

    def test_one_that_has_just_ended_comes_again_next_time(self) -> None:
        assert opens(weekly("Monday")) == "2026-11-30 02:00"

    def test_one_may_have_begun_the_day_before(self) -> None:
        assert opens(weekly("Sunday", startTime="20:00", durationHours=12)) == "2026-11-22 20:00"

    @pytest.mark.parametrize(
        ("offset", "first"),
        [("+05:30", "2026-11-23 20:30"), ("-08:00", "2026-11-24 10:00"), (None, "2026-11-24 02:00")],
    )
    def test_the_offset_is_that_of_the_time_and_of_the_day(self, offset: str | None, first: str) -> None:
        assert opens(weekly("Tuesday", utcOffset=offset)) == first

    def test_those_that_touch_are_one(self) -> None:
        window = next_window(recurring({"daily": {"intervalDays": 1}}, durationHours=24), MONDAY)
        assert window is not None
        assert window.end - window.start > timedelta(days=300)


class TestHoursOfTheWeek:
    def test_are_windows_of_an_hour_that_join(self) -> None:
        window = next_window(hours({"day": "Monday", "hourSlots": [8, 7]}, {"day": "monday", "hourSlots": [9]}), MONDAY)
        assert str(window) == "2026-11-23 07:00 to 2026-11-23 10:00 UTC"

    def test_without_hours_they_are_the_whole_day(self) -> None:
        assert opens(hours({"day": "Wednesday"})) == "2026-11-25 00:00"

    def test_none_at_all_open_nothing(self) -> None:
        assert opens(hours()) is None
        assert opens({"properties": {}}) is None
        assert opens({}) is None


class TestTimesThatAreNotAllowed:
    def test_dates_close_a_window_with_their_last_day(self) -> None:
        closed = [{"start": "2026-11-24", "end": "2026-11-27"}]
        assert opens(recurring({"daily": {"intervalDays": 1}}, notAllowedDates=closed)) == "2026-11-28 02:00"

    def test_dates_are_in_the_time_zone_of_the_window(self) -> None:
        closed = [{"start": "2026-11-24", "end": "2026-11-24"}]
        open_all_day = recurring(
            {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Monday"}},
            startTime="20:00",
            durationHours=24,
            utcOffset="+02:00",
            notAllowedDates=closed,
        )
        window = next_window(open_all_day, MONDAY)
        assert str(window) == "2026-11-23 18:00 to 2026-11-23 22:00 UTC"

    def test_a_gap_leaves_what_is_around_it(self) -> None:
        gap = [{"start": "2026-11-23T05:00:00Z", "end": "2026-11-23T10:30:00+02:00"}]
        slots = hours({"day": "Monday", "hourSlots": [4, 5, 6, 7, 8, 9]}, notAllowedTime=gap)
        assert opens(slots) == "2026-11-23 08:30"
        assert opens(slots, MONDAY - timedelta(hours=2)) == "2026-11-23 04:00"


class TestWhatCannotBeUnderstood:
    @pytest.mark.parametrize(
        "changes",
        [
            {"schedule": None},
            {"schedule": {}},
            {"schedule": {"daily": {}}},
            {"schedule": {"daily": {"intervalDays": 0}}},
            {"schedule": {"daily": {"intervalDays": True}}},
            {"schedule": {"daily": {"intervalDays": 2}}},
            {"schedule": {"daily": {"intervalDays": 1}, "weekly": {}}},
            {"schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Someday"}}},
            {"schedule": {"absoluteMonthly": {"intervalMonths": 1, "dayOfMonth": 32}}},
            {"schedule": {"relativeMonthly": {"intervalMonths": 1, "dayOfWeek": "Monday", "weekIndex": "Fifth"}}},
            {"startTime": None},
            {"startTime": "24:00"},
            {"startTime": 2},
            {"durationHours": 25},
            {"durationHours": "4"},
            {"utcOffset": "CET"},
            {"utcOffset": "+99:00"},
            {"startDate": "soon"},
            {"startDate": "2026-02-30"},
            {"startDate": "9999-12-31", "schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Monday"}}},
            {"notAllowedDates": "never"},
            {"notAllowedDates": [None]},
            {"notAllowedDates": [{"start": "2026-11-24"}]},
            {"notAllowedDates": [{"start": "2026-11-24", "end": "2026-11-20"}]},
        ],
    )
    def test_is_unread_and_names_the_configuration(self, changes: dict[str, Any]) -> None:
        with pytest.raises(Unread) as found:
            next_window(recurring(**{"schedule": {"daily": {"intervalDays": 1}}, **changes}), MONDAY)
        assert found.value.id == "/c/maintenanceConfigurations/m"

    @pytest.mark.parametrize(
        "properties",
        [
            {"timeInWeek": {}},
            {"timeInWeek": [{}]},
            {"timeInWeek": [{"day": "Monday", "hourSlots": [24]}]},
            {"timeInWeek": [{"day": "Monday", "hourSlots": "all"}]},
            {"timeInWeek": [], "notAllowedTime": [{"start": "soon", "end": "later"}]},
            {"maintenanceWindow": []},
            {"maintenanceWindow": "text"},
        ],
    )
    def test_so_it_is_with_what_has_another_shape(self, properties: Any) -> None:
        with pytest.raises(Unread):
            next_window({"properties": properties}, MONDAY)

    @pytest.mark.parametrize(("year", "month", "day"), [(1, 1, 1), (9999, 12, 31)])
    def test_so_it_is_at_the_ends_of_the_calendar(self, year: int, month: int, day: int) -> None:
        with pytest.raises(Unread):
            next_window(weekly("Monday", startDate="9999-01-01"), datetime(year, month, day, tzinfo=timezone.utc))


class TestMoments:
    @pytest.mark.parametrize(
        "written",
        ["2026-11-23T06:00:00Z", "2026-11-23T06:00:00.1234567Z", "2026-11-23T07:30:00+01:30", "2026-11-23T06:00:00"],
    )
    def test_are_read_in_utc(self, written: str) -> None:
        assert moment(written) == MONDAY

    @pytest.mark.parametrize("written", ["", "2026-11-23", "today", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z"])
    def test_what_is_none_is_refused(self, written: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            moment(written)
