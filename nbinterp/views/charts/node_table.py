"""A table of the nodes of a layer, to sort, filter and choose."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import traitlets

from nbinterp import _checks
from nbinterp._numerics.progress import ProgressToken, tracking
from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors
from nbinterp.distance import DistanceReport
from nbinterp.distance.layer.factor_usage import factor_usage, listed
from nbinterp.views.base.background import LatestTask
from nbinterp.views.base.factor_view import FactorView
from nbinterp.views.base.traits import Array
from nbinterp.views.charts.table_columns import TableColumn, columns_of, selection_column


class NodeTable(FactorView):
    """A table of the nodes of a `DistanceReport`, one node per row.

    Parameters
    ----------
    report : DistanceReport
        The result of `LinearDistance`.
    factors : fitted LocalCorEx or ClusterFactors, optional
        Factors to list with the nodes that they use; see `DistanceReport.factor_usage`. Factors of
        one cluster can be chosen; see `show_factors`.
    sort : str, default="prototype_offset"
        The column to sort by; offsets are sorted by absolute value.
    query : str
        Which rows to show: words that a row must contain, and bounds such as ``unit_ratio<2`` or
        ``prototype=4``.
    height : int, default=300
        Height of the rows in CSS pixels.

    Attributes
    ----------
    chosen : list of int
        Numbers of the chosen nodes, at most two.
    factor : int or None
        The chosen factor. Its mutual information with each node (how much they say about each
        other, in nats; 1 nat is 1.44 bits) is a column, and sorts the rows.
    sort, descending, query, height
        As the parameters; the controls of the view change them.

    How to read it
    --------------
    Each row is a node, with the columns of `DistanceReport.nodes`. Click a row to choose its node,
    and Shift-click another to choose a second one. Click the name of a column to sort. Offsets are
    distances from the hyperplane in standard deviations.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.distance import LinearDistance
    >>> data = np.random.default_rng(0).normal(size=(100, 3))
    >>> report = LinearDistance().explain(torch.nn.Sequential(torch.nn.Linear(3, 4)), data, "0")
    >>> table = NodeTable(report)
    >>> table.chosen = [2]
    >>> table
    NodeTable(4 nodes of 0; chosen: 0[2])
    """

    _kind = traitlets.Unicode("node_table").tag(sync=True)
    chosen = traitlets.List(traitlets.Int(min=0), maxlen=2).tag(sync=True, page=True)
    sort = traitlets.Unicode("prototype_offset").tag(sync=True, page=True)
    descending = traitlets.Bool(False).tag(sync=True, page=True)
    query = traitlets.Unicode("").tag(sync=True, page=True)
    height = traitlets.Int(300, min=80, max=4000).tag(sync=True)
    _names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _columns = traitlets.List(traitlets.Dict()).tag(sync=True)
    _numbers = Array("f4")
    # Mutual information of each factor of `_ids` with each node, in nats; NaN if within chance.
    _uses = Array("f4")
    _texts = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    _about = traitlets.Unicode("").tag(sync=True)

    _comparing: LatestTask | None = None  # None where nothing needs to be compared

    @_checks.named
    def __init__(
        self,
        report: DistanceReport,
        *,
        factors: Any = None,
        sort: str = "prototype_offset",
        query: str = "",
        height: int = 300,
    ) -> None:
        _checks.require(
            isinstance(report, DistanceReport),
            f"(report={_checks.show(report)})",
            "must be a DistanceReport",
            "Pass the result of LinearDistance(...).explain.",
            TypeError,
        )
        self.report = report
        self._table = columns_of(report.nodes, None if factors is None else self._usage(factors))
        names = [column.name for column in self._table]
        value = report.layer["value"]
        super().__init__(
            _names=[str(name) for name in report.nodes.index],
            sort=_checks.choice("sort", sort, ["node", *names]),
            query=query,
            height=_checks.integer("height", height, 80, 4000),
            _about=(
                f"{report.name} · whiteness {value['whiteness']:.2g} · centring "
                f"{value['centring']:.2g} · rank {int(value['rank'])} of "
                f"{int(value['n_features'])}"
            ),
        )
        self.fit: ClusterFactors | None = None
        self._fill(self._table)
        if isinstance(factors, ClusterFactors):
            self.show_factors(factors)
        if factors is not None and not all(each.is_compared for each in listed(factors)):
            self._comparing = LatestTask(self._tell_failure)
            self._comparing.submit(partial(self._compare, factors))

    def close(self) -> None:
        """Close the view; marks that are not ready do not come any more."""
        if self._comparing is not None:
            self._comparing.cancel()
        super().close()

    def show_factors(self, factors: ClusterFactors) -> None:
        """Offer the factors of a fit to choose, by their numbers; `nbinterp.link` also calls this.

        Parameters
        ----------
        factors : ClusterFactors
            Factors of nodes of this layer; see `DistanceReport.factor_usage`.

        Raises
        ------
        ValueError
            If none of their columns is a node of this layer.
        """
        uses = self._usage(factors)
        n_factors = len(factors.mutual_information_)
        table = np.full((n_factors, len(self._names)), np.nan)
        node = self.report.nodes.index.get_indexer(pd.Index(uses["node"]))
        table[uses["factor"].to_numpy(int), node] = uses["mutual_information"]
        with self.hold_sync():
            self.fit, self.factor = factors, None
            self._ids, self._uses = list(range(n_factors)), table.ravel()
            self._mark(factors)

    def top_nodes(self, factor: int, n: int = 2) -> list[int]:
        """Return at most `n` nodes that share most with a factor."""
        shared = self._uses.reshape(-1, len(self._names))[factor]
        order = np.argsort(-np.nan_to_num(shared), kind="stable")
        return [int(node) for node in order[:n] if np.isfinite(shared[node])]

    def show_selection(self, samples: IntArray) -> None:
        """Add a column with the offset of the mean of some samples; no samples remove the column.

        Offsets are in standard deviations of these samples, as for clusters.
        """
        with self._lock:
            table = list(self._table)
            if len(samples):
                table.insert(0, selection_column(self.report, samples))
            elif self.sort == "selection":
                self.sort = "prototype_offset"
            self._fill(table)

    def on_choose(self, callback: Callable[[list[int]], object]) -> Callable[[], None]:
        """Call `callback` with the numbers of the chosen nodes whenever they change.

        Returns
        -------
        callable
            Takes no argument; ends the calls.
        """
        return self.when_changed("chosen", lambda change: callback(list(change["new"])))

    @property
    def frame(self) -> pd.DataFrame:
        """All rows of the table, unsorted."""
        values = {column.name: column.entries for column in self._shown}
        if self.factor is not None:
            uses = self._uses.reshape(-1, len(self._names))
            values = {"factor": uses[self.factor], **values}
        return pd.DataFrame(values, index=self._names)

    def describe(self) -> str:
        """Describe the view in one line."""
        chosen = ", ".join(self._names[i] for i in self.chosen) or "none"
        return f"NodeTable({len(self._names)} nodes of {self.report.name}; chosen: {chosen})"

    @_checks.call("DistanceReport.factor_usage")
    def _usage(self, factors: Any, *, computes: bool = False) -> pd.DataFrame:
        """Return which factors use the nodes; whether they are stable only if that is known."""
        names = list(self.report.nodes.index)
        return factor_usage(factors, self.report.name, names, computes=computes)

    def _compare(self, factors: Any, stop: threading.Event) -> None:
        """Mark the factors of the last column that are not stable, which may take long."""
        with tracking(ProgressToken(stop)):
            table = columns_of(self.report.nodes, self._usage(factors, computes=True))
        with self._lock:
            others = [column for column in self._shown if column.name == "selection"]
            self._table = table
            self._fill([*others, *table])

    def _wait_for_marks(self) -> None:
        if self._comparing is not None:
            self._comparing.wait()
        super()._wait_for_marks()

    def _fill(self, table: list[TableColumn]) -> None:
        self._shown = table
        numbers = [column.entries for column in table if column.digits is not None]
        with self.hold_sync():
            self._texts = [list(column.entries) for column in table if column.digits is None]
            self._columns = [column.header() for column in table]
            self._numbers = np.concatenate(numbers)

    @traitlets.validate("chosen")
    def _check_chosen(self, proposal: Any) -> list[int]:
        chosen: list[int] = proposal["value"]
        flags = any(isinstance(i, bool) for i in chosen)  # a mask would choose nodes 0 and 1
        if flags or len(set(chosen)) < len(chosen) or any(i >= len(self._names) for i in chosen):
            raise traitlets.TraitError(
                f"chosen must hold distinct numbers of nodes, 0 to {len(self._names) - 1}"
            )
        return chosen

    @traitlets.validate("sort")
    def _check_sort(self, proposal: Any) -> str:
        name: str = proposal["value"]
        if name not in {"node", "selection", "factor", *(column.name for column in self._table)}:
            # traitlets rolls back only this kind of error when the page sets several traits at
            # once.
            raise traitlets.TraitError(f"sort must be the name of a column, not {name!r}")
        return name
