"""Planned maintenance of AKS: when the windows of a maintenance configuration open, in UTC.

What the fields mean is in the docstrings of azure-mgmt-containerservice 41.6.0 (MaintenanceWindow, Schedule, DateSpan,
TimeInWeek) and in the AKS documentation, planned-maintenance.md, 2025-12-19. No source says from which day an interval
is counted: here it is the first one that fits, from startDate on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Callable, Iterable, Iterator, Mapping

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.snapshot import Unread

LOOK_AHEAD = 366
"""Days ahead in which the next window is looked for."""

_LOOK_BACK = 2
"""Days back on which a window may have begun that is open now: it lasts up to a day, and its day is not UTC's."""
_WIDEST_OFFSET = timedelta(hours=14)
_DAYS_TO_A_FIT = 62
"""Days within which every pattern of days fits at least once, also the 31st of a month."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKS = ("first", "second", "third", "fourth")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T.*)?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:Z|([+-]\d{2}:\d{2}))?", re.ASCII | re.I)
_TIME = re.compile(r"(\d{2}):(\d{2})", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)


@dataclass(frozen=True, order=True)
class Window:
    """A time in which maintenance may run: from its start up to its end, both in UTC."""

    start: datetime
    end: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether maintenance may run at a moment."""
        return self.start <= now < self.end

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC"


def moment(written: str) -> datetime:
    """The moment that RFC 3339 writes, in UTC; one without an offset is in UTC already.

    Raises ValueError, and OverflowError where the calendar ends.
    """
    found = _MOMENT.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no moment")
    day, hour, minute, second, offset = found.groups()
    time = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second))
    return _midnight(_date(day)) + time - _offset(offset or "+00:00")


def next_window(configuration: Json, now: datetime) -> Window | None:
    """The window of a maintenance configuration that is open now, or else the next one to open.

    None where none opens within LOOK_AHEAD days. Raises Unread where the schedule cannot be understood.
    """
    try:
        properties = arm.dig(configuration, "properties")
        closed = sorted(_closed(properties))
        parts = (part for window in _windows(properties, now) for part in _open_parts(window, closed))
        return next((part for part in parts if part.end > now), None)
    except (ValueError, OverflowError) as error:
        raise Unread(arm.text(configuration, "id"), f"its schedule cannot be understood: {error}") from error


def _windows(properties: Any, now: datetime) -> Iterator[Window]:
    """The windows around a moment and after it, in order; those that touch are one."""
    recurring = arm.dig(properties, "maintenanceWindow")
    rows = _weekly_slots(properties, now) if recurring is None else _recurring(recurring, now)
    last: Window | None = None
    for window in rows:
        if last and window.start <= last.end:
            last = Window(last.start, max(last.end, window.end))
            continue
        if last:
            yield last
        last = window
    if last:
        yield last


def _recurring(window: Any, now: datetime) -> Iterator[Window]:
    """By a recurring schedule, in the time zone of `utcOffset`."""
    start = _time(_text(window, "startTime")) - _offset(_text(window, "utcOffset", "+00:00"))
    length = timedelta(hours=_number(window, "durationHours", 24))
    falls_on = _recurrence(window)
    for day in _days(now):
        if falls_on(day):
            yield Window(_midnight(day) + start, _midnight(day) + start + length)


def _weekly_slots(properties: Any, now: datetime) -> Iterator[Window]:
    """By hours of the week in UTC, as the configuration `default` had them before api-version 2023-05-01."""
    slots: dict[int, set[int]] = {}
    for row in _rows(properties, "timeInWeek"):
        hours = arm.dig(row, "hourSlots")
        listed = range(24) if hours is None else hours
        if not isinstance(listed, (list, range)) or not all(_is_number(hour, 0, 23) for hour in listed):
            raise ValueError("hourSlots")
        slots.setdefault(_weekday(row, "day"), set()).update(listed)
    for day in _days(now) if slots else ():
        for hour in sorted(slots.get(day.weekday(), ())):
            start = _midnight(day) + timedelta(hours=hour)
            yield Window(start, start + timedelta(hours=1))


def _recurrence(window: Any) -> Callable[[date], bool]:
    """Whether a window begins on a day, by its schedule and its start date."""
    schedule = arm.dig(window, "schedule")
    kinds = [kind for kind in _INTERVALS if arm.dig(schedule, kind) is not None]
    if len(kinds) != 1:
        raise ValueError("schedule")
    row, (interval_key, between) = arm.dig(schedule, kinds[0]), _INTERVALS[kinds[0]]
    interval, fits = _number(row, interval_key), _PATTERNS[kinds[0]](row)
    written = _text(window, "startDate", "")
    if not written:
        if interval > 1:
            raise ValueError(f"{interval_key} {interval} without a startDate to count from")
        return fits
    start = _date(written)
    first = next(day for day in (start + timedelta(days=step) for step in range(_DAYS_TO_A_FIT)) if fits(day))
    return lambda day: day >= first and fits(day) and between(first, day) % interval == 0


