"""Columns that are a scale: numbers, dates and durations, and how their values read."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import Float32Array

# How the values of a scale read: the date of 0 in milliseconds and how much of a date to show, or
# a unit. Nothing for plain numbers.
Meaning = dict[str, Any]

_DAY = 86_400_000.0  # milliseconds
_DATES = ("date", "datetime", "datetime64")
_DURATIONS = ("timedelta", "timedelta64")
_NUMBERS = ("boolean", "integer", "floating", "mixed-integer-float", "decimal")
# Letters of an ISO date, its step in milliseconds, and the longest span in days over which
# float32 tells such steps apart.
_SHOWN = ((10, _DAY, np.inf), (16, 60_000.0, 10_000.0), (19, 1_000.0, 150.0))
_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001))


def typed(given: pd.Series) -> pd.Series:
    """Return objects in the type that all of them have: numbers, dates or durations."""
    if isinstance(given.dtype, pd.PeriodDtype):
        begins: pd.Series = given.dt.to_timestamp()
        return begins
    if isinstance(given.dtype, pd.ArrowDtype) and given.dtype.kind in "mMO":
        given = given.astype(object)
    if given.dtype != object:
        return given
    kind = pd.api.types.infer_dtype(given, skipna=True)
    try:
        if kind in _DATES:
            return pd.to_datetime(given)
        if kind in _DURATIONS:
            return pd.to_timedelta(given)
        if kind in _NUMBERS:
            return (given.astype(float) if kind == "decimal" else given).convert_dtypes()
    except (ValueError, TypeError):  # such as the year 9999, or several time zones
        return given
    return given


def numbers(name: str, array: pd.Series) -> tuple[Float32Array, Meaning]:
    """Return the values of a scale as float32, and what they mean."""
    if array.dtype.kind == "M":
        return _days(array.dt.tz_localize(None) if array.dt.tz is not None else array)
    if array.dtype.kind == "m":
        seconds = array.dt.total_seconds()
        largest = float(seconds.abs().max())
        unit, size = next((each for each in _UNITS if largest >= 2 * each[1]), _UNITS[-1])
        return (seconds / size).to_numpy(np.float32), {"unit": unit}
    values = array.to_numpy(np.float64, na_value=np.nan)
    limit = float(np.finfo(np.float32).max)
    _checks.require(
        not (abs(values[np.isfinite(values)]) > limit).any(),
        f"(columns={{{name!r}: …}})",
        f"must hold numbers up to {limit:.2g} in size",
        "Scale the column, or take its logarithm.",
    )
    return values.astype(np.float32), {}


def _days(dates: pd.Series) -> tuple[Float32Array, Meaning]:
    """Return days since the day of the first date, and how to read them."""
    first = dates.min()
    first = (pd.Timestamp(0) if pd.isna(first) else first).normalize()
    days = ((dates - first).dt.total_seconds() * 1000 / _DAY).to_numpy(np.float64)
    known = days[np.isfinite(days)]
    span = float(known.max()) if known.size else 0.0
    letters = 10
    for shown, step, longest in _SHOWN:
        whole = known * (_DAY / step)
        if span <= longest:
            letters = shown
            if (abs(whole - whole.round()) < 1e-6 * np.maximum(1, abs(whole))).all():
                break
    return days.astype(np.float32), {"start": first.timestamp() * 1000, "letters": letters}


def text(value: float, meaning: Meaning) -> str:
    """Return a value as the page shows it."""
    if "start" in meaning and np.isfinite(value):
        step = {letters: step for letters, step, _ in _SHOWN}[meaning["letters"]]
        shown = round((meaning["start"] + value * _DAY) / step) * step
        return str(pd.Timestamp(shown, unit="ms").isoformat(" "))[: meaning["letters"]]
    unit = meaning.get("unit")
    return f"{value:.4g} {unit}" if unit and np.isfinite(value) else f"{value:.4g}"


def bound(end: Any, meaning: Meaning) -> float:
    """Return the end of a range as a number of the scale, from a number, a date or a duration."""
    try:
        if "start" in meaning and not isinstance(end, int | float):
            date = pd.Timestamp(end)
            date = date.tz_localize(None) if date.tz is not None else date
            return float((date - pd.Timestamp(meaning["start"], unit="ms")) / pd.Timedelta(days=1))
        if "unit" in meaning and not isinstance(end, int | float):
            return float(pd.Timedelta(end).total_seconds() / dict(_UNITS)[meaning["unit"]])
    except (ValueError, TypeError):
        kind = "date" if "start" in meaning else "duration"
        _checks.fail(
            f"(bound={_checks.show(end)})",
            f"must be a {kind}",
            "Pass a text such as '2020-01-31' or '90 min', or None for no bound.",
        )
    return _checks.real("bound", end)
