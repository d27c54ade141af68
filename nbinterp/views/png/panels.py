"""A static picture of lines over a band of chance, one panel a group."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from nbinterp._typing import AnyArray
from nbinterp.views.png.snapshot import _SCALE, _length, _Sheet

_WIDTH, _HEIGHT, _MARGIN, _COLUMNS = 150.0, 90.0, 46.0, 4
_LEGEND = 22.0
_BAND = (215, 215, 215)


def panels_png(
    frame: pd.DataFrame,
    groups: Sequence[str],
    lines: Sequence[str],
    colours: Sequence[str],
    title: str,
    ends: Mapping[str, tuple[str, str]] | None = None,
    *,
    names: Sequence[str] = (),
    spell: Callable[[float], str] = "{:.2g}".format,
) -> bytes:
    """Return a PNG of columns `lines` of `frame` over size, with chance_lower to chance_upper.

    `ends` says for each group, which then has its own scale, what is at the left and at the right;
    if None, size counts nodes. `names` of the lines, and of the band, make a legend; `spell` writes
    values.
    """
    from PIL import ImageColor  # loads when a still picture is drawn

    head = _MARGIN + (_LEGEND if names else 0.0)
    n_rows = -(-len(groups) // _COLUMNS)
    step = (_WIDTH + _MARGIN, _HEIGHT + _MARGIN)
    sheet = _Sheet(_COLUMNS * step[0] + _MARGIN, n_rows * step[1] + head)
    sheet.text(10, 14, title, size=13)
    _legend(sheet, names, colours)
    known = [*lines, "chance_lower", "chance_upper"]
    values = frame[known].to_numpy(float)
    low, high = min(0.0, np.nanmin(values)), max(0.0, np.nanmax(values))
    largest = frame["size"].max()
    for number, group in enumerate(groups):
        left = _MARGIN + number % _COLUMNS * step[0]
        top = head + number // _COLUMNS * step[1]
        rows = frame[frame["group"] == group].sort_values("size")
        if ends is not None:
            values = rows[known].to_numpy(float)
            low, high = np.nanmin(values), np.nanmax(values)
        size = rows["size"].to_numpy(float)
        first, last = (0.0, max(largest, 1)) if ends is None else (size[0], size[-1])
        x = left + (size - first) / max(last - first, 1e-12) * _WIDTH

        def points(
            column: str,
            x: AnyArray = x,
            rows: pd.DataFrame = rows,
            top: float = top,
            high: float = high,
            span: float = max(high - low, 1e-12),
        ) -> list[tuple[float, float]]:
            y = top + (high - rows[column].to_numpy(float)) / span * _HEIGHT
            return [(_SCALE * a, _SCALE * b) for a, b in zip(x, y, strict=True) if np.isfinite(b)]

        band = points("chance_lower") + points("chance_upper")[::-1]
        if len(band) > 2:
            sheet.draw.polygon(band, fill=_BAND)
        for column, colour in zip(lines, colours, strict=False):
            line = points(column)
            if len(line) > 1:
                sheet.draw.line(line, fill=ImageColor.getrgb(colour), width=3)
            for a, b in line:
                sheet.draw.ellipse([a - 4, b - 4, a + 4, b + 4], fill=ImageColor.getrgb(colour))
        sheet.text(left, top - 9, group, width=_WIDTH)
        sheet.text(left - 4, top + 5, spell(high), size=9, anchor="rm")
        sheet.text(left - 4, top + _HEIGHT - 5, spell(low), size=9, anchor="rm")
        told = ("", f"{largest} nodes") if ends is None else ends[group]
        sheet.text(left, top + _HEIGHT + 10, told[0], size=9)
        sheet.text(left + _WIDTH, top + _HEIGHT + 10, told[1], size=9, anchor="rm")
    return sheet.png()


def _legend(sheet: _Sheet, names: Sequence[str], colours: Sequence[str]) -> None:
    """Say below the title what the lines and the band are."""
    from PIL import ImageColor

    x, y = 10.0, 36.0
    marks = [(ImageColor.getrgb(colour), 1.5) for colour in colours[: len(names) - 1]]
    for name, (colour, half) in zip(names, [*marks, (_BAND, 5.0)], strict=False):
        sheet.box(x, y - half, 14, 2 * half, fill=colour)
        sheet.text(x + 19, y, name, size=10)
        x += 19 + _length(name, 10, sheet.width) + 16
