import numpy as np
import pytest
from interactions.games import index, members, relu_game

from nbinterp.interactions import interaction_index
from nbinterp.interactions.moebius import and_interactions, or_interactions
from nbinterp.interactions.subsets import players_of, sizes


@pytest.fixture(scope="module")
def shapiq_computer():
    pytest.importorskip("shapiq")
    from shapiq import ExactComputer, Game

    def make(v):
        n = len(v).bit_length() - 1

        class Table(Game):
            def __init__(self):
                super().__init__(n_players=n, normalize=False)

            def value_function(self, coalitions):
                return v[(coalitions @ (1 << np.arange(n))).astype(int)]

        return ExactComputer(Table(), n_players=n)

    return make


@pytest.mark.parametrize(
    ("name", "order"),
    [("SV", 1), ("SII", 3), ("k-SII", 2), ("k-SII", 3), ("STII", 2), ("STII", 3), ("FSII", 2)],
)
def test_against_shapiq(shapiq_computer, name, order):
    v = relu_game(5, 0)
    theirs, ours = shapiq_computer(v)(name, order=order), interaction_index(v, name, order)
    for k in np.flatnonzero((sizes(5) <= order) & (sizes(5) > 0)):
        # shapiq finds FSII by least squares with a large weight.
        assert ours[k] == pytest.approx(
            theirs[players_of(k)], abs=1e-7 if name == "FSII" else 1e-10
        )


def test_moebius_and_its_dual_against_shapiq(shapiq_computer):
    v = relu_game(5, 1)
    computer = shapiq_computer(v)
    moebius, dual = computer("Moebius", order=5), computer("Co-Moebius", order=5)
    for k in range(1, 32):
        assert and_interactions(v)[k] == pytest.approx(moebius[players_of(k)], abs=1e-12)
        sign = -1 if sizes(5)[k] % 2 == 0 else 1
        assert or_interactions(v)[k] == pytest.approx(sign * dual[players_of(k)], abs=1e-12)


def test_the_first_known_answer():
    x = members(4)
    v = x[:, 0] * x[:, 1] + np.maximum(x[:, 2], x[:, 3])
    np.testing.assert_allclose(interaction_index(v, "SV")[[1, 2, 4, 8]], 0.5)
    pairs = interaction_index(v, "SII", 2)
    assert pairs[[index(0, 1), index(2, 3)]] == pytest.approx([1, -1])
    for name in ("k-SII", "STII", "FSII"):
        table = interaction_index(v, name, 2)
        expected = {index(2): 1, index(3): 1, index(0, 1): 1, index(2, 3): -1}
        found = {int(k): table[k] for k in np.flatnonzero(np.abs(table) > 1e-12)}
        assert found == pytest.approx(expected), name


def test_shapley_values_add_up():
    v = relu_game(6, 2)
    assert interaction_index(v, "SV")[1:].sum() == pytest.approx(v[-1] - v[0])
    for name in ("k-SII", "STII", "FSII"):
        assert interaction_index(v, name, 3)[1:].sum() == pytest.approx(v[-1] - v[0])


def test_bad_input():
    with pytest.raises(ValueError, match="must be one of 'SV'"):
        interaction_index(np.zeros(4), "BII")
    with pytest.raises(ValueError, match="at most the players, 2"):
        interaction_index(np.zeros(4), "SII", 3)
