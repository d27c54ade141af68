"""R8: layers that measure Mahalanobis distances exactly, and what a trained network reads."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn.mixture import GaussianMixture
from torch import nn

from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.distance import (
    Abs,
    LinearDistance,
    MahalanobisOOD,
    SensitivityStudy,
    auroc,
    gaussian_to_linear,
    linear_to_gaussian,
    mixture_to_layers,
    sensitivity_study,
)
from reproduction.report import Row, Section, above, below, near, told

_EXACT = 1e-10
_LAYERS = ("h1.norm", "h2.norm")
_SCALES = (0.01, 0.1, 0.5, 10.0)
# Training accuracy of a ReLU network with one hidden layer whose pre-activations are scaled.
_PAPER = {0.01: ".753", 0.1: ".981", 0.5: ".983", 10.0: ".983"}


def run(quick: bool) -> Section:
    """Return the identities of section 3, and shifts and scales of the shipped classifier."""
    rows = identity_rows(np.random.default_rng(0))
    rows += outlier_rows(np.random.default_rng(1), 2_000 if quick else 20_000)
    mnist = load_mnist()
    n = 2_000 if quick else 10_000
    studies = {
        layer: sensitivity_study(
            load_mnist_classifier(),
            mnist.data[:n] / 255,
            layer=layer,
            y=mnist.target[:n],
            nodes=range(10),
            scales=_SCALES,
            n_random=20 if quick else 50,
            random_state=0,
            progress=False,
        )
        for layer in _LAYERS
    }
    for study in studies.values():
        rows += sensitivity_rows(study)
    return Section(
        "R8. Linear layers as distances (section 3)",
        _text(n),
        tuple(rows),
        {"r8_sensitivity": _chart(studies)},
    )


def _gaussian(random: Any, d: int = 4) -> tuple[Any, Any]:
    """Return a random mean and covariance."""
    factor = random.normal(size=(d, d))
    return random.normal(size=d), factor @ factor.T + 0.1 * np.eye(d)


def _rotation(random: Any, d: int) -> Any:
    return np.linalg.qr(random.normal(size=(d, d)))[0]


@torch.no_grad()
def identity_rows(random: Any) -> list[Row]:
    """Return the largest deviation of each identity from what the theory says."""
    mean, covariance = _gaussian(random)
    turn = _rotation(random, len(mean))
    x = random.multivariate_normal(mean, covariance, 1000)
    away = x - mean
    direct = np.sqrt((away @ np.linalg.inv(covariance) * away).sum(axis=1))
    tensor = torch.as_tensor(x)

    def length(layer: nn.Module, activation: nn.Module) -> Any:
        return nn.Sequential(layer, activation)(tensor).norm(dim=1).numpy()

    plain = gaussian_to_linear(mean, covariance)
    turned = gaussian_to_linear(mean, covariance, rotation=turn)
    pair = gaussian_to_linear(mean, covariance, activation="relu_pair")
    weight = turned.weight.numpy()
    bias = turned.bias.numpy()
    found = linear_to_gaussian(turned)
    variances = np.linalg.eigvalsh(covariance)[::-1]
    deviations = {
        "‖abs(Wx + b)‖ and the Mahalanobis distance": length(plain, Abs()) - direct,
        "the same after a rotation of the nodes": length(turned, Abs()) - direct,
        "the same of pairs of ReLUs": length(pair, nn.ReLU()) - direct,
        "W Σ Wᵀ and the identity, rotated": weight @ covariance @ weight.T - np.eye(len(mean)),
        "W μ + b and 0, rotated": weight @ mean + bias,
        "1/‖w‖² and the variances, not rotated": 1 / (plain.weight.numpy() ** 2).sum(axis=1)
        - variances,
        "the mean read from the rotated layer": found.mean - mean,
        "the covariance read from it": found.covariance - covariance,
        **_of_mixtures(x),
        **_of_scales(random),
        "|x₁/2 + x₂/2| and XOR on the corners of a square": _xor(),
    }
    rows = [
        below(f"Largest difference × 1e12: {what}", 1e12 * np.abs(value).max(), 1e12 * _EXACT)
        for what, value in deviations.items()
    ]
    off = np.abs(1 / (weight**2).sum(axis=1) - variances).max() / variances.max()
    report = LinearDistance(shrinkage=0.0, random_state=0, progress=False).explain(
        nn.Sequential(turned), _exact_samples(random, mean, covariance), "0"
    )
    rows += [
        above(
            "1/‖w‖² of rotated nodes differs from the variances, as a share of the largest, by",
            off,
            0.01,
            why="Rows of a rotated layer are no principal components: not to be read as such.",
        ),
        below(
            "Largest |wᵀμ + b| / √(wᵀΣw) of its report",
            float(report.nodes["plane_offset"].abs().max()),
            1e-6,
            digits=10,
        ),
        near(
            "Mean wᵀΣw of its report", float(report.nodes["unit_ratio"].mean()), 1, 1e-6, digits=6
        ),
    ]
    return rows


def _exact_samples(random: Any, mean: Any, covariance: Any, n: int = 200) -> Any:
    """Return samples whose mean and covariance are exactly these."""
    drawn = random.normal(size=(n, len(mean)))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T, bias=True))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def _of_mixtures(x: Any) -> dict[str, Any]:
    """Return how a mixture's density and responsibilities differ from those of scikit-learn."""
    mixture = GaussianMixture(3, random_state=0, reg_covar=1e-3).fit(x)
    layers = mixture_to_layers(mixture)
    tensor = torch.as_tensor(x)
    return {
        "log-density of a mixture as layers, and scikit-learn's": layers.log_density(tensor).numpy()
        - mixture.score_samples(x),
        "its responsibilities": layers.responsibilities(tensor).numpy() - mixture.predict_proba(x),
    }


