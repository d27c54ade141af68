"""One cluster in detail: its classes, its mean image, its columns."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp.corex import ClusterProfile
from nbinterp.views.base.colours import OKABE_ITO
from nbinterp.views.charts.pictures.tiles import blank, grey_pixels, tile
from nbinterp.views.png.canvas import Scale

_STEP = 19  # CSS pixels per row
_MOST_CLASSES = 15
_BLUE, _ORANGE, _YELLOW, _GREY = OKABE_ITO[0], OKABE_ITO[4], OKABE_ITO[1], "#888888"
_SIDES = ("above the rest", "below the rest")
_SHARES = ("this cluster", "all samples")


def one_cluster(profile: ClusterProfile, cluster: int, n: int) -> Any:
    """Return the chart of one cluster, with the `n` columns that differ most."""
    import altair as alt  # takes a second: loaded only when a chart is drawn

    parts = []
    if profile.class_names:
        parts.append(_classes(profile, cluster))
    if profile.mean_images is not None and profile.mean_image is not None:
        parts.append(mean_tiles(profile.mean_images[cluster], profile.mean_image))
    if n:
        parts.append(_columns(profile, cluster, n))
    if not parts:
        parts.append(blank())
    name, size = profile.names[cluster], profile.sizes[cluster]
    title = alt.TitleParams(
        f"{name}: {size:,} of {profile.n_samples:,} samples", anchor="start", offset=12
    )
    whole = alt.hconcat(*parts, spacing=28)
    return whole.resolve_scale(color="independent", fill="independent").properties(title=title)


def _classes(profile: ClusterProfile, cluster: int) -> Any:
    """Return bars of the shares of classes, with strokes for their shares of all samples."""
    import altair as alt

    count = len(profile.class_names)
    rows = profile.composition().iloc[cluster * count : (cluster + 1) * count]
    shown = rows[rows["n_samples"] > 0].head(_MOST_CLASSES)
    left = int((rows["n_samples"] > 0).sum()) - len(shown)
    title = ["share of samples", f"({left} smaller classes not drawn)"] if left else "share"
    base = alt.Chart(shown.assign(cluster_share=_SHARES[0], all_share=_SHARES[1])).encode(
        y=alt.Y("class:N", sort=shown["class"].tolist(), title=None, axis=alt.Axis(labelLimit=140)),
        tooltip=[
            "class:N",
            alt.Tooltip("n_samples:Q", format=",", title="samples"),
            alt.Tooltip("share:Q", format=".1%", title="of the cluster"),
            alt.Tooltip("share_of_all:Q", format=".1%", title="of all samples"),
        ],
    )
    scale = alt.Scale(domain=list(_SHARES), range=[_BLUE, _YELLOW])
    legend = alt.Legend(orient="bottom", title=None)
    bars = base.mark_bar(opacity=1).encode(
        x=alt.X("share:Q", title=title, axis=alt.Axis(format="%", tickCount=4)),
        fill=alt.Fill("cluster_share:N", scale=scale, legend=legend),
    )
    strokes = base.mark_tick(thickness=3, size=_STEP - 2, opacity=1).encode(
        x="share_of_all:Q", fill=alt.Fill("all_share:N", scale=scale, legend=legend)
    )
    return alt.layer(bars, strokes).properties(
        width=150, height=alt.Step(_STEP), title=_heading("classes")
    )


def mean_tiles(own: Any, every: Any) -> Any:
    """Return the mean image of a cluster, of all samples, and their difference."""
    import altair as alt

    low, high = min(own.min(), every.min()), max(own.max(), every.max())
    change = own - every
    flat = change.mean(axis=2) if change.ndim == 3 else change
    reach = float(np.abs(flat).max(initial=0.0))
    scale = Scale("diverging", -reach or -1.0, reach or 1.0)
    return alt.vconcat(
        tile(grey_pixels(own, low, high), "mean image"),
        tile(grey_pixels(every, low, high), "of all samples"),
        tile(scale.pixels(flat), f"difference, ±{reach:.2g}"),
        spacing=10,
    )


def _columns(profile: ClusterProfile, cluster: int, n: int) -> Any:
    """Return the columns that differ most from the rest, with their intervals."""
    import altair as alt

    rows = profile.to_frame(n)
    rows = rows.iloc[cluster * n : (cluster + 1) * n].copy()
    missing = rows["n_known"] < rows["n_samples"]
    rows["shown"] = np.where(
        missing, rows["column"] + " (n = " + rows["n_known"].astype(str) + ")", rows["column"]
    )
    rows["side"] = np.where(rows["difference"] < 0, _SIDES[1], _SIDES[0])
    base = alt.Chart(rows).encode(
        y=alt.Y("shown:N", sort=rows["shown"].tolist(), title=None, axis=alt.Axis(labelLimit=230)),
        color=alt.Color(
            "side:N",
            scale=alt.Scale(domain=list(_SIDES), range=[_ORANGE, _BLUE]),
            legend=alt.Legend(orient="bottom", title=None),
        ),
        tooltip=[
            "column:N",
            alt.Tooltip("difference:Q", format="+.2f", title="difference (sd)"),
            alt.Tooltip("lower:Q", format="+.2f", title="95 % from"),
            alt.Tooltip("upper:Q", format="+.2f", title="to"),
            alt.Tooltip("mean:Q", format=".4~g", title="mean here"),
            alt.Tooltip("rest_mean:Q", format=".4~g", title="mean of the rest"),
            alt.Tooltip("n_known:Q", format=",", title="samples here"),
        ],
    )
    title = "difference from the rest (standard deviations)"
    zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=_GREY).encode(x=alt.datum(0))
    ends = base.mark_rule(strokeWidth=2).encode(x=alt.X("lower:Q", title=title), x2="upper:Q")
    points = base.mark_circle(size=60, opacity=1).encode(x="difference:Q")
    return alt.layer(zero, ends, points).properties(
        width=300, height=alt.Step(_STEP), title=_heading("columns, with 95 % intervals")
    )


def _heading(text: str) -> Any:
    import altair as alt

    return alt.TitleParams(text, fontSize=11, anchor="start")
