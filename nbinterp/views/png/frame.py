"""A still picture of a factor slider: the base, what it was edited to, and the difference."""

import io
from collections.abc import Sequence

import numpy as np

from nbinterp._typing import AnyArray, ByteArray, IntArray
from nbinterp.views.png.snapshot import _INK, _QUIET, _SCALE, Colour, _Sheet, ramp

_BASE: Colour = (170, 170, 170)
_EDITED: Colour = (0, 114, 178)
_PANEL = 150.0  # the longer side of an image
_CHART = (_PANEL * 3 + 20.0, _PANEL)
_BARS = 230.0
_ROW = 15.0
_NO_CHANGE = 1e-4  # of the range of the values: rounding, not an edit
_MOST_BARS = 20
_MOST_NAMED = 30  # variables of a chart that have room for their names
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
    """Return a frame of the slider as PNG bytes, at twice the resolution of its logical size.

    Parameters
    ----------
    baseline, edited : arrays of shape (n_outputs,)
        The outputs for the base and for the edited activations.
    output_names : sequence of str
        One name an output; of more than 20, those that changed most are drawn.
    decoded : array of shape (2, n_features), default=None
        The decoded base and the edited one: as images with their difference, or as lines.
    shape : tuple of int
        (h, w) or (h, w, 3) of images, () for other data.
    feature_names : sequence of str
        Names of the variables of other data.
    limits : tuple of float
        The values drawn black and white, or at the bottom and the top.
    title, note : str
        Lines above and below.

    Examples
    --------
    >>> import numpy as np
    >>> png = frame_png(np.zeros(2), np.ones(2), ["no", "yes"], decoded=np.eye(2, 6), shape=(2, 3))
    >>> png[1:4]
    b'PNG'
    """
    shown = _most_changed(baseline, edited)
    height = _HEAD + max(_PANEL + 14, _ROW * len(shown)) + _FOOT
    left = 8.0 if decoded is None else _CHART[0] + 34.0
    sheet = _Sheet(max(left + _BARS + 8, 420), height)
    sheet.text(8, 14, title, size=12, width=sheet.width - 16)
    sheet.text(8, height - 13, note, size=10, fill=_QUIET, width=sheet.width - 16)
    if decoded is not None and shape:
        _images(sheet, np.asarray(decoded, float).reshape(2, *shape), limits)
    elif decoded is not None:
        _lines(sheet, np.asarray(decoded, float), feature_names, limits)
    names = [output_names[output] for output in shown]
    if names:
        _bars(sheet, left, baseline[shown], edited[shown], names)
    if len(shape) < 3:
        return sheet.png()
    stream = io.BytesIO()  # photographs have more colours than a palette
    sheet.image.save(stream, "PNG", optimize=True, dpi=(96 * _SCALE, 96 * _SCALE))
    return stream.getvalue()


def _most_changed(baseline: AnyArray, edited: AnyArray) -> IntArray:
    changed = np.abs(_finite(edited) - _finite(baseline))
    return np.sort(np.argsort(-changed, kind="stable")[:_MOST_BARS]).astype(np.int64)


def _finite(outputs: AnyArray) -> AnyArray:
    return np.asarray(np.nan_to_num(outputs.astype(float), posinf=0.0, neginf=0.0))


def _images(sheet: _Sheet, pair: AnyArray, limits: tuple[float, float]) -> None:
    pair = np.where(np.isfinite(pair), pair, np.nan)
    change = np.nan_to_num(pair[1] - pair[0])
    height, width = pair.shape[1:3]
    scale = _PANEL / max(height, width)
    size = (width * scale, height * scale)
    # Of colours, the mean of the three: the difference is a matter of more or less.
    flat = change.mean(axis=-1) if change.ndim == 3 else change
    reach = float(np.abs(flat).max(initial=0))
    if reach < _NO_CHANGE * (limits[1] - limits[0]):
        flat, reach = np.zeros_like(flat), 0.0
    change_label = f"difference, ±{reach:.2g}" if reach else "no difference"
    panels = {
        "base": _grey(pair[0], limits),
        "edited": _grey(pair[1], limits),
        change_label: ramp(flat / (2 * reach or 1.0) + 0.5, "diverging"),
    }
    for number, (label, pixels) in enumerate(panels.items()):
        x = 8 + number * (_PANEL + 10)
        sheet.text(x, 36, label, size=10.5, fill=_QUIET, width=_PANEL)
        sheet.picture(pixels, x, _HEAD, *size)
        sheet.box(x, _HEAD, *size, outline=(215, 215, 215))


