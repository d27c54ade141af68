"""Run the synthetic study, and put its figures beside those of the paper."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from reproduction.report import Row, Section, above, near, told
from reproduction.table1.measure import World, measured
from reproduction.table1.paper import MEASURES, Cell, cells
from reproduction.table1.plots import plots
from reproduction.table1.unlimited import unlimited

_TITLE = "R1. Synthetic groups (Local CorEx, Tables 1 and 3, Fig. 8 to 12)"
_TEXT = """\
Two Gaussian classes of 25 variables, `make_corex_clusters`, whose variables vary together in
groups. α is the distance between the means of the classes, from 0 (they coincide) to 1. Linear
CorEx (`gaussianize="outliers"`) and Bio CorEx (`variance_floor="clip"`, not with 10,000 samples)
look for the groups: in all samples together, or in each of two regions (*Local*), which PHATE in
5 dimensions and k-means cut. `group_recovery` scores what they find by the cosine distance (0 is
best) and by the area under the precision-recall curve (AUC, 1 is best); *group*: is every group
found? *top*: is each of the first five factors a group? A figure is the mean over 3 to 7 factors
and both classes, then over {replicates} draws of the data (with 10, 100, 1,000 and 10,000 samples
per class); α is {alphas}. The draws of a replicate are the same for every α.

Where it differs from the authors' program: a region is scored against the class that most of its
samples are of, where their program takes the first region for the first class; and a factor
without any information counts as distance 1, where theirs counted it as perfect. With 10 samples
of 25 variables, factors can copy a variable. Our float64 gives such a pair twice the mutual
information of their float32, which makes our cosines worse by up to 0.05 (of eight disjoint draws
at α = 1, the local group cosine is 0.448 here and 0.423 by `engine="linearcorex"`, their
package), and leaves the AUC as it is: so nothing is claimed of these cosines. The last rows are
fits to the true covariances, as if there were samples without end: they are free of chance.

{claim}

