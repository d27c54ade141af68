import numpy as np
import pytest

from nbinterp.interactions import Players


def test_patches_of_an_image():
    players = Players.patches((5, 4), (2, 3))
    assert players.mask.tolist() == [
        [0, 0, 0, 1],
        [0, 0, 0, 1],
        [2, 2, 2, 3],
        [2, 2, 2, 3],
        [4, 4, 4, 5],
    ]
    assert players.names[3] == "patch 1,1"
    assert players.over((7, 3, 5, 4)).shape == (7, 3, 5, 4)  # for all channels


def test_tokens():
    players = Players.tokens([1, [3, 4]], 6, names=["not", "unlike"])
    assert players.mask.tolist() == [-1, 0, -1, 1, 1, -1]
    assert Players.tokens([1], 6, embedded=True).over((2, 6, 8))[0, 1].tolist() == [0] * 8


def test_columns():
    assert Players.columns(["a", "b"]).mask.tolist() == [0, 1]
    grouped = Players.columns(["a", "b", "c"], {"x": ["c"], "y": ["a"]})
    assert grouped.mask.tolist() == [1, -1, 0] and grouped.names == ("x", "y")


def test_segments_may_have_any_numbers():
    players = Players.segments([[1, 1, 5], [0, 5, 1]], background=0)
    assert players.mask.tolist() == [[0, 0, 1], [-1, 1, 0]]
    assert players.names == ("segment 1", "segment 5")
    assert Players.segments([[3, 4]]).mask.tolist() == [[0, 1]]
    with pytest.raises(ValueError, match="must have at least one player"):
        Players.segments([[7, 7]], background=7)
    with pytest.raises(TypeError, match="whole numbers"):
        Players.segments([[0.5]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Players([-1, -1]), "must have at least one player, but all inputs are -1"),
        (lambda: Players([0, 2]), "player 1 has none"),
        (lambda: Players([1, 2]), "player 0 has none"),
        (lambda: Players([-2, 0]), "must hold numbers from -1, not -2"),
        (lambda: Players([0, 1], ["a"]), "must be 2 names"),
        (lambda: Players.tokens([9], 3), "positions from 0 to 2"),
        (lambda: Players.tokens([1, 1], 3), "no other player has, not 1"),
        (lambda: Players.tokens([[]], 3), "must have at least one input"),
        (lambda: Players.columns(["a"], {"x": ["b"]}), "must name columns"),
        (lambda: Players.patches((4, 4), 0), "must be at least 1"),
        (lambda: Players([0, 1, 2]).over((4, 2)), r"must fit samples of shape \(2,\)"),
    ],
)
def test_bad_masks(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_masks_must_be_whole_numbers():
    with pytest.raises(TypeError, match="whole numbers"):
        Players([0.5, 1.0])


def test_players_by_sample():
    players = Players(np.array([[0, 1, -1], [-1, 1, 0]]))
    assert players.over((2, 3)).tolist() == [[0, 1, -1], [-1, 1, 0]]
    with pytest.raises(ValueError, match="sample 1 has none for player 1"):
        Players(np.array([[0, 1], [0, 0]])).over((2, 2))
