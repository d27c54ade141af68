"""Find samples that match a search and ranges of numbers, by the same rules as the page."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray
from nbinterp.views.explorer.samples import Column
from nbinterp.views.explorer.scales import bound

Range = Sequence[float | None]
LONGEST_SEARCH = 200
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')


def matching(
    table: Sequence[Column], n: int, search: str, ranges: Mapping[str, Range]
) -> BoolArray:
    """Return which of `n` samples match.

    Parameters
    ----------
    table : sequence of Column
        The columns of the samples.
    n : int
        Number of samples.
    search : str
        Words that must all occur in categories of the sample. Case does not matter; quotes keep
        words together. ``column=value`` matches exactly that category, whose name may have blanks.
    ranges : mapping from str to pair of float or None
        Lowest and highest value of numeric columns, None for no bound. Missing values do not match.

    Returns
    -------
    array of shape (n,), bool
    """
    keep = np.ones(n, bool)
    categories = [column for column in table if column.categories is not None]
    for word in _words(categories, search):
        hit = np.zeros(n, bool)
        for column in categories:
            names = [name.lower() for name in column.categories or ()]
            wanted = word.removeprefix(f"{column.name.lower()}=")
            exact = wanted != word
            good = [wanted == name if exact else word in name for name in names]
            hit |= np.array([*good, False])[column.entries]  # -1 (missing) takes the last
        keep &= hit
    for column in table:
        low, high = ranges.get(column.name, (None, None))
        if column.categories is not None or (low is None and high is None):
            continue
        values = column.entries
        with np.errstate(invalid="ignore"):
            above = values >= np.float32(-np.inf if low is None else low)
            below = values <= np.float32(np.inf if high is None else high)
        keep &= above & below
    return keep


def _words(categories: Sequence[Column], search: str) -> list[str]:
    """Return the words of a search; those that together are ``column=category`` count as one."""
    words = [found.replace('"', "") for found in _WORD.findall(search.lower())]
    named = {f"{one.name}={name}".lower() for one in categories for name in one.categories or ()}
    found, start = [], 0
    while start < len(words):
        ends = range(len(words), start + 1, -1)
        end = next((end for end in ends if " ".join(words[start:end]) in named), start + 1)
        found.append(" ".join(words[start:end]))
        start = end
    return found


@_checks.call("explorer.search")
def checked_search(text: str) -> str:
    """Return `text` if it is short enough to search for."""
    _checks.require(
        len(text) <= LONGEST_SEARCH,
        f"({len(text)} letters)",
        f"must have at most {LONGEST_SEARCH}",
        "Search for fewer words.",
    )
    return text


@_checks.call("explorer.ranges")
def checked_ranges(table: Sequence[Column], ranges: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """Return `ranges` in a form that fits in JSON."""
    scales = {column.name: column.meaning for column in table if column.categories is None}
    result: dict[str, list[Any]] = {}
    for name, pair in ranges.items():
        _checks.choice("column", name, scales)
        what = f"[{name!r}]"
        fits = isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
        _checks.require(fits, what, "must be a pair", "Pass (low, high), None for no bound.")
        bounds = [None if end is None else bound(end, scales[name]) for end in pair]
        if bounds != [None, None]:
            result[name] = bounds
    return result