def _days_between(one: date, other: date) -> int:
    return (other - one).days


def _weeks_between(one: date, other: date) -> int:
    return (other - one).days // 7


def _months_between(one: date, other: date) -> int:
    return (other.year - one.year) * 12 + other.month - one.month


_INTERVALS: Mapping[str, tuple[str, Callable[[date, date], int]]] = {
    "daily": ("intervalDays", _days_between),
    "weekly": ("intervalWeeks", _weeks_between),
    "absoluteMonthly": ("intervalMonths", _months_between),
    "relativeMonthly": ("intervalMonths", _months_between),
}
"""The kinds of schedule: where each keeps its interval, and how that is counted."""


def _every_day(_: Any) -> Callable[[date], bool]:
    return lambda _: True


def _day_of_week(row: Any) -> Callable[[date], bool]:
    wanted = _weekday(row, "dayOfWeek")
    return lambda day: day.weekday() == wanted


def _day_of_month(row: Any) -> Callable[[date], bool]:
    wanted = _number(row, "dayOfMonth", 31)
    return lambda day: day.day == wanted


def _weekday_of_month(row: Any) -> Callable[[date], bool]:
    wanted, index = _weekday(row, "dayOfWeek"), _text(row, "weekIndex").lower()
    if index == "last":
        return lambda day: day.weekday() == wanted and (day + timedelta(days=7)).month != day.month
    if index not in _WEEKS:
        raise ValueError("weekIndex")
    return lambda day: day.weekday() == wanted and (day.day - 1) // 7 == _WEEKS.index(index)


_PATTERNS: Mapping[str, Callable[[Any], Callable[[date], bool]]] = {
    "daily": _every_day,
    "weekly": _day_of_week,
    "absoluteMonthly": _day_of_month,
    "relativeMonthly": _weekday_of_month,
}
"""By kind of schedule, the days that fit, whatever the interval."""


def _open_parts(window: Window, closed: Iterable[Window]) -> Iterator[Window]:
    """What the times that are not allowed leave of a window, in order."""
    start = window.start
    for gap in closed:
        if gap.start > start:
            yield Window(start, min(window.end, gap.start))
        start = max(start, gap.end)
        if start >= window.end:
            return
    yield Window(start, window.end)


def _closed(properties: Any) -> Iterator[Window]:
    """The times that are not allowed."""
    window = arm.dig(properties, "maintenanceWindow")
    offset = _offset(_text(window, "utcOffset", "+00:00"))
    for row in _rows(window, "notAllowedDates"):  # its last day included
        start, end = (_midnight(_date(_text(row, key))) - offset for key in ("start", "end"))
        yield _span(start, end + timedelta(days=1))
    for row in _rows(properties, "notAllowedTime"):
        yield _span(moment(_text(row, "start")), moment(_text(row, "end")))


def _span(start: datetime, end: datetime) -> Window:
    if end < start:
        raise ValueError(f"a time that ends before it begins, {start:%Y-%m-%d}")
    return Window(start, end)


def _days(now: datetime) -> Iterable[date]:
    return (now.date() + timedelta(days=step) for step in range(-_LOOK_BACK, LOOK_AHEAD + 1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _rows(document: Any, key: str) -> tuple[Json, ...]:
    value = arm.dig(document, key)
    rows = arm.objects(document, key)
    if value is not None and (not isinstance(value, list) or len(rows) < len(value)):
        raise ValueError(key)
    return rows


def _text(document: Any, key: str, default: str | None = None) -> str:
    value = arm.dig(document, key)
    found = default if value is None else value
    if not isinstance(found, str):
        raise ValueError(key)
    return found


def _is_number(value: Any, least: int, most: int | None) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    return number and least <= value and (most is None or value <= most)


def _number(document: Any, key: str, most: int | None = None) -> int:
    value = arm.dig(document, key)
    if not _is_number(value, 1, most):
        raise ValueError(key)
    return int(value)


def _weekday(document: Any, key: str) -> int:
    name = _text(document, key).lower()
    if name not in _WEEKDAYS:
        raise ValueError(key)
    return _WEEKDAYS.index(name)


def _date(written: str) -> date:
    found = _DATE.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no date")
    return date(*(int(part) for part in found.groups()))


def _time(written: str) -> timedelta:
    found = _TIME.fullmatch(written)
    if found is None or int(found.group(1)) > 23 or int(found.group(2)) > 59:
        raise ValueError(f"{written!r} is no time")
    return timedelta(hours=int(found.group(1)), minutes=int(found.group(2)))


def _offset(written: str) -> timedelta:
    found = _OFFSET.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no offset")
    sign, hours, minutes = found.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes))
    if size > _WIDEST_OFFSET:
        raise ValueError(f"{written!r} is no offset")
    return -size if sign == "-" else size
