"""Curves over α with bands of their standard error, and the runtime."""

from typing import Any

import altair as alt
import pandas as pd

from nbinterp.views.base.colours import OKABE_ITO
from reproduction.table1.paper import MEASURES, METHODS

_FIRST_FIGURE = 8  # group cosine; the other measures follow
_COLOURS = alt.Scale(domain=list(METHODS), range=list(OKABE_ITO[:4]))


def plots(measured: pd.DataFrame) -> dict[str, Any]:
    """Return the charts of Fig. 8 to 12, by their file names."""
    charts: dict[str, Any] = {
        f"table1_fig_{_FIRST_FIGURE + place}": _curves(measured, measure, _FIRST_FIGURE + place)
        for place, measure in enumerate(MEASURES)
    }
    return {**charts, "table1_fig_12": _runtime(measured)}


def _curves(measured: pd.DataFrame, measure: str, figure: int) -> alt.FacetChart:
    keys = ["overlap", "n_samples", "method", "alpha"]
    by = measured.groupby(keys)[measure]
    means = pd.DataFrame({"mean": by.mean(), "error": by.sem().fillna(0.0)}).reset_index()
    means["low"], means["high"] = means["mean"] - means["error"], means["mean"] + means["error"]
    base = alt.Chart().encode(
        x=alt.X("alpha:Q", title="α"), color=alt.Color("method:N", scale=_COLOURS, title=None)
    )
    band = base.mark_area(opacity=0.25).encode(y=alt.Y("low:Q", title=measure), y2="high:Q")
    line = base.mark_line(point=alt.OverlayMarkDef(size=12)).encode(y="mean:Q")
    return (
        alt.layer(band, line, data=_values(means))
        .properties(width=150, height=120)
        .facet(
            column=alt.Column("n_samples:O", title="samples per class"),
            row=alt.Row("overlap:N", title=None),
        )
        .properties(title=f"Fig. {figure}: {measure}, mean ± standard error of replicates")
    )


def _runtime(measured: pd.DataFrame) -> alt.HConcatChart:
    timed = measured.assign(seconds=measured["fits"] + measured["partition"])
    means = timed.groupby(["n_samples", "method"], as_index=False)[["seconds", "partition"]].mean()
    means["share"] = means["partition"] / means["seconds"]
    base = (
        alt.Chart(_values(means))
        .mark_line(point=True)
        .encode(
            x=alt.X("n_samples:Q", scale=alt.Scale(type="log"), title="samples per class"),
            color=alt.Color("method:N", scale=_COLOURS, title=None),
        )
    )
    total = base.encode(
        y=alt.Y(
            "seconds:Q",
            scale=alt.Scale(type="log"),
            title="seconds of the processor, 3 to 7 factors",
        )
    )
    share = base.transform_filter("datum.partition > 0").encode(
        y=alt.Y("share:Q", axis=alt.Axis(format="%"), title="share of the partition")
    )
    return alt.hconcat(total, share, title="Fig. 12: runtime on one core")


def _values(frame: pd.DataFrame) -> alt.InlineData:
    rows: list[dict[str, Any]] = frame.round(5).to_dict("records")  # type: ignore[assignment]
    return alt.InlineData(values=rows)
