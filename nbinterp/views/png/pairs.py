"""A matrix of pairs for readers without a kernel: as a still picture and in words."""

import numpy as np

from nbinterp._typing import AnyArray, BoolArray, IntArray
from nbinterp.views.heatmap.pair_source import PairSource
from nbinterp.views.heatmap.pair_table import PairTable
from nbinterp.views.png.snapshot import _QUIET, _SCALE, _length, _Sheet, ramp

_SIDE = 460.0
_PARTNERS = 190.0
_NAMED = 11.0
_MOST_CELLS = 130  # from side to side of a picture that a notebook keeps


def describe(source: PairSource, table: PairTable, which: str) -> str:
    """Return size, sample and the strongest pairs in few words."""
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


def shown_rows(table: PairTable, top: int, order: str) -> IntArray:
    """Return the `top` rows of the strongest pairs, in the order of the picture."""
    size = np.abs(table.values) * table.beyond
    np.fill_diagonal(size, 0.0)
    best = np.argsort(-size.max(axis=1, initial=0.0), kind="stable")[:top]
    rows = table.order if order == "similarity" else np.arange(len(table.order))
    return rows[np.isin(rows, best)]


def limit_of(table: PairTable) -> float:
    """Return the largest size of a pair of different inputs: where the colours end."""
    size = np.abs(table.values[np.triu_indices(len(table.values), 1)])
    return float(size.max(initial=0.0)) or float(np.abs(table.values).max(initial=0.0)) or 1.0


def pairs_png(
    source: PairSource,
    table: PairTable,
    *,
    top: int,
    order: str,
    pair: tuple[int, int] | None,
    note: str,
) -> bytes:
    """Return the matrix as a PNG, beside it the partners of the chosen pixel of an image."""
    rows = shown_rows(table, top, order)
    names = [source.names[table.features[row]] for row in rows]
    cell = _SIDE / max(len(rows), 1)
    every = max(1, int(np.ceil(_NAMED / cell)))
    named = range(0, len(rows), every) if every < 4 else range(0)
    room = max((_length(names[k], 10, 96) for k in named), default=0.0)
    left, top_edge = 14 + room, 34 + room
    has_map = pair is not None and source.grid is not None and table.features.size == source.width
    width = left + _SIDE + (90 if not has_map else 100 + _PARTNERS)
    sheet = _Sheet(width, top_edge + _SIDE + 26)
    unit = f" ({source.unit})" if source.unit else ""
    sheet.text(8, 14, f"How inputs act in pairs{unit}", size=12, width=width - 16)
    place = np.ix_(rows, rows)
    limit = limit_of(table)
    _matrix(sheet, table.values[place] / limit, table.noise[place], left, top_edge, _SIDE, _SIDE)
    for k in named:
        middle = (k + 0.5) * cell
        sheet.text(left - 5, top_edge + middle, names[k], size=10, anchor="rm", width=96)
        length = _length(names[k], 10, 96)
        sheet.text(left + middle, top_edge - 5 - length, names[k], size=10, width=96, upright=True)
    _bar(sheet, limit, left + _SIDE + 16, top_edge)
    if has_map and pair is not None:
        _partners(sheet, source, table, pair, left + _SIDE + 90, top_edge)
    grey = "" if table.errors is None else "hatched: within noise · "
    sheet.text(8, sheet.height - 13, grey + note, size=10, fill=_QUIET, width=width - 16)
    return sheet.png()


def _partners(
    sheet: _Sheet,
    source: PairSource,
    table: PairTable,
    pair: tuple[int, int],
    x: float,
    y: float,
) -> None:
    grid, feature = source.grid, pair[0]
    if grid is None:
        return
    groups = np.arange(grid.size) if source.groups is None else source.groups
    row = np.where(groups < 0, 0.0, table.values[feature][groups])
    noise = np.where(groups < 0, False, table.noise[feature][groups])
    others = np.abs(row)[groups != feature]
    layers = row.reshape(grid.channels, grid.height, grid.width)
    strongest = np.abs(layers).argmax(0)[None]
    picture = np.take_along_axis(layers, strongest, 0)[0]
    flags = np.take_along_axis(noise.reshape(layers.shape), strongest, 0)[0]
    scale = _PARTNERS / max(grid.height, grid.width)
    size = (grid.width * scale, grid.height * scale)
    limit = float(others.max(initial=0.0)) or 1.0
    _matrix(sheet, picture / limit, flags, x, y + 16, *size)
    sheet.box(x, y + 16, *size, outline=(150, 150, 150))
    sheet.text(x, y + 5, f"partners of {source.names[feature]}", size=10, width=_PARTNERS)
    at = np.argwhere((groups == feature).reshape(layers.shape).any(0))
    for down, right in at[: 1 if source.groups is None else 0]:
        sheet.box(x + right * scale, y + 16 + down * scale, scale, scale, outline=(0, 0, 0))
    text = f"colours to ±{limit:.2g}"
    sheet.text(x, y + 28 + size[1], text, size=10, fill=_QUIET, width=_PARTNERS)


def _matrix(
    sheet: _Sheet,
    shares: AnyArray,
    noise: BoolArray,
    x: float,
    y: float,
    width: float,
    height: float,
) -> None:
    """Draw shares of the limit by their roots, and stripes where there is noise."""
    shares, noise = _thinned(shares, noise)
    rooted = np.sign(shares) * np.sqrt(np.minimum(np.abs(shares), 1.0))
    pixels = ramp((rooted + 1) / 2, "diverging")
    down, right = (max(1, round(side * _SCALE)) for side in (height, width))
    # Each pixel of the sheet takes the cell that it is in; stripes run over the cells.
    rows = np.arange(down) * len(shares) // down
    columns = np.arange(right) * shares.shape[1] // right
    stripe = (np.arange(down)[:, None] + np.arange(right)) % 10 < 2
    hatched = np.where(stripe[..., None], 200, 245).astype(np.uint8)
    place = np.ix_(rows, columns)
    sheet.picture(np.where(noise[place][..., None], hatched, pixels[place]), x, y, width, height)


def _thinned(shares: AnyArray, noise: BoolArray) -> tuple[AnyArray, BoolArray]:
    """Return the strongest cell of each block, beyond noise if one is, of more than can be seen."""
    rows, columns = (-(-side // _MOST_CELLS) for side in shares.shape)
    if rows * columns == 1:
        return shares, noise
    size = np.where(noise, np.abs(shares) - 2.0, np.abs(shares))  # shares are at most 1, or few
    margins = [(0, -shares.shape[0] % rows), (0, -shares.shape[1] % columns)]
    blocks = [
        np.pad(each, margins, mode="edge")
        .reshape(-1, rows, (shares.shape[1] + margins[1][1]) // columns, columns)
        .swapaxes(1, 2)
        .reshape(-1, (shares.shape[1] + margins[1][1]) // columns, rows * columns)
        for each in (size, shares, noise)
    ]
    best = blocks[0].argmax(-1)[..., None]
    strongest, hatched = (np.take_along_axis(each, best, -1)[..., 0] for each in blocks[1:])
    return strongest, hatched


def _bar(sheet: _Sheet, limit: float, x: float, y: float) -> None:
    values = np.linspace(1, -1, 120)[:, None]
    _matrix(sheet, values, np.zeros((120, 1), bool), x, y, 12, 120)
    for share, value in ((0.0, limit), (0.5, 0.0), (1.0, -limit)):
        sheet.text(x + 17, y + share * 120, f"{value:.2g}", size=10)
