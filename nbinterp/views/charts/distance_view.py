"""The view of a distance report: a table of nodes and a chart of clusters."""

import base64
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.distance import DistanceReport
from nbinterp.views.base.note import Note
from nbinterp.views.charts.distance import DistanceChart
from nbinterp.views.charts.node_table import NodeTable
from nbinterp.views.explorer.explorer import ClusterExplorer
from nbinterp.views.linking.follow import follow_selection
from nbinterp.views.linking.trait_sync import add_link


@shows(DistanceReport)
class DistanceView(ipywidgets.VBox):  # type: ignore[misc]
    """A table of the nodes of a layer, and a chart of clusters for the chosen nodes.

    Parameters
    ----------
    report : DistanceReport
        The result of `LinearDistance`.
    explorer : ClusterExplorer, optional
        A map of the same samples. It is coloured by the distance from the hyperplane of the chosen
        node. Samples selected on it become a column of the table and a cluster of the chart.
    factors : fitted LocalCorEx or ClusterFactors, optional
        Factors to list with the nodes that they use.
    nodes : str, int, list of these or boolean mask over all nodes, optional
        Nodes to choose at first; if None, the node nearest to a cluster.
    **options
        Options of `NodeTable`: sort, query, height.

    Attributes
    ----------
    table : NodeTable
        ``view.table.chosen = [3, 7]`` chooses nodes from Python. ``view.table.factor = 2`` chooses
        the two nodes that share most with a factor.
    chart : DistanceChart or None
        The chart of the chosen nodes.

    How to read it
    --------------
    The prototype of a node is the cluster nearest to its hyperplane. Look for nodes with a small
    prototype offset and the other data far to one side: such a node is zero at a cluster and grows
    away from it, like a distance from a prototype. A unit ratio far from 1 says that the node does
    not measure in standard deviations. A prototype is only a candidate: some cluster is always the
    nearest, and every hyperplane passes near many clusters. In ReLU networks, also look at the
    share above zero: a layer may encode a cluster by setting nodes to 0 on all of it.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.distance import LinearDistance
    >>> data = np.random.default_rng(0).normal(size=(100, 3))
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4))
    >>> view = LinearDistance().explain(net, data, "0").view(nodes=["0[1]", "0[2]"])
    >>> view.chart
    DistanceChart(0[1] and 0[2]: correlation ...)
    """

    def __init__(
        self,
        report: DistanceReport,
        *,
        explorer: ClusterExplorer | None = None,
        factors: Any = None,
        nodes: Any = None,
        **options: Any,
    ) -> None:
        self.table = NodeTable(report, factors=factors, **options)
        self.report = report
        self.explorer: ClusterExplorer | None = None
        self.chart: DistanceChart | None = None
        self._column: str | None = None
        self._stop: Callable[[], None] = lambda: None
        # Filled directly, because `with Output()` needs a running cell.
        self._drawing = ipywidgets.Output()
        self._note = Note()
        add_link(self._note, [self.table])  # says without a kernel that the chart stays
        super().__init__([self.table, self._note, self._drawing])
        if explorer is not None:
            self._watch(explorer)
        self.table.on_choose(lambda _chosen: self._draw())
        self.table.observe(self._factor_chosen, "factor")
        if nodes is None:
            live = report.nodes["state"].to_numpy() != "constant"
            distance = np.where(live, abs(report.nodes["prototype_offset"].to_numpy()), np.inf)
            chosen = [int(distance.argmin())] if live.any() else []
        else:
            chosen = self._numbers(nodes)
        self.table.chosen = chosen
        if not chosen:  # nothing has changed
            self._draw()

    def link(self, explorer: ClusterExplorer) -> Callable[[], None]:
        """Show the selection of a map, and colour the map by the distance from the chosen node.

        Parameters
        ----------
        explorer : ClusterExplorer
            A map of the samples of the report; it replaces the previous map.

        Returns
        -------
        callable
            Takes no argument and ends the link.
        """
        self._stop()
        self._watch(explorer)
        self._draw()

        def end() -> None:
            if self.explorer is explorer:
                self._stop()
                self.explorer = None

        return end

    def _watch(self, explorer: ClusterExplorer) -> None:
        self._check_explorer(explorer)
        self.explorer = explorer
        self._stop = follow_selection(explorer, lambda _samples: self._show_selection(), self.table)

    def close(self) -> None:
        """Remove the view and its parts from all pages, and end its link to the map."""
        getattr(self, "_stop", lambda: None)()
        super().close()
        for child in self.children:
            child.close()

    def describe(self) -> str:
        """Describe the view in one line."""
        return f"DistanceView({self.report!r}; {self.chart or 'no node chosen'})"

    def __repr__(self) -> str:
        return self.describe()

    def _repr_mimebundle_(self, **_kwargs: Any) -> Any:
        data = super()._repr_mimebundle_()
        data["text/plain"] = self.describe()
        if self.chart is not None:
            data["image/png"] = base64.b64encode(self.chart.snapshot()).decode("ascii")
        return data

    @_checks.named
    def _numbers(self, nodes: Any) -> list[int]:
        listed = _checks.nodes(nodes, len(self.report.nodes))
        return [self.report.node_number(node) for node in listed]

    @_checks.named
    def _check_explorer(self, explorer: ClusterExplorer) -> None:
        n = int(self.report.layer["value"]["n_samples"])
        _checks.require(
            isinstance(explorer, ClusterExplorer) and len(explorer._positions) == n,
            f"(explorer={_checks.show(explorer)})",
            f"must be a ClusterExplorer of the samples of this report, {n}",
            "Make both from the same data.",
        )

    def _show_selection(self) -> None:
        if self.explorer is not None:
            self.table.show_selection(self.explorer.selection)
            self._draw(colour=False)

    def _factor_chosen(self, change: Any) -> None:
        """Choose the two nodes that share most with the factor."""
        factor = change["new"]
        if factor is not None and (nodes := self.table.top_nodes(factor)):
            self.table.chosen = nodes

    def _draw(self, *, colour: bool = True) -> None:
        """Draw the chosen nodes, or say why there is no chart."""
        chosen = list(self.table.chosen)
        flat = [i for i in chosen if self.report.planes.unit_ratio[i] == 0.0]
        if flat or not chosen:
            self.chart, self._drawing.outputs = None, ()
            name = self.report.nodes.index[flat[0]] if flat else ""
            why = f"{name} does not vary: it has no hyperplane in the data." if flat else ""
            self._note.text = why or "Choose a node to see the clusters."
        else:
            selection = None if self.explorer is None else self.explorer.selection
            self.chart = DistanceChart(self.report, *chosen, selection=selection)
            shown = {"output_type": "display_data", "data": self.chart._repr_mimebundle_()}
            self._drawing.outputs = ({**shown, "metadata": {}},)
            self._note.text = ""
            if colour:
                self._colour(chosen[0])

    def _colour(self, node: int) -> None:
        """Colour the map by the distance from the hyperplane of a node."""
        if self.explorer is None or self.report.sampled.stride > 1:
            return
        ((name, values),) = self.report.columns(node).items()
        columns = self.explorer.columns
        with self.explorer.hold_sync():
            columns[name] = values
            self.explorer.color_by = name
            if self._column not in (None, name):
                del columns[self._column]
        self._column = name
