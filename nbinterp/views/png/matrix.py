"""Still pictures of matrices: factors by nodes, and inputs by inputs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nbinterp._typing import AnyArray, BoolArray
from nbinterp.views.png.canvas import FRAME, QUIET, Canvas, Scale, text_width

_WIDEST, _TALLEST, _SIDE = 620.0, 520.0, 460.0
_CELL = 34.0  # the largest width of a cell
_NAMED = 11.0  # the height of a name: of smaller cells, only some are named
_NAME = 150.0  # the longest name
_GAP, _BAR = 10.0, 90.0
_PARTNERS = 190.0
_MOST_CELLS = 130  # of the inputs from side to side: more would not be seen
_FAINT = (232, 232, 232)
_BLACK = (0, 0, 0)


class Partners(NamedTuple):
    """The interactions of one input with the pixels of an image, to be drawn beside a matrix."""

    title: str
    values: AnyArray
    noise: BoolArray
    own: BoolArray


def heatmap_png(
    values: AnyArray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str = "nats",
    diverging: bool = False,
    block: int = 0,
    weak: AnyArray | None = None,
    title: str = "",
    note: str = "",
) -> bytes:
    """Return a matrix as PNG bytes, at twice the resolution of its logical size.

    Parameters
    ----------
    values : array of shape (m, p)
        Drawn on viridis by their roots, from 0 to the largest, or from -1 to 1 on blue, grey, red.
    rows, columns : sequences of str, of lengths m and p
        Names at the left and above.
    label : str
        What the colour bar shows, with its unit.
    diverging : bool
        Whether zero is the middle of the colours.
    block : int
        How many of the last columns stand apart, at the right.
    weak : array of bool, shape (m, p), default=None
        Cells drawn grey.
    title, note : str
        Lines above and below.

    Examples
    --------
    >>> import numpy as np
    >>> len(heatmap_png(np.eye(2), ["factor 0", "factor 1"], ["node 3", "node 7"])) < 20_000
    True
    """
    values = np.asarray(values, float)
    m, p = values.shape
    if not m or not p:
        canvas = Canvas(420, 100, title, note)
        canvas.text(210, 50, "no factors to show", size=11, anchor="m", fill=QUIET)
        return canvas.png()
    # The root, as the paper draws it: a few cells hold nearly all, and would leave the rest dark.
    highest = float(np.nanmax(values, initial=0)) or 1.0
    scale = Scale("viridis", 0.0, highest, label, root=True)
    if diverging:
        scale = Scale("diverging", -1.0, 1.0, label)
    pixels = scale.pixels(values)
    if weak is not None:
        pixels[weak] = _FAINT
    cell = (float(np.clip(_WIDEST / p, 2, _CELL)), float(np.clip(_TALLEST / m, 4, 24)))
    return _grid(pixels, rows, columns, cell, scale, title, note, block=block)[0].png()


def pairs_png(
    values: AnyArray,
    noise: BoolArray,
    names: Sequence[str],
    *,
    limit: float,
    title: str,
    note: str,
    partners: Partners | None = None,
) -> bytes:
    """Return a square matrix as PNG bytes: signed roots of values up to `limit`, noise hatched.

    The image of the `partners` of one input is drawn beside it, its own pixels framed.
    """
    values, noise = thinned(values, noise)
    scale = Scale("diverging", -limit, limit, root=True)
    side = float(np.clip(_SIDE / max(len(values), 1), 2, _CELL))
    if len(values) < len(names):
        names = []
    told = scale.pixels(values)
    room = _PARTNERS + 20 if partners else 0.0
    canvas, top = _grid(
        told, names, names, (side, side), scale, title, note, hatched=noise, room=room
    )
    if partners:
        _draw_partners(canvas, partners, top)
    return canvas.png()


def _grid(
    pixels: AnyArray,
    rows: Sequence[str],
    columns: Sequence[str],
    cell: tuple[float, float],
    scale: Scale,
    title: str,
    note: str,
    *,
    block: int = 0,
    hatched: AnyArray | None = None,
    room: float = 0.0,
) -> tuple[Canvas, float]:
    """Draw coloured cells with their names and a colour bar; return the canvas and their top.

    The last `block` columns stand apart; `room` is left at the right.
    """
    m, p = pixels.shape[:2]
    width, height = cell
    named_rows = range(0, len(rows), math.ceil(_NAMED / height))
    named_columns = range(0, len(columns), math.ceil(_NAMED / width))
    left = 16 + text_width([rows[row] for row in named_rows], 10, _NAME)
    top = 36 + text_width([columns[column] for column in named_columns], 10, _NAME)
    split = p - block
    gap = _GAP if 0 < split < p else 0.0
    right = left + width * p + gap
    size = (max(right + _BAR + room, 420), max(top + height * m, top + 150) + 30)
    canvas = Canvas(*size, title, note)
    for start, end, x in ((0, split, left), (split, p, left + width * split + gap)):
        if start < end:
            mask = None if hatched is None else hatched[:, start:end]
            box = (x, top, width * (end - start), height * m)
            canvas.image(pixels[:, start:end], box, mask)
    for row in named_rows:
        y = top + height * (row + 0.5)
        canvas.text(left - 6, y, rows[row], anchor="r", width=_NAME)
    for column in named_columns:
        x = left + width * (column + 0.5) + (gap if column >= split else 0.0)
        canvas.text(x, top - 5, columns[column], width=_NAME, upright=True)
    canvas.colour_bar(scale, right + 18, top - 18)
    return canvas, top


def _draw_partners(canvas: Canvas, partners: Partners, top: float) -> None:
    """Draw the image of the partners of an input at the right, with colours of its own."""
    title, values, noise, own = partners
    limit = float(np.abs(values[~own]).max(initial=0.0)) or 1.0
    colours = Scale("diverging", -limit, limit, root=True).pixels(values)
    step = _PARTNERS / max(values.shape)
    x, y = canvas.width - _PARTNERS - 10, top + 16
    width, height = step * values.shape[1], step * values.shape[0]
    canvas.text(x, top + 5, title, width=_PARTNERS)
    canvas.image(colours, (x, y, width, height), noise)
    canvas.box(x, y, width, height, outline=FRAME)
    for down, right in np.argwhere(own):
        canvas.box(x + right * step, y + down * step, step, step, outline=_BLACK)
    canvas.text(x, y + height + 12, f"colours to ±{limit:.2g}", fill=QUIET)


def thinned(values: AnyArray, noise: BoolArray) -> tuple[AnyArray, BoolArray]:
    """Return the strongest value of each block of cells, noise where a block has nothing else.

    Examples
    --------
    >>> values, noise = thinned(np.eye(300), np.zeros((300, 300), bool))
    >>> values.shape
    (130, 130)
    """
    if max(noise.shape) <= _MOST_CELLS:
        return values, noise
    counts = [min(side, _MOST_CELLS) for side in noise.shape]
    starts = [np.arange(n) * side // n for n, side in zip(counts, noise.shape, strict=True)]

    def merged(function: np.ufunc, cells: AnyArray) -> AnyArray:
        return np.asarray(function.reduceat(function.reduceat(cells, starts[0]), starts[1], axis=1))

    clear = np.where(noise, 0.0, values)
    high, low = merged(np.maximum, clear), merged(np.minimum, clear)
    return np.where(high >= -low, high, low), merged(np.logical_and, noise)
