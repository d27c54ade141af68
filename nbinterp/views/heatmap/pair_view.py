"""The part of the heatmap that shows pairs: of which sample, which pair, and what the page asks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.interactions.smooth.fdr import beyond_noise
from nbinterp.views.base.packing import packed, rounded_matrix
from nbinterp.views.base.traits import Array, Index
from nbinterp.views.base.view import Answer, View, verb
from nbinterp.views.heatmap.factor_matrix import EMPTY, count
from nbinterp.views.heatmap.pair_source import PairSource
from nbinterp.views.heatmap.pair_table import PairTable
from nbinterp.views.linking.follow import follow, numbers


class PairView(View):
    """A view of symmetric matrices, one a sample; `InteractionHeatmap` documents it."""

    order = traitlets.Enum(["similarity", "given"], "similarity").tag(sync=True)
    pair = traitlets.Tuple(
        traitlets.Int(), traitlets.Int(), default_value=None, allow_none=True
    ).tag(sync=True)
    sample = Index(0)
    _about = traitlets.Unicode(EMPTY).tag(sync=True)
    _warning = traitlets.Unicode("").tag(sync=True)

    # Pairs: the upper triangle, row by row, with its diagonal; bits of those beyond noise.
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _features = Array("u4", wire=packed)
    _values = Array("f4", wire=packed)
    _errors = Array("f4", wire=packed)
    _beyond = Array("u1", wire=packed)
    _seriation = Array("u4", wire=packed)
    _unit = traitlets.Unicode("").tag(sync=True)
    _width = traitlets.Int(0).tag(sync=True)
    _samples = traitlets.List(traitlets.Int()).tag(sync=True)
    # Of images: channels, height and width; the row of each pixel where they are groups.
    _grid = traitlets.List(traitlets.Int()).tag(sync=True)
    _groups = Array("i4", wire=packed)
    _picture = Array("f4", wire=packed)

    _pairs: PairSource | None = None
    _table: PairTable | None = None
    # The samples whose mean is shown if `sample` is None, and what the map has to say.
    _mean_of: IntArray = np.empty(0, np.int64)
    _numbered = False  # whether it was told which samples of a map these are
    _missing = ""

    @_checks.named
    def link(self, explorer: Any, samples: Any = None) -> Callable[[], None]:
        """Show the samples that are selected on a map: one of them, or the mean of several.

        Parameters
        ----------
        explorer : ClusterExplorer
            The map of the samples.
        samples : sequence of int, optional
            The number on the map of each sample of the result, as by which ``x`` was taken from
            the data; if None, those it was last told, or the result has all samples of the map.

        Returns
        -------
        callable
            Takes no argument and ends the link.

        Examples
        --------
        >>> import numpy as np
        >>> from nbinterp import ClusterExplorer, InteractionHeatmap
        >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1], [1, 1]])
        >>> heatmap = InteractionHeatmap(np.ones((2, 5, 5)), explorer=explorer, samples=[3, 1])
        >>> explorer.selection = [1]
        >>> heatmap.sample
        1
        """
        pairs = self._matrix()
        if samples is None and self._numbered:
            samples = self._samples
        self._samples = numbers(samples, pairs.n_samples, explorer).tolist()
        self._numbered = samples is not None
        self._show_sample()

        def selected(chosen: IntArray, selection: IntArray) -> None:
            if self._pairs is pairs:
                self._show_selected(chosen, selection)

        if explorer is None:
            return lambda: None
        return follow(explorer, np.array(self._samples), selected, self)

    def _show_pairs(self, pairs: PairSource | None, sample: int | None) -> None:
        """Take another source, or none."""
        self._pairs = self._table = None  # until all is set, nothing is read of either
        self.set_trait("pair", None)
        self.sample = sample
        self._missing = ""
        grid = None if pairs is None else pairs.grid
        self._grid = [] if grid is None else [grid.channels, grid.height, grid.width]
        groups = None if pairs is None else pairs.groups
        self._groups = np.empty(0) if groups is None else groups
        self._unit = "" if pairs is None else pairs.unit
        self._width = 0 if pairs is None else pairs.width
        self._samples = [] if pairs is None else list(range(pairs.n_samples))
        self._numbered = False
        self._pairs = pairs
        self._mean_of = np.arange(len(self._samples))
        self._show_sample()

    def _show_sample(self) -> None:
        """Read the matrix of the sample, or of the mean of some, and what surrounds it."""
        pairs = self._pairs
        if pairs is None:
            self._names = []
            for name in ("_features", "_values", "_errors", "_beyond", "_seriation", "_picture"):
                setattr(self, name, np.empty(0))
            return
        chosen = self._shown()
        table = PairTable.of(pairs, chosen)
        upper = table.upper
        with self.hold_sync():
            self._table = table
            self._names = [pairs.names[feature] for feature in table.features]
            self._features = table.features
            known = None if table.errors is None else table.errors[upper]
            beyond = table.beyond[upper]
            self._values, errors = rounded_matrix(table.values[upper], known, beyond)
            self._errors = np.empty(0) if errors is None else errors
            self._beyond = np.packbits(beyond, bitorder="little")
            self._seriation = table.order
            pictures = pairs.pictures
            self._picture = np.empty(0) if pictures is None else pictures[chosen].mean(0)
            drawn = len(table.features)
            part = "" if drawn == pairs.width else f" · the {drawn:,} of the strongest pairs"
            self._about = (
                f"{pairs.title} · {self._which()} · {count(pairs.width, 'input')}{part} · "
                f"{count(table.n_beyond, 'pair')} {_found(table)}"
            )
            self._warning = " ".join(filter(None, [pairs.warning, self._missing]))

    def _show_selected(self, chosen: IntArray, selection: IntArray) -> None:
        """Show the samples at the places `chosen`, those of a selection that have matrices."""
        with self._lock, self.hold_sync():
            self._missing = ""
            if len(selection) and not len(chosen):
                which = f"Sample {selection[0]}" if len(selection) == 1 else "What is selected"
                self._missing = f"{which} is not among the {len(self._samples)} explained."
            self._mean_of = chosen if len(chosen) > 1 else np.arange(len(self._samples))
            now = self.sample
            if len(chosen):
                now = int(chosen[0]) if len(chosen) == 1 else None
            if now != self.sample:
                self.sample = now
            else:
                self._show_sample()

    def _shown(self) -> IntArray:
        return self._mean_of if self.sample is None else np.array([self.sample])

    def _which(self) -> str:
        """Return in words what is shown."""
        if len(self._samples) == 1 and self._samples[0] == 0:
            return "one sample"
        if self.sample is None:
            return f"mean of {count(len(self._mean_of), 'sample')}"
        return f"sample {self._samples[self.sample]}"

    def _matrix(self) -> PairSource:
        if self._pairs is None:
            _checks.fail(
                "()",
                "must show matrices of samples, such as those of a SmoothHessian",
                "Factors belong to a region: press Fit on the map.",
                TypeError,
            )
        return self._pairs

    @verb(feature=int)
    @_checks.named
    def partners(self, feature: int) -> Answer:
        """Answer with all interactions of one input of a matrix of which not all rows are drawn."""
        pairs = self._matrix()
        place = np.array([_checks.integer("feature", feature, 0, pairs.width - 1)])
        row, error = pairs.entries(self._shown(), place, np.arange(pairs.width))
        beyond = (row != 0) if error is None else beyond_noise(row, error, pairs.n_blocks)
        parts = [row.astype("<f4"), np.zeros(0, "<f4") if error is None else error.astype("<f4")]
        bits = np.packbits(beyond.ravel(), bitorder="little")
        return Answer({"feature": feature}, [part.tobytes() for part in [*parts, bits]])

    @verb(first=int, second=int)
    @_checks.named
    def across(self, first: int, second: int) -> Answer:
        """Answer with the interaction of one pair in each sample."""
        pairs = self._matrix()
        rows, columns = (
            np.array([_checks.integer("pair", each, 0, pairs.width - 1)])
            for each in (first, second)
        )
        found = [pairs.entries(np.array([k]), rows, columns) for k in range(pairs.n_samples)]
        values = np.array([value for value, _ in found], "<f4")
        errors = np.array([error for _, error in found if error is not None], "<f4")
        return Answer({"pair": [first, second]}, [values.tobytes(), errors.tobytes()])

    @traitlets.validate("pair")
    def _check_pair(self, proposal: Any) -> tuple[int, int] | None:
        value: tuple[int, int] | None = proposal["value"]
        width = 0 if self._pairs is None else self._pairs.width
        if value is not None and not all(0 <= each < width for each in value):
            raise traitlets.TraitError(f"pair must hold two inputs from 0 to {width - 1}, or None")
        return value

    @traitlets.validate("sample")
    def _check_sample(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        if self._pairs is not None and value is not None and value >= self._pairs.n_samples:
            last = self._pairs.n_samples - 1
            raise traitlets.TraitError(f"sample must be from 0 to {last}, or None for a mean")
        return value

    @traitlets.observe("sample")
    def _sample_changed(self, _change: Any) -> None:
        if self._pairs is not None:
            with self._lock:
                self._show_sample()


def _found(table: PairTable) -> str:
    return "that are not zero" if table.errors is None else "beyond noise"
