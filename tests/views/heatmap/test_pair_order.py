import numpy as np
import pytest

from nbinterp.views.heatmap.pair_order import seriated


def blocks(sizes, rng, noise=0.0):
    """Return strengths within blocks, rows in random order, and the block of each row."""
    label = np.repeat(np.arange(len(sizes)), sizes)
    strengths = (label[:, None] == label) * rng.uniform(0.5, 1, (len(label), len(label)))
    strengths += noise * rng.random(strengths.shape)
    order = rng.permutation(len(label))
    return (np.maximum(strengths, strengths.T))[np.ix_(order, order)], label[order]


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_planted_blocks_stand_together(noise):
    strengths, label = blocks([7, 3, 12, 5], np.random.default_rng(0), noise)
    shown = label[seriated(strengths)]
    assert np.count_nonzero(np.diff(shown)) == 3


def test_a_chain_is_laid_out_from_end_to_end():
    place = np.random.default_rng(1).permutation(40)
    strengths = np.exp(-np.abs(place[:, None] - place) / 2.0)
    shown = place[seriated(strengths)]
    assert (np.abs(np.diff(shown)) == 1).all()


def test_the_order_does_not_depend_on_the_order_given():
    strengths, _ = blocks([4, 6, 9], np.random.default_rng(2), 0.2)
    order = np.random.default_rng(3).permutation(19)
    one = seriated(strengths)
    other = order[seriated(strengths[np.ix_(order, order)])]
    assert one.tolist() in (other.tolist(), other[::-1].tolist())


def test_what_acts_with_nothing_stands_last_as_given():
    strengths = np.zeros((6, 6))
    assert seriated(strengths).tolist() == [0, 1, 2, 3, 4, 5]
    strengths[4, 1] = strengths[1, 4] = 1.0
    assert seriated(strengths).tolist() == [1, 4, 0, 2, 3, 5]
    assert seriated(np.zeros((0, 0))).tolist() == []