def _grey(values: AnyArray, limits: tuple[float, float]) -> ByteArray:
    """Return the pixels (h, w, 3) of an image, black to white over `limits`."""
    low, high = limits
    shares = np.clip(np.nan_to_num((values - low) / (high - low)), 0, 1)
    bright = (shares * 255).round().astype(np.uint8)
    return bright if bright.ndim == 3 else np.repeat(bright[..., None], 3, axis=-1)


def _lines(
    sheet: _Sheet, pair: AnyArray, names: Sequence[str], limits: tuple[float, float]
) -> None:
    """Draw both rows over the variables, the difference as a shade between them."""
    low, high = limits
    width, height = _CHART
    x, y = 44.0, _HEAD
    width -= x - 8
    count = pair.shape[1]
    across = x + width * (np.arange(count) + 0.5) / max(count, 1)
    shares = np.clip(np.nan_to_num((pair - low) / (high - low)), 0, 1)
    down = y + height * (1 - shares)
    sheet.box(x, y, width, height, outline=(215, 215, 215))
    for share, value in ((0.0, high), (1.0, low)):
        sheet.text(x - 5, y + share * height, f"{value:.3g}", size=10, anchor="rm")
    for row, (label, colour) in enumerate((("base", _BASE), ("edited", _EDITED))):
        points = [(a * _SCALE, b * _SCALE) for a, b in zip(across, down[row], strict=True)]
        sheet.draw.line(points, fill=colour, width=2 * _SCALE)
        if count <= _MOST_NAMED:
            for a, b in points:
                sheet.draw.ellipse([a - 5, b - 5, a + 5, b + 5], fill=colour)
        sheet.text(x + 70.0 * row, 36, label, size=10.5, fill=colour)
    if 0 < count <= _MOST_NAMED:
        room = width / count - 4
        for a, name in zip(across, names, strict=False):
            sheet.text(a, y + height + 9, name, size=9, anchor="mm", fill=_QUIET, width=room)


def _bars(
    sheet: _Sheet, x: float, baseline: AnyArray, edited: AnyArray, names: Sequence[str]
) -> None:
    """Draw the outputs from a common zero, the base as a wide grey bar behind the edited one."""
    sheet.text(x, 36, "outputs: base grey, edited blue", size=10.5, fill=_QUIET, width=_BARS)
    pair = _finite(np.stack([baseline, edited]))
    low, high = min(pair.min(initial=0), 0.0), max(pair.max(initial=0), 0.0)
    start, room = x + 74, _BARS - 74 - 40
    scale = room / ((high - low) or 1.0)
    zero = start - low * scale
    for row, name in enumerate(names):
        y = _HEAD + _ROW * (row + 0.5)
        sheet.text(x + 68, y, name, size=10, anchor="rm", width=68)
        for value, half, colour in ((pair[0, row], 6.0, _BASE), (pair[1, row], 3.0, _EDITED)):
            length = abs(value) * scale
            if length * _SCALE >= 1:
                sheet.box(min(zero, zero + value * scale), y - half, length, 2 * half, fill=colour)
        sheet.text(x + _BARS, y, f"{edited[row]:.3g}", size=10, anchor="rm", fill=_INK)
    sheet.box(zero, _HEAD, 0.5, _ROW * len(names), fill=_QUIET)
