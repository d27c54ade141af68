"""Project clusters onto the normals of one or two hyperplanes, for charts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nbinterp._typing import FloatArray, IntArray
from nbinterp.distance import DistanceReport
from nbinterp.views.explorer.samples import natural

MOST_CLUSTERS = 12  # more are hard to tell apart in one chart
_MOST_POINTS = 1500
_BINS = 60
_OUTLYING = 0.001  # share of the rows left out at each end
SIGMAS = 2.0  # radius of the ellipses: they hold 86 % of a Gaussian
_STEPS = 48
SELECTED = "selection"


@dataclass(frozen=True, eq=False)
class Projection:
    """Distances of rows from one or two hyperplanes, in standard deviations of the data.

    Attributes
    ----------
    nodes : list of str
        One or two nodes.
    names : list of str
        Names of the clusters: for one node the nearest first, for two nodes in their own order.
    values : ndarray of shape (n, 1 or 2)
        The distances.
    codes : ndarray of shape (n,)
        The position of the cluster in `names`; -1 if it is not drawn.
    """

    nodes: list[str]
    names: list[str]
    values: FloatArray
    codes: IntArray

    @classmethod
    def of(
        cls, report: DistanceReport, numbers: list[int], selection: IntArray | None = None
    ) -> "Projection":
        """Project the rows that `report` keeps; a selection is one more cluster.

        Selected samples that the report does not keep are omitted.
        """
        sampled = report.sampled
        unit = report.planes.deviation[numbers]
        values = sampled.rows[:, numbers].astype(np.float64) / unit
        first = report.nodes.index[numbers[0]]
        table = report.clusters[report.clusters["node"] == first]
        order = np.argsort(table["distance"].to_numpy(), kind="stable")[:MOST_CLUSTERS]
        if len(numbers) > 1:
            order = np.array(sorted(order, key=lambda i: natural(report.cluster_names[i])), int)
        place = np.full(len(report.cluster_names), -1)
        place[order] = np.arange(len(order))
        names = [str(report.cluster_names[i]) for i in order]
        codes = place[sampled.codes]
        if selection is not None and len(selection):
            kept = selection[selection % sampled.stride == 0] // sampled.stride
            mine = sampled.means[kept][:, numbers].astype(np.float64) / unit
            values, codes = np.r_[values, mine], np.r_[codes, np.full(len(mine), len(names))]
            names.append(SELECTED)
        nodes = [str(report.nodes.index[number]) for number in numbers]
        return cls(nodes, names, values, codes.astype(np.int64))

    def histogram(self) -> pd.DataFrame:
        """Return the share of each cluster in each bin: cluster, left, right, share.

        For one node. Bins include the hyperplane and omit a thousandth of the rows at each end.
        """
        x = self.values[:, 0]
        low, high = (float(end) for end in np.quantile(x, [_OUTLYING, 1 - _OUTLYING]))
        low, high = min(low, -0.5), max(high, 0.5)
        # The hyperplane is the edge of a bin, so that each bin is on one side of it.
        step = (high - low) / _BINS
        edges = step * np.arange(np.floor(low / step), np.ceil(high / step) + 1)
        frames = []
        for code, name in enumerate(self.names):
            mine = x[self.codes == code]
            counts = np.histogram(mine, edges)[0]
            share = counts / max(len(mine), 1)
            frames.append(
                pd.DataFrame(
                    {"cluster": name, "left": edges[:-1], "right": edges[1:], "share": share}
                )
            )
        whole = pd.concat(frames, ignore_index=True)
        return whole[whole["share"] > 0].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """Return mean, standard deviation and size of each cluster along the first node."""
        x = self.values[:, 0]
        groups = [x[self.codes == code] for code in range(len(self.names))]
        return pd.DataFrame(
            {
                "cluster": self.names,
                "mean": [float(group.mean()) if len(group) else 0.0 for group in groups],
                "deviation": [float(group.std()) if len(group) else 0.0 for group in groups],
                "n": [len(group) for group in groups],
            }
        )

    def points(self) -> pd.DataFrame:
        """Return randomly drawn rows, for two nodes: cluster, x, y."""
        drawn = np.flatnonzero(self.codes >= 0)
        # Every n-th row could miss whole clusters if the order of clusters is periodic.
        drawn = np.random.default_rng(0).permutation(drawn)[:_MOST_POINTS]
        return pd.DataFrame(
            {
                "cluster": np.asarray(self.names, object)[self.codes[drawn]],
                "x": self.values[drawn, 0],
                "y": self.values[drawn, 1],
            }
        )

    def ellipses(self) -> pd.DataFrame:
        """Return an ellipse at two standard deviations of each cluster: cluster, step, x, y.

        For two nodes. A cluster with a single row has no ellipse.
        """
        angle = np.linspace(0, 2 * np.pi, _STEPS + 1)
        circle = np.stack([np.cos(angle), np.sin(angle)])
        frames = [pd.DataFrame({"cluster": [], "step": [], "x": [], "y": []})]
        for code, name in enumerate(self.names):
            mine = self.values[self.codes == code]
            if len(mine) < 2:
                continue
            variances, axes = np.linalg.eigh(np.cov(mine.T, bias=True))
            root = axes * np.sqrt(np.maximum(variances, 0.0))
            x, y = mine.mean(0)[:, None] + SIGMAS * root @ circle
            frames.append(
                pd.DataFrame({"cluster": name, "step": range(_STEPS + 1), "x": x, "y": y})
            )
        return pd.concat(frames[1:] or frames, ignore_index=True)
