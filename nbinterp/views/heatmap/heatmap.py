"""What acts together, as a matrix: factors by nodes, or inputs by inputs."""

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import ClusterFactors, LinearCorEx
from nbinterp.interactions import SmoothHessian
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.traits import Array
from nbinterp.views.heatmap.factor_matrix import FactorTable
from nbinterp.views.heatmap.pair_picture import describe, picture
from nbinterp.views.heatmap.pair_source import read
from nbinterp.views.heatmap.pair_view import PairView

_FACTORS = ("mutual_information", "correlation")


@shows(ClusterFactors, LinearCorEx, SmoothHessian)
class InteractionHeatmap(PairView, FactorView):
    """What acts together: factors by the nodes they bind, or inputs by inputs.

    Of a fit, what each hidden factor binds together, and which outputs it moves. Of a
    `SmoothHessian`, or of any symmetric matrix, how inputs act in pairs: an image of the matrix to
    zoom and move in, and for images the partners of a pixel that is clicked.

    Parameters
    ----------
    source : ClusterFactors, fitted LinearCorEx, SmoothHessian or array, default=None
        What to show; an array of shape (width, width) or (n_samples, width, width), or a square
        DataFrame; None for an empty view, to be filled by `show`.
    top : int, optional
        How many nodes, or inputs, to draw: those that share most with any factor, or are in the
        strongest pairs. If None, 40 nodes (outputs are always drawn), or all inputs.
    quantity : {"mutual_information", "correlation"}, default="mutual_information"
        What the cells of factors show: nats, or -1 to 1.
    height : int, optional
        Height of the matrix in CSS pixels; 380 of factors (rows keep a readable height even where
        it is too small), 520 of pairs if None.
    feature_names : sequence of str, optional
        Names of the inputs of a matrix of pairs.
    image_shape : tuple of int, optional
        Height and width (after the channels, if any) of inputs that are pixels; that of a sample
        of a `SmoothHessian` if None.
    unit : str, optional
        Of the entries of a matrix.
    standard_error : array of the shape of `source`, optional
        Of the entries of an array; a `SmoothHessian` has its own.
    sample : int or None, default=0
        Which sample of a result to show; None for the mean of those selected, or of all.
    explorer : ClusterExplorer, optional
        A map of the samples: what is selected on it is shown here. See `link`.
    samples : sequence of int, optional
        The number on that map of each sample of the result.

    Attributes
    ----------
    factor : int or None
        The chosen factor, as its row in `mutual_information_` of the source. A click in the view
        sets it, and setting it chooses the factor in the view.
    pair : (int, int) or None
        The chosen pair of inputs, likewise; twice the same input for itself.
    order : {"similarity", "given"}
        How the inputs are ordered: those that act with the same others together, or as they came.
    top, quantity, height, sample
        As the parameters; they follow the controls of the view.

    How to read it
    --------------
    *Factors.* A row is a factor: a hidden cause behind nodes that vary together among these
    samples. Rows are sorted by total correlation, the dependence that the factor explains, in
    nats; the bars at their end show it. A column is a node: the brighter a cell, the more the
    factor tells about the node. Nodes that share most with one factor stand together, and the
    model's outputs stand apart at the right: a bright cell there says that the group moves that
    output. Shuffled data has no dependence, yet a fit finds some by chance: a hatched cell is below
    the level that 99 % of the cells of such a fit stay below, and the hatched band over the bars
    ends at what one of its factors explains, on average.

    *Pairs.* A cell tells how two inputs act together near the sample: above zero (orange), the
    effect of each on the output rises as the other rises; below (blue), it falls; at zero they add
    up as if apart. On the diagonal, how the effect of an input changes with itself. The colours
    are those of roots, from the largest pair of different inputs. Hatched cells are within noise:
    of those that are not, at most 5 % are expected to be there by chance (false discovery rate,
    from the standard errors). Inputs that act with the same others stand together. Of more than
    1024 inputs, those with the largest entries are drawn. The picture beside the matrix of an image
    is one row of it: all partners of the pixel that was clicked. The page, and so a saved notebook,
    keeps a cell beyond noise to a part in 2000 and one within noise to a sixteenth of its error;
    the result in Python is exact.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx
    >>> corex = LinearCorEx(n_factors=2, random_state=0).fit(load_iris(as_frame=True).data)
    >>> heatmap = InteractionHeatmap(corex, quantity="correlation")
    >>> heatmap.factor = 0
    >>> heatmap
    InteractionHeatmap(2 factors × 4 nodes of LinearCorEx; factor 0 · ... nats: petal ...)
    >>> InteractionHeatmap([[0.0, -2.0], [-2.0, 1.0]], feature_names=["age", "dose"])
    InteractionHeatmap(2 × 2 pairs of the matrix; strongest: age × dose -2)
    """

    _kind = traitlets.Unicode("heatmap").tag(sync=True)
    # Maps have an empty one beside them, for what may never be fitted.
    _drawn_at_once = False

    quantity = traitlets.Enum(list(_FACTORS), "mutual_information").tag(sync=True)
    top = traitlets.Int(40, min=1).tag(sync=True)
    height = traitlets.Int(380, min=60, max=4000).tag(sync=True)

    _form = traitlets.Enum(["factors", "pairs"], "factors").tag(sync=True)
    # Factors, their rows and columns in the order of the picture.
    _nodes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _outputs = traitlets.Int(0).tag(sync=True)
    _mutual_information = Array("f4")
    _correlation = Array("f4")
    _total_correlations = traitlets.List(traitlets.Float()).tag(sync=True)
    _null_total_correlation = traitlets.Float(None, allow_none=True).tag(sync=True)
    _null_mutual_information = traitlets.Float(None, allow_none=True).tag(sync=True)

    @_checks.named
    def __init__(
        self,
        source: Any = None,
        *,
        top: int | None = None,
        quantity: str = "mutual_information",
        height: int | None = None,
        feature_names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
        unit: str | None = None,
        standard_error: Any = None,
        sample: int | None = 0,
        explorer: Any = None,
        samples: Any = None,
    ) -> None:
        self.source: Any = None
        self._top = None if top is None else _checks.integer("top", top, 1)
        self._tall = None if height is None else _checks.integer("height", height, 60, 4000)
        self._factors = FactorTable.of(None)
        super().__init__(quantity=_checks.choice("quantity", quantity, _FACTORS))
        self.show(
            source,
            feature_names=feature_names,
            image_shape=image_shape,
            unit=unit,
            standard_error=standard_error,
            sample=sample,
        )
        if explorer is not None or samples is not None:
            self.link(explorer, samples)

    @_checks.call("InteractionHeatmap")
    def show(
        self,
        source: Any,
        *,
        feature_names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
        unit: str | None = None,
        standard_error: Any = None,
        sample: int | None = 0,
    ) -> None:
        """Draw something else in this view.

        Parameters
        ----------
        source : ClusterFactors, fitted LinearCorEx, SmoothHessian, array or None
            None empties the view.
        feature_names, image_shape, unit, standard_error, sample
            As of the view, for a matrix of pairs.

        Raises
        ------
        TypeError
            If `source` is none of these.
        ValueError
            If a matrix is not symmetric, or an option does not fit it.
        NotFittedError
            If it is an estimator without a fit.
        """
        is_fit = source is None or isinstance(source, ClusterFactors | LinearCorEx)
        if isinstance(source, LinearCorEx):
            _checks.fitted(source, "weights_")
        pairs = None
        if not is_fit:
            pairs = read(
                source,
                feature_names=feature_names,
                image_shape=image_shape,
                unit=unit,
                standard_error=standard_error,
            )
            last = pairs.n_samples - 1
            if sample is not None:
                _checks.integer("sample", sample, 0, last, of="the last one")
        if source is not None:
            self._core.need(self._kind)
        with self._lock, self.hold_sync():
            self.source, self._factors = source, FactorTable.of(source if is_fit else None)
            self.factor = None
            self._show_factors()
            self._show_pairs(pairs, sample)
            self._form = "factors" if is_fit else "pairs"
            self.height = self._tall or (380 if is_fit else 520)
            self.top = self._top or (40 if is_fit else len(self._names))

    def on_choose(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call `callback` whenever another factor, or another pair, is chosen.

        Parameters
        ----------
        callback : callable
            Takes the number of the factor; of a matrix of pairs the pair. None when none is chosen
            any more.

        Returns
        -------
        callable
            Takes no argument; ends the calls.

        Examples
        --------
        >>> heatmap = InteractionHeatmap()
        >>> stop = heatmap.on_choose(lambda factor: None)
        >>> stop()
        """
        return self._on(["factor", "pair"], lambda change: callback(change["new"]))

    def describe(self) -> str:
        """Return the figures of the view in one line."""
        if self._pairs is not None and self._table is not None:
            return f"InteractionHeatmap({describe(self._pairs, self._table, self._which())})"
        return f"InteractionHeatmap({self._factors.describe() if self._ids else self._about})"

    def snapshot(self) -> bytes | None:
        """Return the view as a PNG, None while it is empty."""
        if self._pairs is not None and self._table is not None:
            return picture(
                self._pairs,
                self._table,
                top=self.top,
                order=self.order,
                pair=self.pair,
                note=" · ".join(filter(None, [self._about, self._warning])),
            )
        return self._factors.png(self.quantity, self.top) if self._ids else None

    def _show_factors(self) -> None:
        drawn = self._factors
        self._ids = drawn.rows.tolist()
        self._nodes = drawn.names
        self._outputs = drawn.n_outputs
        self._mutual_information = drawn.mutual_information.ravel()
        self._correlation = drawn.correlation.ravel()
        self._total_correlations = drawn.total_correlations.tolist()
        self._null_total_correlation = drawn.null_total_correlation
        self._null_mutual_information = drawn.null_mutual_information
        self._about, self._warning = drawn.about, drawn.warning
