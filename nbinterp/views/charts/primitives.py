"""A chart of the strongest AND/OR interactions in a sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp._typing import IntArray
from nbinterp.interactions import AndOrInteractions, Overlap
from nbinterp.interactions.andor import overlap as sharing
from nbinterp.interactions.subsets import players_of, set_name
from nbinterp.views.base.colours import OKABE_ITO
from nbinterp.views.base.note import Note
from nbinterp.views.charts.vega_lite import AltairView, chart_bundle
from nbinterp.views.linking.follow import follow, numbers

_KIND, _SHARED = "AND or OR", "in how many models"
_SIGNS = ("raises the output", "lowers the output")
_COLOURS = (OKABE_ITO[4], OKABE_ITO[0])
_STEP = 30  # pixels per primitive


@shows(AndOrInteractions)
class PrimitiveChart(AltairView):
    """The strongest primitives of a sample: their players and their effects on the output.

    A primitive is an AND or OR interaction between some inputs, its players.

    Parameters
    ----------
    result : AndOrInteractions
        The result of `AndOr.explain`.
    sample : int, default=0
        Which sample.
    n : int, default=20
        Number of primitives to draw: the strongest in any model.
    tau : float, default=0.05
        A primitive is salient in a model if it has at least this share of the strength of the
        model's strongest primitive.
    null : Overlap, optional
        The result of ``result.null_overlap(k)``: how many of their `k` strongest primitives
        unrelated models share. The chart compares the overlap of these models with it.
    explorer : ClusterExplorer, optional
        A map of the samples: the chart shows the sample that is selected on it. See `link`.
    samples : sequence of int, optional
        The number on that map of each sample of the result.

    Attributes
    ----------
    sample : int
        The sample shown.

    How to read it
    --------------
    A column is a primitive, the strongest first. The dots below mark its players. An AND primitive
    (full dots, a line) is active if all of them are present, an OR primitive (open dots, a broken
    line) if any is present. The bar is its effect on the output: orange raises it, blue lowers it.
    With several models there is one bar per model. The numbers over the dots say in how many models
    the primitive is salient; primitives that are not salient in all models are pale. At the right
    is the share of the strongest primitives that all models have in common. Compare it with chance
    (the black stroke) and with unrelated models (the grey band): solving for several models
    together makes even unrelated models share some.

    Examples
    --------
    >>> from nbinterp import AndOr
    >>> def model(x):
    ...     return 2 * x[:, 0] * x[:, 1] + x[:, 2:].amax(dim=1)
    >>> AndOr(noise=0).explain(model, [[1.0, 1.0, 1.0, 1.0]]).view()
    PrimitiveChart(sample 0, 2 primitives: AND {x0, x1} +2, OR {x2, x3} +1)
    """

    @_checks.named
    def __init__(
        self,
        result: AndOrInteractions,
        *,
        sample: int = 0,
        n: int = 20,
        tau: float = 0.05,
        null: Overlap | None = None,
        explorer: Any = None,
        samples: Any = None,
    ) -> None:
        _checks.require(
            isinstance(result, AndOrInteractions),
            f"(result={_checks.show(result)})",
            "must be AndOrInteractions",
            "Pass what AndOr().explain returned.",
            TypeError,
        )
        last = len(result.outputs) - 1
        self.result = result
        self.sample = _checks.integer("sample", sample, 0, last, of="the last one")
        self.n = _checks.integer("n", n, 1)
        self.tau = _checks.real("tau", tau, 0.0, 1.0)
        _checks.require(
            null is None or isinstance(null, Overlap),
            f"(null={_checks.show(null)})",
            "must be an Overlap",
            "Pass result.null_overlap(k).",
            TypeError,
        )
        self.null = null
        self._salient = result.strengths.salient(self.tau)
        self._names, self._numbered = np.arange(last + 1), False
        self._said = ""
        self._output: Any = None
        if explorer is not None or samples is not None:
            self.link(explorer, samples)

    @_checks.named
    def link(self, explorer: Any, samples: Any = None) -> Callable[[], None]:
        """Show the sample that is selected on a map, or the first of several.

        Parameters
        ----------
        explorer : ClusterExplorer
            The map of the samples.
        samples : sequence of int, optional
            The number on the map of each sample of the result. If None, the numbers passed last;
            without any, the result must have all samples of the map.

        Returns
        -------
        callable
            Takes no argument and ends the link.
        """
        if samples is None and self._numbered:
            samples = self._names
        self._names = numbers(samples, len(self.result.outputs), explorer)
        self._numbered = samples is not None
        if explorer is None:
            return lambda: None
        import ipywidgets  # only a linked chart is a widget

        if self._output is None:
            # Without a kernel the note says that the chart does not change.
            self._output, self._note = ipywidgets.Output(), Note()
            self._box = ipywidgets.VBox([self._note, self._output])
        self._refresh()
        return follow(explorer, self._names, self._selected, self._note)

    @property
    def frame(self) -> pd.DataFrame:
        """The values in the chart, one row per primitive and model.

        Columns ``place, kind, players, order, model, interaction, salient, n_salient, shared``.
        """
        result, sample = self.result, self.sample
        rows = []
        for place, (kind, index) in enumerate(self._strongest()):
            table = (result.and_, result.or_)[kind][sample, :, index]
            salient = self._salient[kind][sample, :, index]
            rows += [
                (
                    place,
                    ("AND", "OR")[kind],
                    set_name(index, result.players),
                    len(players_of(index)),
                    model,
                    float(table[k]),
                    bool(salient[k]),
                    int(salient.sum()),
                    bool(salient.all()),
                )
                for k, model in enumerate(result.models)
            ]
        about = ["place", "kind", "players", "order", "model", "interaction"]
        columns = [*about, "salient", "n_salient", "shared"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # takes a second: loaded only when a chart is drawn

        parts: Any = alt.vconcat(self._bars(), self._dots(), spacing=4)
        control = self._control()
        if control is not None:
            parts = alt.hconcat(parts, control, spacing=24)
        nothing = [] if self._strongest() else ["No interaction differs from zero."]
        title = alt.TitleParams(
            f"{self._title()}{self._order_of_bars()}",
            anchor="start",
            subtitle=[*self._warning(), *nothing] or alt.Undefined,
            subtitleColor="#b71c1c",
        )
        return parts.properties(title=title).resolve_scale(color="shared")

    def describe(self) -> str:
        """Describe the strongest primitives in one line."""
        frame = self.frame
        best = frame.loc[frame.groupby("place")["interaction"].apply(lambda x: x.abs().idxmax())]
        told = ", ".join(
            f"{row.kind} {row.players} {row.interaction:+.3g}" for row in best.head(5).itertuples()
        )
        warned = f"; {self._warning()[0]}" if self._warning() else ""
        count = f"{len(best)} primitive{'' if len(best) == 1 else 's'}"
        return f"PrimitiveChart({self._title()}, {count}: {told}{warned})"

    def _strongest(self) -> list[tuple[int, int]]:
        """Return kind (0 AND, 1 OR) and subset of the primitives to draw, strongest first."""
        tables = np.stack([self.result.and_[self.sample], self.result.or_[self.sample]])
        size = np.abs(tables).max(axis=1)
        size[:, 0] = 0.0
        salient = np.stack([flags[self.sample].any(0) for flags in self._salient])
        size = np.where(salient, size, 0.0).ravel()
        order = np.argsort(-size, kind="stable")[: self.n]
        width = tables.shape[-1]
        return [(int(k) // width, int(k) % width) for k in order if size[k] > 0]

    def _bars(self) -> Any:
        import altair as alt

        frame = self.frame.assign(
            sign=lambda table: np.where(table["interaction"] < 0, _SIGNS[1], _SIGNS[0])
        )
        several = len(self.result.models) > 1
        options: dict[str, Any] = {}
        if several:
            options["xOffset"] = alt.XOffset("model:N", sort=list(self.result.models))
        return (
            alt.Chart(frame)
            .mark_bar()
            .encode(
                x=alt.X("place:O", axis=None),
                y=alt.Y("interaction:Q", title=f"interaction ({self._unit()})"),
                color=alt.Color(
                    "sign:N",
                    title=None,
                    scale=alt.Scale(domain=list(_SIGNS), range=list(_COLOURS)),
                ),
                opacity=alt.condition("datum.shared", alt.value(1.0), alt.value(0.45)),
                tooltip=["kind:N", "players:N", "model:N", "interaction:Q", "n_salient:Q"],
                **options,
            )
            .properties(width=self._width(), height=170)
        )

    def _dots(self) -> Any:
        import altair as alt

        result = self.result
        rows = [_KIND, *([_SHARED] if len(result.models) > 1 else []), *result.players]
        first = self.frame.drop_duplicates("place")
        texts, dots = [], []
        for (_, index), row in zip(self._strongest(), first.itertuples(), strict=True):
            about = {"place": row.place, "kind": row.kind, "players": row.players}
            texts.append({**about, "row": _KIND, "text": row.kind})
            if len(result.models) > 1:
                told = f"{row.n_salient}/{len(result.models)}"
                texts.append({**about, "row": _SHARED, "text": told})
            inside = players_of(index)
            dots += [
                {**about, "row": name, "on": row.kind if k in inside else "off"}
                for k, name in enumerate(result.players)
            ]
        frame = pd.DataFrame(dots, columns=["place", "kind", "players", "row", "on"])
        x = alt.X("place:O", axis=None)
        y = alt.Y("row:N", sort=rows, title=None, axis=alt.Axis(domain=False, ticks=False))
        base = alt.Chart(frame)
        off = base.mark_circle(size=28, color="#bbbbbb", opacity=0.5).encode(x=x, y=y)
        on = base.transform_filter("datum.on != 'off'")
        # A line from the first player to the last.
        links = on.mark_line(color="#777777", strokeWidth=2).encode(
            x=x,
            y=y,
            detail="place:O",
            strokeDash=alt.StrokeDash(
                "kind:N",
                legend=None,
                scale=alt.Scale(domain=["AND", "OR"], range=[[1, 0], [3, 3]]),
            ),
        )
        full = on.transform_filter("datum.on == 'AND'").mark_circle(
            size=90, color="#555555", opacity=1
        )
        open_ = on.transform_filter("datum.on == 'OR'").mark_point(
            size=80, color="#555555", fill="white", strokeWidth=2, opacity=1
        )
        words = (
            alt.Chart(pd.DataFrame(texts, columns=["place", "kind", "players", "row", "text"]))
            .mark_text(fontSize=9, fontWeight="bold", color="#777777")
            .encode(x=x, y=y, text="text:N")
        )
        tip = {"tooltip": ["kind:N", "players:N"]}
        layers = [off, links, full.encode(x=x, y=y, **tip), open_.encode(x=x, y=y, **tip), words]
        return alt.layer(*layers).properties(width=self._width(), height=alt.Step(19))

    def _control(self) -> Any:
        shares = self._shares()
        if shares is None:
            return None
        import altair as alt

        marks = ["black: by chance", *(["grey: unrelated models"] if self.null is not None else [])]
        x = alt.X("kind:N", title=marks, axis=alt.Axis(labelAngle=0, titleFontWeight="normal"))
        base = alt.Chart(shares).encode(x=x)
        title = [f"share of the {shares['k'].iloc[0]} strongest", "that all models have"]
        y = alt.Y("shared:Q", scale=alt.Scale(domain=[0, 1]), title=title)
        tip = ["kind:N", "shared:Q", "chance:Q", "unrelated_low:Q", "unrelated_high:Q"]
        layers = [
            base.mark_bar(color="#009e73", opacity=0.8, size=22).encode(y=y, tooltip=tip),
            base.mark_tick(color="#000000", thickness=3, size=34).encode(y="chance:Q"),
        ]
        if self.null is not None:
            band = base.mark_bar(color="#888888", opacity=0.55, size=34)
            layers.insert(0, band.encode(y="unrelated_low:Q", y2="unrelated_high:Q"))
        return alt.layer(*layers).properties(width=100, height=170)

    def _shares(self) -> pd.DataFrame | None:
        """Return the share that the models have in common, by chance, and for unrelated models."""
        result, sample = self.result, self.sample
        if len(result.models) < 2:
            return None
        k = self.n if self.null is None else self.null.k
        found = sharing.overlap(result.strengths, k)
        rows = []
        for kind, share, chance in (
            ("AND", found.and_, found.chance_and),
            ("OR", found.or_, found.chance_or),
        ):
            low = high = np.nan
            if self.null is not None:
                null = (self.null.and_ if kind == "AND" else self.null.or_)[..., sample]
                low, high = float(np.min(null)), float(np.max(null))
            rows.append((kind, k, float(share[sample]), float(chance[sample]), low, high))
        columns = ["kind", "k", "shared", "chance", "unrelated_low", "unrelated_high"]
        return pd.DataFrame(rows, columns=columns)

    def _title(self) -> str:
        target = self.result.target
        of = "" if target is None else f", class {target[self.sample]}"
        return f"sample {self._names[self.sample]}{of}"

    def _order_of_bars(self) -> str:
        models = self.result.models
        return f" (bars from left: {', '.join(models)})" if len(models) > 1 else ""

    def _warning(self) -> list[str]:
        result = self.result
        said = []
        if not result.converged[self.sample]:
            said.append(
                f"NOT CONVERGED (gap {result.gap[self.sample]:.1%}): the order of strengths "
                "may change. Raise max_iter."
            )
        return [*said, *filter(None, [self._said])]

    def _unit(self) -> str:
        output = self.result.settings.output
        return {"log_odds": "nats of log-odds"}.get(str(output), "output units")

    def _width(self) -> int:
        per = _STEP + 6 * (len(self.result.models) - 1)
        return max(120, per * len(self._strongest()))

    def _selected(self, chosen: IntArray, selection: IntArray) -> None:
        explained = len(self._names)
        self._said = ""
        if len(chosen):
            self.sample = int(chosen[0])
            if len(chosen) > 1:
                self._said = f"The first of {len(chosen)} explained samples in the selection."
        elif len(selection):
            self._said = f"No selected sample is among the {explained} explained samples."
        self._refresh()

    def _refresh(self) -> None:
        # No still picture, because a click on the map waits for this; the page draws the chart.
        data = chart_bundle(self.chart, self.describe(), still=False)
        self._output.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    def _bundle(self) -> dict[str, Any]:
        return chart_bundle(self.chart, self.describe())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if self._output is None:
            return self._bundle()
        still = {key: value for key, value in self._bundle().items() if "vegalite" not in key}
        return {**self._box._repr_mimebundle_(), **still}