Ours (the paper's), at α = 0 and α = 1:

{compact}
"""
_CLAIM = """\
Claimed is that ours is within 0.03 of the paper's figure, or within three standard errors of the
difference of two means of 16 draws, if that is more: so it is with few samples."""
_QUICK_CLAIM = """\
Of so few draws less can be claimed: that ours is within 0.12, 0.08, 0.06 and 0.05 of the paper's
figure, with 10, 100, 1,000 and 10,000 samples per class."""
_REPLICATES = {10: 16, 100: 16, 1000: 16, 10_000: 16}
_QUICK_REPLICATES = {10: 4, 100: 2, 1000: 1, 10_000: 1}
_ALPHAS = tuple(round(step / 10, 1) for step in range(11))
_PAPERS_REPLICATES = 16
_TOLERANCE = 0.03
_QUICK_TOLERANCE = {10: 0.12, 100: 0.08, 1000: 0.06, 10_000: 0.05}
_BY_CHANCE = (
    "The classes have the same mean, so the regions match them by chance, and the figure with it."
)
_EMPTY = (
    "Of so few samples some factors have no information, which the authors' program counted as "
    "perfect."
)
_COPIES = (
    "With fewer samples than variables a factor can copy one: theirs gives it 3 nats in float32, "
    "ours 6, and so ours points to fewer variables."
)


def run(quick: bool) -> Section:
    """Return the section of Table 1 and 3."""
    replicates = _QUICK_REPLICATES if quick else _REPLICATES
    alphas = (0.0, 1.0) if quick else _ALPHAS
    found = measured(
        [
            World(n_samples, overlap, alpha, replicate)
            for n_samples, count in replicates.items()
            for overlap in ("disjoint", "nondisjoint")
            for alpha in alphas
            for replicate in range(count)
        ]
    )
    text = _TEXT.format(
        replicates=" / ".join(str(count) for count in replicates.values()),
        alphas="0 and 1" if quick else "0, 0.1, …, 1",
        claim=_QUICK_CLAIM if quick else _CLAIM,
        compact=_compact(found),
    )
    return Section(_TITLE, text, (*rows(found, quick), *unlimited()), plots(found))


def rows(found: pd.DataFrame, quick: bool) -> list[Row]:
    """Return the rows of what was measured: each cell of Table 3, then what follows from them."""
    places = _places(found)
    compared = [_row(places, cell, quick) for cell in cells()]
    return [*compared, *_directions(places), *_purity(places), *_runtime(found)]


# The replicates of a method in one kind of world, by samples, overlap, α and method.
_Places = dict[Any, pd.DataFrame]


def _places(found: pd.DataFrame) -> _Places:
    keys = ["n_samples", "overlap", "alpha", "method"]
    return {place: part.sort_values("replicate") for place, part in found.groupby(keys)}


def _values(places: _Places, cell: Cell) -> np.ndarray:
    place = places[cell.n_samples, cell.overlap, cell.alpha, cell.method]
    return place[cell.measure].to_numpy(float)


def _row(places: _Places, cell: Cell, quick: bool) -> Row:
    what = f"{cell.n_samples:,} {cell.overlap}, {cell.method}, α = {cell.alpha:g}: {cell.measure}"
    ours = _values(places, cell)
    why = _why_not(cell)
    if why:
        return told(what, ours, f"{cell.figure:.3f}", why=why)
    return near(what, ours, cell.figure, _tolerance(ours, cell.n_samples, quick))


def _tolerance(ours: np.ndarray, n_samples: int, quick: bool) -> float:
    """Return how far our mean may be from the paper's: what two means of such draws differ by."""
    if quick:
        return _QUICK_TOLERANCE[n_samples]
    error = ours.std(ddof=1) * np.sqrt(1 / len(ours) + 1 / _PAPERS_REPLICATES)
    return max(_TOLERANCE, round(3 * float(error), 3))


def _why_not(cell: Cell) -> str:
    """Return why a cell cannot be compared, "" if it can."""
    found_at_zero = (cell.overlap, cell.n_samples) == ("disjoint", 10_000)
    if cell.method.startswith("Local") and cell.alpha == 0 and not found_at_zero:
        return _BY_CHANCE
    if cell.n_samples == 10 and cell.measure.endswith("cosine"):
        return _EMPTY if cell.method.endswith("Bio") else _COPIES
    return ""


def _directions(places: _Places) -> Iterator[Row]:
    """Yield what the paper concludes: of classes apart, local fits find more."""
    for kind, overlap, sizes in (
        ("Linear", "disjoint", (100, 1000, 10_000)),
        ("Bio", "disjoint", (100, 1000)),
        ("Linear", "nondisjoint", (1000, 10_000)),
        ("Bio", "nondisjoint", (1000,)),
    ):
        for n_samples in sizes:
            whole, local = (
                places[n_samples, overlap, 1.0, method][MEASURES[0]].to_numpy(float)
                for method in (kind, f"Local {kind}")
            )
            what = f"{n_samples:,} {overlap}, α = 1: group cosine of {kind} minus Local {kind}"
            yield above(what, whole - local, 0.0)


def _purity(places: _Places) -> Iterator[Row]:
    """Yield how well the regions match the classes."""
    for n_samples, overlap, alpha, bound in (
        (100, "disjoint", 1.0, 0.95),
        (100, "nondisjoint", 1.0, 0.95),
        (1000, "disjoint", 1.0, 0.95),
        (1000, "nondisjoint", 1.0, 0.95),
        (10_000, "disjoint", 1.0, 0.95),
        (10_000, "nondisjoint", 1.0, 0.95),
        (10_000, "disjoint", 0.0, 0.85),
    ):
        purity = places[n_samples, overlap, alpha, "Local Linear"]["purity"]
        what = f"{n_samples:,} {overlap}, α = {alpha:g}: purity of the regions"
        yield above(what, purity, bound, digits=2)
    purity = places[10_000, "nondisjoint", 0.0, "Local Linear"]["purity"]
    yield told("10,000 nondisjoint, α = 0: purity of the regions", purity, why=_BY_CHANCE, digits=2)


def _runtime(found: pd.DataFrame) -> Iterator[Row]:
    """Yield what Bio CorEx and the partition cost (Fig. 12)."""
    means = found.groupby(["n_samples", "method"])[["fits", "partition"]].mean()
    seconds: dict[Any, np.ndarray] = dict(zip(means.index, means.to_numpy(float), strict=True))
    for n_samples in (100, 1000):
        ratio = seconds[n_samples, "Bio"][0] / seconds[n_samples, "Linear"][0]
        yield above(f"{n_samples:,}: seconds of Bio over those of Linear", ratio, 1.0, digits=1)
    for n_samples in (1000, 10_000):
        fits, partition = seconds[n_samples, "Local Linear"]
        what = f"{n_samples:,}: share of the partition in the time of Local Linear"
        yield above(what, partition / (fits + partition), 0.5, digits=2)


def _compact(found: pd.DataFrame) -> str:
    """Return Table 3 with both figures in each cell."""
    heads = [f"{measure}, {alpha}" for measure in MEASURES for alpha in (0, 1)]
    places = _places(found)
    lines = ["| groups | n | method | " + " | ".join(heads) + " |", "|---" * 11 + "|"]
    table: dict[tuple[str, int, str], list[str]] = {}
    for cell in cells():
        mean = f"{_values(places, cell).mean():.3f} ({cell.figure:.3f})"
        table.setdefault(cell[:3], []).append(mean)
    for (overlap, n_samples, method), figures in table.items():
        lines.append("| " + " | ".join([overlap, f"{n_samples:,}", method, *figures]) + " |")
    return "\n".join(lines)
