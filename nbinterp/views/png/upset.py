"""A still picture of primitives: bars of their strength over dots of their players."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp.views.png.snapshot import _QUIET, _SCALE, _length, _Sheet

SIGNS = ("raises the output", "lowers the output")
COLOURS = ("#d55e00", "#0072b2")  # Okabe and Ito's
_BARS, _ROW, _STEP = 130.0, 17.0, 26.0
_DOT: Any = (85, 85, 85)
_OFF: Any = (222, 222, 222)
_PAPER: Any = (255, 255, 255)


def upset_png(
    frame: pd.DataFrame,
    members: Sequence[tuple[int, ...]],
    players: Sequence[str],
    *,
    title: str,
    warning: str,
    control: pd.DataFrame | None,
) -> bytes:
    """Return a PNG of `PrimitiveChart.frame`; `members` are the players of each place."""
    models = list(dict.fromkeys(frame["model"]))
    several = len(models) > 1
    step = _STEP + 6 * max(0, len(models) - 1)
    left = 24 + max(_length(name, 10.5, 150) for name in [*players, "in how many models"])
    top = 58.0 if warning else 40.0
    rows = 1 + several + len(players)
    width = left + max(step * len(members), 120) + (150 if control is not None else 20)
    sheet = _Sheet(max(width, 420), top + _BARS + 16 + rows * _ROW + 14)
    sheet.text(8, 14, title, size=12, width=sheet.width - 16)
    sheet.text(8, 32, warning, size=11, fill=(183, 28, 28), width=sheet.width - 16)
    if not members:
        sheet.text(left, top + 40, "no primitive differs from zero", fill=_QUIET)
        return sheet.png()
    _bars(sheet, frame, models, left, top, step)
    below = top + _BARS + 16
    first = frame.drop_duplicates("place")
    labels = ["", *(["in how many models"] if several else []), *players]
    for line, label in enumerate(labels):
        y = below + (line + 0.5) * _ROW
        sheet.text(left - 8, y, label, size=10.5, anchor="rm", width=150)
    for place, (inside, row) in enumerate(zip(members, first.itertuples(), strict=True)):
        x = left + (place + 0.5) * step
        sheet.text(x, below + 0.5 * _ROW, str(row.kind), size=9, anchor="mm", fill=_QUIET)
        if several:
            told = f"{row.n_salient}/{len(models)}"
            sheet.text(x, below + 1.5 * _ROW, told, size=9, anchor="mm", fill=_QUIET)
        start = below + (1 + several + 0.5) * _ROW
        _dots(sheet, x, start, inside, len(players), str(row.kind) == "AND")
    if control is not None:
        _control(sheet, control, sheet.width - 120, top)
    return sheet.png()


def _bars(
    sheet: _Sheet, frame: pd.DataFrame, models: list[str], left: float, top: float, step: float
) -> None:
    from PIL import ImageColor  # loads when a still picture is drawn

    values = frame["interaction"].to_numpy(float)
    low, high = min(0.0, values.min()), max(0.0, values.max())
    span = max(high - low, 1e-12)
    zero = top + high / span * _BARS
    bar = (step - 8) / len(models)
    for row in frame.itertuples():
        x = left + float(row.place) * step + 4 + models.index(str(row.model)) * bar  # type: ignore[arg-type]
        value = float(row.interaction)  # type: ignore[arg-type]
        colour = np.array(ImageColor.getrgb(COLOURS[0 if value >= 0 else 1]), float)
        shade = colour if row.shared else 255 - (255 - colour) * 0.45
        size = abs(value) / span * _BARS
        fill = tuple(int(part) for part in shade)
        if size * _SCALE >= 1:
            sheet.box(x, zero - size if value >= 0 else zero, bar - 1, size, fill=fill)
    end = left + step * (frame["place"].max() + 1)
    sheet.box(left, zero - 0.5, end - left, 1, fill=_DOT)
    for y, value in ((top, high), (top + _BARS, low)):
        sheet.text(left - 8, y, f"{value:.3g}", size=9, anchor="rm", fill=_QUIET)


def _dots(
    sheet: _Sheet, x: float, start: float, inside: tuple[int, ...], count: int, is_and: bool
) -> None:
    def disc(row: int, radius: float, **options: Any) -> None:
        y = start + row * _ROW
        box = [(x - radius), (y - radius), (x + radius), (y + radius)]
        sheet.draw.ellipse([side * _SCALE for side in box], **options)

    if len(inside) > 1:
        for y in np.arange(start + min(inside) * _ROW, start + max(inside) * _ROW, 4):
            sheet.box(x - 0.75, float(y), 1.5, 4 if is_and else 2, fill=_DOT)
    for row in range(count):
        if row not in inside:
            disc(row, 2.5, fill=_OFF)
        elif is_and:
            disc(row, 5, fill=_DOT)
        else:
            disc(row, 5, fill=_PAPER, outline=_DOT, width=3)


def _control(sheet: _Sheet, control: pd.DataFrame, x: float, top: float) -> None:
    for place, row in enumerate(control.itertuples()):
        at = x + place * 44
        share, chance = float(row.shared), float(row.chance)  # type: ignore[arg-type]
        low, high = float(row.unrelated_low), float(row.unrelated_high)  # type: ignore[arg-type]
        if np.isfinite(low):
            height = max((high - low) * _BARS, 2)
            sheet.box(at - 5, top + (1 - high) * _BARS, 32, height, fill=(190, 190, 190))
        sheet.box(at, top + (1 - share) * _BARS, 22, max(share * _BARS, 1), fill=(51, 177, 143))
        sheet.box(at - 5, top + (1 - chance) * _BARS - 1, 32, 2, fill=(0, 0, 0))
        sheet.text(at + 11, top + _BARS + 9, str(row.kind), size=10, anchor="mm")
    sheet.text(x - 14, top, "1", size=9, fill=_QUIET)
    sheet.text(x - 14, top + _BARS, "0", size=9, fill=_QUIET)
    lines = [f"share of the {control['k'].iloc[0]}", "strongest in all;", "black: chance"]
    if control["unrelated_low"].notna().any():
        lines.append("grey: unrelated")
    for line, text in enumerate(lines):
        sheet.text(x - 14, top + _BARS + 26 + 12 * line, text, size=9, fill=_QUIET)
