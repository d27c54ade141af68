"""The still picture of a matrix: factors by nodes, or inputs by inputs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nbinterp._typing import AnyArray, BoolArray
from nbinterp.views.png.canvas import FRAME, QUIET, Canvas, Scale, text_width

_WIDEST, _TALLEST, _SIDE = 620.0, 520.0, 460.0
_CELL = (34.0, 24.0)  # the largest width and height of a cell
_NAMED = 11.0  # the height of a name: if cells are smaller, only some are named
_NAME = 150.0  # the longest name
_GAP, _BAR, _PARTNERS = 10.0, 90.0, 190.0
_MOST_CELLS = 130  # cells per side: more would be invisible
_FAINT = (232, 232, 232)


class Partners(NamedTuple):
    """The interactions of one input with the pixels of an image, drawn beside a matrix."""

    title: str
    values: AnyArray
    noise: BoolArray
    own: BoolArray


def matrix_png(
    values: AnyArray,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Scale,
    *,
    block: int = 0,
    weak: BoolArray | None = None,
    title: str = "",
    note: str = "",
) -> bytes:
    """Draw factors by nodes as PNG; the last `block` columns are apart, and `weak` cells grey.

    Examples
    --------
    >>> scale = Scale("viridis", 0.0, 1.0, "nats")
    >>> len(matrix_png(np.eye(2), ["factor 0", "factor 1"], ["node 3", "node 7"], scale)) < 20_000
    True
    """
    m, p = values.shape
    if not m or not p:
        canvas = Canvas(420, 100, title, note)
        canvas.text(210, 50, "no factors to show", size=11, anchor="m", fill=QUIET)
        return canvas.png()
    pixels = scale.pixels(values)
    if weak is not None:
        pixels[weak] = _FAINT
    width, height = np.clip([_WIDEST / p, _TALLEST / m], (2, 4), _CELL).tolist()
    return _grid(pixels, rows, columns, (width, height), scale, title, note, block=block)[0].png()


def pairs_png(
    values: AnyArray,
    noise: BoolArray,
    names: Sequence[str],
    scale: Scale,
    *,
    title: str = "",
    note: str = "",
    partners: Partners | None = None,
) -> bytes:
    """Draw inputs by inputs as PNG bytes: noise is hatched, `partners` are beside the matrix."""
    values, noise = thinned(values, noise)
    names = names if len(names) == len(values) else []
    side = float(np.clip(_SIDE / max(len(values), 1), 2, _CELL[0]))
    room, pixels = _PARTNERS + 20 if partners else 0.0, scale.pixels(values)
    canvas, top = _grid(
        pixels, names, names, (side, side), scale, title, note, hatched=noise, room=room
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
    hatched: BoolArray | None = None,
    room: float = 0.0,
) -> tuple[Canvas, float]:
    """Draw coloured cells with names and a colour bar; return the canvas and the cells' top."""
    m, p = pixels.shape[:2]
    width, height = cell
    named_rows = range(0, len(rows), math.ceil(_NAMED / height))
    named_columns = range(0, len(columns), math.ceil(_NAMED / width))
    left = 16 + text_width([rows[row] for row in named_rows], 10, _NAME)
    top = 36 + text_width([columns[column] for column in named_columns], 10, _NAME)
    split = p - block
    gap = _GAP if 0 < split < p else 0.0
    right = left + width * p + gap
    size = (max(right + _BAR + room, 420), max(top + height * m, top + 130) + 30)
    canvas = Canvas(*size, title, note)
    for start, end, x in ((0, split, left), (split, p, left + width * split + gap)):
        if start < end:
            mask = None if hatched is None else hatched[:, start:end]
            box = (x, top, width * (end - start), height * m)
            canvas.image(pixels[:, start:end], box, mask)
    for row in named_rows:
        canvas.text(left - 6, top + height * (row + 0.5), rows[row], anchor="r", width=_NAME)
    for column in named_columns:
        x = left + width * (column + 0.5) + (gap if column >= split else 0.0)
        canvas.text(x, top - 5, columns[column], width=_NAME, upright=True)
    canvas.colour_bar(scale, right + 18, top - 18)
    return canvas, top


def _draw_partners(canvas: Canvas, partners: Partners, top: float) -> None:
    """Draw the partners of an input as an image at the right; frame the input's own pixels."""
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
        canvas.box(x + right * step, y + down * step, step, step, outline=(0, 0, 0))
    canvas.text(x, y + height + 12, f"colours to ±{limit:.2g}", fill=QUIET)


def thinned(values: AnyArray, noise: BoolArray) -> tuple[AnyArray, BoolArray]:
    """Return the strongest value per block of cells; noise if a block holds only noise."""
    side = len(noise)
    if side <= _MOST_CELLS:
        return values, noise
    starts = np.arange(_MOST_CELLS) * side // _MOST_CELLS

    def merged(function: np.ufunc, cells: AnyArray) -> AnyArray:
        return np.asarray(function.reduceat(function.reduceat(cells, starts), starts, axis=1))

    clear = np.where(noise, 0.0, values)
    high, low = merged(np.maximum, clear), merged(np.minimum, clear)
    return np.where(high >= -low, high, low), merged(np.logical_and, noise)
