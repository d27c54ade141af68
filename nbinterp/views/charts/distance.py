"""A chart of clusters relative to the hyperplanes of one or two nodes."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.distance import DistanceReport
from nbinterp.views.base.colours import categorical
from nbinterp.views.charts.projections import SELECTED, Projection
from nbinterp.views.charts.vega_lite import AltairView, chart_bundle

_CHOSEN = "#d81b60"  # for a selection; it differs from the colours of clusters


class DistanceChart(AltairView):
    """The clusters along the directions of one or two nodes.

    The hyperplane of a node is where its pre-activation is zero.

    Parameters
    ----------
    report : DistanceReport
        The result of `LinearDistance`.
    *nodes : str or int
        One node, or two.
    selection : array of int, optional
        Row numbers of samples to draw as one more cluster.

    How to read it
    --------------
    One node: each row is a histogram of a cluster along the node's direction, the nearest first.
    Zero is the hyperplane; 1 is one standard deviation of all data. A narrow cluster at zero, with
    the others far away, is a candidate for a prototype: the node may measure the distance from it.
    A ReLU sets clusters to the left of zero to 0.

    Two nodes: the lines through zero are the two hyperplanes. An ellipse marks two standard
    deviations of a cluster around its mean. Axes are in standard deviations of the data:
    hyperplanes are drawn at right angles, whatever their angle in the data.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.distance import LinearDistance
    >>> data = np.random.default_rng(0).normal(size=(100, 3))
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2))
    >>> report = LinearDistance().explain(net, data, "0", clusters=np.arange(100) % 2)
    >>> DistanceChart(report, 0)
    DistanceChart(0[0]: cluster ... lies nearest, ... of all data's)
    """

    @_checks.named
    def __init__(
        self, report: DistanceReport, *nodes: str | int, selection: IntArray | None = None
    ) -> None:
        _checks.require(
            0 < len(nodes) < 3,
            f"(nodes={nodes})",
            "must be one node or two",
            "Name one for its histogram, or two for their plane.",
        )
        self.report = report
        self.numbers = [report.node_number(node) for node in nodes]
        flat = [i for i in self.numbers if report.planes.unit_ratio[i] == 0.0]
        _checks.require(
            not flat,
            f"(nodes={nodes})",
            "must be nodes that vary: a constant node has no hyperplane in the data",
            "Choose from report.nodes.query(\"state != 'constant'\").",
        )
        self.projection = Projection.of(report, self.numbers, selection)

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        chart = self._histogram() if len(self.numbers) == 1 else self._plane()
        text, below = self._titles()
        title = alt.Title(text, subtitle=below, anchor="start", fontSize=13, subtitleFontSize=11)
        return chart.properties(title=title)

    def _histogram(self) -> Any:
        import altair as alt

        shown = self.projection
        # Binned bars start at zero; without bins they would be dashes.
        x = alt.X("left:Q", title=f"{shown.nodes[0]}, standard deviations of the data")
        x = x.bin("binned").scale(zero=True, nice=False)
        bars = (
            alt.Chart()
            .mark_bar(binSpacing=0)
            .encode(
                x=x,
                x2="right:Q",
                y=alt.Y("share:Q", title=None, axis=None),
                color=self._colour(legend=False),
                tooltip=[
                    alt.Tooltip("cluster:N"),
                    alt.Tooltip("left:Q", format=".2f", title="from"),
                    alt.Tooltip("right:Q", format=".2f", title="to"),
                    alt.Tooltip("share:Q", format=".1%", title="of the cluster"),
                ],
            )
        )
        plane = alt.Chart().mark_rule(color="#888888", strokeWidth=1.5).encode(x=alt.datum(0))
        labels = alt.Header(
            title=None, labelAngle=0, labelAlign="left", labelLimit=110, labelFontSize=11
        )
        return (
            alt.layer(bars, plane, data=shown.histogram())
            .properties(width=420, height=24)
            .facet(row=alt.Row("cluster:N", sort=shown.names, header=labels), spacing=3)
            .resolve_scale(y="independent")
            .configure_view(strokeOpacity=0)
        )

    def _plane(self) -> Any:
        import altair as alt

        shown = self.projection
        first, second = shown.nodes
        x = alt.X("x:Q", title=f"{first}, standard deviations of the data")
        y = alt.Y("y:Q", title=f"{second}, standard deviations of the data")
        colour = self._colour(legend=True)
        points = (
            alt.Chart(shown.points())
            .mark_circle(size=10, fillOpacity=0.35, opacity=1, clip=True)
            .encode(x=x, y=y, color=colour, tooltip=["cluster:N", "x:Q", "y:Q"])
        )
        rings = (
            alt.Chart(shown.ellipses())
            .mark_line(strokeWidth=2, clip=True)
            .encode(x=x, y=y, color=colour, order="step:Q", tooltip=["cluster:N"])
        )
        rule = alt.Chart().mark_rule(color="#888888", strokeWidth=1.5)
        planes = [rule.encode(x=alt.datum(0)), rule.encode(y=alt.datum(0))]
        return alt.layer(points, rings, *planes).properties(width=420, height=340)

    def _colour(self, *, legend: bool) -> Any:
        import altair as alt

        names = self.projection.names
        return (
            alt.Color("cluster:N", sort=names)
            .scale(domain=names, range=self._colours())
            .legend(alt.Legend(title=None, symbolOpacity=1) if legend else None)
        )

    def _colours(self) -> list[str]:
        """Return a colour per cluster, the same in every chart of the report."""
        known = [str(name) for name in self.report.cluster_names]
        codes = dict(zip(known, categorical(len(known)), strict=True))
        names = self.projection.names
        chosen = [codes.get(name, _CHOSEN) for name in names]
        if names[-1] == SELECTED:
            chosen[-1] = _CHOSEN
        return chosen

    def describe(self) -> str:
        """Describe the chart in one line."""
        return f"{type(self).__name__}({self._title()})"

    def _title(self) -> str:
        return ": ".join(self._titles())

    def _titles(self) -> tuple[str, str]:
        if len(self.numbers) == 2:
            first, second = self.numbers
            spread = self.report.planes.spread
            correlation = spread[first, second] / np.sqrt(
                spread[first, first] * spread[second, second]
            )
            told = f"correlation {correlation:.2f}".replace("-", "−")
            return " and ".join(self.projection.nodes), told
        row = self.report.nodes.iloc[self.numbers[0]]
        own, pooled = (
            f"{row[name]:.2f}".replace("-", "−") for name in ("prototype_offset", "plane_offset")
        )
        if len(self.report.cluster_names) == 1:
            return self.projection.nodes[0], f"the mean of the data lies at {pooled} deviations"
        nearest = self.projection.summary().iloc[0]
        return (
            self.projection.nodes[0],
            f"cluster {nearest['cluster']} lies nearest, at {own} of its own deviations; the mean "
            f"of all data at {pooled} of all data's",
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return chart_bundle(self.chart, self.describe())
