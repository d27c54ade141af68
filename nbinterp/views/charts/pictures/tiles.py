"""Small images with titles, as parts of an Altair chart."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp._typing import ByteArray, FloatArray
from nbinterp.views.base.colours import ramp
from nbinterp.views.png.canvas import Scale, encoded

_SIDE = 84  # CSS pixels of the longer side, at most
_STOPS = 9  # of a colour bar


def tile(pixels: ByteArray, title: str, below: Sequence[str] = (), tip: str = "") -> Any:
    """Return `pixels` ``(h, w, 3)`` as a chart with a title and lines under the title.

    The sides are whole multiples of the image's where it is small, so that its pixels are squares
    of one size.

    Examples
    --------
    >>> tile(np.zeros((28, 28, 3), np.uint8), "factor 0").width
    84
    """
    import altair as alt  # takes a second: loaded only when a chart is drawn
    from PIL import Image

    image = Image.fromarray(pixels)
    height, width = pixels.shape[:2]
    zoom = max(1, _SIDE // max(height, width))
    if max(height, width) > _SIDE:
        image.thumbnail((2 * _SIDE, 2 * _SIDE))  # twice, for screens with two dots per pixel
    shrunk = min(1.0, _SIDE / max(height, width))
    wide, tall = (max(1, round(side * zoom * shrunk)) for side in (width, height))
    png = base64.b64encode(encoded(image, 256, 1)).decode("ascii")
    row = {"url": f"data:image/png;base64,{png}", "about": tip or title}
    return (
        alt.Chart(pd.DataFrame([row]))
        .mark_image(width=wide, height=tall, smooth=False)
        .encode(
            x=alt.value(wide / 2),
            y=alt.value(tall / 2),
            url="url:N",
            tooltip=alt.Tooltip("about:N", title=" "),
        )
        .properties(
            width=wide,
            height=tall,
            title=alt.TitleParams(
                title,
                subtitle=list(below) or alt.Undefined,
                fontSize=11,
                subtitleFontSize=10,
                anchor="start",
                offset=3,
                subtitlePadding=1,
            ),
        )
    )


def blank() -> Any:
    """Return a chart of nothing, where there is nothing to draw."""
    import altair as alt

    return alt.Chart(pd.DataFrame({"nothing": [0]})).mark_point(opacity=0)


def grid(tiles: Sequence[Any], columns: int = 7) -> Any:
    """Return tiles as a chart of rows."""
    import altair as alt

    return alt.concat(*tiles, columns=columns, spacing={"row": 10, "column": 16})


def colour_bar(scale: Scale) -> Any:
    """Return the legend of a scale, as a chart to put beside tiles."""
    import altair as alt

    at = np.linspace(scale.low, scale.high, _STOPS)
    shades = [f"#{bytes(each).hex()}" for each in ramp(np.linspace(0, 1, _STOPS), scale.ramp)]
    ends = [scale.low, (scale.low + scale.high) / 2, scale.high]
    return (
        alt.Chart(pd.DataFrame({"value": [scale.low]}))
        .mark_point(opacity=0)
        .encode(
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(domain=at.tolist(), range=shades, interpolate="rgb"),
                legend=alt.Legend(
                    title=scale.label.split("\n"), values=ends, format=".2~f", gradientLength=110
                ),
            )
        )
        .properties(width=1, height=1, view=alt.ViewConfig(strokeOpacity=0))
    )


def grey_pixels(image: FloatArray, low: float, high: float) -> ByteArray:
    """Return an image, grey or of three channels, as pixels ``(h, w, 3)``.

    Examples
    --------
    >>> grey_pixels(np.array([[0.0, 1.0]]), 0.0, 1.0).shape
    (1, 2, 3)
    """
    levels = np.clip((image - low) / ((high - low) or 1.0), 0, 1) * 255
    shown: ByteArray = levels.round().astype(np.uint8)
    return shown if shown.ndim == 3 else np.repeat(shown[..., None], 3, axis=2)
