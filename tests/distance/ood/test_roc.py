import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from nbinterp.distance import auroc

GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize("ties", [False, True])
def test_area_and_standard_error_by_their_definition(ties):
    low, high = GENERATOR.normal(size=40), GENERATOR.normal(1.0, size=25)
    if ties:
        low, high = low.round(), high.round()
    found = auroc(low, high)
    y = np.repeat([0, 1], [40, 25])
    assert found.value == pytest.approx(roc_auc_score(y, np.concatenate([low, high])))
    # DeLong's structural components, pair by pair.
    wins = (high[:, None] > low) + 0.5 * (high[:, None] == low)
    variance = wins.mean(axis=1).var(ddof=1) / 25 + wins.mean(axis=0).var(ddof=1) / 40
    assert found.standard_error == pytest.approx(np.sqrt(variance))
    assert found.lower < found.value < found.upper
    assert (found.n_inside, found.n_outside) == (40, 25)
    mirrored = auroc(high, low)
    assert mirrored.value == pytest.approx(1 - found.value)
    assert mirrored.lower == pytest.approx(1 - found.upper)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_the_interval_covers_the_truth_as_often_as_it_says(shift):
    truth = norm.cdf(shift / np.sqrt(2))
    generator = np.random.default_rng(1)
    draws = [auroc(generator.normal(size=60), generator.normal(shift, size=40)) for _ in range(400)]
    share = np.mean([draw.lower <= truth <= draw.upper for draw in draws])
    assert 0.92 <= share <= 0.985
    narrow = auroc(GENERATOR.normal(size=60), GENERATOR.normal(1, size=40), confidence=0.5)
    assert f"{narrow!r}".startswith("AUROC 0.") and "50% CI" in repr(narrow)


def test_no_error_seen_is_no_certainty():
    found = auroc(np.arange(10), np.arange(10) + 100)
    assert (found.value, found.standard_error, found.upper) == (1, 0, 1)
    # Newcombe's equation: 1 is z standard errors (of Hanley and McNeil) from the lower end.
    a, m, n = found.lower, 10, 10
    spread = 1 + ((m + n) / 2 - 1) * ((1 - a) / (2 - a) + a / (1 + a))
    assert 1 - a == pytest.approx(norm.ppf(0.975) * np.sqrt(a * (1 - a) * spread / (m * n)))
    assert 0.6 < found.lower < 0.9
    assert auroc(np.arange(1000), np.arange(1000) + 1e4).lower > 0.99
    reverse = auroc(np.arange(10) + 100, np.arange(10))
    assert (reverse.value, reverse.lower) == (0, 0)
    assert reverse.upper == pytest.approx(1 - found.lower)


def test_scores_that_are_all_alike():
    found = auroc(np.zeros(5), np.zeros(5))
    assert (found.value, found.lower, found.upper) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"inside": [1.0]}, "at least two scores"),
        ({"outside": [[1.0, 2.0]]}, "one for each sample"),
        ({"outside": [1.0, np.nan]}, "must be finite"),
        ({"confidence": 1.0}, "above 0 and at most 1"),
    ],
)
def test_bad_arguments(change, match):
    asked = {"inside": [1.0, 2.0], "outside": [1.0, 3.0], **change}
    with pytest.raises(ValueError, match=match):
        auroc(asked.pop("inside"), asked.pop("outside"), **asked)
