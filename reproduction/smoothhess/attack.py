"""Attacks of first and second order: how much of the predicted class they leave."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from torch import nn

from nbinterp import SmoothHess
from nbinterp._typing import Float32Array, FloatArray
from reproduction.report import Row, above, told
from reproduction.smoothhess.errors import gradient_at, predicted

RADIUS = 0.75
# Accuracy after the attack that the authors' notebooks show for Fashion-MNIST, by softmax.
_KEPT = {"SmoothHess": 0.2575, "SmoothGrad": 0.2675, "gradient": 0.3175}


def attacks(model: nn.Module, pixels: Float32Array, n_gradients: int) -> pd.DataFrame:
    """Return what is left of the predicted class after attacks, by the logit and by softmax.

    Columns of, attack, probability, kept (whether the answer stays), and relative_error, that of
    the Hessian.
    """
    targets = predicted(model, pixels)
    softmax = nn.Sequential(model, nn.Softmax(dim=1)).eval()
    settings = SmoothHess(
        sigma=6.5 * RADIUS / pixels.shape[1] ** 0.5,
        n_samples=n_gradients,
        random_state=0,
        progress=False,
    )
    rows: list[Any] = []
    for row, target in zip(pixels, targets.tolist(), strict=True):
        steps: dict[tuple[str, str], Any] = {
            ("logit", "before"): 0.0 * row,
            ("logit", "gradient"): downhill(gradient_at(model, row, target)),
        }
        error = {}
        for of, function in (("logit", model), ("softmax", softmax)):
            smooth = settings.explain(function, row[None], target=target)
            steps[of, "SmoothGrad"] = downhill(smooth.gradient[0])
            steps[of, "SmoothHess"] = smooth.attack(RADIUS)
            error[of] = float(smooth.relative_error[0])
        ends = np.stack([row + step for step in steps.values()]).astype(np.float32)
        with torch.no_grad():
            found = softmax(torch.as_tensor(ends))
        kept = (found.argmax(dim=1) == target).tolist()
        left = found[:, target].tolist()
        rows += [(of, name, left[k], kept[k], error[of]) for k, (of, name) in enumerate(steps)]
    return pd.DataFrame(rows, columns=["of", "attack", "probability", "kept", "relative_error"])


def downhill(gradient: FloatArray) -> FloatArray:
    """Return the step of the attack's radius against a gradient."""
    step: FloatArray = -RADIUS * gradient / max(float(np.linalg.norm(gradient)), 1e-300)
    return step


def attack_rows(attacked: pd.DataFrame) -> list[Row]:
    """Return what is left of the predicted class after attacks of first and second order."""
    left = {key: part["probability"].to_numpy() for key, part in attacked.groupby(["of", "attack"])}
    second, first = left["logit", "SmoothHess"], left["logit", "SmoothGrad"]
    what = "Attack by the logit, probability left: "
    rows = [
        above(f"{what}SmoothGrad minus SmoothHess", first - second, 0),
        above(f"{what}gradient minus SmoothHess", left["logit", "gradient"] - second, 0),
    ]
    lost = left["softmax", "SmoothGrad"] - left["softmax", "SmoothHess"]
    part = attacked[(attacked["of"] == "softmax") & (attacked["attack"] == "SmoothHess")]
    sure = part["relative_error"].to_numpy() < 1
    what = "Attack by softmax, probability left: SmoothGrad minus SmoothHess"
    rows.append(told(what, lost, why="Of images that the network is sure of, see the next rows."))
    for words, chosen in (("has an error below", sure), ("is noise, an error above", ~sure)):
        if chosen.any():
            why = f"{int(chosen.sum())} of {len(chosen)} images."
            rows.append(told(f"… where the Hessian {words} its own size", lost[chosen], why=why))
    for name, figure in _KEPT.items():
        of = "logit" if name == "gradient" else "softmax"
        found = attacked[(attacked["of"] == of) & (attacked["attack"] == name)]
        rows.append(
            told(
                f"Accuracy after the attack by {of}, {name}",
                found["kept"].astype(float),
                f"{figure:.3f}",
                why="The paper's figures are of Fashion-MNIST, whose classes lie nearer together.",
            )
        )
    return rows


def chart(attacked: pd.DataFrame) -> Any:
    """Return a chart of what each attack leaves."""
    order = ["before", *reversed(_KEPT)]
    return (
        alt.Chart(attacked, width=420, height=120)
        .mark_bar()
        .encode(
            alt.X("mean(probability)", title="mean probability of the predicted class"),
            alt.Y("attack", sort=order, title=None),
            alt.YOffset("of"),
            alt.Color("of", title="by"),
        )
    )
