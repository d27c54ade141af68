"""What networks share: split together, apart, by ANDs alone, and by chance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from nbinterp._typing import FloatArray
from nbinterp.interactions import AndOr, AndOrInteractions, and_interactions
from reproduction.report import Row, above, told

KINDS = ("AND", "OR")
KS = (5, 12, 26, 51, 89, 115)
# Overlaps that the authors' notebooks show for MNIST: joint and apart, AND and OR, by k.
PAPER = {
    12: {"joint": (0.67, 0.51), "apart": (0.59, 0.33)},
    89: {"joint": (0.91, 0.86), "apart": (0.44, 0.42)},
    115: {"joint": (0.88, 0.88), "apart": (0.51, 0.53)},
}
_OTHERS = "Other networks and patches than the paper's; its values are read off a plot."


def apart(outputs: FloatArray, settings: AndOr) -> AndOrInteractions:
    """Split each model alone (Eq. 4), and put the results side by side."""
    return side_by_side([settings.split(outputs[:, [model]]) for model in range(outputs.shape[1])])


def side_by_side(parts: Sequence[AndOrInteractions]) -> AndOrInteractions:
    """Return splits of single models as one result, so that their overlap can be taken."""
    objective = np.sum([part.objective for part in parts], axis=0)
    missed = np.sum([part.gap * part.objective for part in parts], axis=0)
    tables: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1)
        for name in ("and_", "or_", "gamma", "noise", "outputs")
    }
    return replace(
        parts[0],
        **tables,
        objective=objective,
        gap=missed / np.maximum(objective, 1e-300),
        converged=np.all([part.converged for part in parts], axis=0),
        models=tuple(f"model {k}" for k in range(len(parts))),
    )


def ands_alone(found: AndOrInteractions) -> AndOrInteractions:
    """Return the Harsanyi dividends of the same outputs: all of the output as ANDs."""
    nothing = np.zeros_like(found.and_)
    return replace(
        found,
        and_=and_interactions(found.outputs),
        or_=nothing,
        gamma=nothing,
        noise=nothing,
        gap=np.zeros(len(nothing)),
        converged=np.ones(len(nothing), dtype=bool),
    )


def shares(results: Sequence[AndOrInteractions], k: int) -> dict[str, FloatArray]:
    """Return the overlap of each image by kind, the mean over results."""
    overlaps = [result.overlap(k) for result in results]
    return {
        "AND": np.mean([one.and_ for one in overlaps], axis=0),
        "OR": np.mean([one.or_ for one in overlaps], axis=0),
    }


def curves(
    splits: Mapping[str, Sequence[AndOrInteractions]], ks: Sequence[int] = KS
) -> pd.DataFrame:
    """Return the overlap of each image, a row a split, k, kind and image; chance is one of them."""
    parts = []
    for k in ks:
        found = {name: shares(results, k) for name, results in splits.items()}
        one = splits["joint"][0].overlap(k)
        found["chance"] = {"AND": one.chance_and, "OR": one.chance_or}
        parts += [
            pd.DataFrame(
                {
                    "k": k,
                    "split": name,
                    "kind": kind,
                    "image": range(len(values)),
                    "overlap": values,
                }
            )
            for name, by_kind in found.items()
            for kind, values in by_kind.items()
            if not (name == "Harsanyi" and kind == "OR")
        ]
    return pd.concat(parts, ignore_index=True)


def sharing_rows(table: pd.DataFrame) -> list[Row]:
    """Return overlaps beside the paper's, and what of them is more than apart or than nulls."""
    rows = []
    wide = table.pivot_table(index=["k", "kind", "image"], columns="split", values="overlap")
    for k in (12, 89):
        for place, kind in enumerate(KINDS):
            at: Any = wide.loc[k, kind]
            what = f"k = {k}, {kind}"
            for split, words in (("joint", "together"), ("apart", "apart")):
                paper = f"{PAPER[k][split][place]:.2f}"
                rows.append(told(f"{what}, split {words}", at[split], paper, why=_OTHERS, digits=2))
            gained = PAPER[k]["joint"][place] - PAPER[k]["apart"][place]
            rows.append(
                above(
                    f"{what}: together minus apart",
                    at["joint"] - at["apart"],
                    0,
                    f"{gained:+.2f}",
                    digits=2,
                )
            )
            rows.append(
                above(f"{what}: together minus chance", at["joint"] - at["chance"], 0, digits=2)
            )
            if kind == "AND":
                rows.append(
                    above(
                        f"{what}: together minus ANDs alone",
                        at["joint"] - at["Harsanyi"],
                        0,
                        digits=2,
                    )
                )
    return rows


def excess_rows(table: pd.DataFrame) -> list[Row]:
    """Return what is left of the overlap after that of networks with nothing to share."""
    wide = table.pivot_table(index=["k", "kind", "image"], columns="split", values="overlap")
    rows = []
    for k in (5, 12, 89):
        for kind in KINDS:
            at: Any = wide.loc[k, kind]
            for null in ("patches relabelled", "3 and 7"):
                what, excess = f"k = {k}, {kind}: together, minus {null}", at["joint"] - at[null]
                if k == 5:
                    rows.append(above(what, excess, 0, digits=2))
                else:
                    why = "The paper has no such null, and beyond the strongest little is left."
                    rows.append(told(what, excess, why=why, digits=2))
    return rows
