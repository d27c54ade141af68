"""The still picture of a map of samples."""

from collections.abc import Sequence

import numpy as np

from nbinterp._typing import AnyArray
from nbinterp.views.base.colours import OKABE_ITO, categorical, rgb
from nbinterp.views.png.canvas import QUIET, Canvas, Scale

_NEUTRAL = (190, 190, 190)
_MAX_LEGEND = 20
_MOST_POINTS = 200_000  # more points would only cover each other
_KEY, _TOP = 134.0, 28.0


def scatter_png(
    xy: AnyArray,
    codes: AnyArray | None = None,
    names: Sequence[str] = (),
    *,
    label: str = "",
    selection: AnyArray | None = None,
    width: int = 640,
    height: int = 420,
) -> bytes:
    """Return a map of samples as PNG bytes, `width` by `height`, at twice this resolution.

    `codes` are indices into `names` (negative: no category), or numbers if there are no names;
    `label` names them. Rows of `xy` that are not finite are omitted. With a `selection` of row
    numbers, all other rows are dimmed.

    Examples
    --------
    >>> import numpy as np
    >>> png = scatter_png(np.eye(2), np.array([0, 1]), ["left", "right"])
    >>> png[1:4]
    b'PNG'
    """
    xy = np.asarray(xy, float).reshape(-1, 2)
    values = np.full(len(xy), np.nan) if codes is None else np.asarray(codes, float)
    chosen = np.asarray([] if selection is None else selection, int)
    selected = f", {len(chosen):,} selected" if len(chosen) else ""
    canvas = Canvas(width, height, f"{len(xy):,} samples{selected}")
    finite = np.isfinite(values)
    keyed = bool(len(names)) or bool(finite.any())
    if len(names):
        palette = rgb(categorical(len(names)))
        whole = np.where(finite, values, -1).astype(int)
        colours = np.where(whole[:, None] < 0, _NEUTRAL, palette[whole])
        _legend(canvas, label, names, palette, np.bincount(whole[whole >= 0], minlength=len(names)))
    elif keyed:
        known = values[finite]
        scale = Scale("viridis", float(known.min()), float(known.max()), label)
        colours = np.where(finite[:, None], scale.pixels(values), _NEUTRAL).astype(float)
        canvas.colour_bar(scale, width - _KEY + 8, _TOP)
    else:
        colours = np.repeat(rgb(OKABE_ITO[:1]), len(xy), axis=0)
    order = np.arange(len(xy))
    if len(chosen):
        dim = np.ones(len(xy), bool)
        dim[chosen] = False
        colours = np.where(dim[:, None], colours * 0.25 + 255 * 0.75, colours)
        order = np.argsort(~dim, kind="stable")  # selected samples are on top
    order = order[:: max(1, len(order) // _MOST_POINTS)]
    room = width - (_KEY + 16 if keyed else 16)
    canvas.points(xy[order], colours[order], (8, _TOP, room, height - _TOP - 8))
    return canvas.png(64 if len(names) <= _MAX_LEGEND else 256)  # fewer colours, fewer bytes


def _legend(
    canvas: Canvas, label: str, names: Sequence[str], palette: AnyArray, counts: AnyArray
) -> None:
    """Draw a legend with the number of samples per colour."""
    x, right = canvas.width - _KEY, canvas.width - 8
    canvas.text(x, _TOP + 6, label, fill=QUIET, width=right - x)
    for code, name in enumerate(names[:_MAX_LEGEND]):
        y = _TOP + 24 + 17.0 * code
        red, green, blue = (int(part) for part in palette[code])
        canvas.box(x, y - 5, 10, 10, fill=(red, green, blue))
        canvas.text(x + 16, y, name, size=11, width=68)
        canvas.text(right, y, f"{counts[code]:,}", anchor="r", fill=QUIET)
    if len(names) > _MAX_LEGEND:
        more = f"and {len(names) - _MAX_LEGEND} more"
        canvas.text(x, _TOP + 24 + 17.0 * _MAX_LEGEND, more, fill=QUIET)
