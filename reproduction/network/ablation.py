"""What it costs each region of images to ablate the nodes of factors (Fig. 6 and 19)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from nbinterp import ablation_study
from nbinterp._typing import IntArray
from nbinterp.datasets import MNISTClassifier
from reproduction.regions import Regions, mixed
from reproduction.report import Row, above, below, near, told

MODES = ("weights", "zero")
LAYERS = ("h1", "h2")
_WIDE_BAND = "In this mode the band of random nodes of h1 is wide: see above."
_BARS = "The paper draws bars of another network, without figures."

Factors = dict[tuple[str, int], Any]  # the ClusterFactors of a layer and a region


class Case(NamedTuple):
    """The nodes of a factor, and which clusters of Table 4 the paper sees lose accuracy."""

    figure: str
    origin: str  # the factors are those of a region of "fours" or of "eights"
    layer: str
    factor: int
    size: int  # nodes to ablate
    named: tuple[int, ...]  # the paper's clusters
    as_named: bool  # whether as many of ours lose most, in mode "weights"

    @property
    def name(self) -> str:
        """Return such as "Fig. 6, h1 factor 1, 50 nodes"."""
        return f"{self.figure}, {self.layer} factor {self.factor + 1}, {self.size} nodes"


CASES = (
    Case("Fig. 6", "fours", "h1", 0, 50, (2, 10, 16), True),
    Case("Fig. 6", "fours", "h1", 1, 50, (1, 2, 5, 10, 16, 17), False),
    Case("Fig. 6", "fours", "h2", 0, 80, (2, 10, 16), True),
    Case("Fig. 6", "fours", "h2", 1, 50, (1, 2, 10, 16), False),
    Case("Fig. 19", "eights", "h1", 0, 50, (12, 13), True),
    Case("Fig. 19", "eights", "h1", 1, 50, (2, 10, 12, 13, 16), False),
    Case("Fig. 19", "eights", "h2", 0, 80, (4, 12), True),
    Case("Fig. 19", "eights", "h2", 1, 50, (4, 9, 12), False),
)


def measured(
    model: MNISTClassifier,
    images: Regions,
    factors: Factors,
    origins: dict[str, int],
    layer: str,
    mode: str,
    n_random: int,
) -> pd.DataFrame:
    """Return a row for each case and region: points of accuracy lost, and the random band."""
    regions = mixed(images.counts, 4, 9)
    cases = [case for case in CASES if case.layer == layer]
    frame = ablation_study(
        model,
        images.pixels,
        [factors[layer, region] for region in dict.fromkeys([*regions, *origins.values()])],
        layer=layer,
        y=images.digits,
        clusters=images.labels,
        factor=[0, 1],
        sizes=sorted({case.size for case in cases}),
        mode=mode,
        n_random=n_random,
        random_state=0,
        progress=False,
    ).to_frame()
    parts = []
    for case in cases:
        # The first factors of the other regions of 4s and 9s, too, as replicates.
        every = regions if (case.origin, case.factor) == ("fours", 0) else [origins[case.origin]]
        parts += [
            losses_of(frame, f"cluster {origin}", case.factor, case.size).assign(
                mode=mode, case=case.name, origin=origin, shown=origin == origins[case.origin]
            )
            for origin in every
        ]
    return pd.concat(parts)


def losses_of(frame: pd.DataFrame, cluster: str, factor: int, size: int) -> pd.DataFrame:
    """Return what each region loses, in points, from the rows of an ablation study."""
    kept = frame[
        (frame["cluster"] == cluster)
        & (frame["factor"] == factor)
        & (frame["size"] == size)
        & frame["group"].str.startswith("cluster")
    ]
    return pd.DataFrame(
        {
            "region": kept["group"].str.removeprefix("cluster ").astype(int),
            "loss": -100 * kept["change"],
            "least": -100 * kept["chance_upper"],
            "most": -100 * kept["chance_lower"],
            "corrected_rank": kept["corrected_rank"],
        }
    ).reset_index(drop=True)


def lead(losses: pd.DataFrame, regions: Sequence[int]) -> float:
    """Return the least loss of some regions minus the largest of all others."""
    inside = losses["region"].isin(regions)
    return float(losses[inside]["loss"].min() - losses[~inside]["loss"].max())


def named_share(losses: pd.DataFrame, named: Sequence[int]) -> float:
    """Return the share of named regions among as many regions that lose most."""
    worst = losses.sort_values("loss", ascending=False)["region"].head(len(named))
    return float(worst.isin(named).mean())


def loss_rows(losses: pd.DataFrame, ours: IntArray, fours: Sequence[int]) -> list[Row]:
    """Return, for each case and mode, which regions lose most, and how many by chance."""
    rows = []
    for mode in MODES:
        for case in CASES:
            found = losses[(losses["mode"] == mode) & (losses["case"] == case.name)]
            part = found[found["shown"]]
            what, named = f"{case.name}, {mode}", ours[list(case.named)].tolist()
            if (case.origin, case.factor) == ("fours", 0):
                rows += _lead_rows(what, found, fours, mode, case.layer)
            share = named_share(part, named)
            text = f"{what}: of the {len(named)} regions that lose most, those the paper names"
            paper = "all: " + ", ".join(str(number) for number in case.named)
            if case.as_named and (mode == "weights" or case.origin == "fours"):
                rows.append(near(text, share, 1.0, 0.0, digits=2))
            else:
                rows.append(told(text, share, paper, why=_why_not_named(case, mode), digits=2))
            worst = float(part["corrected_rank"].to_numpy()[part["loss"].to_numpy().argmax()])
            text = f"… corrected rank of the largest loss, {part['loss'].max():.1f} points"
            if case.layer == "h1" and mode == "weights":
                rows.append(told(text, worst, why=_WIDE_BAND))
            else:
                rows.append(below(text, worst, 0.05))
    return rows


def _lead_rows(
    what: str, found: pd.DataFrame, fours: Sequence[int], mode: str, layer: str
) -> list[Row]:
    """Return what regions of 4s and 9s lose more than others, a value a region of origin."""
    leads = [lead(part, fours) for _, part in found.groupby("origin")]
    lost = found[found["shown"] & found["region"].isin(fours)]["loss"]
    text = f"{what}: least loss of a region of 4s and 9s minus the largest of the others, points"
    rows = [told(f"{what}: points lost by the regions of 4s and 9s", lost, why=_BARS, digits=1)]
    if mode == "zero" and layer == "h1":
        why = "Zero is weaker, and the order of small losses differs between origins."
        return [*rows, told(text, leads, why=why, digits=1)]
    return [*rows, above(text, leads, 0, "these drop", digits=1)]


def _why_not_named(case: Case, mode: str) -> str:
    if case.as_named:
        return "The mode is not the paper's, and small losses come in any order."
    return "Another network: only what first factors cost is asserted."


def chart(losses: pd.DataFrame) -> Any:
    """Return the points that each region loses beside the band of random nodes."""
    shown = losses[losses["shown"]]
    base = alt.Chart().encode(alt.X("region:O", title="region", axis=alt.Axis(labelAngle=0)))
    band = base.mark_rule(color="#999999", strokeWidth=7, opacity=0.5).encode(
        alt.Y("least", title="points of accuracy lost"), alt.Y2("most")
    )
    bars = base.mark_tick(color="#0072B2", thickness=3, width=12).encode(alt.Y("loss"))
    return (
        alt.layer(band, bars, data=shown)
        .properties(width=330, height=130)
        .facet(alt.Facet("case", title=None, sort=[case.name for case in CASES]), columns=2)
    )
