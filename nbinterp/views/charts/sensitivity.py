"""The chart of a sensitivity study: the cost of editing a layer, and of random edits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp._typing import AnyArray
from nbinterp.distance import SensitivityStudy
from nbinterp.distance.sensitivity.result import FOLDED, SCALE, SHIFT
from nbinterp.views.base.colours import OKABE_ITO
from nbinterp.views.charts.vega_lite import AltairView

_COLOURS = OKABE_ITO[:5]
_BAND, _OTHERS = "#999999", "#9a9a9a"
_TITLES = {"accuracy": "accuracy", "agreement": "same answer as before", "kl": "KL (nats)"}
_MOVES = {SHIFT: "shifted", SCALE: "scaled"}
_CONTROL = "random directions, 95 %"


@shows(SensitivityStudy)
class SensitivityChart(AltairView):
    """How accuracy changes when pre-activations are shifted or scaled.

    The pre-activation of a node is its value before the activation function.

    Parameters
    ----------
    study : SensitivityStudy
        The result of `sensitivity_study`.
    measure : str, optional
        One of `study.measures`; the first if None.
    nodes : list of int or boolean mask over all nodes, optional
        Nodes to colour, at most five; None for the nodes whose shifts cost most.

    How to read it
    --------------
    On the left, pre-activations are shifted by standard deviations of the data. On the right, they
    are multiplied by a factor, on a logarithmic axis. In the upper panels, all nodes of the layer
    change at once. In the lower panels, one node changes at a time; its line is grey unless chosen.
    The grey band holds 95 % of equally long edits along random directions: only a line outside it
    says that the directions of the nodes matter. For the dashed line the logits, without their
    bias, are divided by the factor again. Where it is flat, only the output bias causes the loss of
    the other line.

    Examples
    --------
    >>> import numpy as np
    >>> flat = np.zeros((1, 2, 1))
    >>> study = SensitivityStudy(
    ...     layer="h1", shifts=(-1.0, 1.0), scales=(0.1, 10.0), nodes=(3,), node_sd=np.ones(4),
    ...     measures=("agreement",), baseline=np.ones(1), layer_shift=flat[0] + 0.5,
    ...     layer_scale=flat[0] + 1, layer_scale_folded=None, node_shift=flat + 0.9,
    ...     node_scale=flat + 1, random_layer_shift=flat + 0.8, random_layer_scale=flat + 1,
    ...     random_node_shift=flat + 1, random_node_scale=flat + 1,
    ... )
    >>> study.view()
    SensitivityChart(h1, agreement 1.000: layer shifted by 1 sd 0.500 (chance 0.800 to 0.800);
        layer scaled by 10 1.000 (chance 1.000 to 1.000); most for node 3, shifted by 1 sd 0.900)
    """

    @_checks.named
    def __init__(
        self,
        study: SensitivityStudy,
        *,
        measure: str | None = None,
        nodes: Sequence[int] | AnyArray | None = None,
    ) -> None:
        _checks.require(
            isinstance(study, SensitivityStudy),
            f"(study={_checks.show(study)})",
            "must be a SensitivityStudy",
            "Pass what sensitivity_study(...) returned.",
            TypeError,
        )
        self.study = study
        name = study.measures[0] if measure is None else measure
        self.measure = _checks.choice("measure", name, study.measures)
        self._sign = 1 if name == "kl" else -1
        self._at = study.measures.index(name)
        if nodes is None:
            worst = (self._sign * study.node_shift[..., self._at]).max(axis=1, initial=-np.inf)
            order = np.argsort(-worst, kind="stable")[: len(_COLOURS)]
            nodes = [study.nodes[place] for place in order]
        asked = _checks.nodes(nodes, len(study.node_sd))
        for node in asked:
            _checks.require(
                node in study.nodes,
                f"(nodes={_checks.show(nodes)})",
                f"must be nodes that the study edited singly, but {node} is not",
                "Choose from study.nodes.",
            )
        _checks.require(
            len(asked) <= len(_COLOURS),
            f"(nodes={_checks.show(nodes)})",
            f"must be at most {len(_COLOURS)}, so that colours are distinct",
            "Draw the others in another chart.",
        )
        self.nodes = asked

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the chart: those of `SensitivityStudy.to_frame`, and the unedited layer."""
        found = self.study.to_frame(self.measure).drop(columns="rank")
        still = found.drop_duplicates(["part", "edit"]).copy()
        still["amount"] = np.where(still["edit"] == SHIFT, 0.0, 1.0)
        still["value"] = still["baseline"]
        drawn = ~still[["chance_lower", "chance_upper"]].isna()
        still[["chance_lower", "chance_upper"]] = drawn.mul(still["baseline"], axis=0).where(drawn)
        both = pd.concat([found, still]).drop_duplicates(["part", "edit", "amount"])
        return both.sort_values(["edit", "part", "amount"]).reset_index(drop=True)

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        frame = self.frame
        is_layer = frame["part"] == self.study.layer
        panels = [
            self._panel(frame[(is_layer == whole) & frame["edit"].str.startswith(move)], whole)
            for whole in (True, False)
            for move in (SHIFT, SCALE)
            if whole or self.study.nodes
        ]
        grid = alt.concat(*panels, columns=2).resolve_scale(color="independent")
        return grid.properties(title=self._title())

    def _panel(self, rows: pd.DataFrame, whole: bool) -> Any:
        """Return one of the four panels: for the `whole` layer, or for single nodes."""
        import altair as alt

        shifts = rows["edit"].iloc[0] == SHIFT
        x = alt.X(
            "amount:Q",
            title="shift (standard deviations)" if shifts else "factor",
            scale=alt.Scale() if shifts else alt.Scale(type="log"),
            axis=alt.Axis() if shifts else alt.Axis(values=self._factors(), format="~g"),
        )
        layers = [] if rows["chance_lower"].isna().all() else [self._band(rows, x)]
        layers += (self._layer_lines if whole else self._node_lines)(rows, x, shifts)
        title = f"{'layer' if whole else 'one node'} {_MOVES[SHIFT if shifts else SCALE]}"
        return alt.layer(*layers).properties(width=300, height=180, title=title)

    def _band(self, rows: pd.DataFrame, x: Any) -> Any:
        """Return the band of random directions, which is the same for all nodes."""
        import altair as alt

        band = rows[rows["part"] == rows["part"].iloc[0]].dropna(subset=["chance_lower"])
        return (
            alt.Chart(band.assign(control=_CONTROL))
            .mark_area(opacity=0.35)
            .encode(
                x=x,
                y=alt.Y("chance_lower:Q", title=_TITLES[self.measure]),
                y2="chance_upper:Q",
                fill=alt.Fill(
                    "control:N",
                    title=None,
                    scale=alt.Scale(domain=[_CONTROL], range=[_BAND]),
                    legend=alt.Legend(orient="bottom", symbolType="square", labelLimit=260),
                ),
                tooltip=["control:N", "amount:Q", "chance_lower:Q", "chance_upper:Q"],
            )
        )

    def _layer_lines(self, rows: pd.DataFrame, x: Any, shifts: bool) -> list[Any]:
        """Return one line per edit of the layer; a dashed line without the output bias."""
        import altair as alt

        names = [name for name in (SHIFT, SCALE, FOLDED) if (rows["edit"] == name).any()]
        colour = alt.Color(
            "edit:N",
            title=None,
            scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)])),
            legend=None if shifts else alt.Legend(orient="bottom", labelLimit=260),
        )
        dash = alt.StrokeDash(
            "edit:N",
            legend=None,
            scale=alt.Scale(domain=[SHIFT, SCALE, FOLDED], range=[[1, 0], [1, 0], [5, 3]]),
        )
        lines = self._values(rows, x).mark_line(point=True)
        return [lines.encode(color=colour, strokeDash=dash)]

    def _node_lines(self, rows: pd.DataFrame, x: Any, shifts: bool) -> list[Any]:
        """Return the lines of the chosen nodes in colour, and all others in grey."""
        import altair as alt

        names = [f"{self.study.layer}[{node}]" for node in self.nodes]
        chosen = rows["part"].isin(names)
        others = self._values(rows[~chosen], x)
        others = others.mark_line(color=_OTHERS, strokeOpacity=0.4, strokeWidth=1)
        colour = alt.Color(
            "part:N",
            title=None,
            scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)])),
            legend=None if shifts else alt.Legend(orient="bottom", columns=3),
        )
        lines = self._values(rows[chosen], x).mark_line(point=True)
        return [others.encode(detail="part:N"), lines.encode(color=colour)]

    def _values(self, rows: pd.DataFrame, x: Any) -> Any:
        """Return a chart of values over amounts, without marks."""
        import altair as alt

        y = alt.Y("value:Q", title=_TITLES[self.measure], scale=alt.Scale(zero=False))
        tips = ["part:N", "edit:N", "amount:Q", "value:Q"]
        return alt.Chart(rows).encode(x=x, y=y, tooltip=tips)

    def _factors(self) -> list[float]:
        return sorted({1.0, *self.study.scales})

    def describe(self) -> str:
        """Describe the largest losses in one line."""
        study, at = self.study, self._at
        told = []
        for name, unit, amounts, found, random in (
            ("shifted", " sd", study.shifts, study.layer_shift, study.random_layer_shift),
            ("scaled", "", study.scales, study.layer_scale, study.random_layer_scale),
        ):
            step = len(amounts) - 1 - int((self._sign * found[::-1, at]).argmax())
            chance = ""
            if len(random):
                low, high = np.quantile(random[:, step, at], [0.025, 0.975])
                chance = f" (chance {low:.3f} to {high:.3f})"
            told.append(f"layer {name} by {amounts[step]:g}{unit} {found[step, at]:.3f}{chance}")
        if self.nodes:
            node = study.nodes.index(self.nodes[0])
            values = study.node_shift[node, :, at]
            step = len(values) - 1 - int((self._sign * values[::-1]).argmax())
            told.append(
                f"most for node {self.nodes[0]}, shifted by {study.shifts[step]:g} sd "
                f"{values[step]:.3f}"
            )
        base = f"{study.layer}, {self.measure} {study.baseline[at]:.3f}"
        return f"SensitivityChart({base}: {'; '.join(told)})"

    def _title(self) -> str:
        title = f"pre-activations of {self.study.layer} edited"
        if self.study.scale_is_vacuous:
            title += "; scaling all of them only changes the logits relative to the output bias"
        return title
