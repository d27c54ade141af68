"""The result of `LinearDistance`: tables, and the distances of each sample."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import FloatArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.distance.construct.implied import LayerGaussian
from nbinterp.distance.layer.components import Components
from nbinterp.distance.layer.factor_usage import factor_usage
from nbinterp.distance.layer.hyperplanes import Hyperplanes
from nbinterp.distance.stream.sampling import Sampled


@dataclass(frozen=True, eq=False, kw_only=True)
class DistanceReport(Displayable):
    """The nodes of a linear layer as hyperplanes in the data; made by `LinearDistance`.

    Distances are in standard deviations, of all data or of one cluster. They are positive where the
    node is positive. "Deviation" below means standard deviation.

    Attributes
    ----------
    name : str
        Name of the layer.
    nodes : DataFrame
        One row per node, such as ``"h1[17]"``:

        - `plane_offset`: distance of the data's mean from the hyperplane, in deviations of the
          data. Infinite if the node does not vary.
        - `unit_ratio`: ``wᵀΣw``, 1 if the node is in deviations of the data; `implied_variance`
          ``1/|w|²`` and `actual_variance` ``wᵀΣw/|w|²`` along w.
        - `euclidean_distance` of the mean from the hyperplane, in input units; `centre` (mean) and
          `deviation` of the pre-activation; `share_positive` of the rows; `skewness`,
          `excess_kurtosis`.
        - `prototype`: the cluster whose mean is nearest to the hyperplane, in the cluster's
          deviations. The node may measure the distance from it. `prototype_offset`: that distance.
        - `component`: the principal component nearest in angle, 0 for the largest variance, with
          `component_cosine`; `effective_components`: over how many components the node's variance
          spreads. `cosine_percentile` and `concentration_percentile`: percentage of random
          directions with a lower cosine, or with a variance that spreads over more components.
        - `mirror`, `duplicate`: the node on the same hyperplane that faces the other way, or the
          same way; ``""`` if there is none. `most_opposite`: least cosine with any other node.
        - `state`: ``"live"``, ``"dead"`` (never above zero), ``"always on"`` or ``"constant"``.
    clusters : DataFrame
        One row per node and cluster: `offset` of the cluster's mean from the hyperplane in the
        cluster's deviations, its absolute value `distance`, `centre` and `deviation` of the
        pre-activation, `typical_distance` of the rows from the hyperplane in deviations of all data
        (root mean square), `share_positive` of the rows (a ReLU sets the others to zero),
        `skewness`, `excess_kurtosis`, `n_rows`, and whether the cluster is the `prototype`.
    layer : DataFrame
        One row per figure of the whole layer, with its `value` and its `meaning`.
    planes : Hyperplanes
        Weights and biases, mean and covariance of the data, and what follows from them.
    components : Components
        Principal components of the data.
    gaussian : LayerGaussian
        The Gaussian that the weights imply, up to a rotation.
    cluster_names : list
        Labels of the clusters, sorted.
    cluster_means : ndarray of shape (n_clusters, n_features)
        Mean input of the layer, for each cluster.

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
    gaussian: LayerGaussian = field(repr=False)
    cluster_names: list[Any]
    cluster_means: FloatArray = field(repr=False)
    sampled: Sampled = field(repr=False)

    @_checks.named
    def node_number(self, node: str | int) -> int:
        """Return the number of a node, given its name or its number.

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
        """Return the distance of each sample from hyperplanes, to colour a map by.

        Parameters
        ----------
        *nodes : str or int
            Which nodes. If none is given: for each cluster, the node that it is nearest to.
        absolute : bool
            Return absolute values, without the side of the hyperplane.

        Returns
        -------
        dict of str to ndarray of shape (n_samples,)
            In standard deviations of the data. For tokens or patches, the mean over a sample.

        Raises
        ------
        ValueError
            If there is no such node, if it does not vary, or if there were too many samples to
            keep them all.

        Examples
        --------
        >>> import torch
        >>> from nbinterp import ClusterExplorer
        >>> from nbinterp.distance import LinearDistance
        >>> data = np.random.default_rng(0).normal(size=(100, 3))
        >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2))
        >>> report = LinearDistance().explain(net, data, "0")
        >>> ClusterExplorer(data[:, :2], columns=report.columns(0, 1))
        ClusterExplorer(0 of 100 samples selected; columns: distance to 0[0], distance to 0[1])
        """
        _checks.boolean("absolute", absolute)
        numbers = [self.node_number(node) for node in nodes or self._nearest()]
        return {
            f"distance to {self.nodes.index[number]}": self._distances(number, absolute)
            for number in numbers
        }

    @_checks.named
    def prototypes(self, cluster: Any, n: int = 10) -> pd.DataFrame:
        """Return the nodes whose hyperplanes are nearest to the mean of a cluster, nearest first.

        Parameters
        ----------
        cluster : one of `cluster_names`
        n : int
            How many to list.

        Returns
        -------
        DataFrame
            Rows of the table `clusters`.
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
    def factor_usage(
        self, factors: LocalCorEx | ClusterFactors | Iterable[ClusterFactors]
    ) -> pd.DataFrame:
        """Return which factors depend on the nodes of this layer.

        Parameters
        ----------
        factors : fitted LocalCorEx, ClusterFactors or several of these
            Their columns must be named as ``record(...).concat(layer)`` names nodes: those of this
            layer, or of a block around it, such as ``"h1"`` around ``"h1.linear"``.

        Returns
        -------
        DataFrame
            Columns `node`, `cluster`, `factor` and `mutual_information` in nats, largest first.
            Rows within chance are left out. `stable`: whether the factor is found again in halves
            of its samples, None if that is not known; the first time this takes as long as the
            fits.

        Raises
        ------
        ValueError
            If none of their columns is a node of this layer.
        """
        return factor_usage(factors, self.name, list(self.nodes.index))

    def _nearest(self) -> list[int]:
        """Return for each cluster the node that it is nearest to as a prototype."""
        rows = self.clusters[self.clusters["prototype"]]
        best = rows.sort_values("distance", kind="stable").drop_duplicates("cluster")
        return sorted(list(self.nodes.index).index(name) for name in best["node"])

    def _distances(self, number: int, absolute: bool) -> FloatArray:
        node = self.nodes.index[number]
        _checks.require(
            self.sampled.stride == 1,
            f"({node!r})",
            f"must have all samples, but only every {self.sampled.stride}th was kept",
            "Explain fewer samples at a time.",
        )
        _checks.require(
            bool(self.planes.unit_ratio[number] > 0.0),
            f"({node!r})",
            "must be a node that varies: this one has no deviation",
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
