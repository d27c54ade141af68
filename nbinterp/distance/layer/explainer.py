"""Read the nodes of a linear layer as distances, in standard deviations of the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._numerics.progress import progress_bar
from nbinterp.distance.construct import shrinkage
from nbinterp.distance.construct.implied import LayerGaussian
from nbinterp.distance.layer.components import Components
from nbinterp.distance.layer.hyperplanes import Hyperplanes
from nbinterp.distance.layer.report import DistanceReport
from nbinterp.distance.layer.tables import cluster_table, layer_table, node_table
from nbinterp.distance.stream.groups import groups_of
from nbinterp.distance.stream.layer_inputs import CONV_ROWS, hyperplanes_of, linear_module
from nbinterp.distance.stream.one_pass import stream
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True, kw_only=True)
class LinearDistance:
    """Measure how far data lies from the hyperplanes of a linear layer, in standard deviations.

    A node ``wᵀx + b`` is zero on a hyperplane, and ``|wᵀx + b|`` grows with the distance of x from
    it. If the weights fit the scale of the data, the node gives that distance in standard
    deviations: the Mahalanobis distance along one direction. A layer of such nodes measures the
    distance from a prototype, the point where its hyperplanes meet (Oursland 2024). The report
    shows how close a trained layer comes to that.

    Parameters
    ----------
    shrinkage : {"oas", "ledoit_wolf"} or float
        Share of a multiple of the identity that is mixed into the covariance: a number from 0 to
        1, or a formula for it. With 0, the covariance of fewer rows than features is singular.
    ridge : float
        Added to the diagonal of the covariance, as a multiple of its mean.
    conv : {"patches", "means"}
        What counts as a row for a convolution: each patch that its kernel reads, or the mean of a
        sample's patches, for which a node gives the mean of its channel.
    n_random : int
        Number of random directions with which the alignment of nodes with principal components is
        compared.
    batch_size : int
        Samples per forward pass.
    random_state : int, RandomState or None
        Draws the random directions, and the patches that are kept for charts.
    progress : bool
        Show a progress bar if the work takes more than a second.

    Notes
    -----
    Nodes are distances exactly if their weights whiten the data and an absolute value follows. For
    trained ReLU networks this is a description only: their hyperplanes tend to lie at the edge of a
    cluster, so that all of it falls on the zero side, and not in its middle.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024).

    Examples
    --------
    >>> from nbinterp.distance import LinearDistance
    >>> layer = nn.Linear(2, 1)
    >>> with torch.no_grad():
    ...     _ = layer.weight.copy_(torch.tensor([[0.5, 0.5]])), layer.bias.zero_()
    >>> corners = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
    >>> report = LinearDistance(shrinkage=0.0).explain(
    ...     nn.Sequential(layer), corners, "0", clusters=[0, 1, 1, 0]
    ... )
    >>> report.nodes[["plane_offset", "unit_ratio", "prototype"]]
          plane_offset  unit_ratio prototype
    node
    0[0]           0.0         0.5         1
    """

    shrinkage: str | float = "oas"
    ridge: float = 0.0
    conv: str = "patches"
    n_random: int = 500
    batch_size: int = 1024
    random_state: Any = None
    progress: bool = True

    @_checks.named
    @plain_settings()
    def explain(
        self, model: nn.Module | Subject, data: Any, layer: str, *, clusters: Any = None
    ) -> DistanceReport:
        """Measure how the hyperplanes of a layer lie in the data.

        Parameters
        ----------
        model : torch.nn.Module or Subject
            The network. It is restored afterwards.
        layer : str
            Name of a Linear or a convolution in ``model.named_modules()``.
        data : array, tensor, dict of these, Dataset or DataLoader
            Inputs of the model. They are read once.
        clusters : array of shape (n_samples,), fitted clustering or GaussianMixture, optional
            A label for each sample; or a fitted `LocalCorEx` or another clusterer, whose
            ``labels_`` are used; or a mixture fitted to the inputs of the layer, which assigns each
            row. If None, all samples are one cluster.

        Returns
        -------
        DistanceReport

        Raises
        ------
        TypeError
            If the layer is neither a Linear nor a convolution.
        ValueError
            If there is no such layer, the labels do not match the samples, there are fewer than two
            rows, or the layer's input is not finite.
        """
        with _checks.call("LinearDistance"):
            shrinkage.check(self.shrinkage)
            ridge = _checks.real("ridge", self.ridge, 0.0)
            conv = _checks.choice("conv", self.conv, CONV_ROWS)
            n_random = _checks.integer("n_random", self.n_random, 1)
            batch_size = _checks.integer("batch_size", self.batch_size, 1)
            _checks.boolean("progress", self.progress)
        subject = Subject.of(model).fitted_to(data)
        seed = _checks.generator(self.random_state)
        module = linear_module(subject, layer)
        weight, bias = hyperplanes_of(module)
        groups = groups_of(clusters, weight.shape[1])
        seen = stream(
            subject,
            layer,
            data,
            groups,
            conv=conv,
            fourth=self.shrinkage == "ledoit_wolf",
            batch_size=batch_size,
            random_state=seed,
            progress=self.progress,
        )
        n_rows = int(seen.inputs.count)
        sample = seen.inputs.covariance.cpu().numpy()
        fourth = 0.0 if seen.inputs.fourth is None else float(seen.inputs.fourth)
        covariance, share = shrinkage.shrunk(sample, n_rows, self.shrinkage, ridge, fourth)
        planes = Hyperplanes(weight, bias, seen.inputs.mean[0].cpu().numpy(), covariance)
        present = seen.nodes.count > 0  # a mixture may have components without rows
        moments, positive = seen.nodes.groups(present), seen.positive.groups(present)
        kept = present.cpu().numpy()
        cluster_means = seen.cluster_inputs.mean[present].cpu().numpy()
        labels = [name for name, is_there in zip(groups.names, kept, strict=True) if is_there]
        names = [f"{layer}[{number}]" for number in range(len(weight))]
        rounding = torch.finfo(next(module.parameters()).dtype).eps
        counted = {"samples": seen.n_samples, "rows": n_rows}
        with progress_bar(total=5, desc="hyperplanes", shown=self.progress) as bar:
            of_clusters = cluster_table(
                names, labels, planes, cluster_means, moments, positive, share, ridge
            )
            bar.update()
            components = Components.of(sample, share, ridge)
            bar.update()
            of_nodes = node_table(
                names, planes, moments, positive, components, of_clusters, n_random, seed
            )
            bar.update()
            gaussian = LayerGaussian.of(weight, bias, rounding)
            bar.update()
            of_layer = layer_table(counted, planes, components, gaussian, of_nodes, share, seed)
            bar.update()
        return DistanceReport(
            name=layer,
            nodes=of_nodes,
            clusters=of_clusters,
            layer=of_layer,
            planes=planes,
            components=components,
            gaussian=gaussian,
            cluster_names=labels,
            cluster_means=cluster_means,
            sampled=seen.sampled.recoded(np.cumsum(kept) - 1),
        )
