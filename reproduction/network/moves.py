"""Move the first factors of a region, and decode the image (Fig. 5 and 18)."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
import torch
from PIL import Image

from nbinterp import perturb
from nbinterp._typing import Float32Array, FloatArray
from nbinterp.datasets import MNISTClassifier, load_mnist_decoder
from reproduction.network.ablation import LAYERS, Factors
from reproduction.regions import Regions
from reproduction.report import Row, below, told

_C = 1.5  # the largest amount of the paper


def move_rows(
    model: MNISTClassifier, images: Regions, factors: Factors, shown: int, n_draws: int
) -> list[Row]:
    """Return how far the first factor moves the answer, beside shuffled directions."""
    rows = []
    for layer in LAYERS:
        moved = perturb(
            model,
            images.pixels,
            factors[layer, shown],
            layer=layer,
            factor=0,
            amounts=np.array([[-_C], [_C]]),
            progress=False,
        )
        margin = moved.outputs[:, 4] - moved.outputs[:, 9]
        found = abs(float(margin[1] - margin[0]))
        step = (moved.hidden[1] - moved.hidden[0]) / 2
        draws = np.abs(shuffled_moves(model, layer, moved.baseline_hidden, step, n_draws))
        rank = (1 + int((draws >= found).sum())) / (1 + n_draws)
        rows += [
            told(
                f"Fig. 5, {layer} factor 1 from −{_C} to {_C}: change of logit 4 minus logit 9",
                found,
                "a 4 becomes a 9",
                why="The paper shows pictures of another network.",
                digits=1,
            ),
            below(f"… share of {n_draws:,} shuffled directions that change it as much", rank, 0.05),
        ]
    return rows


@torch.no_grad()
def shuffled_moves(
    model: MNISTClassifier, layer: str, base: Float32Array, step: Float32Array, n_draws: int
) -> FloatArray:
    """Return how moves by shuffled steps change logit 4 minus logit 9, (n_draws,)."""
    generator = torch.Generator().manual_seed(0)
    entries = torch.as_tensor(step)
    drawn = torch.stack(
        [entries[torch.randperm(len(entries), generator=generator)] for _ in range(n_draws)]
    )
    hidden = torch.as_tensor(base) + torch.stack([-drawn, drawn])
    behind = [child for name, child in model.named_children() if name > layer]
    for part in behind:  # h2 and output: their names follow in this order
        hidden = part(hidden.flatten(0, -2)).reshape(2, n_draws, -1)
    margin = hidden[..., 4] - hidden[..., 9]
    change: FloatArray = (margin[1] - margin[0]).double().numpy()
    return change


def pictures(model: MNISTClassifier, images: Regions, factors: Factors, region: int) -> bytes:
    """Return decoded images: a row a layer and direction; −, 0, + of each factor."""
    rows = []
    for layer in LAYERS:
        for direction in ("unsigned", "signed"):
            moved = perturb(
                model,
                images.pixels,
                factors[layer, region],
                layer=layer,
                factor=[0, 1],
                amounts=_C,
                direction=direction,
                decode=load_mnist_decoder(layer),
                progress=False,
            )
            base, *steps = moved.decoded  # type: ignore[misc]
            first, second, third, fourth = steps  # of factor 1, then of factor 2
            rows.append((first, base, second, third, base, fourth))
    return tiles(rows)


def tiles(rows: Sequence[Sequence[Float32Array]], size: int = 28, gap: int = 4) -> bytes:
    """Return rows of square images in [0, 1] as one PNG, ink dark on white."""
    step = size + gap
    page = np.full((len(rows) * step - gap, len(rows[0]) * step - gap), 255, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            ink = 255 * (1 - np.clip(image, 0, 1).reshape(size, size))
            page[i * step : i * step + size, j * step : j * step + size] = ink.round()
    picture = Image.fromarray(page).resize(
        (page.shape[1] * 3, page.shape[0] * 3), Image.Resampling.NEAREST
    )
    out = BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
