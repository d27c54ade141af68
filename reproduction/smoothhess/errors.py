"""P-MSE: how far quadratic functions are from a network around an image."""

import copy
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from torch import nn

from nbinterp import SmoothHess
from nbinterp._typing import Float32Array, FloatArray, IntArray
from nbinterp.interactions import hessian
from reproduction.report import Row, above, told

RADIUS = 0.5
BETAS = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
_AT_ONCE = 10  # images: their matrices take 50 MB

# P-MSE that the authors' notebooks show for Fashion-MNIST, r = 0.5.
_PAPER = {
    "SmoothHess": 5.2e-6,
    "SoftPlus Hessian": 7.3e-6,
    "SmoothGrad": 2.84e-5,
    "gradient": 4.16e-5,
}


def predicted(model: nn.Module, pixels: Float32Array) -> IntArray:
    """Return the class that the network finds for each image."""
    with torch.no_grad():
        answer: IntArray = model(torch.as_tensor(pixels)).argmax(dim=1).numpy()
    return answer


def softplus(model: nn.Module, beta: float) -> nn.Module:
    """Return a copy of a network with SoftPlus in place of each ReLU."""
    smooth = copy.deepcopy(model)
    for module in list(smooth.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus(beta))
    return smooth


def quadratic_errors(
    model: nn.Module,
    row: Float32Array,
    target: int,
    gradient: FloatArray,
    matrix: FloatArray | None,
    points: FloatArray,
) -> float:
    """Return the mean squared error of a quadratic function at points around an image."""
    with torch.no_grad():
        at = torch.as_tensor((row + points).astype(np.float32))
        values = model(torch.cat([torch.as_tensor(row)[None], at]))[:, target].double().numpy()
    estimate = points @ gradient
    if matrix is not None:
        estimate = estimate + 0.5 * ((points @ matrix) * points).sum(axis=1)
    return float(np.mean((values[1:] - values[0] - estimate) ** 2))


def in_ball(n: int, d: int, radius: float, seed: int) -> FloatArray:
    """Return random points (n, d) of a ball whose distances are uniform, as the authors draw."""
    random = np.random.RandomState(seed)
    points = random.normal(size=(n, d))
    points *= radius * random.uniform(size=(n, 1)) / np.linalg.norm(points, axis=1, keepdims=True)
    return points


def gradient_at(model: nn.Module, row: Float32Array, target: int) -> FloatArray:
    """Return the gradient of an output at an image."""
    leaf = torch.as_tensor(row)[None].requires_grad_()
    (found,) = torch.autograd.grad(model(leaf)[0, target], leaf)
    gradient: FloatArray = found[0].double().numpy()
    return gradient


def _both_orders(
    smooth: nn.Module, row: Float32Array, target: int
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian of a smooth network at an image."""
    matrix = hessian(smooth, row[None], target=target)[0]
    return gradient_at(smooth, row, target), np.asarray(matrix, dtype=np.float64)


def best_beta(model: nn.Module, pixels: Float32Array, betas: tuple[float, ...]) -> float:
    """Return the sharpness of SoftPlus with the smallest P-MSE, over images kept for that."""
    targets = predicted(model, pixels)
    points = in_ball(1000, pixels.shape[1], RADIUS, seed=1)
    totals = []
    for beta in betas:
        smooth = softplus(model, beta)
        totals.append(
            sum(
                quadratic_errors(model, row, t, *_both_orders(smooth, row, t), points)
                for row, t in zip(pixels, targets.tolist(), strict=True)
            )
        )
    return betas[int(np.argmin(totals))]


def pmse(
    model: nn.Module, pixels: Float32Array, beta: float, n_gradients: int, n_points: int
) -> pd.DataFrame:
    """Return the P-MSE of each method for the predicted logit of each image."""
    targets = predicted(model, pixels)
    settings = SmoothHess(radius=RADIUS, n_samples=n_gradients, random_state=0, progress=False)
    smooth = softplus(model, beta)
    points = in_ball(n_points, pixels.shape[1], RADIUS, seed=2)
    parts = []
    for start in range(0, len(pixels), _AT_ONCE):
        few, some = pixels[start : start + _AT_ONCE], targets[start : start + _AT_ONCE]
        found = settings.explain(model, few, target=some)
        table = found.pmse(RADIUS, n_samples=n_points, random_state=0)
        table = table[["SmoothHess", "SmoothGrad", "gradient"]]
        parts.append(
            table.assign(
                **{
                    "SoftPlus Hessian": [
                        quadratic_errors(model, row, t, *_both_orders(smooth, row, t), points)
                        for row, t in zip(few, some.tolist(), strict=True)
                    ]
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def pmse_rows(errors: pd.DataFrame) -> list[Row]:
    """Return ratios of mean P-MSE, in the paper's order, and how often it holds for an image."""
    means = errors.mean()
    rows = [
        told(
            "P-MSE of SmoothHess, in units of 1e-5",
            1e5 * errors["SmoothHess"],
            f"{1e5 * _PAPER['SmoothHess']:.2f}",
            why="The paper's figures are of Fashion-MNIST and a network of five hidden layers.",
        )
    ]
    for worse, better in (
        ("SmoothGrad", "SmoothHess"),
        ("gradient", "SmoothGrad"),
        ("SoftPlus Hessian", "SmoothHess"),
    ):
        rows += [
            above(
                f"Mean P-MSE, {worse} / {better}",
                means[worse] / means[better],
                1,
                f"{_PAPER[worse] / _PAPER[better]:.2f}",
                digits=2,
            ),
            above(
                f"… share of images where {better} is better",
                (errors[better] < errors[worse]).astype(float),
                0.5,
            ),
        ]
    return rows


def chart(errors: pd.DataFrame) -> Any:
    """Return a chart of the P-MSE of each image."""
    order = list(_PAPER)
    table = errors[order].melt(var_name="method", value_name="P-MSE")
    return (
        alt.Chart(table, width=420, height=120)
        .mark_tick(thickness=2, opacity=0.6)
        .encode(
            alt.X("P-MSE", scale=alt.Scale(type="log"), title="P-MSE of an image"),
            alt.Y("method", sort=order, title=None),
        )
    )
