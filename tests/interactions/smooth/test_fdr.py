import numpy as np
import pytest
import torch

from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth import explainer
from nbinterp.interactions.smooth.fdr import significant


def noise(rng, width, n_blocks):
    """Return a matrix of pure noise, as the mean of blocks, and its standard error."""
    blocks = rng.normal(size=(n_blocks, width, width))
    blocks = (blocks + blocks.transpose(0, 2, 1)) / 2
    return blocks.mean(0), blocks.std(0, ddof=1) / n_blocks**0.5


def test_the_rate_of_false_discoveries_in_pure_noise():
    rng = np.random.default_rng(0)
    alarms = [significant(*noise(rng, 20, 8), 8).any() for _ in range(400)]
    # In pure noise every finding is false, so the rate is that of any finding at all.
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.03)
    assert np.mean([significant(*noise(rng, 20, 8)).any() for _ in range(50)]) > 0.5  # not normal


def test_planted_pairs_are_found_and_few_others():
    rng = np.random.default_rng(1)
    planted = np.zeros((30, 30), bool)
    planted[:4, :4] = True
    false = found = 0
    for _ in range(50):
        mean, error = noise(rng, 30, 20)
        flags = significant(mean + 5 * planted, error, 20)
        assert flags[planted].all()
        np.testing.assert_array_equal(flags, flags.T)
        upper = flags[np.triu_indices(30)]
        false += upper.sum() - planted[np.triu_indices(30)].sum()
        found += upper.sum()
    assert false / found < 0.08


def test_against_a_slow_replica():
    rng = np.random.default_rng(2)
    values, error = noise(rng, 6, 5)
    values[0, 1] = values[1, 0] = 4.0
    from scipy.stats import false_discovery_control, t

    place = np.triu_indices(6)
    p = 2 * t.sf(np.abs(values[place]) / error[place], 4)
    expected = false_discovery_control(p) <= 0.05
    np.testing.assert_array_equal(significant(values, error, 5)[place], expected)


def test_values_without_error():
    values = np.array([[0.0, 2.0], [2.0, 0.0]])
    expected = [[False, True], [True, False]]
    assert significant(values, np.zeros((2, 2)), 8).tolist() == expected
    assert significant(np.stack([values, values * 0]), np.zeros((2, 2, 2))).tolist() == [
        expected,
        [[False, False], [False, False]],
    ]


def bent(x):
    return torch.relu(x[:, :3].sum(1)) + x[:, 4] * x[:, 5]


@pytest.mark.parametrize("sampling", ["orthogonal", "antithetic", "control_variate"])
def test_entries_of_a_wide_matrix_are_those_of_a_stored_one(monkeypatch, sampling):
    settings = SmoothHess(sigma=1.0, n_samples=4000, sampling=sampling, random_state=0)
    x = torch.randn(2, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stored = settings.explain(bent, x)
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", 4)
    wide = settings.explain(bent, x)
    assert wide.hessian is None and wide.n_blocks == stored.n_blocks
    for sample in range(2):
        values, error = wide.entries([5, 0], sample=sample)
        np.testing.assert_allclose(values, stored.hessian[sample][[5, 0]], atol=1e-12)
        np.testing.assert_allclose(error, stored.standard_error[sample][[5, 0]], atol=1e-9)
        for one, other in zip(wide.entries([4], [5, 6]), stored.entries([4], [5, 6]), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)
    with pytest.raises(ValueError, match="must have a matrix narrow enough to store"):
        wide.beyond_noise()
    with pytest.raises(ValueError, match="from 0 to 7"):
        wide.entries([8])


def test_a_linear_function_has_nothing_beyond_noise_and_a_product_has_its_pair():
    settings = SmoothHess(sigma=1.0, n_samples=2000, random_state=0)
    found = settings.explain(bent, torch.zeros(1, 8)).beyond_noise()[0]
    assert found[4, 5] and found[0, 1] and found[5, 4]
    assert found.sum() <= 9 + 2 + 2
    assert not settings.explain(lambda x: x.sum(1), torch.zeros(1, 8)).beyond_noise().any()
