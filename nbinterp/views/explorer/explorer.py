"""A map of the samples: hover, lasso, fit."""

import time
from collections.abc import Callable
from typing import Any

import anywidget
import numpy as np
import numpy.typing as npt
import pandas as pd
import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.manifold import PHATE
from nbinterp.views.base.packing import packed, packed_map
from nbinterp.views.base.traits import Array, numbers_in, refusing
from nbinterp.views.base.view import Answer, verb
from nbinterp.views.explorer import samples
from nbinterp.views.explorer.columns import Columns
from nbinterp.views.explorer.hover import Hovered
from nbinterp.views.explorer.search import checked_ranges, checked_search, matching
from nbinterp.views.explorer.selected import SelectedSamples
from nbinterp.views.explorer.selections import Selections, refusal
from nbinterp.views.heatmap.heatmap import InteractionHeatmap
from nbinterp.views.png.map import scatter_png

Callback = Callable[[IntArray], Any]

_LEAST = 3  # samples of a fit
_UNFITTED = "Lasso samples and press Fit"


@shows(LocalCorEx, PHATE)
class ClusterExplorer(Hovered):
    """A map of samples. Hover to inspect one, lasso to select some, fit their factors.

    Draw a lasso around samples with the mouse: `selection` then holds their numbers. Set
    `selection` from Python to mark samples on the map. `selections` holds named selections. For a
    fitted `LocalCorEx`, the button *Fit this selection* fits the factors of the selected samples
    and shows them beside the map. A factor is a hidden cause behind nodes that vary together.

    Parameters
    ----------
    source : fitted LocalCorEx, fitted PHATE or array of shape (n_samples, 2)
        What to map: the samples of a `LocalCorEx` at its `map_`, the first two components of a
        `PHATE` map, or your own positions.
    columns : DataFrame or dict of arrays of shape (n_samples,), optional
        Values of the samples, to show on hover and to colour the map. Booleans, strings and
        integers with at most 40 distinct values are categories; other numbers are a scale. The
        clusters of a `LocalCorEx` are the first column, ``"cluster"``.
    images : array of shape (n, height, width), (n, height, width, 3) or (n, pixels), optional
        A picture of each sample, as uint8 or floats, shown on hover. They are sent on demand.
    image_shape : tuple of int, optional
        Height and width (and 3 for colours) of images that are rows of pixels.
    color_by : str, optional
        The column that colours the map: the first if None, ``""`` for a single colour.
    height : int, default=520
        Height in CSS pixels.

    Attributes
    ----------
    selection : array of shape (k,), int64
        Numbers of the selected samples, ascending; a synced trait. Set it to indices in any order,
        or to a boolean mask.
    factors : ClusterFactors or None
        The factors of the last fitted selection.
    heatmap : InteractionHeatmap
        Shows the factors beside the map.
    hovered : int or None
        Number of the sample under the pointer; see `on_hover`. Set it to point at a sample in the
        view.
    selections : Selections
        Named selections, such as ``explorer.selections["odd nines"]``. Assign sample numbers to a
        name to add one.
    columns : Columns
        The columns. Add one to colour by it: ``explorer.columns["loss"] = loss``.
    color_by : str
        The column that colours the map.
    search : str
        Words that must all occur in categories of a sample, or ``"digit=9"`` for one value of a
        column. Samples that do not match are dimmed, and gestures ignore them.
    ranges : dict from str to pair
        Lowest and highest value of numeric columns, None for no bound: ``{"loss": (1, None)}``.
        Dates such as ``"2020-01-31"`` are kept as days since the day of the first.
    matching : array of shape (k,), int64
        Numbers of the samples that match `search` and `ranges`.
    contours : bool
        Whether to draw lines around the densest regions with 50 % and 90 % of the samples. With at
        most twelve categories, each has its own lines.
    exemplars : bool
        Whether to show pictures of each category in a strip under the map: the sample nearest to
        its middle, and some that are spread over it.
    labels : bool
        Whether to write the names of categories and selections on the map.

    How to read it
    --------------
    Samples that are near each other are similar in the mapped data, such as the activations of a
    network. Samples that are far apart differ, but the distance and the direction between them say
    little. Islands are kinds of samples. A label stands at the middle of its category. The legend
    counts the samples of each category, and how many of them are selected. Positions are drawn and
    saved with a precision of 1/65,000 of the map's width; `to_frame` returns the exact ones.

    `selection` is a trait, as in any ipywidgets widget. ``explorer.observe(f, "selection")`` calls
    `f` with the old and the new numbers. ``ipywidgets.link`` links it to another widget through
    Python. ``ipywidgets.jslink`` links it in the page, which works while the kernel is busy. To
    link whole views, with their factors and the sample under the pointer, use `nbinterp.link`.

    Examples
    --------
    >>> import numpy as np
    >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]], columns={"kind": ["a", "b", "a"]})
    >>> explorer.selection = [True, False, True]
    >>> explorer.selection
    array([0, 2])
    >>> explorer.color_by
    'kind'

    Two maps of the same samples, one selection:

    >>> import ipywidgets
    >>> other = ClusterExplorer([[5, 1], [2, 2], [0, 3]])
    >>> in_the_page = ipywidgets.jslink((explorer, "selection"), (other, "selection"))
    >>> through_python = ipywidgets.link((explorer, "selection"), (other, "selection"))
    >>> other.selection
    array([0, 2])
    """

    _kind = traitlets.Unicode("explorer").tag(sync=True)
    _positions = Array("f4", (None, 2), wire=packed_map)
    selection = SelectedSamples().tag(page=True)
    _named = traitlets.List(traitlets.Dict()).tag(sync=True, page=True)
    _named_data = Array("u4").tag(page=True)
    columns: Columns
    _columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    _column_data = Array("u1", wire=packed)
    color_by = traitlets.Unicode("").tag(sync=True, page=True)
    search = traitlets.Unicode("").tag(sync=True, page=True)
    ranges = traitlets.Dict().tag(sync=True, page=True)
    contours = traitlets.Bool(False).tag(sync=True, page=True)
    exemplars = traitlets.Bool(False).tag(sync=True, page=True)
    labels = traitlets.Bool(True).tag(sync=True, page=True)
    height = traitlets.Int(520, min=200, max=4000).tag(sync=True)
    _has_images = traitlets.Bool(False).tag(sync=True)
    _can_fit = traitlets.Bool(False).tag(sync=True)
    _fits_itself = traitlets.Bool(False).tag(sync=True)
    _fit = traitlets.Dict(allow_none=True).tag(sync=True)
    heatmap = anywidget.WidgetTrait().tag(sync=True)

    @_checks.named
    def __init__(
        self,
        source: LocalCorEx | PHATE | npt.ArrayLike,
        *,
        columns: Any = None,
        images: Any = None,
        image_shape: tuple[int, ...] | None = None,
        color_by: str | None = None,
        height: int = 520,
    ) -> None:
        self.source = source if isinstance(source, LocalCorEx) else None
        xy = _checks.samples(_positions(source), name="source", min_samples=1, min_features=2)
        _checks.require(
            xy.shape[1] == 2,
            f"(source={_checks.show(xy)})",
            "must have two columns, x and y",
            "Pass a fitted LocalCorEx, or an array of shape (n_samples, 2).",
        )
        table = samples.table(columns, len(xy))
        if self.source is not None and "cluster" not in [one.name for one in table]:
            table.insert(0, samples.column("cluster", _clusters(self.source), len(xy)))
        names = [one.name for one in table]
        if color_by is None:
            color_by = names[0] if names else ""
        _checks.choice("color_by", color_by, ["", *names])
        self._table = table
        self._images = samples.pictures(images, image_shape, len(xy))
        self._factors: ClusterFactors | None = None
        self.columns, self.selections = Columns(self), Selections(self)
        headers, data = samples.pack(table, [color_by])
        super().__init__(
            _positions=xy,
            _columns=headers,
            _column_data=data,
            color_by=color_by,
            height=_checks.integer("height", height, 200, 4000),
            _has_images=self._images is not None,
            _can_fit=self.source is not None,
            _fit=None,
            heatmap=InteractionHeatmap(),
        )
        if self._can_fit:
            self.heatmap._about = _UNFITTED

    @property
    def matching(self) -> IntArray:
        """Numbers of the samples that match `search` and `ranges`, ascending."""
        found = matching(self._table, len(self._positions), self.search, self.ranges)
        return np.flatnonzero(found)

    @_checks.named
    def to_frame(self, samples: Any = None) -> pd.DataFrame:
        """Return samples as a DataFrame.

        Parameters
        ----------
        samples : array of int or bool, or Selection, default=None
            Which samples; by default the selected ones.

        Returns
        -------
        DataFrame
            One row per sample, indexed by sample number: its position on the map as ``x`` and
            ``y``, and its columns in the types in which they were given.

        Examples
        --------
        >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]], columns={"kind": ["a", "b", "a"]})
        >>> explorer.to_frame([0, 1])["kind"].tolist()
        ['a', 'b']
        """
        rows = self.selection if samples is None else samples
        rows = _checks.indices("samples", rows, len(self._positions))
        x, y = self._positions[rows].T
        values = {column.name: column.given.iloc[rows].array for column in self._table}
        return pd.DataFrame({"x": x, "y": y} | values, pd.Index(rows, name="sample"))

    @property
    def factors(self) -> ClusterFactors | None:
        """The factors of the last fitted selection; None before the first fit."""
        return self._factors

    def on_select(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` with the selected sample numbers whenever they change.

        Parameters
        ----------
        callback : callable
            Takes the array of sample numbers. In JupyterLab it runs on a different thread than
            cells. The view shows its exceptions, after all callbacks have run.

        Returns
        -------
        callable
            Call it to stop.

        Examples
        --------
        >>> explorer = ClusterExplorer([[0, 0], [1, 0], [0, 1]])
        >>> stop = explorer.on_select(print)
        >>> explorer.selection = [2, 1]
        [1 2]
        >>> stop()
        """
        return self.when_changed("selection", lambda change: callback(np.array(change["new"])))

    @_checks.named
    def fit_selection(self) -> ClusterFactors:
        """Fit the factors of the selected samples and show them beside the map.

        Returns
        -------
        ClusterFactors
            The result of ``LocalCorEx.fit_selection(explorer.selection)``, also stored in
            `factors`.

        Raises
        ------
        TypeError
            If the map was made from positions, so that there is no data to fit.
        ValueError
            If too few samples are selected.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from nbinterp.corex import LinearCorEx
        >>> X, y = load_iris(as_frame=True, return_X_y=True)
        >>> local = LocalCorEx(LinearCorEx(n_factors=2), random_state=0).fit(X, clusters=y)
        >>> explorer = ClusterExplorer(local)
        >>> explorer.selection = range(50)
        >>> explorer.fit_selection().n_samples
        50
        """
        if self.source is None:
            _checks.fail(
                "()",
                "must have data to fit, but this map was made from positions",
                "Make the explorer from a fitted LocalCorEx.",
                TypeError,
            )
        with self._lock:
            _checks.require(
                len(self.selection) >= _LEAST,
                f"() of {len(self.selection)} selected samples",
                f"must hold at least {_LEAST} samples",
                "Lasso a region, or set explorer.selection to their numbers.",
            )
            started = time.perf_counter()
            factors = self.source.fit_selection(self.selection)
            self._show_fit(factors, time.perf_counter() - started)
        return factors

    def describe(self) -> str:
        """Describe the view in one line."""
        columns = ", ".join(column.name for column in self._table)
        about = f"; columns: {columns}" if columns else ""
        chosen = f"{len(self.selection)} of {len(self._positions)} samples selected"
        return f"{type(self).__name__}({chosen}{about})"

    def snapshot(self) -> bytes | None:
        """Return the map as a PNG."""
        column = next((one for one in self._table if one.name == self.color_by), None)
        return scatter_png(
            self._positions,
            None if column is None else column.entries,
            () if column is None or column.categories is None else column.categories,
            label=self.color_by,
            selection=self.selection if len(self.selection) else None,
        )

    @verb(buffers=1, long=True)
    def fit(self, indices: Any) -> Answer:
        """Fit the samples that are selected on the page, for the button."""
        self.selection = numbers_in(indices, "u4").astype(np.int64)
        self.fit_selection()
        return Answer()

    def _show_fit(self, factors: ClusterFactors, seconds: float) -> None:
        """Show factors in the heatmap, and a summary of the fit beside the button."""
        self._factors = factors
        self.heatmap.show(factors)
        self._fit = {
            "n_factors": len(factors.weights_),
            "n_samples": int(factors.n_samples),
            "seconds": round(seconds, 2),
            "converged": bool(factors.converged_),
        }

    def _show_table(self, table: list[samples.Column]) -> None:
        """Replace the columns; drop the colour and the ranges of removed columns."""
        names = [column.name for column in table]
        self._table = table
        with self.hold_sync(), self.hold_trait_notifications():
            if self.color_by not in names:
                self.color_by = ""
            scales = {column.name for column in table if column.categories is None}
            self.ranges = {name: pair for name, pair in self.ranges.items() if name in scales}
            self._pack()

    @traitlets.observe("color_by", "ranges")
    def _pack(self, _change: Any = None) -> None:
        """Send the columns that the page needs."""
        headers, data = samples.pack(self._table, {self.color_by, *self.ranges})
        with self.hold_sync():
            self._columns, self._column_data = headers, data

    @traitlets.validate("_named", "_named_data")
    def _check_named(self, proposal: Any) -> Any:
        wrong = refusal(self._named, self._named_data, len(self._positions))
        if wrong is not None:
            raise traitlets.TraitError(f"The named selections {wrong}.")
        return proposal["value"]

    @traitlets.validate("color_by")
    @_checks.named
    def _check_color_by(self, proposal: Any) -> str:
        names = ["", *(column.name for column in self._table)]
        with refusing():
            return _checks.choice("color_by", proposal["value"], names)

    @traitlets.validate("search")
    def _check_search(self, proposal: Any) -> str:
        with refusing():
            return checked_search(proposal["value"])

    @traitlets.validate("ranges")
    def _check_ranges(self, proposal: Any) -> dict[str, list[Any]]:
        with refusing():
            return checked_ranges(self._table, proposal["value"])


def _positions(source: Any) -> Any:
    """Return the positions of the samples of `source`."""
    if isinstance(source, LocalCorEx):
        _checks.fitted(source, "labels_")
        return source.map_
    if isinstance(source, PHATE):
        _checks.fitted(source, "embedding_")
        plane = source.embedding_[:, :2]
        return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))
    return source


def _clusters(local: LocalCorEx) -> pd.Series:
    """Return the cluster of each sample as a categorical; even a hundred clusters are no scale."""
    return pd.Series(pd.Categorical(np.asarray(local.labels_)))