def _of_scales(random: Any) -> dict[str, Any]:
    """Return how the outputs of a network without output bias change if a layer is scaled."""
    x, first, second = (random.normal(size=size) for size in ((50, 6), (6, 8), (8, 3)))
    scaled = np.maximum(10 * (x @ first), 0) @ second
    return {
        "ReLU(10 z) W and 10 ReLU(z) W, as a share": scaled
        / (10 * np.maximum(x @ first, 0) @ second)
        - 1
    }


def _xor() -> Any:
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    return np.abs(corners @ [0.5, 0.5]) - [1, 0, 0, 1]


def outlier_rows(random: Any, n: int) -> list[Row]:
    """Return the AUROC of a shifted Gaussian beside that of the noncentral χ² distribution."""
    d, shift = 5, 2.0
    inside, outside = random.normal(size=(2, n, d))
    outside[:, 0] += shift
    ood = MahalanobisOOD(shrinkage=0.0).fit(random.normal(size=(20 * n, d)))
    found = auroc(ood.scores(inside), ood.scores(outside))
    grid = np.linspace(0, 1, 200_001)[1:-1]
    predicted = stats.ncx2.sf(stats.chi2.ppf(grid, d), d, shift**2).mean()
    return [
        near(
            "AUROC of a Gaussian shifted by two standard deviations in five dimensions",
            found.value,
            float(predicted),
            3 * found.standard_error,
            why="The figure beside ours is the theory's: χ² against noncentral χ².",
        )
    ]


def sensitivity_rows(study: SensitivityStudy) -> list[Row]:
    """Return accuracies after shifts and scales of a layer, beside random directions."""
    at = study.measures.index("accuracy")
    rows = [told(f"{study.layer}: accuracy", study.baseline[at], why="It is the baseline.")]
    for k, factor in enumerate(study.scales):
        rows.append(
            told(
                f"{study.layer} × {factor:g}: accuracy",
                study.layer_scale[k, at],
                _PAPER[factor],
                why="The paper's network has one hidden layer, and its figures are of training.",
            )
        )
    if study.layer_scale_folded is not None:
        kl = study.layer_scale_folded[:, study.measures.index("kl")]
        if study.layer == _LAYERS[-1]:
            rows.append(
                below(
                    f"{study.layer}, output bias folded out: largest divergence",
                    kl.max(),
                    1e-6,
                    digits=9,
                )
            )
        else:
            rows.append(
                told(
                    f"{study.layer}, output bias folded out: largest divergence, nats",
                    kl.max(),
                    why="The biases of h2 lie between: scaling h1 is no test of the outputs alone.",
                )
            )
    frame = study.to_frame("kl")
    whole = frame[(frame["part"] == study.layer) & (frame["edit"] == "shift")]
    for amount in (-1.0, 1.0):
        row = whole[whole["amount"] == amount].iloc[0]
        chance = float(row["chance_upper"])
        what = f"{study.layer} shifted by {amount:+g} sd: divergence, nats"
        if amount < 0:
            why = "The bound is the 97.5 % quantile of equally long moves in random directions."
            rows.append(above(what, row["value"], round(chance, 4), why=why))
        else:
            why = f"Upwards costs no more than random directions, up to {chance:.2f}."
            rows.append(told(what, row["value"], why=why))
    return rows


def _text(n: int) -> str:
    """Say what was run, and what differs from the paper."""
    return f"""Identities of section 3, on a random Gaussian in four dimensions: asserted to
{_EXACT:g}. Then the tests of the follow-up "Neural networks use distance metrics" on {n:,} test
images and the shipped classifier: the pre-activations after batch normalization are scaled, and
shifted by standard deviations of each node.

How to read it: a scale of the last hidden layer moves nothing but the output bias against the
logits, because ReLU is homogeneous. With the bias folded out the outputs are unchanged, exactly.
So the paper's scale test cannot tell a distance from a strength; shifts can, and are shown beside
equally long moves in random directions.

What differs: the paper shifts by shares of the range after the nonlinearity, which is 0 for a
dead node."""


def _chart(studies: dict[str, SensitivityStudy]) -> Any:
    table = pd.concat(study.to_frame("accuracy") for study in studies.values())
    table = table[table["part"].isin(_LAYERS) & (table["edit"] == "shift")]
    base = alt.Chart().encode(alt.X("amount", title="shift, in standard deviations"))
    band = base.mark_area(color="#999999", opacity=0.4).encode(
        alt.Y("chance_lower", title="accuracy"), alt.Y2("chance_upper")
    )
    line = base.mark_line(point=True).encode(alt.Y("value"))
    return (
        alt.layer(band, line, data=table)
        .properties(width=220, height=160)
        .facet(alt.Facet("part", title=None))
    )
