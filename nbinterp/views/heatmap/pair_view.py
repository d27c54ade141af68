"""Show matrices of pairs in the heatmap, and answer requests of the page."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray
from nbinterp.interactions.smooth.fdr import beyond_noise
from nbinterp.views.base.packing import rounded_matrix
from nbinterp.views.base.view import Answer
from nbinterp.views.heatmap.factor_matrix import count
from nbinterp.views.heatmap.pair_picture import describe, picture
from nbinterp.views.heatmap.pair_source import PairSource
from nbinterp.views.heatmap.pair_table import PairTable

_NONE: FloatArray = np.empty(0)

# The traits of a heatmap without pairs.
NO_PAIRS: dict[str, Any] = {
    "_grid": [],
    "_groups": _NONE,
    "_unit": "",
    "_width": 0,
    "_samples": [],
    "_names": [],
    "_features": _NONE,
    "_values": _NONE,
    "_errors": _NONE,
    "_beyond": _NONE,
    "_seriation": _NONE,
    "_picture": _NONE,
}


class ShownPairs:
    """Matrices of pairs, one per sample; the view shows one, or the mean of several.

    Parameters
    ----------
    source : PairSource
        The matrices.
    sample : int or None
        The position of the sample to show; None for the mean of the selected samples.

    Attributes
    ----------
    numbers : ndarray of shape (n_samples,), int64
        The number of each sample on a map.
    is_numbered : bool
        Whether these numbers were given.
    """

    def __init__(self, source: PairSource, sample: int | None) -> None:
        self.source = source
        self.numbers: IntArray = np.arange(source.n_samples)
        self.is_numbered = False
        self._selected: IntArray = np.arange(source.n_samples)  # the view shows their mean
        self._missing = ""
        self.show(sample)

    def show(self, sample: int | None) -> None:
        """Show the matrix of a sample, or the mean of the selected samples."""
        self._sample = sample
        self._table = PairTable.of(self.source, self._shown)

    def select(self, chosen: IntArray, selection: IntArray) -> int | None:
        """Store the selection of a map; return the sample to show, None for a mean.

        `chosen` are the positions of the selected samples that have a matrix. If there are none,
        the view does not change.
        """
        self._missing = ""
        if len(selection) and not len(chosen):
            which = f"Sample {selection[0]}" if len(selection) == 1 else "The selection"
            self._missing = f"{which} is not among the {len(self.numbers)} explained samples."
        self._selected = chosen if len(chosen) > 1 else np.arange(len(self.numbers))
        if not len(chosen):
            return self._sample
        return int(chosen[0]) if len(chosen) == 1 else None

    def traits(self) -> dict[str, Any]:
        """Return the traits that send the shown matrix and its captions to the page."""
        source, table = self.source, self._table
        upper, grid = table.upper, source.grid
        beyond = table.beyond[upper]
        known = None if table.errors is None else table.errors[upper]
        values, errors = rounded_matrix(table.values[upper], known, beyond)
        pictures = source.pictures
        return {
            "_grid": [] if grid is None else [grid.channels, grid.height, grid.width],
            "_groups": _NONE if source.groups is None else source.groups,
            "_unit": source.unit,
            "_width": source.width,
            "_samples": self.numbers.tolist(),
            "_names": [source.names[feature] for feature in table.features],
            "_features": table.features,
            "_values": values,
            "_errors": _NONE if errors is None else errors,
            "_beyond": np.packbits(beyond, bitorder="little"),
            "_seriation": table.order,
            "_picture": _NONE if pictures is None else pictures[self._shown].mean(0),
            "_about": self._about(),
            "_warning": " ".join(filter(None, [source.warning, self._missing])),
        }

    def describe(self) -> str:
        """Describe size, sample and the strongest pairs in a few words."""
        return describe(self.source, self._table, self._which())

    def picture(self, *, top: int, order: str, pair: tuple[int, int] | None) -> bytes:
        """Return the `top` rows as a PNG, with the partners of the chosen pixel."""
        note = " · ".join(filter(None, [self._about(), self.source.warning, self._missing]))
        return picture(self.source, self._table, top=top, order=order, pair=pair, note=note)

    def partners(self, feature: int) -> Answer:
        """Return the interactions of one input with all inputs, drawn or not."""
        source = self.source
        place = np.array([_checks.integer("feature", feature, 0, source.width - 1)])
        row, error = source.entries(self._shown, place, np.arange(source.width))
        beyond = (row != 0) if error is None else beyond_noise(row, error, source.n_blocks)
        parts = [row.astype("<f4"), np.zeros(0, "<f4") if error is None else error.astype("<f4")]
        bits = np.packbits(beyond.ravel(), bitorder="little")
        return Answer({"feature": feature}, [part.tobytes() for part in [*parts, bits]])

    def across(self, first: int, second: int) -> Answer:
        """Return the interaction of one pair in each sample."""
        source = self.source
        rows, columns = (
            np.array([_checks.integer("pair", each, 0, source.width - 1)])
            for each in (first, second)
        )
        found = [source.entries(np.array([k]), rows, columns) for k in range(source.n_samples)]
        values = np.array([value for value, _ in found], "<f4")
        errors = np.array([error for _, error in found if error is not None], "<f4")
        return Answer({"pair": [first, second]}, [values.tobytes(), errors.tobytes()])

    @property
    def _shown(self) -> IntArray:
        return self._selected if self._sample is None else np.array([self._sample])

    def _which(self) -> str:
        """Say which sample is shown."""
        if len(self.numbers) == 1 and self.numbers[0] == 0:
            return "one sample"
        if self._sample is None:
            return f"mean of {count(len(self._selected), 'sample')}"
        return f"sample {self.numbers[self._sample]}"

    def _about(self) -> str:
        """Return the caption."""
        source, table = self.source, self._table
        drawn = len(table.features)
        part = "" if drawn == source.width else f" · the {drawn:,} of the strongest pairs"
        kind = "that are not zero" if table.errors is None else "beyond noise"
        return (
            f"{source.title} · {self._which()} · {count(source.width, 'input')}{part} · "
            f"{count(table.n_beyond, 'pair')} {kind}"
        )
