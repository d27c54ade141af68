"""The chart of a fitted Bio CorEx: factors, their states and their columns."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import BioCorEx
from nbinterp.views.base.colours import OKABE_ITO, categorical, ramp
from nbinterp.views.charts.vega_lite import AltairView

_STEP = 24  # CSS pixels per factor
_COLUMN = 13  # and per column
_SURE = 0.95  # the probability from which a sample is surely in a state
_STOPS = 9
_NULL, _GREY = "shuffled columns", "#a6a6a6"


@shows(BioCorEx)
class BioChart(AltairView):
    """The factors of Bio CorEx: what each explains, its states, and its columns.

    Parameters
    ----------
    corex : fitted BioCorEx
        The fit.
    top : int, default=30
        Number of columns to draw: those that share most with any factor.
    null : fitted BioCorEx, optional
        A fit with the same settings to the same table after each column was shuffled by itself,
        ``clone(corex).fit(np.random.default_rng(0).permuted(X, axis=0))``: what chance alone gives.

    How to read it
    --------------
    A row is a factor, the strongest first. On the left is the total correlation that it explains,
    in nats; the grey strokes are the factors of the null, rank by rank. Without a null, a bar says
    little: a fit to independent columns has factors too. In the middle is the share of samples in
    each state: full colour where the sample is in this state with a probability of 0.95 or more,
    faint where that is not so sure. Numbers of states have no order. A factor with nearly all
    samples in one state, or mostly faint, divides little. On the right are the columns: a bright
    cell says that column and factor share much, beyond what permutations of the samples give.
    Columns are grouped by the factor that they share most with. Factors show little of synergy:
    columns that say something only together, as when one is the exclusive or of two others.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> groups = rng.integers(0, 2, size=(200, 2))
    >>> X = 3.0 * np.repeat(groups, 4, axis=1) + rng.normal(size=(200, 8))
    >>> corex = BioCorEx(n_factors=2, random_state=0).fit(X)
    >>> corex.view(top=6)
    BioChart(2 factors × 8 columns, ... nats: factor 0 ... (x..., x..., x...); factor 1 ...)
    """

    @_checks.named
    def __init__(self, corex: BioCorEx, *, top: int = 30, null: BioCorEx | None = None) -> None:
        _checks.require(
            isinstance(corex, BioCorEx),
            f"(corex={_checks.show(corex)})",
            "must be a BioCorEx",
            "Pass BioCorEx(…).fit(X).",
            TypeError,
        )
        _checks.fitted(corex, "labels_")
        _checks.require(
            null is None or isinstance(null, BioCorEx),
            f"(null={_checks.show(null)})",
            "must be a BioCorEx, fitted to shuffled columns",
            "Pass clone(corex).fit(numpy.random.default_rng(0).permuted(X, axis=0)).",
            TypeError,
        )
        if null is not None:
            _checks.fitted(null, "labels_")
            _alike(corex, null)
        self.corex, self.null = corex, null
        self.top = _checks.integer("top", top, 1)

    @property
    def factors(self) -> pd.DataFrame:
        """One row per factor.

        Columns: factor, total_correlation and null_total_correlation (of the factor of this rank in
        the null, NaN without), in nats; stability, how well other restarts find it, NaN without.
        """
        corex, m = self.corex, len(self.corex.total_correlations_)
        null = np.full(m, np.nan) if self.null is None else self.null.total_correlations_
        return pd.DataFrame(
            {
                "factor": [f"factor {j}" for j in range(m)],
                "total_correlation": corex.total_correlations_,
                "null_total_correlation": null,
                "stability": np.full(m, np.nan) if corex.stability_ is None else corex.stability_,
            }
        )

    @property
    def states(self) -> pd.DataFrame:
        """One row per factor and state.

        Columns: factor, state, n_samples (those that are likeliest in it), share, and sure, the
        share of all samples that are in it with a probability of 0.95 or more.
        """
        corex = self.corex
        m, n, k = corex.posterior_.shape
        counts = np.stack([np.bincount(row, minlength=k) for row in corex.labels_.T])
        sure = (corex.posterior_ >= _SURE).sum(axis=1)
        return pd.DataFrame(
            {
                "factor": np.repeat([f"factor {j}" for j in range(m)], k),
                "state": np.tile(np.arange(k), m),
                "n_samples": counts.ravel(),
                "share": counts.ravel() / n,
                "sure": sure.ravel() / n,
            }
        )

    @property
    def columns(self) -> pd.DataFrame:
        """One row per factor and column that is drawn, columns in the order of the chart.

        Columns: factor, column, mutual_information (nats), alpha.
        """
        corex = self.corex
        information = corex.mutual_information_
        m = len(information)
        kept = np.argsort(-information.max(axis=0), kind="stable")[: self.top]
        home, strength = information[:, kept].argmax(axis=0), information[:, kept].max(axis=0)
        kept = kept[np.lexsort((-strength, home))]
        names = _names(corex)
        return pd.DataFrame(
            {
                "factor": np.repeat([f"factor {j}" for j in range(m)], len(kept)),
                "column": [names[place] for place in kept] * m,
                "mutual_information": information[:, kept].ravel(),
                "alpha": corex.alpha_[:, kept].ravel(),
            }
        )

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        title = alt.TitleParams(
            f"Bio CorEx: {self._size()}", subtitle=self._about(), anchor="start", offset=12
        )
        parts = alt.hconcat(self._totals(), self._states(), self._columns(), spacing=14)
        return parts.resolve_scale(
            color="independent", fill="independent", opacity="independent"
        ).properties(title=title)

    def _rows(self, labelled: bool) -> Any:
        import altair as alt

        axis = alt.Axis(ticks=False, domain=False) if labelled else None
        return alt.Y("factor:N", sort=self.factors["factor"].tolist(), title=None, axis=axis)

    def _totals(self) -> Any:
        """Return bars of the total correlations, beside those of the null."""
        import altair as alt

        table = self.factors.assign(control=_NULL)
        base = alt.Chart(table).encode(
            y=self._rows(True),
            tooltip=[
                "factor:N",
                alt.Tooltip("total_correlation:Q", format=".3f", title="nats"),
                alt.Tooltip("null_total_correlation:Q", format=".3f", title="null (nats)"),
                alt.Tooltip("stability:Q", format=".2f", title="found in other restarts"),
            ],
        )
        bars = base.mark_bar(color=OKABE_ITO[0], size=_STEP * 0.6).encode(
            x=alt.X("total_correlation:Q", title="total correlation (nats)")
        )
        layers = [bars]
        if self.null is not None:
            legend = alt.Legend(orient="bottom", title=None, labelLimit=200)
            layers.append(
                base.mark_tick(thickness=3, size=_STEP * 0.8, opacity=1).encode(
                    x="null_total_correlation:Q",
                    fill=alt.Fill(
                        "control:N",
                        scale=alt.Scale(domain=[_NULL], range=[_GREY]),
                        legend=legend,
                    ),
                )
            )
        return alt.layer(*layers).properties(width=120, height=alt.Step(_STEP))

    def _states(self) -> Any:
        """Return the share of samples in each state, those that are sure in full colour."""
        import altair as alt

        found = self.states
        table = pd.concat(
            [
                found.assign(part=found["sure"], certain=True),
                found.assign(part=found["share"] - found["sure"], certain=False),
            ]
        )
        table["place"] = 2 * table["state"] + ~table["certain"]
        states = found["state"].unique().tolist()
        return (
            alt.Chart(table[table["part"] > 0])
            .mark_bar(size=_STEP * 0.6)
            .encode(
                y=self._rows(False),
                x=alt.X(
                    "part:Q",
                    title=["samples in each state", "(faint: not sure)"],
                    axis=alt.Axis(format="%", tickCount=4),
                    scale=alt.Scale(domain=[0, 1]),
                ),
                order="place:Q",
                color=alt.Color(
                    "state:N",
                    scale=alt.Scale(domain=states, range=categorical(len(states) + 1)[1:]),
                    legend=alt.Legend(orient="bottom", title="state", columns=8),
                ),
                opacity=alt.condition("datum.certain", alt.value(1.0), alt.value(0.35)),
                tooltip=[
                    "factor:N",
                    "state:N",
                    alt.Tooltip("n_samples:Q", format=",", title="samples"),
                    alt.Tooltip("share:Q", format=".1%"),
                    alt.Tooltip("sure:Q", format=".1%", title="sure (0.95)"),
                ],
            )
            .properties(width=140, height=alt.Step(_STEP))
        )

    def _columns(self) -> Any:
        """Return the mutual information of factors and columns."""
        import altair as alt

        table = self.columns
        order = table["column"].drop_duplicates().tolist()
        largest = float(table["mutual_information"].max()) or 1.0
        # Colours follow the square root, as those of the heatmap: a few cells hold most.
        at = largest * np.linspace(0, 1, _STOPS) ** 2
        shades = [f"#{bytes(each).hex()}" for each in ramp(np.linspace(0, 1, _STOPS), "viridis")]
        return (
            alt.Chart(table)
            .mark_rect()
            .encode(
                y=self._rows(False),
                x=alt.X("column:N", sort=order, title=None, axis=alt.Axis(labelLimit=110)),
                color=alt.Color(
                    "mutual_information:Q",
                    scale=alt.Scale(domain=at.tolist(), range=shades, interpolate="rgb"),
                    legend=alt.Legend(title="nats", format=".2~f", gradientLength=80),
                ),
                tooltip=[
                    "factor:N",
                    "column:N",
                    alt.Tooltip("mutual_information:Q", format=".3f", title="nats"),
                    alt.Tooltip("alpha:Q", format=".2f"),
                ],
            )
            .properties(width=alt.Step(_COLUMN), height=alt.Step(_STEP))
        )

    def describe(self) -> str:
        """Describe the factors and their first columns in one line."""
        corex, names = self.corex, _names(self.corex)
        told = []
        for factor, total in enumerate(corex.total_correlations_[:4]):
            row = corex.mutual_information_[factor]
            first = [names[i] for i in np.argsort(-row, kind="stable")[:3] if row[i] > 0]
            told.append(f"factor {factor} {total:.2f} ({', '.join(first) or 'no column'})")
        return f"BioChart({self._size()}, {self._total()}: {'; '.join(told)})"

    def _size(self) -> str:
        m, p = self.corex.mutual_information_.shape
        return f"{m:,} factor{'s' * (m > 1)} × {p:,} column{'s' * (p > 1)}"

    def _total(self) -> str:
        chance = "" if self.null is None else f" (shuffled: {self.null.total_correlation_:.2f})"
        return f"{self.corex.total_correlation_:.2f} nats{chance}"

    def _about(self) -> list[str]:
        corex = self.corex
        lines = [f"all factors: {self._total()}; {len(corex.labels_):,} samples"]
        hidden = corex.mutual_information_.shape[1] - self.top
        if hidden > 0:
            lines[0] += f"; {hidden:,} columns that share less are not drawn"
        if not corex.converged_:
            lines.append(f"Not converged in max_iter={corex.max_iter} iterations.")
        return lines


def _alike(corex: BioCorEx, null: BioCorEx) -> None:
    """Refuse a null of another size."""
    sizes = [
        (*each.mutual_information_.shape, len(each.labels_), each.posterior_.shape[2])
        for each in (corex, null)
    ]
    _checks.require(
        sizes[0] == sizes[1],
        f"(null=<BioCorEx of {sizes[1][0]} factors × {sizes[1][1]} columns>)",
        f"must have factors, columns, samples and states as the fit, {sizes[0]}, not {sizes[1]}",
        "Fit clone(corex) to the same table after each column was shuffled by itself.",
    )


def _names(corex: BioCorEx) -> list[str]:
    p = corex.mutual_information_.shape[1]
    return [str(name) for name in getattr(corex, "feature_names_in_", [f"x{i}" for i in range(p)])]
