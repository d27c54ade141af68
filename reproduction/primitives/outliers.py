"""Novelty of interactions as an outlier score, beside the Mahalanobis distance."""

from typing import Any

from torch import Tensor

from nbinterp import MahalanobisOOD, record
from nbinterp._typing import FloatArray
from nbinterp.distance import auroc
from nbinterp.interactions import AndOr
from reproduction.primitives.networks import Images, inky_patches
from reproduction.report import Row, told


def outlier_rows(network: Any, images: Images, n: int, explainer: AndOr) -> list[Row]:
    """Return AUROCs of novelty, by interactions and by the Mahalanobis distance."""
    threes = images.test_pixels[images.test_digits == 3]
    known, usual = threes[:n], threes[n : 2 * n]
    strange = {
        "8s": images.test_pixels[images.test_digits == 8][:n],
        "3s, mirrored": threes[2 * n : 3 * n].reshape(-1, 28, 28).flip(2).flatten(1),
        "3s, inverted": 1 - threes[2 * n : 3 * n],
    }
    settings = explainer.changed(groups=inky_patches(known, together=True))
    reference = settings.explain(network, known)
    layer = "3"  # after the last hidden layer's ReLU
    trained_on = images.pixels[images.digits == 3]
    ood = MahalanobisOOD().fit(record(network, trained_on, layer, progress=False))

    def scores(pixels: Tensor) -> tuple[FloatArray, FloatArray]:
        novel = settings.explain(network, pixels).ood_score(reference)[:, 0]
        return novel, ood.scores(record(network, pixels, layer, progress=False))

    inside = scores(usual)
    rows = []
    for name, pixels in strange.items():
        for method, usual_scores, odd in zip(
            ("primitives", "Mahalanobis"), inside, scores(pixels), strict=True
        ):
            found = auroc(usual_scores, odd)
            why = f"The paper gives no figure. Standard error {found.standard_error:.2f}."
            rows.append(told(f"AUROC of {name}, {method}", found.value, why=why, digits=2))
    return rows
