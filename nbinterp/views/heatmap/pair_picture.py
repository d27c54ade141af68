"""The text and the still picture of a matrix of pairs, for readers without a kernel."""

import numpy as np

from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.views.heatmap.pair_source import PairSource
from nbinterp.views.heatmap.pair_table import PairTable
from nbinterp.views.png.canvas import Scale
from nbinterp.views.png.matrix import Partners, pairs_png


def describe(source: PairSource, table: PairTable, which: str) -> str:
    """Describe size, sample and the strongest pairs in one line."""
    parts = []
    for row, column in zip(*table.strongest(3), strict=True):
        error = "" if table.errors is None else f" ± {table.errors[row, column]:.2g}"
        names = " × ".join(source.names[table.features[k]] for k in (row, column))
        parts.append(f"{names} {table.values[row, column]:.3g}{error}")
    size = f"{source.width} × {source.width} pairs of {source.title}"
    which = "" if which == "one sample" else f", {which}"
    counted = "" if table.errors is None else f"; {table.n_beyond:,} beyond noise"
    best = f"; strongest: {', '.join(parts)}" if parts else "; no pair beyond noise"
    return f"{size}{which}{counted}{best}"


def picture(
    source: PairSource,
    table: PairTable,
    *,
    top: int,
    order: str,
    pair: tuple[int, int] | None,
    note: str,
) -> bytes:
    """Return the `top` rows of the matrix as a PNG, with the partners of the chosen pixel."""
    rows = _rows(table, top, order)
    place = np.ix_(rows, rows)
    whole = table.features.size == source.width
    limit = _limit(table)
    unit = f" ({source.unit})" if source.unit else ""
    return pairs_png(
        table.values[place],
        table.noise[place],
        [source.names[table.features[row]] for row in rows],
        Scale("diverging", -limit, limit, root=True),
        title=f"Interactions of pairs of inputs{unit}",
        note=("" if table.errors is None else "hatched: within noise · ") + note,
        partners=_partners(source, table, pair[0]) if pair is not None and whole else None,
    )


def _rows(table: PairTable, top: int, order: str) -> IntArray:
    """Return the `top` rows of the strongest pairs, in the order of the picture."""
    size = np.abs(table.values) * table.beyond
    np.fill_diagonal(size, 0.0)
    best = np.argsort(-size.max(axis=1, initial=0.0), kind="stable")[:top]
    rows = table.order if order == "similarity" else np.arange(len(table.order))
    return rows[np.isin(rows, best)]


def _limit(table: PairTable) -> float:
    """Return the end of the colours: the largest size of a pair of different inputs."""
    size = np.abs(table.values[np.triu_indices(len(table.values), 1)])
    return float(size.max(initial=0.0)) or float(np.abs(table.values).max(initial=0.0)) or 1.0


def _partners(source: PairSource, table: PairTable, feature: int) -> Partners | None:
    """Return the row of one input as an image, with the strongest channel at each pixel."""
    grid = source.grid
    if grid is None:
        return None
    groups = np.arange(grid.size) if source.groups is None else source.groups
    shape = (grid.channels, grid.height, grid.width)
    values: FloatArray = np.where(groups < 0, 0.0, table.values[feature][groups]).reshape(shape)
    noise: BoolArray = ((groups >= 0) & table.noise[feature][groups]).reshape(shape)
    strongest = np.abs(values).argmax(0)[None]
    return Partners(
        f"partners of {source.names[feature]}",
        np.take_along_axis(values, strongest, 0)[0],
        np.take_along_axis(noise, strongest, 0)[0],
        (groups == feature).reshape(shape).any(0),
    )
