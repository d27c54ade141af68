"""Moments of pre-activations, for each cluster and each node, merged batch by batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class NodeMoments:
    """Sums over the rows of each cluster, of each node, all in float64.

    Attributes
    ----------
    counts : Tensor of shape (n_clusters,)
        Rows.
    mean, second, third, fourth : Tensor of shape (n_clusters, n_nodes)
        The mean, and sums of powers about it.
    positive : Tensor of shape (n_clusters, n_nodes)
        How many are above zero.
    """

    counts: Tensor
    mean: Tensor
    second: Tensor
    third: Tensor
    fourth: Tensor
    positive: Tensor

    @classmethod
    def of(cls, z: Tensor, codes: Tensor, member: Tensor) -> "NodeMoments":
        """Return the moments of a batch (n, n_nodes) whose rows are of the clusters `codes`.

        `member` (n_clusters, n) says the same with ones.
        """
        counts = member.sum(1)
        mean = (member @ z) / counts.clamp(min=1.0)[:, None]
        u = z - mean[codes]
        squares = u * u
        third = member @ u.mul_(squares)
        fourth = member @ (squares * squares)
        return cls(counts, mean, member @ squares, third, fourth, member @ (z > 0).to(z.dtype))

    def merge(self, other: "NodeMoments") -> "NodeMoments":
        """Return the moments of both (Pébay, "Formulas for robust one-pass computation", 2008)."""
        a, b = self.counts[:, None], other.counts[:, None]
        n = (a + b).clamp(min=1.0)
        step = other.mean - self.mean
        second = self.second + other.second + step**2 * a * b / n
        third = (
            self.third
            + other.third
            + step**3 * a * b * (a - b) / n**2
            + 3.0 * step * (a * other.second - b * self.second) / n
        )
        fourth = (
            self.fourth
            + other.fourth
            + step**4 * a * b * (a * a - a * b + b * b) / n**3
            + 6.0 * step**2 * (a * a * other.second + b * b * self.second) / n**2
            + 4.0 * step * (a * other.third - b * self.third) / n
        )
        return NodeMoments(
            self.counts + other.counts,
            self.mean + step * b / n,
            second,
            third,
            fourth,
            self.positive + other.positive,
        )

    def clusters(self, wanted: Tensor) -> "NodeMoments":
        """Return the moments of some clusters, by number or by mask."""
        return NodeMoments(*(part[wanted] for part in vars(self).values()))

    def pooled(self) -> "NodeMoments":
        """Return the moments of all rows, as one cluster."""
        parts = [self.clusters(torch.tensor([i])) for i in range(len(self.counts))]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.merge(part)
        return whole

    @property
    def variance(self) -> Tensor:
        """The variance (n_clusters, n_nodes), divided by the number of rows."""
        return self.second / self.counts.clamp(min=1.0)[:, None]

    @property
    def share_positive(self) -> Tensor:
        """The share of rows above zero (n_clusters, n_nodes)."""
        return self.positive / self.counts.clamp(min=1.0)[:, None]

    def shape(self, floor: Tensor) -> tuple[Tensor, Tensor]:
        """Return skewness and excess kurtosis; 0 where the variance is at most `floor`.

        Both are 0 of a Gaussian.
        """
        variance, n = self.variance, self.counts.clamp(min=1.0)[:, None]
        varies = variance > floor
        safe = torch.where(varies, variance, 1.0)
        skewness = torch.where(varies, self.third / n / safe**1.5, 0.0)
        kurtosis = torch.where(varies, self.fourth / n / safe**2 - 3.0, 0.0)
        return skewness, kurtosis
