"""The Boolean example, whose interactions are known."""

import numpy as np
import torch
from torch import Tensor

from nbinterp._typing import FloatArray
from nbinterp.interactions import AndOr, and_interactions, or_interactions
from reproduction.primitives.sharing import KINDS
from reproduction.report import Row, near, told


def boolean(x: Tensor) -> Tensor:
    """Return x₁x₂x₃ + x₂x₃ + x₃x₄ + (x₄ ∨ x₅) of rows of zeros and ones."""
    either = torch.maximum(x[:, 3], x[:, 4])
    return x[:, 0] * x[:, 1] * x[:, 2] + x[:, 1] * x[:, 2] + x[:, 2] * x[:, 3] + either


def boolean_rows() -> list[Row]:
    """Return how many terms the Boolean example takes as ANDs, as ORs, and split at best."""
    best = AndOr(noise=0, solver="lp", progress=False).explain(boolean, np.ones((1, 5)))
    values = best.outputs[0, 0]
    ands, ors = and_interactions(values), or_interactions(values)
    half = np.abs(and_interactions(values / 2)).sum() + np.abs(or_interactions(values / 2)).sum()
    found = best.to_frame().round(6)
    counts = {kind: int((found["kind"] == kind).sum()) for kind in KINDS}
    return [
        near("Boolean example, ANDs alone: terms", _terms(ands), 6, 0, digits=0),
        near("… total strength", float(np.abs(ands).sum()), 6, 1e-9, digits=2),
        told(
            "Boolean example, ORs alone: terms",
            _terms(ors),
            why="The paper gives the split and the ANDs, not the ORs.",
            digits=0,
        ),
        told("… total strength", float(np.abs(ors).sum()), why="As above.", digits=2),
        near("Boolean example, half and half (γ = 0): total strength", half, 10, 1e-9, digits=2),
        near("Boolean example, best split: total strength", best.objective[0], 4, 1e-6, digits=4),
        near("… ANDs", counts["AND"], 3, 0, digits=0),
        near("… ORs", counts["OR"], 1, 0, digits=0),
    ]


def _terms(interactions: FloatArray) -> int:
    return int((np.abs(interactions) > 1e-9).sum())
