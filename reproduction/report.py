"""Rows that compare our numbers with a paper's, the sections they form, and their Markdown."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLD = "told, not asserted"
# The words of a claim are all that a stored row keeps of it, so they must be enough to check it.
_NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
_CLAIMS = {
    "near": re.compile(rf"within {_NUMBER} of {_NUMBER}"),
    "above": re.compile(rf"above {_NUMBER}"),
    "below": re.compile(rf"below {_NUMBER}"),
    "between": re.compile(rf"between {_NUMBER} and {_NUMBER}"),
}


@dataclass(frozen=True)
class Row:
    """One figure of ours beside the paper's.

    Attributes
    ----------
    what : str
        What was measured: "10,000 disjoint, Local Linear, α = 1: group cosine".
    ours : tuple of float
        A value of each replicate. Two or more are shown as their mean ± its standard error.
    paper : str
        The figure as the paper prints it, "" where it prints none.
    claim : str
        What must hold of the mean of `ours`, in the words that `agrees` reads.
    agrees : bool
        Whether it holds. True where nothing is asserted.
    why : str
        Why the figures differ, or why nothing is asserted: one sentence.
    digits : int
        Decimals to show.
    """

    what: str
    ours: tuple[float, ...]
    paper: str
    claim: str
    agrees: bool
    why: str = ""
    digits: int = 3

    @property
    def asserted(self) -> bool:
        """Whether the row claims anything."""
        return self.claim != TOLD


@dataclass(frozen=True)
class Section:
    """One experiment: what was run, its rows, and its plots.

    Attributes
    ----------
    title : str
        "R1. Synthetic groups (Tables 1 and 3, Fig. 8 to 12)".
    text : str
        Markdown: the settings, what was run, how to read it, what differs and why.
    rows : tuple of Row
        The figures.
    plots : dict
        File name without suffix to an Altair chart, or to the bytes of a PNG.
    """

    title: str
    text: str
    rows: tuple[Row, ...]
    plots: dict[str, Any] = field(default_factory=dict)


Values = float | Iterable[float]


def near(
    what: str, ours: Values, paper: float, tolerance: float, why: str = "", digits: int = 3
) -> Row:
    """Claim that the mean of `ours` lies within `tolerance` of the paper's figure."""
    claim = f"within {tolerance:g} of {paper:g}"
    return _row(what, ours, f"{paper:.{digits}f}", claim, why, digits)


def above(
    what: str, ours: Values, bound: float, paper: str = "", why: str = "", digits: int = 3
) -> Row:
    """Claim that the mean of `ours` is above `bound`."""
    return _row(what, ours, paper, f"above {bound:g}", why, digits)


def below(
    what: str, ours: Values, bound: float, paper: str = "", why: str = "", digits: int = 3
) -> Row:
    """Claim that the mean of `ours` is below `bound`."""
    return _row(what, ours, paper, f"below {bound:g}", why, digits)


def between(
    what: str,
    ours: Values,
    low: float,
    high: float,
    paper: str = "",
    why: str = "",
    digits: int = 3,
) -> Row:
    """Claim that the mean of `ours` lies between `low` and `high`, or on one of them."""
    return _row(what, ours, paper, f"between {low:g} and {high:g}", why, digits)


def told(what: str, ours: Values, paper: str = "", *, why: str, digits: int = 3) -> Row:
    """Show a figure and claim nothing; `why` says why not."""
    if not why:
        raise ValueError(f"told({what!r}, why='') must say why nothing is asserted. Give why=….")
    return _row(what, ours, paper, TOLD, why, digits)


def _row(what: str, ours: Values, paper: str, claim: str, why: str, digits: int) -> Row:
    values = tuple(float(f"{value:.6g}") for value in np.atleast_1d(np.asarray(ours, float)))
    return Row(what, values, paper, claim, agrees(claim, values), why, digits)


def agrees(claim: str, ours: Sequence[float]) -> bool:
    """Return whether the mean of `ours` is as a claim says; a mean that is not finite never is."""
    if claim == TOLD:
        return True
    mean = _mean(ours)
    for kind, words in _CLAIMS.items():
        if found := words.fullmatch(claim):
            return _holds(kind, mean, *(float(number) for number in found.groups()))
    raise ValueError(f"a claim must read like 'within 0.03 of 0.14' or 'above 0', not {claim!r}.")


def _mean(ours: Sequence[float]) -> float:
    return float(np.mean(ours)) if len(ours) else np.nan


def _holds(kind: str, mean: float, first: float, second: float = np.nan) -> bool:
    if not np.isfinite(mean):
        return False
    if kind == "near":
        return bool(abs(mean - second) <= first)
    if kind == "between":
        return first <= mean <= second
    return mean > first if kind == "above" else mean < first


def failed(rows: Iterable[Row]) -> list[str]:
    """Name the rows whose claim does not hold, each with its figure and its claim."""
    return [f"{row.what}: {shown(row)} is not {row.claim}" for row in rows if not row.agrees]


def shown(row: Row) -> str:
    """Return our figure as the report prints it: the mean ± its standard error."""
    mean = f"{_mean(row.ours):.{row.digits}f}"
    if len(row.ours) < 2:
        return mean
    error = np.std(row.ours, ddof=1) / np.sqrt(len(row.ours))
    return f"{mean} ± {error:.{row.digits}f}"


def table(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| what | ours | paper | claim | agrees | why |", "|---|---|---|---|---|---|"]
    for row in rows:
        agreement = ("yes" if row.agrees else "**no**") if row.asserted else "–"
        cells = (row.what, shown(row), row.paper, row.claim, agreement, row.why)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
