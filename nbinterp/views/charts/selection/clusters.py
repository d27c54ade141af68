"""The chart of a cluster selection: stability beside data without clusters, and the map."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import ClusterSelection
from nbinterp.views.base.colours import categorical
from nbinterp.views.charts.selection.curves import CHANCE, OWN, curves, mean_and_error, title
from nbinterp.views.charts.vega_lite import AltairView

_DATA = "the samples, ± standard error"
_NULL = "data without clusters, lowest to highest"
_MOST_POINTS = 2000


@shows(ClusterSelection)
class ClusterSelectionChart(AltairView):
    """How well each number of clusters is found again, beside data without any, and one on the map.

    Parameters
    ----------
    selection : ClusterSelection
        The result of `select_n_clusters`.
    n_clusters : int, optional
        The number of clusters on the map; the best if None, or the most stable where none is
        stable.

    How to read it
    --------------
    On the left, 1 means that a random part of the samples has the same clusters as all of them, 0
    that these agree as by chance. Data without any clusters are often cut alike, too: the grey
    band shows such data. In the middle, how much of the variance is left within the clusters; it
    falls with every cluster more, so again only what is below the grey band counts. The dashed line
    is the best number; where there is none, the title says so. On the right, the samples in two
    dimensions, coloured by cluster: clusters without a gap between them, or in shreds, are
    doubtful. The map shows at most 2,000 samples; a `ClusterExplorer` shows all.

    Examples
    --------
    >>> import numpy as np
    >>> own, null = np.array([[1.0, 0.5], [0.98, 0.6]]), np.array([[0.3, 0.4], [0.2, 0.5]])
    >>> labels = np.array([[0, 0, 1, 1], [0, 1, 2, 2]])
    >>> found = ClusterSelection(
    ...     np.array([2, 3]), own, null, 0.1 * own, 0.5 + 0.1 * null, np.array([4.0, 3.0]), labels,
    ...     np.arange(8.0).reshape(4, 2),
    ... )
    >>> found.view()
    ClusterSelectionChart(best of 2: 2 clusters agree by 0.99 ± 0.01 in parts of the samples and
        leave 0.10 ± 0.00 of the variance within them; those of data without clusters agree by
        0.25 ± 0.05 and leave 0.53 ± 0.01.)
    """

    @_checks.named
    def __init__(self, selection: ClusterSelection, *, n_clusters: int | None = None) -> None:
        _checks.require(
            isinstance(selection, ClusterSelection),
            f"(selection={_checks.show(selection)})",
            "must be a ClusterSelection",
            "Pass what select_n_clusters(...) returned.",
            TypeError,
        )
        self.selection = selection
        if n_clusters is None:
            likely = int(selection.n_clusters[selection.stability.mean(0).argmax()])
            n_clusters = likely if selection.best is None else selection.best
        tried = selection.n_clusters.tolist()
        _checks.require(
            n_clusters in tried,
            f"(n_clusters={_checks.show(n_clusters)})",
            f"must be a number that was tried: {', '.join(map(str, tried))}",
            "Choose one of them.",
        )
        self.n_clusters = int(n_clusters)

    @property
    def frame(self) -> pd.DataFrame:
        """The rows of the curves.

        Columns: panel ("stability" or "within"), x (the number of clusters), what, value, lower,
        upper.
        """
        selection, x = self.selection, self.selection.n_clusters
        rows: list[pd.DataFrame] = []
        for panel, own, null in (
            ("stability", selection.stability, selection.null),
            ("within", selection.within, selection.null_within),
        ):
            chance = mean_and_error(null, x, _NULL)
            chance = chance.assign(lower=null.min(0), upper=null.max(0))
            both = pd.concat([mean_and_error(own, x, _DATA), chance])
            rows.append(both.assign(panel=panel))
        return pd.concat(rows)

    @property
    def points(self) -> pd.DataFrame:
        """The samples on the map: sample, x, y, cluster."""
        selection = self.selection
        rows = np.arange(len(selection.map))
        if len(rows) > _MOST_POINTS:  # the same each time
            rows = np.sort(np.random.default_rng(0).choice(len(rows), _MOST_POINTS, replace=False))
        place = selection.n_clusters.tolist().index(self.n_clusters)
        x, y = selection.map[rows].astype(np.float64).T.round(5)
        labels = selection.labels[place, rows]
        return pd.DataFrame({"sample": rows, "x": x, "y": y, "cluster": labels})

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # slow to import: loaded only when a chart is drawn

        frame, colours = self.frame, {_DATA: OWN, _NULL: CHANCE}
        panels = [
            curves(
                frame[frame["panel"] == name],
                self.selection.best,
                x="clusters",
                y=about,
                colours=colours,
                width=250,
            )
            for name, about in (
                ("stability", "stability (adjusted Rand index)"),
                ("within", "share of the variance within clusters"),
            )
        ]
        every = alt.hconcat(*panels, self._map()).resolve_scale(color="independent")
        return every.properties(title=title("Number of clusters", self.selection.reason))

    def _map(self) -> Any:
        """Return the panel with the samples."""
        import altair as alt

        points, total = self.points, len(self.selection.map)
        counted = f"{len(points):,} of {total:,} samples" if len(points) < total else ""
        count = 1 + int(points["cluster"].max())
        scale = alt.Scale(domain=list(range(count)), range=categorical(count))
        clusters = alt.Chart(points).mark_circle(size=14, opacity=0.8)
        drawn = clusters.encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(zero=False)),
            color=alt.Color("cluster:N", scale=scale, legend=None),
            tooltip=["sample:Q", "cluster:N"],
        )
        about = f"{self.n_clusters} clusters" + (f", {counted}" if counted else "")
        return drawn.properties(width=260, height=220, title=about)

    def describe(self) -> str:
        """Describe the best number of clusters, and why, in one line."""
        selection = self.selection
        tried = len(selection.n_clusters)
        found = "best" if selection.best is not None else "none"
        return f"ClusterSelectionChart({found} of {tried}: {selection.reason})"
