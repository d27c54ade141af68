"""The matrix of factors by nodes, its rows and columns in the order of the heatmap."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbinterp._typing import FloatArray, IntArray
from nbinterp.corex import ClusterFactors, LinearCorEx
from nbinterp.views.png.canvas import Scale
from nbinterp.views.png.matrix import matrix_png

EMPTY = "Nothing to show yet: show(…) takes a fit, a SmoothHessian or a matrix."
# The colours end here, in nats: a correlation of 0.999. A factor that copies a node shares far more
# with it, and would leave all other cells dark. As in scene.ts.
BRIGHTEST = 3.0
_NODE = re.compile(r".*\[[\d,:]+\]", re.DOTALL)  # how `record` names nodes


@dataclass(frozen=True)
class FactorTable:
    """The factors of a fit; rows and columns are in the order on screen."""

    about: str
    rows: IntArray
    names: list[str]
    n_outputs: int
    mutual_information: FloatArray
    correlation: FloatArray
    total_correlations: FloatArray
    null_total_correlation: float | None
    null_mutual_information: float | None
    warning: str

    @classmethod
    def of(cls, source: ClusterFactors | LinearCorEx | None) -> "FactorTable":
        """Return the factors of a fit, or an empty table with the reason."""
        if source is None:
            return cls.nothing(EMPTY)
        information = np.nan_to_num(source.mutual_information_)
        if not information.any():
            remark = getattr(source, "note", "") or "No dependence between the columns was found."
            return cls.nothing(f"{_title(source)}: {remark}")
        names = _names(source)
        totals = np.nan_to_num(source.total_correlations_)
        rows = np.argsort(-totals, kind="stable")
        columns, n_outputs = arrange(information[rows], names, getattr(source, "n_labels", 0))
        return cls(
            f"{_title(source)} · {source.total_correlation_:.2f} nats in all factors",
            rows,
            [names[column] for column in columns],
            n_outputs,
            information[np.ix_(rows, columns)],
            np.nan_to_num(source.correlation_)[np.ix_(rows, columns)],
            totals[rows],
            getattr(source, "null_total_correlation_", None),
            getattr(source, "null_mutual_information_", None),
            _warning(source),
        )

    @classmethod
    def nothing(cls, about: str) -> "FactorTable":
        """Return an empty table."""
        none, empty = np.empty((0, 0)), np.empty(0)
        return cls(about, empty.astype(np.int64), [], 0, none, none, empty, None, None, "")

    def traits(self) -> dict[str, Any]:
        """Return the traits that send the matrix to the page."""
        return {
            "_ids": self.rows.tolist(),
            "_nodes": self.names,
            "_outputs": self.n_outputs,
            "_mutual_information": self.mutual_information.ravel(),
            "_correlation": self.correlation.ravel(),
            "_total_correlations": self.total_correlations.tolist(),
            "_null_total_correlation": self.null_total_correlation,
            "_null_mutual_information": self.null_mutual_information,
            "_about": self.about,
            "_warning": self.warning,
        }

    def describe(self) -> str:
        """Describe the size and the strongest factor in a few words."""
        strongest = np.argsort(-self.mutual_information[0], kind="stable")[:5]
        size = f"{count(len(self.rows), 'factor')} × {count(len(self.names), 'node')}"
        best = f"{self.row_names()[0]}: {', '.join(self.names[node] for node in strongest)}"
        return f"{size} of {self.about.split(' · ')[0]}; {best}"

    def png(
        self, quantity: str, top: int, unstable: Sequence[int] = (), evidence: str = ""
    ) -> bytes:
        """Draw the `top` nodes that share most, and all outputs, as PNG bytes.

        The names of `unstable` factors say so; `evidence` is one more note.
        """
        information = self.mutual_information
        n_hidden = len(self.names) - self.n_outputs
        by_strength = np.argsort(-information[:, :n_hidden].max(axis=0, initial=0), kind="stable")
        columns = np.r_[np.sort(by_strength[:top]), n_hidden : len(self.names)]
        is_correlation = quantity == "correlation"
        limit, null = self.null_mutual_information, self.null_total_correlation
        notes = [self.about]
        if null is not None:
            notes.append(f"shuffled data: {null:.2f} nats in all factors")
        if limit is not None:
            notes.append("grey: not above chance")
        # Square roots, as in the paper: a few cells hold almost all the information.
        largest = float(information[:, columns].max(initial=0)) or 1.0
        scale = Scale("viridis", 0.0, min(largest, BRIGHTEST), "nats", root=True)
        if is_correlation:
            scale = Scale("diverging", -1.0, 1.0, "correlation")
        elif largest > BRIGHTEST:
            notes.append(f"brightest: {BRIGHTEST:g} nats or more")
        return matrix_png(
            (self.correlation if is_correlation else information)[:, columns],
            [
                f"{name} · not stable" if row in unstable else name
                for row, name in zip(self.rows, self.row_names(), strict=True)
            ],
            [self.names[column] for column in columns],
            scale,
            block=self.n_outputs,
            weak=None if limit is None else ~(information[:, columns] > limit),
            title=f"{'Correlation' if is_correlation else 'Mutual information'} "
            "of factors with nodes",
            note=" · ".join(note for note in [*notes, evidence, self.warning] if note),
        )

    def row_names(self) -> list[str]:
        """Return the names of the factors, in the order of the rows."""
        pairs = zip(self.rows, self.total_correlations, strict=True)
        return [f"factor {index} · {value:.2f} nats" for index, value in pairs]


def arrange(
    information: FloatArray, names: Sequence[str], n_labels: int = 0
) -> tuple[IntArray, int]:
    """Return the order of the columns, and the number of outputs at the end.

    Nodes are grouped by the factor that they share most with, and sorted by this mutual
    information. If some columns are nodes of a recorded layer, such as ``"h1[17]"``, the others are
    outputs; and so are the last `n_labels` columns, the classes of the samples.

    Examples
    --------
    >>> import numpy as np
    >>> information = np.array([[0.1, 0.9, 0.0, 0.2], [0.5, 0.0, 0.3, 0.6]])
    >>> arrange(information, ["h[0]", "logit 0", "h[1]", "h[2]"])
    (array([3, 0, 2, 1]), 1)
    """
    is_node = np.array([_NODE.fullmatch(name) is not None for name in names], bool)
    is_output = ~is_node if is_node.any() else np.zeros(len(names), bool)
    is_output |= np.arange(len(names)) >= len(names) - n_labels
    hidden, outputs = np.flatnonzero(~is_output), np.flatnonzero(is_output)
    home, strength = information.argmax(axis=0)[hidden], information.max(axis=0)[hidden]
    return np.r_[hidden[np.lexsort((-strength, home))], outputs], len(outputs)


def count(number: int, thing: str) -> str:
    """Return a count with its noun, such as ``"1,024 nodes"``."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


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


def _warning(source: ClusterFactors | LinearCorEx) -> str:
    if isinstance(source, ClusterFactors):
        return source.note
    if not source.converged_:
        return f"Not converged in max_iter={source.max_iter} iterations."
    return ""
