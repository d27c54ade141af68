"""The chart of an ablation study: which samples lose accuracy without some nodes."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.network import AblationStudy
from nbinterp.views.base.colours import OKABE_ITO
from nbinterp.views.charts.vega_lite import AltairView

_MOST_GROUPS = 12
_LINES = ("change", "by_activation", "by_weight")
_CHOSEN = ("mutual information", "mean activation", "weight")
_GREY = "#999999"
_CHANCE = "95 % of draws of random nodes"
_RARE = 0.05  # the corrected rank up to which a loss is marked


@shows(AblationStudy)
class AblationChart(AltairView):
    """How much each group of samples loses when nodes are ablated, compared with chance.

    Ablation sets the activation of a node to a constant.

    Parameters
    ----------
    study : AblationStudy
        The result of `ablation_study`.
    case : int, default=0
        The factor, by its position in `study.cases`.
    quantity : str, default="accuracy"
        ``"accuracy"`` or one of `study.output_names`.
    groups : list of str, optional
        Groups to draw; None for the groups that lose most, after all samples.

    How to read it
    --------------
    Each panel is a group of samples. Farther right, more nodes are ablated; lower is worse. The
    grey band holds 95 % of the draws of the same number of random nodes: only a line below it says
    that these nodes matter more to these samples than other nodes do. Of many points some are below
    it by chance. A ring marks those that are beyond chance for all points of the factor together:
    of random nodes, one study in 20 has a ring. The title says if the factor itself is not stable,
    that is, not found again in halves of its samples.

    Examples
    --------
    >>> import numpy as np
    >>> zeros = np.zeros((1, 2, 1, 2))
    >>> study = AblationStudy(
    ...     layer="h1", mode="zero", sizes=(5, 10), cases=(("cluster 0", 3),), groups=("all",),
    ...     group_sizes=np.array([9]), output_names=("logit 0",), baseline=np.zeros((1, 2)),
    ...     change=zeros - 0.5, random=zeros, by_activation=zeros, by_weight=zeros,
    ... )
    >>> study.view()
    AblationChart(factor 3 of cluster 0 in h1, 10 nodes ablated:
        all -50.0 % (chance +0.0 % to +0.0 %))
    """

    @_checks.named
    def __init__(
        self,
        study: AblationStudy,
        *,
        case: int = 0,
        quantity: str = "accuracy",
        groups: list[str] | None = None,
    ) -> None:
        _checks.require(
            isinstance(study, AblationStudy),
            f"(study={_checks.show(study)})",
            "must be an AblationStudy",
            "Pass what ablation_study(...) returned.",
            TypeError,
        )
        _checks.choice("quantity", quantity, (*study.output_names, "accuracy"))
        self.study = study
        self.case = _checks.integer("case", case, 0, len(study.cases) - 1)
        self.quantity = quantity
        frame = study.to_frame(quantity)
        n_rows = len(study.sizes) * len(study.groups)
        self._frame = frame.iloc[self.case * n_rows : (self.case + 1) * n_rows]
        last = self._frame[self._frame["size"] == study.sizes[-1]].set_index("group")["change"]
        if groups is None:
            worst = last.drop(study.groups[0]).sort_values(kind="stable").index
            groups = [study.groups[0], *worst[: _MOST_GROUPS - 1]]
        for group in groups:
            _checks.choice("groups", group, study.groups)
        self.groups = groups

    @property
    def frame(self) -> pd.DataFrame:
        """The rows in the chart: those of `AblationStudy.to_frame` for the case and the groups."""
        return self._frame[self._frame["group"].isin(self.groups)].reset_index(drop=True)

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        import altair as alt  # slow to import: loaded only when a chart is drawn

        percent = "+.1%" if self.quantity == "accuracy" else "+.3~g"
        drawn = self.frame.rename(columns=dict(zip(_LINES, _CHOSEN, strict=True)))
        drawn["control"] = _CHANCE
        base = alt.Chart(drawn).encode(x=alt.X("size:Q", title="nodes ablated"))
        band = base.mark_area(opacity=0.35).encode(
            fill=alt.Fill(
                "control:N",
                title=None,
                scale=alt.Scale(domain=[_CHANCE], range=[_GREY]),
                legend=alt.Legend(symbolType="square", labelLimit=240),
            ),
            y=alt.Y(
                "chance_lower:Q",
                title=f"change of {self.quantity}",
                axis=alt.Axis(format="+%" if self.quantity == "accuracy" else "+~g"),
            ),
            y2="chance_upper:Q",
        )
        lines = (
            base.transform_fold(list(_CHOSEN), as_=["nodes of largest", "lost"])
            .mark_line(point=True)
            .encode(
                y="lost:Q",
                color=alt.Color(
                    "nodes of largest:N",
                    scale=alt.Scale(domain=list(_CHOSEN), range=list(OKABE_ITO[:3])),
                ),
                tooltip=[
                    "group:N",
                    "n_samples:Q",
                    "size:Q",
                    alt.Tooltip("lost:Q", format=percent),
                    alt.Tooltip("rank:Q", format=".3f"),
                    alt.Tooltip("corrected_rank:Q", format=".3f", title="corrected rank"),
                ],
            )
        )
        layers = [band, lines] if drawn["chance_lower"].notna().any() else [lines]
        if (drawn["corrected_rank"] <= _RARE).any():
            rings = base.transform_filter(f"datum.corrected_rank <= {_RARE}")
            ring = rings.mark_point(size=140, color=OKABE_ITO[0], strokeWidth=1.5)
            layers.append(ring.encode(y=alt.Y(f"{_CHOSEN[0]}:Q")))
        panel = alt.layer(*layers).properties(width=150, height=110)
        return panel.facet(
            facet=alt.Facet("group:N", sort=self.groups, title=None), columns=4
        ).properties(title=self._title())

    def describe(self) -> str:
        """Describe the largest losses in one line."""
        rows = self.frame
        rows = rows[rows["size"] == self.study.sizes[-1]].set_index("group").loc[self.groups[:4]]
        spelled = rows[["change", "chance_lower", "chance_upper"]].map(self._spelled)
        spelled["beyond"] = np.where(rows["corrected_rank"] <= _RARE, ", beyond it", "")
        told = "; ".join(
            f"{name} {row['change']} (chance {row['chance_lower']} to {row['chance_upper']}"
            f"{row['beyond']})"
            for name, row in spelled.iterrows()
        )
        return f"AblationChart({self._title()}, {self.study.sizes[-1]} nodes ablated: {told})"

    def _title(self) -> str:
        cluster, factor = self.study.cases[self.case]
        mark = "" if self._frame["stable"].iloc[0] in (None, True) else " (not stable)"
        return f"factor {factor}{mark} of {cluster} in {self.study.layer}"

    def _spelled(self, change: float) -> str:
        """Return a change of the quantity as text; accuracy is in percent."""
        return f"{100 * change:+.1f} %" if self.quantity == "accuracy" else f"{change:+.3g}"
