"""What α and ε do to a split."""

import numpy as np

from nbinterp._typing import FloatArray
from nbinterp.interactions import AndOrInteractions
from reproduction.primitives.sharing import KINDS, shares
from reproduction.report import Row, above, below, near, told


def alpha_rows(by_alpha: dict[float, AndOrInteractions], joint: AndOrInteractions) -> list[Row]:
    """Return how the overlap falls with α, and what α = 0 adds that no row maximum counts."""
    rows = []
    least, most = by_alpha[min(by_alpha)], by_alpha[max(by_alpha)]
    for kind in KINDS:
        for k in (12, 89):
            change = shares([least], k)[kind] - shares([most], k)[kind]
            what = f"k = {k}, {kind}: overlap at α = 0 minus α = 1"
            if k == 12:
                rows.append(above(what, change, 0, "falls", digits=2))
            else:
                why = "Fewer interactions differ from zero: all of them are counted."
                rows.append(told(what, change, "falls", why=why, digits=2))
    maxima, totals = (
        np.array([strength(found, largest) for found in (least, joint)])
        for largest in (True, False)
    )
    return [
        *rows,
        near(
            "Sum of row maxima, α = 0 / α = 1/9",
            (maxima[0] / maxima[1]).mean(),
            1.0,
            0.02,
            why="On a case of two models, tried by hand, they were equal, 6.664.",
        ),
        above(
            "Total strength, α = 0 / α = 1/9: redundant interactions",
            totals[0] / totals[1],
            1,
            why="On the same case 9.87 and 9.01, 1.10.",
        ),
    ]


def strength(found: AndOrInteractions, largest: bool) -> FloatArray:
    """Return the total strength of each sample: of the largest over models, or of all of them."""
    total = np.zeros(len(found.and_))
    for part in (found.and_[..., 1:], found.or_[..., 1:]):
        sizes = np.abs(part)
        total += (sizes.max(axis=1) if largest else sizes.sum(axis=1)).sum(axis=-1)
    return total


def noise_rows(joint: AndOrInteractions) -> list[Row]:
    """Return what ε buys, that it stays in its bounds, and that all interactions rebuild v."""
    exact = joint.resplit(noise=0)
    reach = np.abs(joint.outputs[..., -1] - joint.outputs[..., 0])[..., None]
    salient = [result.strengths.salient(0.05) for result in (joint, exact)]
    counts = [float(np.sum([kind.sum() for kind in kinds])) for kinds in salient]
    n_all = 2 * joint.and_.shape[-1]
    return [
        below("Objective with ε / without", joint.objective / exact.objective, 1),
        told(
            "Salient interactions with ε / without",
            counts[0] / counts[1],
            why="The paper gives no count.",
            digits=2,
        ),
        below(
            "Largest |ε| as a share of |v(N) − v(∅)|",
            (np.abs(joint.noise) / reach).max(),
            0.020001,
            digits=5,
        ),
        below(
            "Largest matching error of all interactions",
            joint.matching_error(n_all).max(),
            1e-6,
            digits=9,
        ),
    ]
