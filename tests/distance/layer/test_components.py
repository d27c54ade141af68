import numpy as np
from distance.worlds import gaussian

from nbinterp.distance.construct.shrinkage import shrunk
from nbinterp.distance.layer.components import Components, percentile


def test_shrinking_keeps_components_and_changes_variances():
    _, _, sample = gaussian(5)
    covariance, share = shrunk(sample, 20, "oas", ridge=0.1)
    found = Components.of(sample, share, 0.1)
    rebuilt = (found.vectors * found.variances) @ found.vectors.T
    np.testing.assert_allclose(rebuilt, covariance, atol=1e-10)
    assert (np.diff(found.variances) <= 0).all()


def test_components_take_part_in_random_directions_by_their_variance():
    d = 30
    variances = 1.0 / np.arange(1, d + 1) ** 2
    found = Components(variances, np.eye(d), d)
    null = found.align_random(2000, np.random.RandomState(0))
    # Random weights are placed anywhere among random directions; a component is beyond them all.
    rng = np.random.default_rng(1)
    drawn = found.align(rng.normal(size=(2000, d)))
    for own, other in ((drawn.cosine, null.cosine), (drawn.effective, null.effective)):
        shares = np.histogram(percentile(own, other), bins=5, range=(0, 100))[0] / 2000
        np.testing.assert_allclose(shares, 0.2, atol=0.04)
    exact = found.align(np.eye(d)[[4]])
    assert (exact.component[0], exact.cosine[0]) == (4, 1.0)
    assert percentile(exact.cosine, null.cosine)[0] == 100
    assert exact.effective[0] == 1.0


def test_matching_gives_each_node_a_component_of_its_own():
    found = Components(np.arange(6.0, 0, -1), np.eye(6), 6)
    weight = np.eye(6)[[3, 1]] * 7 + 0.01
    assert found.matched(weight) > 0.99
    assert found.matched(np.eye(6)[[2, 2]]) == 0.5
    assert found.matched_random(2, np.random.RandomState(0)) < 0.95


def test_directions_without_variance_are_no_components():
    found = Components.of(np.diag([2.0, 0.0, 1.0]), 0.5, 0.0)
    assert found.n_varying == 2
    assert found.align(np.array([[0.0, 1.0, 0.0]])).cosine.tolist() == [0.0]
    nothing = Components.of(np.zeros((2, 2)), 0.0, 0.0).align(np.eye(2))
    assert nothing.cosine.tolist() == nothing.effective.tolist() == [0, 0]
