"""The factors of a fit against the nodes they bind, as a view."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import ClusterFactors, LinearCorEx
from nbinterp.views.core import Array, View
from nbinterp.views.snapshot import heatmap_png

Matrix = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_EMPTY = "Lasso samples and press Fit"
_NODE = re.compile(r".*\[[\d,:]+\]", re.DOTALL)  # how `record` names the nodes of a layer


@shows(ClusterFactors, LinearCorEx)
class InteractionHeatmap(View):
    """Factors by nodes: what each hidden factor binds together, and which outputs it moves.

    Parameters
    ----------
    source : ClusterFactors or fitted LinearCorEx, default=None
        What to show; None for an empty view, to be filled by `show`.
    top : int, default=40
        How many nodes to draw: those that share most with any factor. Outputs are always drawn.
    quantity : {"mutual_information", "correlation"}, default="mutual_information"
        What the cells show: nats, or -1 to 1.
    height : int, default=380
        Height of the matrix in CSS pixels; rows keep a readable height even where it is too small.

    Attributes
    ----------
    factor : int
        The chosen factor, as its row in `mutual_information_` of the source; -1 for none. A click
        in the view sets it, and setting it chooses the factor in the view.
    top, quantity, height
        As the parameters; they follow the controls of the view.

    How to read it
    --------------
    A row is a factor: a hidden cause behind nodes that vary together among these samples. Rows are
    sorted by total correlation, the dependence that the factor explains, in nats; the bars at
    their end show it. A column is a node: the brighter a cell, the more the factor tells about the
    node. Nodes that share most with one factor stand together, and the model's outputs stand apart
    at the right: a bright cell there says that the group moves that output. Shuffled data has no
    dependence, yet a fit finds some by chance: a hatched cell is below the level that 99 % of the
    cells of such a fit stay below, and the hatched band over the bars ends at what one of its
    factors explains, on average.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx
    >>> corex = LinearCorEx(n_factors=2, random_state=0).fit(load_iris(as_frame=True).data)
    >>> heatmap = InteractionHeatmap(corex, quantity="correlation")
    >>> heatmap.factor = 0
    >>> heatmap
    InteractionHeatmap(2 factors × 4 nodes of LinearCorEx; factor 0 · ... nats: petal ...)
    """

    _kind = traitlets.Unicode("heatmap").tag(sync=True)

    quantity = traitlets.Enum(["mutual_information", "correlation"], "mutual_information")
    quantity.tag(sync=True)
    top = traitlets.Int(40, min=1).tag(sync=True)
    factor = traitlets.Int(-1, min=-1).tag(sync=True)
    height = traitlets.Int(380, min=60, max=4000).tag(sync=True)

    # What is drawn, its rows and columns in the order of the picture.
    _ids = traitlets.List(traitlets.Int()).tag(sync=True)
    _nodes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _outputs = traitlets.Int(0).tag(sync=True)
    _mutual_information = Array("f4")
    _correlation = Array("f4")
    _total_correlations = traitlets.List(traitlets.Float()).tag(sync=True)
    _null_total_correlation = traitlets.Float(None, allow_none=True).tag(sync=True)
    _null_mutual_information = traitlets.Float(None, allow_none=True).tag(sync=True)
    _about = traitlets.Unicode(_EMPTY).tag(sync=True)
    _warning = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        source: ClusterFactors | LinearCorEx | None = None,
        *,
        top: int = 40,
        quantity: str = "mutual_information",
        height: int = 380,
    ) -> None:
        caller = "InteractionHeatmap"
        self.source: ClusterFactors | LinearCorEx | None = None
        super().__init__(
            top=_checks.integer(caller, "top", top, 1),
            quantity=_checks.choice(
                caller, "quantity", quantity, ["mutual_information", "correlation"]
            ),
            height=_checks.integer(caller, "height", height, 60, 4000),
        )
        self.show(source)

    def show(self, source: ClusterFactors | LinearCorEx | None) -> None:
        """Draw other factors in this view.

        Parameters
        ----------
        source : ClusterFactors, fitted LinearCorEx or None
            None empties the view.

        Raises
        ------
        TypeError
            If `source` is none of these.
        NotFittedError
            If it is an estimator without a fit.
        """
        _checks.require(
            source is None or isinstance(source, ClusterFactors | LinearCorEx),
            f"InteractionHeatmap(source={_checks.show(source)})",
            "must be ClusterFactors or a fitted LinearCorEx",
            "Pass one of local.clusters_, local.fit_selection(indices) or a LinearCorEx.",
            TypeError,
        )
        if isinstance(source, LinearCorEx):
            _checks.fitted(source, "weights_")
        self.source = source
        drawn = _Drawn.of(source)
        with self.hold_sync():
            self.factor = -1
            self._ids = drawn.rows.tolist()
            self._nodes = drawn.names
            self._outputs = drawn.n_outputs
            self._mutual_information = drawn.mutual_information.ravel()
            self._correlation = drawn.correlation.ravel()
            self._total_correlations = drawn.total_correlations.tolist()
            self._null_total_correlation = getattr(source, "null_total_correlation_", None)
            self._null_mutual_information = getattr(source, "null_mutual_information_", None)
            self._warning = _warning_of(source)
            self._about = drawn.about

    def on_choose(self, callback: Callable[[int], object]) -> Callable[[], None]:
        """Call `callback` with the index of the factor whenever another one is chosen.

        Parameters
        ----------
        callback : callable
            Takes the index of the factor, -1 when none is chosen any more.

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

        def chosen(change: Any) -> None:
            callback(change["new"])

        self.observe(chosen, "factor")
        return lambda: self.unobserve(chosen, "factor")

    def describe(self) -> str:
        """Return the figures of the view in one line."""
        if not self._ids:
            return f"InteractionHeatmap({self._about})"
        strongest = np.argsort(-self._matrix("mutual_information")[0], kind="stable")[:5]
        size = f"{_count(len(self._ids), 'factor')} × {_count(len(self._nodes), 'node')}"
        best = f"{self._row_names()[0]}: {', '.join(self._nodes[node] for node in strongest)}"
        return f"InteractionHeatmap({size} of {self._about.split(' · ')[0]}; {best})"

    def snapshot(self) -> bytes | None:
        """Return the view as a PNG, None while it is empty."""
        if not self._ids:
            return None
        information = self._matrix("mutual_information")
        n_hidden = len(self._nodes) - self._outputs
        by_strength = np.argsort(-information[:, :n_hidden].max(axis=0, initial=0), kind="stable")
        columns = np.r_[np.sort(by_strength[: self.top]), n_hidden : len(self._nodes)]
        is_correlation = self.quantity == "correlation"
        limit, null = self._null_mutual_information, self._null_total_correlation
        notes = [self._about, "" if null is None else f"shuffled data: {null:.2f} nats in all"]
        notes += ["grey: within what chance gives" if limit is not None else "", self._warning]
        return heatmap_png(
            self._matrix(self.quantity)[:, columns],
            self._row_names(),
            [self._nodes[column] for column in columns],
            label="correlation" if is_correlation else "nats",
            diverging=is_correlation,
            block=self._outputs,
            weak=None if limit is None else ~(information[:, columns] > limit),
            title=f"{'Correlation' if is_correlation else 'Mutual information'} "
            "of factors with nodes",
            note=" · ".join(note for note in notes if note),
        )

    @traitlets.validate("factor")
    def _check_factor(self, proposal: Any) -> int:
        value = int(proposal["value"])
        if value != -1 and value not in self._ids:
            last = max(self._ids, default=-1)
            raise traitlets.TraitError(f"factor must be from 0 to {last}, or -1 for none")
        return value

    def _matrix(self, quantity: str) -> Matrix:
        flat: Matrix = getattr(self, f"_{quantity}").astype(float)
        return flat.reshape(len(self._ids), len(self._nodes))

    def _row_names(self) -> list[str]:
        pairs = zip(self._ids, self._total_correlations, strict=True)
        return [f"factor {index} · {value:.2f} nats" for index, value in pairs]


