"""Attacks of small networks."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from reproduction.smoothhess.attack import attack_rows, attacks, downhill


def test_attacks_are_compared_image_by_image() -> None:
    left = {
        ("logit", "before"): (1, 1),
        ("logit", "gradient"): (0.8, 0.6),
        ("logit", "SmoothGrad"): (0.5, 0.5),
        ("logit", "SmoothHess"): (0.2, 0.4),
        ("softmax", "SmoothGrad"): (0.5, 0.5),
        ("softmax", "SmoothHess"): (0.4, 0.8),
    }
    attacked = pd.DataFrame(
        [(*key, value, True, error) for key, values in left.items()
         for value, error in zip(values, (0.1, 2.0), strict=True)],
        columns=["of", "attack", "probability", "kept", "relative_error"],
    )  # fmt: skip
    rows = attack_rows(attacked)
    np.testing.assert_allclose(rows[0].ours, [0.3, 0.1])
    np.testing.assert_allclose(rows[1].ours, [0.6, 0.2])
    assert rows[0].agrees and rows[0].asserted
    np.testing.assert_allclose(rows[3].ours, [0.1])  # where the Hessian is known
    np.testing.assert_allclose(rows[4].ours, [-0.3])  # where it is noise


def test_an_attack_stays_in_its_ball_and_lowers_the_class() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 3)).eval()
    pixels = np.random.default_rng(0).random((3, 16)).astype(np.float32)
    found = attacks(model, pixels, 400).pivot_table(index=["of", "attack"], values="probability")[
        "probability"
    ]
    assert found["logit", "gradient"] < found["logit", "before"]
    assert found["logit", "SmoothHess"] < found["logit", "before"]
    np.testing.assert_allclose(np.linalg.norm(downhill(np.ones(4))), 0.75)
