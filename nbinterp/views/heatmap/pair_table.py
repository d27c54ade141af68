"""The matrix of pairs that is drawn, with its errors and the order of its rows."""

from dataclasses import dataclass

import numpy as np

from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.interactions.smooth.fdr import significant
from nbinterp.views.heatmap.pair_order import seriated
from nbinterp.views.heatmap.pair_source import PairSource

MOST = 1024  # rows drawn at once: a million pairs


@dataclass(frozen=True)
class PairTable:
    """The drawn rows of the matrix of one sample, or of the mean of several."""

    features: IntArray
    values: FloatArray
    errors: FloatArray | None
    beyond: BoolArray
    order: IntArray

    @classmethod
    def of(cls, source: PairSource, samples: IntArray) -> "PairTable":
        """Return all rows, or the `MOST` rows with the largest entries if there are more."""
        width = source.width
        features = np.arange(width) if width <= MOST else source.strongest(samples, MOST)
        values, errors = source.entries(samples, features, features)
        beyond = np.ones(values.shape, bool)
        if errors is not None:
            beyond = significant(values, errors, source.n_blocks)
        return cls(features, values, errors, beyond, seriated(np.abs(values) * beyond))

    @property
    def upper(self) -> tuple[IntArray, IntArray]:
        """Rows and columns of the upper triangle, in the order of the page."""
        rows, columns = np.triu_indices(len(self.features))
        return rows, columns

    def strongest(self, count: int) -> tuple[IntArray, IntArray]:
        """Return the `count` strongest pairs beyond noise, strongest first; no diagonal."""
        rows, columns = np.triu_indices(len(self.features), 1)
        size = np.abs(self.values[rows, columns]) * self.beyond[rows, columns]
        first = np.argsort(-size, kind="stable")[:count]
        first = first[size[first] > 0]
        return rows[first], columns[first]

    @property
    def n_beyond(self) -> int:
        """Number of pairs beyond noise, or not zero if errors are unknown; no diagonal."""
        return int(np.triu(self.beyond & (self.values != 0), 1).sum())

    @property
    def noise(self) -> BoolArray:
        """Which entries are within noise; without errors, none is."""
        if self.errors is None:
            return np.zeros(self.values.shape, bool)
        within: BoolArray = ~self.beyond & (self.errors > 0)
        return within
