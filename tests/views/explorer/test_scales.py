"""Dates, durations and numbers in the types of any library, as columns of a map."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch
from views.page import Page

from nbinterp import ClusterExplorer
from nbinterp.views.explorer import samples
from nbinterp.views.explorer.scales import text

DAYS = {"start": pd.Timestamp("2020-02-28").timestamp() * 1000, "letters": 10}
DATES = pd.Series(pd.to_datetime(["2020-03-01", "2020-02-28", "2020-02-29"]))
NOONS = DATES + pd.Timedelta(hours=12)


def column(values):
    return samples.column("c", values, len(values))


def shown(values):
    """Return what the page shows of a scale, or the names of categories."""
    coded = column(values)
    if coded.categories is None:
        return [text(float(value), coded.meaning) for value in coded.entries]
    return [coded.categories[code] if code >= 0 else None for code in coded.entries]


# The same values and the same texts as in widgets/tests/explorer/state/meaning.test.ts.
@pytest.mark.parametrize(
    ("value", "meaning", "wanted"),
    [
        (0, DAYS, "2020-02-28"),
        (2, DAYS, "2020-03-01"),
        (-59, DAYS, "2019-12-31"),
        (np.float32(1 + 13.34 / 24), DAYS | {"letters": 16}, "2020-02-29 13:20"),
        (np.float32(100 + 45_296 / 86_400), DAYS | {"letters": 19}, "2020-06-07 12:34:56"),
        (2.5, {"unit": "h"}, "2.5 h"),
        (2.5, {}, "2.5"),
        (np.nan, DAYS, "nan"),
    ],
)
def test_values_read_as_they_are_meant(value, meaning, wanted):
    assert text(float(value), meaning) == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (DATES, ["2020-03-01", "2020-02-28", "2020-02-29"]),
        (DATES.to_numpy("datetime64[D]"), ["2020-03-01", "2020-02-28", "2020-02-29"]),
        ([date.date() for date in DATES], ["2020-03-01", "2020-02-28", "2020-02-29"]),
        (pd.DatetimeIndex(DATES), ["2020-03-01", "2020-02-28", "2020-02-29"]),
        (pd.PeriodIndex(DATES, freq="M"), ["2020-03-01", "2020-02-01", "2020-02-01"]),
        (NOONS, ["2020-03-01 12:00", "2020-02-28 12:00", "2020-02-29 12:00"]),
        (NOONS.dt.tz_localize("Asia/Tokyo"), ["2020-03-01 12:00", "2020-02-28 12:00"]),
        (list(NOONS.dt.to_pydatetime()), ["2020-03-01 12:00"]),
        (DATES + pd.Timedelta(seconds=1), ["2020-03-01 00:00:01"]),
        (pd.Series([DATES[0], pd.NaT, DATES[2]]), ["2020-03-01", "nan", "2020-02-29"]),
        ([DATES[0].date(), None], ["2020-03-01", "nan"]),
        (pd.Series([pd.NaT, pd.NaT]), ["nan", "nan"]),
        (pd.to_timedelta([90, 30], unit="min"), ["90 min", "30 min"]),
        (np.array([3, 0], "m8[D]"), ["3 d", "0 d"]),
        ([datetime.timedelta(hours=5), None], ["5 h", "nan"]),
        (pd.to_timedelta([1], unit="us"), ["0.001 ms"]),
        (np.array([0.5, 2.0], object), ["0.5", "2"]),
        ([Decimal("0.5"), None], ["0.5", "nan"]),
        (pd.array([0.5, None], dtype="Float64"), ["0.5", "nan"]),
        (torch.tensor([0.5, 2.0], dtype=torch.bfloat16), ["0.5", "2"]),
        (np.ma.masked_array([0.5, 2.0], mask=[0, 1]), ["0.5", "nan"]),
    ],
)
def test_scales_of_all_types(values, wanted):
    assert column(values).categories is None
    assert shown(values)[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pd.array([2, None, 10], dtype="Int64"), ["2", None, "10"]),
        (pd.array([True, None], dtype="boolean"), ["True", None]),
        (np.ma.masked_array([2, 3], mask=[0, 1]), ["2", None]),
        (np.ma.masked_array(["a", "b"], mask=[0, 1]), ["a", None]),
        (np.array([2, None, 10], object), ["2", None, "10"]),
        (pd.Categorical(DATES[:2]), ["2020-03-01 00:00:00", "2020-02-28 00:00:00"]),
        (["a", 1, None], ["a", "1", None]),
    ],
)
def test_categories_of_all_types(values, wanted):
    assert shown(values) == wanted


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
def test_columns_of_other_libraries(library):
    module = pytest.importorskip(library)
    make = module.Series if library == "polars" else module.array
    assert shown(make([date.date() for date in DATES])) == shown(DATES)
    assert shown(make(list(NOONS.dt.to_pydatetime()))) == shown(NOONS)
    assert shown(make([2, None, 10])) == ["2", None, "10"]
    assert shown(make(["a", None])) == ["a", None]
    table = module.DataFrame if library == "polars" else module.table
    explorer = ClusterExplorer(np.eye(2), columns=table({"a": [1, 2], "b": ["u", "v"]}))
    assert explorer.to_frame([0, 1])[["a", "b"]].to_numpy().tolist() == [[1, "u"], [2, "v"]]


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        (np.array([1j, 2]), TypeError, "must be numbers, texts or dates, not complex"),
        ([{}, {}], TypeError, "must hold numbers, texts or dates, not dict. Make a text"),
        ([1e300, 2.0], ValueError, "must hold numbers up to 3.4e.38 in size. Scale the column"),
        (torch.ones(2, device="meta"), TypeError, "on the meta device"),
        (torch.ones(2).to_sparse(), TypeError, "must be dense"),
    ],
)
def test_other_columns_are_refused(values, error, match):
    with pytest.raises(error, match=rf"^ClusterExplorer\(columns.*{match}"):
        ClusterExplorer(np.eye(2), columns={"c": values})


@pytest.mark.parametrize(
    "given",
    [
        DATES,
        NOONS.dt.tz_localize("Asia/Tokyo"),
        DATES - DATES[0],
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([True, None, False], dtype="boolean"),
        pd.Series(pd.Categorical(["u", "v", "u"], categories=list("wvu"), ordered=True)),
        pd.Series(pd.PeriodIndex(DATES, freq="M")),
    ],
    ids=str,
)
def test_columns_come_back_as_they_were_given(given):
    explorer = ClusterExplorer(np.eye(3)[:, :2], columns={"c": given})
    pd.testing.assert_series_equal(
        explorer.to_frame([0, 1, 2])["c"].reset_index(drop=True), given, check_names=False
    )


def test_many_dates_are_a_scale_that_float32_can_tell_apart():
    for dates, letters in (
        (pd.date_range("1950-01-01", "2020-01-01 00:00:01", periods=999), 10),
        (pd.date_range("2000-01-01", "2020-01-01", periods=99_999).floor("min"), 16),
        (pd.date_range("2020-01-01", periods=9999, freq="s"), 19),
    ):
        coded = column(dates)
        assert (coded.categories, coded.meaning["letters"]) == (None, letters)
        for place in (0, 7, len(dates) - 1):
            told = text(float(coded.entries[place]), coded.meaning)
            assert told == dates[place].isoformat(" ")[:letters] or letters == 10


def test_the_page_and_ranges_know_dates():
    table = {"when": NOONS, "took": pd.to_timedelta([5, 90, 600], unit="min")}
    explorer = ClusterExplorer(np.eye(3)[:, :2], columns=table)
    when, took = Page(explorer)["_columns"]
    assert (when["kind"], when["start"], when["letters"]) == ("number", DAYS["start"], 16)
    assert (took["kind"], took["unit"]) == ("number", "h")
    explorer.ranges = {"when": ("2020-02-29", None)}
    assert explorer.matching.tolist() == [0, 2] and explorer.ranges == {"when": [1.0, None]}
    explorer.ranges = {"when": (datetime.date(2020, 2, 1), pd.Timestamp("2020-02-29"))}
    assert explorer.matching.tolist() == [1]
    explorer.ranges = {"took": ("1 h", None)}
    assert explorer.matching.tolist() == [1, 2]
    explorer.ranges = {"took": (None, 2.0)}
    assert explorer.matching.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"must be a date\. Pass a text"):
        explorer.ranges = {"when": ("yesterday noon", None)}
