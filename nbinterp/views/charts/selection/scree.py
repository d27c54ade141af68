"""The chart of a scree: what each factor shares with its variables, and where they end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import Scree
from nbinterp.views.charts.selection.curves import BEST, CHANCE, OWN
from nbinterp.views.charts.vega_lite import AltairView

_MOST_FACTORS, _COLUMNS = 8, 4
_IN, _OUT = "belongs to the factor", "does not"


@shows(Scree)
class ScreeChart(AltairView):
    """What each factor shares with its variables, sorted, and the threshold.

    Parameters
    ----------
    scree : Scree
        The result of `scree`.
    factors : list of int, optional
        Factors to draw; None for the eight with the largest total correlation.
    n : int, default=30
        How many variables of each factor to draw, the strongest.

    How to read it
    --------------
    Each panel is a factor, each point a variable, from the one that shares most to the right; hover
    for its name. The dashed line is the threshold, the larger of the elbow and of what shuffled
    data reach. Coloured points above it belong to the factor. A long even slope without an elbow
    has no natural end: there only chance decides. The axis shows square roots, so that small values
    are seen. A factor that is not found again in halves of the samples is marked "not stable".

    Examples
    --------
    >>> import numpy as np
    >>> found = Scree(
    ...     "cluster 0", ["a", "b", "c"], np.array([[0.5, 0.4, 0.0]]), np.array([0.4]),
    ...     np.array([0.0]), 0.1, None,
    ... )
    >>> found.view()
    ScreeChart(cluster 0: factor 0 (0.4 nats): a, b)
    """

    @_checks.named
    def __init__(self, scree: Scree, *, factors: Sequence[int] | None = None, n: int = 30) -> None:
        _checks.require(
            isinstance(scree, Scree),
            f"(scree={_checks.show(scree)})",
            "must be a Scree",
            "Pass what scree(...) returned.",
            TypeError,
        )
        self.scree = scree
        self.n = _checks.integer("n", n, 1)
        count = len(scree.knee)
        if factors is None:
            factors = np.argsort(-scree.total_correlations, kind="stable")[:_MOST_FACTORS].tolist()
        self.factors = [
            _checks.integer("factors", each, 0, count - 1, of="the last factor")
            for each in _checks.listed(factors)
        ]

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the chart: those of `Scree.to_frame` for the factors, the strongest `n`."""
        frame = self.scree.to_frame()
        drawn = frame["factor"].isin(self.factors) & (frame["place"] <= self.n)
        return frame[drawn].reset_index(drop=True)

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # slow to import: loaded only when a chart is drawn

        frame = self.frame
        frame["what"] = np.where(frame["belongs"], _IN, _OUT)
        panels = [self._panel(frame[frame["factor"] == factor], factor) for factor in self.factors]
        grid = alt.concat(*panels, columns=_COLUMNS)
        known = np.isfinite(self.scree.chance)
        below = f"chance: {self.scree.chance:.2g} nats" if known else "chance is not known"
        return grid.properties(
            title={"text": f"Variables of the factors of {self.scree.name}", "subtitle": below}
        )

    def _panel(self, rows: pd.DataFrame, factor: int) -> Any:
        """Return the panel of one factor."""
        import altair as alt

        scale = alt.Scale(domain=[_IN, _OUT], range=[OWN, CHANCE])
        base = alt.Chart(rows).encode(
            x=alt.X("place:Q", title="variable, by rank", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y(
                "mutual_information:Q",
                title="mutual information (nats)",
                scale=alt.Scale(type="sqrt"),
                axis=alt.Axis(tickCount=5),
            ),
        )
        points = base.mark_circle(size=45, opacity=1).encode(
            color=alt.Color("what:N", title=None, scale=scale, legend=alt.Legend(orient="bottom")),
            tooltip=[
                "node:N",
                alt.Tooltip("mutual_information:Q", title="nats", format=".3~g"),
                "belongs:N",
            ],
        )
        line = base.mark_line(color=CHANCE, strokeWidth=1)
        at = alt.Chart(rows.head(1)).mark_rule(color=BEST, strokeDash=[5, 3])
        rule = at.encode(y="threshold:Q")
        return alt.layer(line, rule, points).properties(
            width=180, height=140, title=self._title(factor)
        )

    def _title(self, factor: int) -> str:
        stable = self.scree.stable
        mark = " (not stable)" if stable is not None and not stable[factor] else ""
        count = int(self.scree.belongs[factor].sum())
        return f"factor {factor}{mark}: {count} of {len(self.scree.feature_names)}"

    def describe(self) -> str:
        """Describe the variables of the first factors in one line."""
        told = []
        for factor in self.factors[:3]:
            members = self.scree.members(factor)
            named = ", ".join(members[:5]) + (
                f" and {len(members) - 5} more" if members[5:] else ""
            )
            total = self.scree.total_correlations[factor]
            told.append(f"factor {factor} ({total:.3g} nats): {named or 'none'}")
        more = f"; {len(self.factors) - 3} more" if self.factors[3:] else ""
        return f"ScreeChart({self.scree.name}: {'; '.join(told)}{more})"
