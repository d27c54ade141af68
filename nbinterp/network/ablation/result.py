"""What it costs to ablate the nodes of factors, compared with other nodes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import FloatArray, IntArray
from nbinterp.corex.matching import known_stable
from nbinterp.network.ablation.chance import corrected_ranks, least_spreads, ranks


@dataclass(frozen=True, eq=False, kw_only=True)
class AblationStudy(Displayable):
    """Changes of accuracy and of outputs when the nodes of factors are ablated.

    `ablation_study` makes it. A case is a factor of a cluster. A group is a set of samples: all, a
    cluster, or a class. The last axis of the scores holds the kept outputs, then the accuracy.

    Attributes
    ----------
    layer : str
        The layer whose nodes were ablated.
    mode : {"zero", "mean", "weights"}
        How they were ablated; see `ablated`.
    sizes : tuple of int
        How many nodes were ablated.
    cases : tuple of (str, int)
        The name of the cluster and the number of the factor.
    groups : tuple of str
        Such as ``"all"``, ``"cluster 3"``, ``"class 4"``.
    group_sizes : ndarray of shape (n_groups,)
        How many samples each group has.
    output_names : tuple of str
        The kept outputs.
    baseline : ndarray of shape (n_groups, n_outputs + 1)
        Mean outputs and accuracy of the unchanged network.
    change : ndarray of shape (n_cases, n_sizes, n_groups, n_outputs + 1)
        The change of these when the nodes of largest mutual information with a factor are
        ablated.
    random : ndarray of shape (n_random, n_sizes, n_groups, n_outputs + 1)
        The same for as many random nodes.
    by_activation, by_weight : ndarray of shape (n_cases, n_sizes, n_groups, n_outputs + 1)
        The same for the nodes of largest mean activation in the case's cluster, and of largest
        weight on the output of its most frequent class; NaN where the network has no gradients.
    n_left_out : int
        How many nodes are in no random draw: those that are constant over the data, and all but one
        of nodes that are equal.

    Notes
    -----
    `to_frame` ranks a case among the random draws: ``(1 + draws that cost as much or more) /
    (1 + draws)``. That is the p-value of one row. Among many rows some are small by chance: of
    1000 rows without any effect, about 50 are below 0.05. The corrected rank is that of the loss
    among the largest loss of each draw over all sizes and groups, in standard deviations of the
    draws. Of random nodes, any of a factor's rows has a corrected rank below 0.05 only one time in
    20, however many rows there are; 100 draws are enough for that. With several factors, divide
    your threshold by their number.

    Nodes that vary together cost more together, also in a network that has learned nothing. To see
    what training adds, compare with the study of an `untrained` copy.
    """

    layer: str
    mode: str
    sizes: tuple[int, ...]
    cases: tuple[tuple[str, int], ...]
    groups: tuple[str, ...]
    group_sizes: IntArray
    output_names: tuple[str, ...]
    baseline: FloatArray
    change: FloatArray
    random: FloatArray
    by_activation: FloatArray
    by_weight: FloatArray
    n_left_out: int = 0
    _factors: tuple[Any, ...] = field(default=(), repr=False)  # of each case

    @property
    def stable(self) -> tuple[bool | None, ...]:
        """Whether the factor of each case is found again in halves of its samples.

        None where that is not known, see `ClusterFactors.stable_`; computed when first read.
        """
        found: list[bool | None] = []
        factors = self._factors or (None,) * len(self.cases)
        for (_, number), each in zip(self.cases, factors, strict=True):
            found.append(None if each is None else known_stable(each)[number])
        return tuple(found)

    @property
    def accuracy(self) -> FloatArray:
        """The accuracy of the unchanged network in each group, shape (n_groups,)."""
        return self.baseline[:, -1]

    @property
    def accuracy_change(self) -> FloatArray:
        """The change of the accuracy, shape (n_cases, n_sizes, n_groups)."""
        return self.change[..., -1]

    @property
    def output_change(self) -> FloatArray:
        """The change of the mean outputs, shape (n_cases, n_sizes, n_groups, n_outputs)."""
        return self.change[..., :-1]

    @_checks.named
    def to_frame(self, quantity: str = "accuracy", *, coverage: float = 0.95) -> pd.DataFrame:
        """Return one row per case, size and group.

        Parameters
        ----------
        quantity : str
            ``"accuracy"``, or one of `output_names`.
        coverage : float
            The share of the random draws within ``chance_lower`` and ``chance_upper``.

        Returns
        -------
        DataFrame
            Columns cluster, factor, size, group, n_samples, baseline, change, by_activation,
            by_weight, chance_lower, chance_upper, rank and corrected_rank, see the notes; and
            stable: whether the factor is found again in halves of its samples, None if that is not
            known.
        """
        known = (*self.output_names, "accuracy")
        at = known.index(_checks.choice("quantity", quantity, known))
        share = _checks.real("coverage", coverage, 0, 1)
        random, change = self.random[..., at], self.change[..., at]
        ends = [(1 - share) / 2, (1 + share) / 2]
        lower, upper = (
            np.quantile(random, ends, axis=0) if len(random) else np.full((2, 1, 1), np.nan)
        )
        counted = self.group_sizes if quantity == "accuracy" else None
        corrected = corrected_ranks(change, random, least_spreads(random, counted))
        stable = self.stable
        case, size, group = (axis.ravel() for axis in np.indices(change.shape))

        def spread(values: FloatArray) -> FloatArray:
            return np.broadcast_to(values, change.shape).ravel()

        return pd.DataFrame(
            {
                "cluster": [self.cases[i][0] for i in case],
                "factor": [self.cases[i][1] for i in case],
                "size": np.array(self.sizes)[size],
                "group": np.array(self.groups, dtype=object)[group],
                "n_samples": self.group_sizes[group],
                "baseline": self.baseline[group, at],
                "change": change.ravel(),
                "by_activation": self.by_activation[..., at].ravel(),
                "by_weight": self.by_weight[..., at].ravel(),
                "chance_lower": spread(lower),
                "chance_upper": spread(upper),
                "rank": ranks(change, random).ravel(),
                "corrected_rank": corrected.ravel(),
                "stable": [stable[i] for i in case],
            }
        )

    def __repr__(self) -> str:
        """Summarize the study; the arrays would fill the screen."""
        without = f" without {self.n_left_out} constant or equal nodes" if self.n_left_out else ""
        return (
            f"AblationStudy({self.layer!r}, mode={self.mode!r}: {len(self.cases)} factors × "
            f"{len(self.sizes)} sizes × {len(self.groups)} groups, {len(self.random)} random draws"
            f"{without})"
        )
