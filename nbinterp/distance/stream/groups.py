"""Assign the rows of a stream to clusters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks
from nbinterp._typing import IntArray


@dataclass(frozen=True)
class Groups:
    """Clusters by labels of samples, or by a mixture that assigns each row, or a single cluster.

    Attributes
    ----------
    names : list
        Labels of the clusters, in order.
    codes : ndarray of shape (n_samples,) or None
        Cluster of each sample, as a position in `names`.
    mixture : sklearn.mixture.GaussianMixture or None
        Assigns rows to clusters instead of `codes`.
    """

    names: list[Any]
    codes: IntArray | None = None
    mixture: Any = None

    def of(self, rows: Tensor, first: int, n_samples: int) -> Tensor:
        """Return the clusters of the rows of `n_samples` samples from `first` on."""
        if self.mixture is not None:
            codes = self.mixture.predict(rows.cpu().numpy())
        elif self.codes is None:
            return torch.zeros(len(rows), dtype=torch.int64, device=rows.device)
        else:
            each = len(rows) // n_samples
            codes = np.repeat(self.codes[first : first + n_samples], each)
        return torch.as_tensor(codes.astype(np.int64), device=rows.device)

    def check_count(self, n_samples: int, *, whole: bool) -> None:
        """Raise if there are fewer labels than samples or, at the end (`whole`), more."""
        if self.codes is None:
            return
        n = len(self.codes)
        _checks.require(
            n == n_samples or (n > n_samples and not whole),
            f"(clusters) with {n} labels",
            f"must have one label per sample, {n_samples}{'' if whole else ' or more'}",
            "Pass the labels of the same data, in the same order.",
        )


def groups_of(clusters: Any, n_features: int) -> Groups:
    """Return the groups given by labels, a fitted clusterer or a Gaussian mixture."""
    if clusters is None:
        return Groups(["all"])
    if hasattr(clusters, "predict_proba") and hasattr(clusters, "covariance_type"):
        _checks.fitted(clusters, "means_")
        _checks.require(
            clusters.means_.shape[1] == n_features,
            f"(clusters={type(clusters).__name__} of {clusters.means_.shape[1]} features)",
            f"must be a mixture of inputs of the layer, {n_features} features",
            "Fit it to the inputs of that layer, or pass labels.",
        )
        return Groups(list(range(len(clusters.means_))), mixture=clusters)
    if hasattr(clusters, "get_params"):
        _checks.fitted(clusters, "labels_")
        clusters = clusters.labels_
    labels = np.asarray(_checks.plain(clusters, "clusters"))
    _checks.require(
        labels.ndim == 1 and labels.size > 0,
        f"(clusters={_checks.show(clusters)})",
        "must be one label per sample, a fitted clusterer or a Gaussian mixture",
        "Pass a list as long as the data, a fitted LocalCorEx or a fitted GaussianMixture.",
    )
    known = _checks.groups("clusters", labels, len(labels))
    names, codes = np.unique(known, return_inverse=True)
    return Groups(names.tolist(), codes.astype(np.int64).ravel())
