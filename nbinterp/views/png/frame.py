"""The still picture of a factor slider: the base, its edit, and the difference."""

from collections.abc import Sequence

import numpy as np

from nbinterp._typing import AnyArray, FloatArray
from nbinterp.views.png.canvas import FRAME, QUIET, Canvas, Colour, Scale, text_width

_BASE: Colour = (170, 170, 170)
_EDITED: Colour = (0, 114, 178)
_PANEL = 150.0  # the longer side of an image
_CHART = _PANEL * 3 + 20.0
_BARS, _ROW = 240.0, 15.0
_NO_CHANGE = 1e-4  # share of the range of the values: rounding, not an edit
_MOST_BARS = 20
_MOST_NAMED = 30  # a chart with more variables has no room for their names
_HEAD, _FOOT = 50.0, 28.0


def frame_png(
    baseline: AnyArray,
    edited: AnyArray,
    output_names: Sequence[str],
    *,
    decoded: AnyArray | None = None,
    shape: tuple[int, ...] = (),
    feature_names: Sequence[str] = (),
    limits: tuple[float, float] = (0.0, 1.0),
    title: str = "",
    note: str = "",
) -> bytes:
    """Return a frame of the slider as PNG bytes, at twice its logical resolution.

    `decoded` holds two rows: the base and its edit. They are images of `shape` (h, w) or (h, w, 3),
    drawn with their difference, or lines over `feature_names`. Values range over `limits`. If there
    are more than 20 outputs, the outputs that changed most are drawn.

    Examples
    --------
    >>> import numpy as np
    >>> png = frame_png(np.zeros(2), np.ones(2), ["no", "yes"], decoded=np.eye(2, 6), shape=(2, 3))
    >>> png[1:4]
    b'PNG'
    """
    outputs = np.nan_to_num(np.stack([baseline, edited]).astype(float), posinf=0.0, neginf=0.0)
    changed = np.argsort(-np.abs(outputs[1] - outputs[0]), kind="stable")[:_MOST_BARS]
    shown = np.sort(changed)
    lines = decoded is not None and not shape
    named = list(feature_names)[: _MOST_NAMED + 1] if lines else []
    below = 14 + (text_width(named, 9, _PANEL / 2) if len(named) <= _MOST_NAMED else 0.0)
    tall = (
        0.0 if decoded is None else _PANEL * (shape[0] / max(shape[:2]) if shape else 1.0) + below
    )
    height = _HEAD + max(tall, _ROW * len(shown)) + _FOOT
    left = 8.0 if decoded is None else _CHART + 34.0
    canvas = Canvas(left + max(_BARS, 412 - left) + 8, height, title, note)
    if decoded is not None and shape:
        _images(canvas, np.asarray(decoded, float).reshape(2, *shape), limits)
    elif decoded is not None:
        _lines(canvas, np.asarray(decoded, float), feature_names, limits)
    if len(shown):
        names = [output_names[output] for output in shown]
        _bars(canvas, left, outputs[:, shown], np.asarray(edited)[shown], names)
    return canvas.png(None if len(shape) == 3 else 256)  # photographs need more than a palette


def _images(canvas: Canvas, pair: AnyArray, limits: tuple[float, float]) -> None:
    """Draw both images and their difference side by side."""
    change = np.nan_to_num(np.where(np.isfinite(pair[1]), pair[1], np.nan) - pair[0])
    # The difference of colour images is the mean over channels, as it has one scale.
    flat = change.mean(axis=-1) if change.ndim == 3 else change
    reach = float(np.abs(flat).max(initial=0))
    if reach < _NO_CHANGE * (limits[1] - limits[0]):
        flat, reach = np.zeros_like(flat), 0.0
    grey = Scale("grey", *limits)
    panels = {
        label: grey.pixels(image) if image.ndim == 2 else grey.pixels(image)[..., 0]
        for label, image in zip(("baseline", "edited"), pair, strict=True)
    }
    difference = Scale("diverging", -(reach or 1.0), reach or 1.0)
    panels[f"difference, ±{reach:.2g}" if reach else "no difference"] = difference.pixels(flat)
    scale = _PANEL / max(pair.shape[1:3])
    size = (pair.shape[2] * scale, pair.shape[1] * scale)
    for number, (label, pixels) in enumerate(panels.items()):
        x = 8 + number * (_PANEL + 10)
        canvas.text(x, 38, label, size=10.5, fill=QUIET, width=_PANEL)
        canvas.image(pixels, (x, _HEAD, *size))
        canvas.box(x, _HEAD, *size, outline=FRAME)


def _lines(
    canvas: Canvas, pair: AnyArray, names: Sequence[str], limits: tuple[float, float]
) -> None:
    """Draw both rows as lines over the variables."""
    count = pair.shape[1]
    x, width = 44.0, _CHART - 36
    across = x + width * (np.arange(count) + 0.5) / max(count, 1)
    shares = np.clip(np.nan_to_num((pair - limits[0]) / (limits[1] - limits[0])), 0, 1)
    canvas.box(x, _HEAD, width, _PANEL, outline=FRAME)
    for share, value in zip((1.0, 0.0), limits, strict=True):
        canvas.text(x - 5, _HEAD + share * _PANEL, f"{value:.3g}", anchor="r")
    for row, (label, colour) in enumerate((("baseline", _BASE), ("edited", _EDITED))):
        down = _HEAD + _PANEL * (1 - shares[row])
        canvas.line(across, down, colour, dots=count <= _MOST_NAMED)
        canvas.text(x + 56.0 * row, 38, label, size=10.5, fill=colour)
    for at, name in zip(across, names if count <= _MOST_NAMED else (), strict=False):
        where = (at, _HEAD + _PANEL + 6)
        canvas.text(*where, name, size=9, anchor="r", fill=QUIET, width=_PANEL / 2, upright=True)


def _bars(canvas: Canvas, x: float, outputs: FloatArray, told: AnyArray, names: list[str]) -> None:
    """Draw the outputs as bars, with the base as a wide grey bar behind the edited output."""
    for at, label, colour in (
        (x, "outputs:", QUIET),
        (x + 46, "baseline", _BASE),
        (x + 97, "edited", _EDITED),
    ):
        canvas.text(at, 38, label, size=10.5, fill=colour)
    low, high = min(outputs.min(initial=0), 0.0), max(outputs.max(initial=0), 0.0)
    start = x + 8 + text_width(names, 10, 90)
    scale = (x + _BARS - 46 - start) / ((high - low) or 1.0)
    zero = start - low * scale
    for row, (name, before, after) in enumerate(zip(names, *outputs, strict=True)):
        y = _HEAD + _ROW * (row + 0.5)
        canvas.text(start - 6, y, name, anchor="r", width=90)
        for value, half, colour in ((before, 6.0, _BASE), (after, 3.0, _EDITED)):
            length = value * scale
            canvas.box(zero + min(length, 0.0), y - half, abs(length), 2 * half, fill=colour)
        canvas.text(x + _BARS, y, f"{told[row]:.3g}", anchor="r")
    canvas.box(zero, _HEAD, 0.5, _ROW * len(names), fill=QUIET)
