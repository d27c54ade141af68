import numpy as np
import pytest
from interactions.games import relu_game

from nbinterp.interactions import AndOr, interaction_index
from nbinterp.interactions.moebius import and_interactions
from nbinterp.interactions.subsets import players_of


def test_values_belong_to_their_sets():
    pytest.importorskip("shapiq")
    v = relu_game(4, 0)
    result = AndOr(noise=0).split(v[None, None])
    whole = result.to_shapiq()
    for k in range(1, 16):
        assert whole[players_of(k)] == pytest.approx(and_interactions(v)[k], abs=1e-12)
    pairs = result.to_shapiq("SII")
    assert pairs.max_order == 2 and pairs.n_players == 4
    assert pairs[(0, 2)] == pytest.approx(interaction_index(v, "SII")[5])
    assert result.to_shapiq("SV")[(1,)] == pytest.approx(interaction_index(v, "SV")[2])


def test_unknown_index():
    with pytest.raises(ValueError, match="must be one of 'Moebius'"):
        AndOr(noise=0).split(np.zeros((1, 1, 4))).to_shapiq("ABC")