@dataclass(frozen=True)
class _Drawn:
    """A source in the order of the picture."""

    about: str
    rows: Places
    names: list[str]
    n_outputs: int
    mutual_information: Matrix
    correlation: Matrix
    total_correlations: Matrix

    @classmethod
    def of(cls, source: ClusterFactors | LinearCorEx | None) -> "_Drawn":
        if source is None:
            return cls.nothing(_EMPTY)
        information = np.nan_to_num(source.mutual_information_)
        if not information.any():
            remark = getattr(source, "note", "") or "No dependence between the columns was found."
            return cls.nothing(f"{_title(source)}: {remark}")
        names = _names(source)
        totals = np.nan_to_num(source.total_correlations_)
        rows = np.argsort(-totals, kind="stable")
        columns, n_outputs = arrange(information[rows], names)
        return cls(
            f"{_title(source)} · {source.total_correlation_:.2f} nats in all factors together",
            rows,
            [names[column] for column in columns],
            n_outputs,
            information[np.ix_(rows, columns)],
            np.nan_to_num(source.correlation_)[np.ix_(rows, columns)],
            totals[rows],
        )

    @classmethod
    def nothing(cls, about: str) -> "_Drawn":
        none = np.empty((0, 0))
        return cls(about, np.empty(0, np.int64), [], 0, none, none, np.empty(0))


def arrange(information: Matrix, names: Sequence[str]) -> tuple[Places, int]:
    """Return the order of the columns, and how many of the last are a model's outputs.

    Each node goes to the factor with which it shares most, and stands there by how much that is.
    Where some columns are nodes of a recorded layer, as ``"h1[17]"``, the others are outputs.

    Examples
    --------
    >>> import numpy as np
    >>> information = np.array([[0.1, 0.9, 0.0, 0.2], [0.5, 0.0, 0.3, 0.6]])
    >>> arrange(information, ["h[0]", "logit 0", "h[1]", "h[2]"])
    (array([3, 0, 2, 1]), 1)
    """
    is_node = np.array([_NODE.fullmatch(name) is not None for name in names], bool)
    is_output = ~is_node if is_node.any() else np.zeros(len(names), bool)
    hidden, outputs = np.flatnonzero(~is_output), np.flatnonzero(is_output)
    home, strength = information.argmax(axis=0)[hidden], information.max(axis=0)[hidden]
    return np.r_[hidden[np.lexsort((-strength, home))], outputs], len(outputs)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _title(source: ClusterFactors | LinearCorEx) -> str:
    if isinstance(source, LinearCorEx):
        return "LinearCorEx"
    counted = str(source.n_samples) in source.name
    return source.name if counted else f"{source.name} ({source.n_samples} samples)"


def _names(source: ClusterFactors | LinearCorEx) -> list[str]:
    if isinstance(source, ClusterFactors):
        return list(source.feature_names)
    columns = source.mutual_information_.shape[1]
    return [str(name) for name in getattr(source, "feature_names_in_", _numbered(columns))]


def _numbered(columns: int) -> list[str]:
    return [f"x{column}" for column in range(columns)]


def _warning_of(source: ClusterFactors | LinearCorEx | None) -> str:
    if isinstance(source, ClusterFactors):
        return source.note
    if source is not None and not source.converged_:
        return f"Not converged in max_iter={source.max_iter} iterations."
    return ""
