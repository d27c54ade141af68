"""Splits side by side, and what they share."""

import numpy as np
import pytest

from nbinterp.interactions import AndOr, and_interactions
from reproduction.primitives.sharing import (
    ands_alone,
    apart,
    curves,
    excess_rows,
    shares,
    sharing_rows,
    side_by_side,
)

SETTINGS = AndOr(noise=0, solver="lp", progress=False)


@pytest.fixture(scope="module")
def outputs() -> np.ndarray:
    """Return two samples of two models of three players, (2, 2, 8)."""
    return np.random.default_rng(0).normal(size=(2, 2, 8))


def test_models_split_apart_are_as_if_alone(outputs: np.ndarray) -> None:
    both = apart(outputs, SETTINGS)
    for model in range(2):
        alone = SETTINGS.split(outputs[:, [model]])
        np.testing.assert_array_equal(both.and_[:, model], alone.and_[:, 0])
        np.testing.assert_array_equal(both.or_[:, model], alone.or_[:, 0])
    assert len(both.models) == 2


def test_objectives_add_up_and_one_open_gap_is_open(outputs: np.ndarray) -> None:
    parts = [SETTINGS.split(outputs[:, [model]]) for model in range(2)]
    both = side_by_side(parts)
    np.testing.assert_allclose(both.objective, parts[0].objective + parts[1].objective)
    assert both.converged.all()


def test_split_together_the_objective_is_no_larger_than_apart(outputs: np.ndarray) -> None:
    """Row maxima are at most the sum over models: Eq. 5 against Eq. 4."""
    joint = SETTINGS.changed(alpha=0.0, specific=1e6).split(outputs)
    assert (joint.objective <= apart(outputs, SETTINGS).objective + 1e-9).all()


def test_ands_alone_are_harsanyi_dividends(outputs: np.ndarray) -> None:
    found = ands_alone(SETTINGS.split(outputs))
    np.testing.assert_allclose(found.and_, and_interactions(outputs))
    assert not found.or_.any()


def test_equal_models_share_all_and_unequal_ones_less(outputs: np.ndarray) -> None:
    equal = SETTINGS.split(np.repeat(outputs[:, :1], 2, axis=1))
    np.testing.assert_allclose(shares([equal], 3)["AND"], 1.0)
    other = ands_alone(SETTINGS.split(outputs))
    assert shares([other], 3)["AND"].mean() < 1.0
    mean = shares([equal, other], 3)["AND"]
    np.testing.assert_allclose(mean, (1.0 + shares([other], 3)["AND"]) / 2)


def test_rows_say_what_is_beyond_nulls(outputs: np.ndarray) -> None:
    wide = np.random.default_rng(1).normal(size=(3, 2, 256))
    alike = wide.copy()
    alike[:, 1] = alike[:, 0]
    together, apart_ = AndOr(noise=0, progress=False, tol=0.05), ands_alone
    joint = together.split(alike)
    random = together.split(wide)
    splits = {
        "joint": [joint],
        "apart": [apart_(random)],
        "Harsanyi": [apart_(random)],
        "patches relabelled": [apart_(random)],
        "3 and 7": [joint],
    }
    table = curves(splits, ks=(5, 12, 89))
    assert set(table["split"]) == {*splits, "chance"}
    rows = {row.what: np.mean(row.ours) for row in excess_rows(table)}
    assert len(rows) == 12
    assert rows["k = 12, AND: together, minus patches relabelled"] > 0.5
    assert rows["k = 12, AND: together, minus 3 and 7"] == 0.0  # the very same split
    compared = {row.what: row for row in sharing_rows(table)}
    assert compared["k = 12, AND: together minus apart"].agrees
    assert compared["k = 12, AND, split together"].ours == (1.0, 1.0, 1.0)
