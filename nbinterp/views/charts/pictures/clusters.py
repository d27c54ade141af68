"""All clusters side by side: their classes, their columns, their mean images."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp._typing import FloatArray
from nbinterp.corex import ClusterProfile
from nbinterp.views.base.colours import categorical, ramp
from nbinterp.views.charts.pictures.tiles import blank, grey_pixels, grid, tile

_STEP = 18  # CSS pixels per row
_COLUMN = 16  # and per column
_MOST_CLASSES = 12  # with colours of their own
_OTHERS, _GREY = "other classes", "#9a9a9a"
_STOPS = 9
_FAINT = "cells: differences from the rest; faint, the 95 % interval holds zero"


def all_clusters(profile: ClusterProfile, n: int) -> Any:
    """Return the chart of all clusters, with the `n` columns that differ most in any."""
    import altair as alt  # takes a second: loaded only when a chart is drawn

    rows = [f"{name} · {size:,}" for name, size in zip(profile.names, profile.sizes, strict=True)]
    tables = [_classes(profile, rows)] if profile.class_names else []
    alone = bool(tables) and not n  # then there is room for images beside the classes
    if n:
        tables.append(_columns(profile, rows, n, named=not tables))
    parts = [alt.hconcat(*tables, spacing=14)] if tables else []
    if profile.mean_images is not None:
        parts.append(_images(profile, profile.mean_images, columns=4 if alone else 7))
    if not parts:
        parts.append(blank())
    title = alt.TitleParams(
        f"{len(profile.names)} clusters of {profile.n_samples:,} samples",
        subtitle=_FAINT if n else alt.Undefined,
        anchor="start",
        offset=12,
    )
    whole = alt.hconcat(*parts, spacing=24) if alone else alt.vconcat(*parts, spacing=18)
    return whole.resolve_scale(color="independent").properties(title=title)


def _classes(profile: ClusterProfile, rows: list[str]) -> Any:
    """Return a bar per cluster that shows its classes."""
    import altair as alt

    kept = np.argsort(-profile.all_class_counts, kind="stable")[:_MOST_CLASSES]
    kept = np.sort(kept)
    names = [profile.class_names[place] for place in kept]
    counts = profile.class_counts[:, kept]
    others = profile.sizes - counts.sum(axis=1)
    colours = categorical(len(names))
    if others.any():
        names, colours = [*names, _OTHERS], [*colours, _GREY]
        counts = np.column_stack([counts, others])
    table = pd.DataFrame(
        {
            "cluster": np.repeat(rows, len(names)),
            "class": names * len(rows),
            "place": list(range(len(names))) * len(rows),
            "n_samples": counts.ravel(),
            "share": (counts / profile.sizes[:, None]).ravel(),
        }
    )
    return (
        alt.Chart(table[table["n_samples"] > 0])
        .mark_bar()
        .encode(
            y=alt.Y("cluster:N", sort=rows, title=None, axis=alt.Axis(labelLimit=170)),
            x=alt.X(
                "share:Q", title="share", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])
            ),
            order="place:Q",
            color=alt.Color(
                "class:N",
                sort=names,
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(title="class", orient="left", labelLimit=140),
            ),
            tooltip=[
                "cluster:N",
                "class:N",
                alt.Tooltip("n_samples:Q", format=",", title="samples"),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
        .properties(width=200, height=alt.Step(_STEP))
    )


def _columns(profile: ClusterProfile, rows: list[str], n: int, *, named: bool) -> Any:
    """Return clusters by the columns that differ most in any of them, grouped by which."""
    import altair as alt

    strongest = np.nan_to_num(np.abs(profile.difference))
    kept = np.argsort(-strongest.max(axis=0), kind="stable")[:n]
    kept = kept[np.lexsort((-strongest[:, kept].max(axis=0), strongest[:, kept].argmax(axis=0)))]
    names = [profile.feature_names[place] for place in kept]
    table = pd.DataFrame(
        {
            "cluster": np.repeat(rows, len(kept)),
            "column": names * len(rows),
            "difference": profile.difference[:, kept].ravel(),
            "lower": profile.lower[:, kept].ravel(),
            "upper": profile.upper[:, kept].ravel(),
            "mean": profile.mean[:, kept].ravel(),
            "rest_mean": profile.rest_mean[:, kept].ravel(),
        }
    )
    table["clear"] = (table["lower"] > 0) | (table["upper"] < 0)
    reach = float(strongest[:, kept].max(initial=0.0)) or 1.0
    at = np.linspace(-reach, reach, _STOPS)
    return (
        alt.Chart(table)
        .mark_rect()
        .encode(
            y=alt.Y(
                "cluster:N", sort=rows, title=None, axis=alt.Axis(labelLimit=170) if named else None
            ),
            x=alt.X("column:N", sort=names, title=None, axis=alt.Axis(labelLimit=130)),
            color=alt.Color(
                "difference:Q",
                scale=alt.Scale(domain=at.tolist(), range=_diverging(), interpolate="rgb"),
                legend=alt.Legend(
                    title=["sd from", "the rest"], format=".2~f", values=[-reach, 0, reach]
                ),
            ),
            opacity=alt.condition("datum.clear", alt.value(1.0), alt.value(0.3)),
            tooltip=[
                "cluster:N",
                "column:N",
                alt.Tooltip("difference:Q", format="+.2f", title="difference (sd)"),
                alt.Tooltip("lower:Q", format="+.2f", title="95 % from"),
                alt.Tooltip("upper:Q", format="+.2f", title="to"),
                alt.Tooltip("mean:Q", format=".4~g", title="mean here"),
                alt.Tooltip("rest_mean:Q", format=".4~g", title="mean of the rest"),
            ],
        )
        .properties(width=alt.Step(_COLUMN), height=alt.Step(_STEP))
    )


def _images(profile: ClusterProfile, images: FloatArray, columns: int) -> Any:
    """Return the mean image of each cluster, with its two largest classes."""
    low, high = float(images.min()), float(images.max())
    tiles = []
    for place, image in enumerate(images):
        below = [f"{profile.sizes[place]:,} samples"]
        if profile.class_names:
            counts = profile.class_counts[place]
            largest = [k for k in np.argsort(-counts, kind="stable")[:2] if counts[k]]
            below.append(
                ", ".join(
                    f"{profile.class_names[k]}: {100 * counts[k] / profile.sizes[place]:.0f} %"
                    for k in largest
                )
            )
        name = profile.names[place]
        tip = f"{name}: {'; '.join(below)}"
        tiles.append(tile(grey_pixels(image, low, high), name, below, tip))
    return grid(tiles, columns)


def _diverging() -> list[str]:
    return [f"#{bytes(each).hex()}" for each in ramp(np.linspace(0, 1, _STOPS), "diverging")]
