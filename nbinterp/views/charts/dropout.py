"""The chart of a dropout study: total correlation of layers, plain and with dropout."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.network import DropoutStudy
from nbinterp.views.base.colours import OKABE_ITO
from nbinterp.views.charts.vega_lite import AltairView

_KINDS = ("plain", "dropout")
_COLOURS = (OKABE_ITO[0], OKABE_ITO[4])
_NULL, _GREY, _CHANCE = "shuffled values, mean", "#888888", "#a6a6a6"
_MEASURES = {
    "total_correlation": "total correlation (nats)",
    "first_five": "first five factors (nats)",
    "above_null": "total correlation above its null (nats)",
}
_WIDTH = 70  # CSS pixels per layer


@shows(DropoutStudy)
class DropoutChart(AltairView):
    """The total correlation of each layer, of networks trained without and with dropout.

    Parameters
    ----------
    study : DropoutStudy
        The result of `dropout_study`.
    measure : {"total_correlation", "first_five", "above_null"}, default="total_correlation"
        What the upper panels show: what all factors explain; the sum of the five strongest factors,
        which the paper prints; or what all explain above the null.

    How to read it
    --------------
    There is a column of panels for each architecture, and in it a place for each layer. In the
    upper panel a dot is a network, a thin line joins the two of a pair, and the bar is the mean
    over pairs with one standard error to each side. The grey strokes are the null: the total
    correlation that the same fit finds after the values of each node are shuffled. It differs
    between layers and kinds, so compare what is above it. The lower panel does that: dropout minus
    plain, both above their nulls, pair by pair. Only a mean several standard errors from zero says
    that dropout raises or lowers what the nodes of the layer share.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(rate, pair, 9.0 + rate + pair, 2.0) for rate in (0.0, 0.5) for pair in (0, 1)]
    >>> columns = ["dropout", "pair", "total_correlation", "null_total_correlation"]
    >>> table = pd.DataFrame(rows, columns=columns)
    >>> table = table.assign(depth=1, hidden="20", layer="h1", first_five=8.0, accuracy=0.9)
    >>> DropoutStudy(table, {}).view()
    DropoutChart(2 pairs, dropout minus plain above the nulls, nats: 20 h1 +0.5 ± 0.0)
    """

    @_checks.named
    def __init__(self, study: DropoutStudy, *, measure: str = "total_correlation") -> None:
        _checks.require(
            isinstance(study, DropoutStudy),
            f"(study={_checks.show(study)})",
            "must be a DropoutStudy",
            "Pass what dropout_study(...) returned.",
            TypeError,
        )
        self.study = study
        self.measure = _checks.choice("measure", measure, tuple(_MEASURES))

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the upper panels: those of `DropoutStudy.to_frame`, with kind and value."""
        rows = self.study.to_frame()
        rows["kind"] = [_KINDS[int(rate > 0)] for rate in rows["dropout"]]
        rows["above_null"] = rows["total_correlation"] - rows["null_total_correlation"]
        rows["value"] = rows[self.measure]
        return rows

    @property
    def differences(self) -> pd.DataFrame:
        """The rows in the lower panels: dropout minus plain, above their nulls, of each pair."""
        keys = ["hidden", "layer", "pair"]
        both = self.frame.pivot_table(index=keys, columns="kind", values="above_null", sort=False)
        return (both["dropout"] - both["plain"]).rename("difference").reset_index()

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        frame, changes = self.frame, self.differences
        columns: list[Any] = []
        for hidden in frame["hidden"].unique():
            first = not columns
            upper = self._values(frame[frame["hidden"] == hidden], first)
            lower = self._changes(changes[changes["hidden"] == hidden], first)
            columns.append(alt.vconcat(upper.properties(title=f"hidden {hidden}"), lower))
        pairs = frame["pair"].nunique()
        rates = ", ".join(f"{rate:g}" for rate in sorted(set(frame["dropout"])) if rate > 0)
        title = alt.TitleParams(
            f"networks without and with dropout ({rates}), {pairs} pair{'s' * (pairs > 1)}",
            subtitle=self._about(pairs),
            anchor="start",
            offset=12,
        )
        # One axis for all panels of a row: architectures are compared too.
        return alt.hconcat(*columns, spacing=24).properties(title=title)

    def _values(self, rows: pd.DataFrame, first: bool) -> Any:
        """Return the networks of one architecture: dots, means with errors, nulls."""
        import altair as alt

        layers = rows["layer"].unique().tolist()
        found = self.frame["value"]
        nulls = self.frame["null_total_correlation"]
        most = max(found.max(), nulls.max() if self._has_null() else 0.0)
        least = min(found.min(), 0.0)
        title = _MEASURES[self.measure] if first else None
        y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[least, most], nice=True))
        names = [*_KINDS, _NULL] if self._has_null() else list(_KINDS)
        shades = [*_COLOURS, _CHANCE][: len(names)]
        colour = alt.Color(
            "kind:N",
            title=None,
            scale=alt.Scale(domain=names, range=shades),
            legend=alt.Legend(orient="bottom", labelLimit=200),
        )
        x, offset = _places(layers, labelled=False)
        base = alt.Chart(rows).encode(x=x, xOffset=offset)
        tips = [
            "layer:N",
            "kind:N",
            "pair:O",
            alt.Tooltip("value:Q", format=".2f", title=_MEASURES[self.measure]),
            alt.Tooltip("null_total_correlation:Q", format=".2f", title="null (nats)"),
            alt.Tooltip("accuracy:Q", format=".2%"),
        ]
        joined = base.mark_line(color=_GREY, strokeWidth=0.7, strokeOpacity=0.6)
        dots = base.mark_circle(size=26, opacity=0.55).encode(y=y, color=colour, tooltip=tips)
        means = rows.groupby(["layer", "kind"], sort=False)["value"].agg(["mean", "sem"])
        means = means.reset_index().assign(
            low=lambda table: table["mean"] - table["sem"].fillna(0.0),
            high=lambda table: table["mean"] + table["sem"].fillna(0.0),
        )
        layered = [joined.encode(y=y, detail=["layer:N", "pair:N"]), dots]
        layered += _means(means, x, offset, colour, title)
        if self._has_null():
            null = rows.groupby(["layer", "kind"], sort=False)["null_total_correlation"].mean()
            table = null.rename("value").reset_index().assign(control=_NULL)
            strokes = alt.Chart(table).mark_tick(thickness=3, size=26, color=_CHANCE, opacity=1)
            layered.append(
                strokes.encode(
                    x=x,
                    xOffset=offset,
                    y=y,
                    tooltip=["layer:N", "kind:N", alt.Tooltip("value:Q", format=".2f")],
                )
            )
        return alt.layer(*layered).properties(width=_WIDTH * len(layers), height=200)

    def _changes(self, rows: pd.DataFrame, first: bool) -> Any:
        """Return the differences of the pairs of one architecture."""
        import altair as alt

        every = self.differences["difference"]
        scale = alt.Scale(domain=[min(every.min(), 0.0), max(every.max(), 0.0)], nice=True)
        layers = rows["layer"].unique().tolist()
        title = ["dropout minus plain", "above nulls (nats)"] if first else None
        x, _ = _places(layers, labelled=True)
        y = alt.Y("difference:Q", title=title, scale=scale)
        zero = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=_GREY).encode(y=alt.datum(0))
        tips = ["layer:N", "pair:O", alt.Tooltip("difference:Q", format="+.2f")]
        dots = alt.Chart(rows).mark_circle(size=26, opacity=0.55, color=_GREY)
        means = rows.groupby("layer", sort=False)["difference"].agg(["mean", "sem"]).reset_index()
        means["low"] = means["mean"] - means["sem"].fillna(0.0)
        means["high"] = means["mean"] + means["sem"].fillna(0.0)
        drawn = [zero, dots.encode(x=x, y=y, tooltip=tips)]
        drawn += _means(means, x, None, alt.value(OKABE_ITO[2]), title)
        return alt.layer(*drawn).properties(width=_WIDTH * len(layers), height=110)

    def describe(self) -> str:
        """Describe the mean difference of each layer in one line."""
        summary = self.study.summary()
        told = []
        for (hidden, layer), change, error in zip(
            summary.index, summary["difference"], summary["difference_error"], strict=True
        ):
            spread = "" if np.isnan(error) else f" ± {error:.1f}"
            told.append(f"{hidden} {layer} {change:+.1f}{spread}")
        pairs = self.frame["pair"].nunique()
        return (
            f"DropoutChart({pairs} pair{'s' * (pairs > 1)}, dropout minus plain above the nulls, "
            f"nats: {', '.join(told)})"
        )

    def _has_null(self) -> bool:
        """Return whether the null is of the measure that is drawn."""
        return self.measure == "total_correlation"

    def _about(self, pairs: int) -> list[str]:
        lines = ["dots: networks, joined by pair; bars: mean ± standard error"]
        if pairs == 1:
            lines = ["one pair has no standard error: raise n_pairs"]
        if self.measure == "first_five":
            lines.append("the null is of all factors together, so it is not drawn here")
        return lines


def _places(layers: list[str], *, labelled: bool) -> tuple[Any, Any]:
    """Return the axis of layers, and the place of each kind within a layer."""
    import altair as alt

    axis = alt.Axis(labelAngle=0) if labelled else None
    x = alt.X("layer:N", sort=layers, title=None, axis=axis)
    return x, alt.XOffset("kind:N", sort=list(_KINDS), scale=alt.Scale(domain=list(_KINDS)))


def _means(means: pd.DataFrame, x: Any, offset: Any, colour: Any, title: Any) -> list[Any]:
    """Return bars at the means, and their standard errors."""
    import altair as alt

    placed = {"x": x, "color": colour, **({} if offset is None else {"xOffset": offset})}
    base = alt.Chart(means).encode(
        **placed,
        tooltip=[
            "layer:N",
            alt.Tooltip("mean:Q", format=".2f"),
            alt.Tooltip("sem:Q", format=".2f", title="standard error"),
        ],
    )
    errors = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    bars = base.mark_tick(thickness=2, size=24, opacity=1)
    return [errors, bars.encode(y=alt.Y("mean:Q", title=title))]
