"""What `LinearDistance` found, as tables, and as distances of each sample."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import FloatArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.distance.layer.components import Components
from nbinterp.distance.layer.factor_usage import factor_uses
from nbinterp.distance.layer.hyperplanes import Hyperplanes
from nbinterp.distance.layer.implied import Recovered
from nbinterp.distance.stream.sampling import Sampled


@dataclass(frozen=True, eq=False, kw_only=True)
class DistanceReport(Displayable):
    """The nodes of a linear layer as hyperplanes in the data; `LinearDistance` makes it.

    Distances are in standard deviations, of all the data or of a cluster, and signed: above zero
    where the node is.

    Attributes
    ----------
    name : str
        The layer.
    nodes : DataFrame
        A row a node, ``"h1[17]"``:

        - `plane_offset`: of the data's mean from the plane, in deviations of the data. Infinite
          for a node that does not vary.
        - `unit_ratio`: ``wᵀΣw``, 1 if the node is in deviations of the data;
          `implied_variance` ``1/|w|²`` beside `actual_variance` ``wᵀΣw/|w|²`` along w.
        - `euclidean_distance` of the mean from the plane, in input units; `centre` and `deviation`
          of the pre-activation; `share_positive`, of rows; `skewness`, `excess_kurtosis`.
        - `prototype`: the cluster whose mean is nearest to the plane in its own deviations, a
          candidate for what the node measures the distance from; `prototype_offset` of that mean.
        - `component`: the principal component nearest in angle, 0 of the largest variance, with
          `component_cosine`; `effective_components`, over how many the variance of the node
          spreads. `cosine_percentile` and `concentration_percentile`: the share of random
          directions with a lower cosine, or with a variance that spreads further.
        - `mirror`, `duplicate`: the node on the same plane that faces it, or is alike, ``""`` for
          none; `most_opposite`: the least cosine with any other node.
        - `state`: ``"live"``, ``"dead"`` (never above zero), ``"always on"`` or ``"constant"``.
    clusters : DataFrame
        A row a node and cluster: `offset` of the cluster's mean from the plane in deviations of the
        cluster, its absolute value `distance`, `centre` and `deviation` of the pre-activation,
        `typical_distance` of its rows from the plane, in deviations of all data (root mean square),
        `share_positive` (the rest is on the side that a ReLU silences), `skewness`,
        `excess_kurtosis`, `n_rows`, and whether it is the `prototype`.
    layer : DataFrame
        A row a figure of the whole layer, with its `value` and its `meaning`.
    planes : Hyperplanes
        Weights, biases, mean and covariance of the data; also ``planes.implied_means``.
    components : Components
        Principal components of the data.
    recovered : Recovered
        The mean and the covariance that the weights imply, up to a rotation.
    cluster_names : list
        As given.
    cluster_means : ndarray of shape (n_clusters, n_features)
        What the layer reads of each cluster, on average.

    See Also
    --------
    LinearDistance : The settings, with an example.
    """

    name: str
    nodes: pd.DataFrame
    clusters: pd.DataFrame
    layer: pd.DataFrame
    planes: Hyperplanes = field(repr=False)
    components: Components = field(repr=False)
    recovered: Recovered = field(repr=False)
    cluster_names: list[Any]
    cluster_means: FloatArray = field(repr=False)
    sampled: Sampled = field(repr=False)

    @_checks.named
    def number(self, node: str | int) -> int:
        """Return the number of a node from its name or its number.

        Raises
        ------
        ValueError
            If the layer has no such node.
        """
        names = list(self.nodes.index)
        if isinstance(node, str):
            _checks.require(
                node in names,
                f"(node={_checks.show(node)})",
                f"must be a node of this layer, such as {names[0]!r}",
                f"Choose from {names[0]!r} to {names[-1]!r}, or pass a number.",
            )
            return names.index(node)
        return _checks.integer("node", node, 0, len(names) - 1, of="the last node")

    @_checks.named
    def columns(self, *nodes: str | int, absolute: bool = False) -> dict[str, FloatArray]:
        """Return the distance of each sample from the planes of nodes, to colour a map by.

        Parameters
        ----------
        *nodes : str or int
            Which; the nodes with the nearest prototype of each cluster if none is named.
        absolute : bool
            Leave out on which side of the plane a sample lies.

        Returns
        -------
        dict of str to ndarray of shape (n_samples,)
            In standard deviations of the data. Of tokens or patches, the mean over a sample's.

        Raises
        ------
        ValueError
            If there is no such node, it does not vary, or there were too many samples to keep.

        Examples
        --------
        >>> import torch
        >>> from nbinterp import ClusterExplorer
        >>> from nbinterp.distance import LinearDistance
        >>> data = np.random.default_rng(0).normal(size=(100, 3))
        >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2))
        >>> report = LinearDistance().explain(net, "0", data)
        >>> ClusterExplorer(data[:, :2], columns=report.columns(0, 1))
        ClusterExplorer(0 of 100 samples selected; columns: distance to 0[0], distance to 0[1])
        """
        _checks.boolean("absolute", absolute)
        numbers = [self.number(node) for node in nodes or self._nearest()]
        return {
            f"distance to {self.nodes.index[number]}": self._distances(number, absolute)
            for number in numbers
        }

    @_checks.named
    def prototypes(self, cluster: Any, n: int = 10) -> pd.DataFrame:
        """Return the nodes whose planes pass nearest to the mean of a cluster, nearest first.

        Parameters
        ----------
        cluster : one of `cluster_names`
        n : int
            At most so many.

        Returns
        -------
        DataFrame
            Rows of `clusters`.
        """
        _checks.require(
            cluster in self.cluster_names,
            f"(cluster={_checks.show(cluster)})",
            "must be a cluster of this report",
            f"Choose from {_checks.show(self.cluster_names)}.",
        )
        _checks.integer("n", n, 1)
        rows: pd.DataFrame = self.clusters[self.clusters["cluster"] == cluster]
        varies = rows["node"].map(self.nodes["state"] != "constant")
        nearest = rows[varies].sort_values("distance", kind="stable").head(n)
        return nearest.reset_index(drop=True)

    @_checks.named
    def uses(self, factors: LocalCorEx | ClusterFactors | Iterable[ClusterFactors]) -> pd.DataFrame:
        """Return which factors use the nodes of this layer.

        Parameters
        ----------
        factors : fitted LocalCorEx, ClusterFactors or several of these
            Whose columns are nodes, as ``record(...).concat(layer)`` names them: of this layer, or
            of a block around it, such as ``"h1"`` around ``"h1.linear"``.

        Returns
        -------
        DataFrame
            Of `node`, `cluster`, `factor` and `mutual_information` in nats, the largest first;
            what is within chance is left out.

        Raises
        ------
        ValueError
            If none of their columns is a node of this layer.
        """
        return factor_uses(factors, self.name, list(self.nodes.index))

    def _nearest(self) -> list[int]:
        """Return a node for each cluster: the one that has it as its nearest prototype."""
        rows = self.clusters[self.clusters["prototype"]]
        best = rows.sort_values("distance", kind="stable").drop_duplicates("cluster")
        return sorted(list(self.nodes.index).index(name) for name in best["node"])

    def _distances(self, number: int, absolute: bool) -> FloatArray:
        node = self.nodes.index[number]
        _checks.require(
            self.sampled.stride == 1,
            f"({node!r})",
            f"must have all samples, but only every {self.sampled.stride}th was kept of so many",
            "Explain fewer samples at a time.",
        )
        _checks.require(
            bool(self.planes.unit_ratio[number] > 0.0),
            f"({node!r})",
            "must be a node that varies: this one has no deviation to measure in",
            "Choose one of report.nodes.query(\"state != 'constant'\").",
        )
        values = self.sampled.means[:, number] / self.planes.deviation[number]
        return np.asarray(abs(values) if absolute else values, np.float64)

    def __repr__(self) -> str:
        count = self.nodes["state"].value_counts()
        states = ", ".join(f"{n} {state}" for state, n in count.items())
        value = self.layer["value"]
        return (
            f"DistanceReport({self.name}: {len(self.nodes)} nodes ({states}), "
            f"{int(value['n_rows'])} rows, whiteness {value['whiteness']:.3g}, "
            f"centring {value['centring']:.3g})"
        )
