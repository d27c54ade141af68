"""A static picture of histograms above each other, one a cluster."""

from collections.abc import Sequence

import pandas as pd

from nbinterp.views.png.snapshot import _INK, _QUIET, _Sheet

_LEFT, _WIDTH, _HEIGHT, _TOP, _FOOT = 110.0, 430.0, 26.0, 34.0, 34.0


def ridges_png(
    bins: pd.DataFrame, names: Sequence[str], colours: Sequence[str], title: str
) -> bytes:
    """Return a PNG of the columns left, right and share of `bins`, a row for each of `names`.

    Examples
    --------
    >>> bins = pd.DataFrame({"cluster": ["a"], "left": [-1.0], "right": [1.0], "share": [1.0]})
    >>> ridges_png(bins, ["a"], ["#0072b2"], "one")[1:4]
    b'PNG'
    """
    from PIL import ImageColor  # loads when a still picture is drawn

    sheet = _Sheet(_LEFT + _WIDTH + 20, _TOP + _HEIGHT * len(names) + _FOOT)
    sheet.text(10, 15, title, size=12, width=_LEFT + _WIDTH)
    low, high = min(bins["left"].min(), 0.0), max(bins["right"].max(), 0.0)
    scale = _WIDTH / max(high - low, 1e-12)
    bottom = _TOP + _HEIGHT * len(names)
    for row, (name, colour) in enumerate(zip(names, colours, strict=True)):
        mine = bins[bins["cluster"] == name]
        base = _TOP + _HEIGHT * (row + 1) - 3
        sheet.text(_LEFT - 8, base - 8, name, size=10, anchor="rm", width=_LEFT - 14)
        tallest = max(mine["share"].max() if len(mine) else 0.0, 1e-12)
        for left, right, share in zip(mine["left"], mine["right"], mine["share"], strict=True):
            height = (_HEIGHT - 5) * share / tallest
            x = _LEFT + (left - low) * scale
            width = max((right - left) * scale, 0.5)
            if height * 2 >= 1:
                fill = ImageColor.getrgb(colour)
                sheet.box(x, base - height, width, height, fill=fill)
    sheet.box(_LEFT - low * scale, _TOP - 4, 1, bottom - _TOP + 4, fill=_INK)
    for value in (low, 0.0, high):
        x = _LEFT + (value - low) * scale
        sheet.text(x, bottom + 9, f"{value:.2g}", size=9, anchor="mm")
    sheet.text(
        _LEFT + _WIDTH / 2,
        bottom + 23,
        "standard deviations of the data from the plane",
        size=10,
        anchor="mm",
        fill=_QUIET,
    )
    return sheet.png()
