"""Loops do not wait for the device, and leave memory to others."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nbinterp._numerics.kmeans import k_means
from nbinterp.manifold import PHATE
from nbinterp.manifold.mds import distances, smacof

# Operations whose result the host must know: each waits for all that the device has to do.
WAITS = ("_local_scalar_dense", "nonzero", "_unique2", "bincount", "equal", "is_nonzero")


class Waits(TorchDispatchMode):
    """Counts what would make the host wait for a CUDA device."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.name().removeprefix("aten::").split(".")[0]
        if name in WAITS:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))


def waits(work) -> int:
    with Waits() as mode:
        work()
    return sum(mode.counts.values())


def test_counts_what_waits():
    assert waits(lambda: torch.ones(3).sum().item()) == 1
    assert waits(lambda: torch.ones(3).sum() + 1) == 0


def test_scaling_waits_once_in_ten_iterations():
    points = torch.as_tensor(np.random.RandomState(0).standard_normal((60, 9)))
    target = distances(points)
    assert waits(lambda: smacof(target, points[:, :2], 200, 0.0)) <= 200 / 10 + 3


def test_k_means_seeds_without_waiting():
    data = torch.as_tensor(np.random.RandomState(0).standard_normal((400, 5)))

    def run(n_clusters):
        return waits(
            lambda: k_means(data, n_clusters, n_init=1, max_iter=9, tol=0.0, random_state=0)
        )

    assert run(80) <= run(20) + 3
    assert run(80) <= 3 + 5


@pytest.mark.parametrize("n_landmarks", [None, 100])
def test_a_fit_waits_as_often_for_many_samples_as_for_few(n_landmarks):
    random = np.random.RandomState(0)

    def fit(n):
        data = random.standard_normal((n, 6))
        return waits(
            lambda: PHATE(
                n_landmarks=n_landmarks, t=5, max_iter=50, mds="classic", random_state=0
            ).fit(data)
        )

    assert fit(600) <= fit(150) + 12
