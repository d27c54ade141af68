"""A heatmap of interactions: factors by nodes, or inputs by inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors, LinearCorEx
from nbinterp.interactions import SmoothHessian
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.packing import packed
from nbinterp.views.base.traits import Array, Index
from nbinterp.views.base.view import Answer, verb
from nbinterp.views.heatmap.factor_matrix import EMPTY, FactorTable
from nbinterp.views.heatmap.pair_source import read
from nbinterp.views.heatmap.pair_view import NO_PAIRS, ShownPairs
from nbinterp.views.linking.follow import follow, numbers

_FACTORS = ("mutual_information", "correlation")


@shows(ClusterFactors, LinearCorEx, SmoothHessian)
class InteractionHeatmap(FactorView):
    """A heatmap of interactions between factors and nodes, or between inputs.

    For a fit it shows which nodes each hidden factor groups, and which outputs vary with it. For a
    `SmoothHessian`, or any symmetric matrix, it shows how inputs interact in pairs. Zoom and drag
    this matrix; for an image, click a pixel to show all its partners.

    Parameters
    ----------
    source : ClusterFactors, fitted LinearCorEx, SmoothHessian or array, default=None
        What to show. A matrix is an array of shape (width, width) or (n_samples, width, width), or
        a square DataFrame. None creates an empty view, to be filled by `show`.
    top : int, optional
        Number of nodes or inputs to draw: the nodes that share most with any factor, or the inputs
        in the strongest pairs. By default 40 nodes, or all inputs. Outputs are always drawn.
    quantity : {"mutual_information", "correlation"}, default="mutual_information"
        What the cells of factors show: mutual information in nats (see below), or correlation.
    height : int, optional
        Height of the matrix in CSS pixels; by default 380 for factors and 520 for pairs. Rows of
        factors keep a readable height even if this is too small.
    feature_names : sequence of str, optional
        Names of the inputs of a matrix of pairs.
    image_shape : tuple of int, optional
        (height, width) or (channels, height, width), for inputs that are pixels; by default the
        shape of a sample of the `SmoothHessian`.
    unit : str, optional
        The unit of the entries of a matrix.
    standard_error : array of the shape of `source`, optional
        The standard errors of the entries of an array; a `SmoothHessian` has its own.
    sample : int or None, default=0
        The sample whose matrix is shown; None for the mean of the selected samples, or of all.
    explorer : ClusterExplorer, optional
        A map of the samples: the heatmap shows the samples that are selected on it. See `link`.
    samples : sequence of int, optional
        The number on that map of each sample of the result.

    Attributes
    ----------
    factor : int or None
        The chosen factor, as its row in `mutual_information_` of the source. A click in the view
        sets it; set it to choose a factor in the view.
    pair : (int, int) or None
        The chosen pair of inputs; the same input twice for an entry of the diagonal. It is set in
        the same way.
    order : {"similarity", "given"}
        The order of the inputs: inputs with the same partners side by side, or as in the source.
    top, quantity, height, sample
        As the parameters; the controls of the view change them.

    How to read it
    --------------
    *Factors.* A row is a factor: a hidden cause behind nodes that vary together in these samples.
    A column is a node. The brighter a cell, the higher the *mutual information*: how much factor
    and node say about each other, in *nats*. 1 nat is 1.44 bits. A Gaussian pair with correlation r
    shares ``-log(1 - r²) / 2``: 0.5 nats at r = 0.80, 1 at 0.93, 2 at 0.99. Rows are sorted by
    *total correlation*, the dependence between nodes that the factor explains; the bars on the
    right show it. 7 nats is a lot: as much as seven pairs with r = 0.93. Nodes are grouped by the
    factor that they share most with. The block on the right holds the model's outputs: a bright
    cell there means that the output varies with the factor. The colours end at 3 nats, a
    correlation of 0.999, so that a node that its factor copies does not leave the others dark; the
    legend then says "≥ 3 nats". Nodes that say something only together (*synergy*) are in no
    factor.

    Shuffled data has no dependence, yet a fit to it finds some by chance. Hatched cells are not
    above chance: 99 % of the cells of such a fit are below this level. The hatched band over the
    bars ends at the average total correlation of the factors of such a fit.

    Any real selection is above that. A factor named "not stable", with an empty bar, is not found
    again in halves of the same samples: do not build on it. Below the matrix stands what the
    factors explain in samples that they were not fitted to, of this region and of random
    selections; special factors explain more here. All this is known a moment after the fit.

    *Pairs.* A cell tells how two inputs interact near the sample. Above zero (orange), the effect
    of each on the output grows as the other grows; below zero (blue), it shrinks; at zero, their
    effects add up. The diagonal tells how the effect of an input changes with the input itself.
    Colours follow the square root of an entry, up to the largest pair of different inputs. Hatched
    cells are within noise. At most 5 % of the other cells are expected to differ from zero by
    chance (the false discovery rate, from the standard errors). Inputs with the same partners stand
    side by side. If there are more than 1024 inputs, those with the largest entries are drawn. For
    an image, the picture beside the matrix is one row of it: all partners of the pixel that was
    clicked.

    The page and a saved notebook keep an entry beyond noise with a precision of 1 in 2000, and an
    entry within noise with a sixteenth of its standard error. The result in Python is exact.

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
    # Each map has a heatmap, which stays empty until a selection is fitted.
    _drawn_at_once = False

    quantity = traitlets.Enum(list(_FACTORS), "mutual_information").tag(sync=True, page=True)
    order = traitlets.Enum(["similarity", "given"], "similarity").tag(sync=True, page=True)
    pair = traitlets.Tuple(
        traitlets.Int(), traitlets.Int(), default_value=None, allow_none=True
    ).tag(sync=True, page=True)
    sample = Index(0).tag(page=True)
    top = traitlets.Int(40, min=1).tag(sync=True, page=True)
    height = traitlets.Int(380, min=60, max=4000).tag(sync=True)

    _form = traitlets.Enum(["factors", "pairs"], "factors").tag(sync=True)
    _about = traitlets.Unicode(EMPTY).tag(sync=True)
    _warning = traitlets.Unicode("").tag(sync=True)
    # Factors; rows and columns in the order on screen.
    _nodes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _outputs = traitlets.Int(0).tag(sync=True)
    _mutual_information = Array("f4")
    _correlation = Array("f4")
    _total_correlations = traitlets.List(traitlets.Float()).tag(sync=True)
    _null_total_correlation = traitlets.Float(None, allow_none=True).tag(sync=True)
    _null_mutual_information = traitlets.Float(None, allow_none=True).tag(sync=True)
    # What the factors explain in other samples of the region, and in random ones; may be empty.
    _evidence = traitlets.Unicode("").tag(sync=True)
    # Pairs: the upper triangle with its diagonal, row by row; bits mark those beyond noise.
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _features = Array("u4", wire=packed)
    _values = Array("f4", wire=packed)
    _errors = Array("f4", wire=packed)
    _beyond = Array("u1", wire=packed)
    _seriation = Array("u4", wire=packed)
    _unit = traitlets.Unicode("").tag(sync=True)
    _width = traitlets.Int(0).tag(sync=True)
    _samples = traitlets.List(traitlets.Int()).tag(sync=True)
    # Images: channels, height and width, and the row of each pixel if pixels are grouped.
    _grid = traitlets.List(traitlets.Int()).tag(sync=True)
    _groups = Array("i4", wire=packed)
    _picture = Array("f4", wire=packed)

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
        self._pairs: ShownPairs | None = None
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
        """Show another fit, result or matrix.

        Parameters
        ----------
        source : ClusterFactors, fitted LinearCorEx, SmoothHessian, array or None
            None empties the view.
        feature_names, image_shape, unit, standard_error, sample
            As for the view, for a matrix of pairs.

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
            matrices = read(
                source,
                feature_names=feature_names,
                image_shape=image_shape,
                unit=unit,
                standard_error=standard_error,
            )
            if sample is not None:
                _checks.integer("sample", sample, 0, matrices.n_samples - 1, of="the last one")
            pairs = ShownPairs(matrices, sample)
        if source is not None:
            self._core.need(self._kind)
        with self._lock, self.hold_sync():
            self.source, self._factors = source, FactorTable.of(source if is_fit else None)
            self._pairs = None  # `sample` may be out of range for the old source
            self.factor = None
            self.set_trait("pair", None)
            self.sample = sample
            self._pairs = pairs
            self._set_traits(self._factors.traits())
            self._set_traits(NO_PAIRS if pairs is None else pairs.traits())
            self._mark(source if is_fit else None)
            self._form = "factors" if is_fit else "pairs"
            self.height = self._tall or (380 if is_fit else 520)
            self.top = self._top or (40 if is_fit else len(self._names))

    @_checks.named
    def link(self, explorer: Any, samples: Any = None) -> Callable[[], None]:
        """Show the sample that is selected on a map, or the mean of several.

        Parameters
        ----------
        explorer : ClusterExplorer
            The map of the samples.
        samples : sequence of int, optional
            The number on the map of each sample of the result. By default the numbers given before;
            if there are none, the result must have all samples of the map.

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
        pairs = self._explained()
        if samples is None and pairs.is_numbered:
            samples = pairs.numbers
        pairs.numbers = numbers(samples, pairs.source.n_samples, explorer)
        pairs.is_numbered = samples is not None
        self._show_pairs()

        def selected(chosen: IntArray, selection: IntArray) -> None:
            with self._lock, self.hold_sync():
                if self._pairs is not pairs:
                    return
                sample = pairs.select(chosen, selection)
                if sample == self.sample:
                    self._show_pairs()
                else:
                    self.sample = sample

        if explorer is None:
            return lambda: None
        return follow(explorer, np.array(pairs.numbers), selected, self)

    def on_choose(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call `callback` whenever the chosen factor or pair changes.

        Parameters
        ----------
        callback : callable
            Takes the number of the factor, or the pair of inputs, or None if nothing is chosen.

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
        return self.when_changed(["factor", "pair"], lambda change: callback(change["new"]))

    def describe(self) -> str:
        """Describe the view in one line."""
        if self._pairs is not None:
            return f"InteractionHeatmap({self._pairs.describe()})"
        text = self._factors.describe() if self._ids else self._about
        return f"InteractionHeatmap({'; '.join(filter(None, [text, self._marks()]))})"

    def snapshot(self) -> bytes | None:
        """Return the view as a PNG; None while it is empty."""
        if self._pairs is not None:
            return self._pairs.picture(top=self.top, order=self.order, pair=self.pair)
        if not self._ids:
            return None
        self._wait_for_marks()
        return self._factors.png(self.quantity, self.top, self._unstable, self._evidence)

    def _set_marks(self, factors: Any) -> None:
        super()._set_marks(factors)
        found = getattr(factors, "comparison_", None)
        self._evidence = "" if found is None else found.describe()

    @verb(feature=int)
    @_checks.named
    def partners(self, feature: int) -> Answer:
        """Answer with all interactions of one input, for when not all rows are drawn."""
        return self._explained().partners(feature)

    @verb(first=int, second=int)
    @_checks.named
    def across(self, first: int, second: int) -> Answer:
        """Answer with the interaction of one pair in each sample."""
        return self._explained().across(first, second)

    @traitlets.validate("pair")
    def _check_pair(self, proposal: Any) -> tuple[int, int] | None:
        value: tuple[int, int] | None = proposal["value"]
        width = 0 if self._pairs is None else self._pairs.source.width
        if value is not None and not all(0 <= each < width for each in value):
            raise traitlets.TraitError(f"pair must hold two inputs from 0 to {width - 1}, or None")
        return value

    @traitlets.validate("sample")
    def _check_sample(self, proposal: Any) -> int | None:
        value: int | None = proposal["value"]
        last = None if self._pairs is None else self._pairs.source.n_samples - 1
        if last is not None and value is not None and value > last:
            raise traitlets.TraitError(f"sample must be from 0 to {last}, or None for a mean")
        return value

    @traitlets.observe("sample")
    def _show_pairs(self, _change: Any = None) -> None:
        """Show the matrix of `sample`, or the mean of the selected samples."""
        with self._lock:
            if self._pairs is not None:
                self._pairs.show(self.sample)
                self._set_traits(self._pairs.traits())

    def _explained(self) -> ShownPairs:
        """Return the matrices of samples; refuse if there are none."""
        if self._pairs is None:
            _checks.fail(
                "()",
                "must show matrices of samples, such as those of a SmoothHessian",
                "Factors belong to a region: press Fit on the map.",
                TypeError,
            )
        return self._pairs

    def _set_traits(self, values: Mapping[str, Any]) -> None:
        with self.hold_sync():
            for name, value in values.items():
                setattr(self, name, value)
