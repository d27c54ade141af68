"""What curves over a number of candidates share: lines, bands, and a mark of the best."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd

from nbinterp._typing import FloatArray, IntArray
from nbinterp.views.base.colours import OKABE_ITO

OWN, CHANCE = OKABE_ITO[0], "#999999"
BEST = OKABE_ITO[4]
_WIDTH = 110  # characters that fit over a chart


def title(text: str, reason: str) -> dict[str, Any]:
    """Return a title with the reason below, in lines that fit over the chart."""
    return {"text": text, "subtitle": textwrap.wrap(reason, _WIDTH)}


def mean_and_error(values: FloatArray, x: IntArray, what: str) -> pd.DataFrame:
    """Return the mean of each column, and a standard error below and above it.

    Columns: x, what, value, lower, upper.
    """
    mean = values.mean(0)
    error = values.std(0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.zeros(len(mean))
    return pd.DataFrame(
        {"x": x, "what": what, "value": mean, "lower": mean - error, "upper": mean + error}
    )


def curves(
    rows: pd.DataFrame,
    best: int | None,
    *,
    x: str,
    y: str,
    colours: dict[str, str],
    width: int = 340,
    zero: bool = True,
) -> Any:
    """Return an Altair chart of one line per `what`, with bands from `lower` to `upper`.

    Parameters
    ----------
    rows : DataFrame
        As `mean_and_error` returns them.
    best : int or None
        Where to draw a vertical line; nowhere if None.
    x, y : str
        Titles of the axes.
    colours : dict from str to str
        The colour of each `what`.
    width : int
        Of the panel, in CSS pixels.
    zero : bool
        Whether the vertical axis begins at zero.
    """
    import altair as alt  # slow to import: loaded only when a chart is drawn

    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    legend = alt.Legend(orient="bottom", labelLimit=300, columns=1) if len(colours) > 1 else None
    base = alt.Chart(rows).encode(
        x=alt.X("x:Q", title=x, axis=alt.Axis(tickMinStep=1, format="d")),
        color=alt.Color("what:N", title=None, scale=scale, legend=legend),
    )
    height = alt.Y("lower:Q", title=y, scale=alt.Scale(zero=zero))
    band = base.mark_area(opacity=0.25, line=False).encode(y=height, y2="upper:Q")
    line = base.mark_line(point=True).encode(
        y=alt.Y("value:Q", title=y, scale=alt.Scale(zero=zero)),
        tooltip=[
            alt.Tooltip("what:N", title="of"),
            alt.Tooltip("x:Q", title=x),
            alt.Tooltip("value:Q", title=y, format=".3~g"),
            alt.Tooltip("lower:Q", format=".3~g"),
            alt.Tooltip("upper:Q", format=".3~g"),
        ],
    )
    layers = [band, line]
    if best is not None:
        at = alt.Chart(pd.DataFrame({"x": [best], "label": [f"best: {best}"]}))
        layers.append(at.mark_rule(color=BEST, strokeDash=[5, 3]).encode(x="x:Q"))
        layers.append(
            at.mark_text(color=BEST, dy=-6, baseline="bottom", fontWeight="bold").encode(
                x="x:Q", y=alt.value(0), text="label:N"
            )
        )
    return alt.layer(*layers).properties(width=width, height=220)
