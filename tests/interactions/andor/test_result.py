import numpy as np
import pytest
import torch
from interactions.games import boolean_paper, members, relu_games, trained_net

from nbinterp.interactions import AndOr
from nbinterp.interactions.andor.fidelity import rebuilt


@pytest.fixture(scope="module")
def pair():
    v = np.stack([relu_games(5, [k, k + 1]) for k in range(3)])
    return AndOr().split(v)


def test_interactions_and_noise_add_up_to_the_outputs(pair):
    np.testing.assert_allclose(rebuilt(pair.and_, pair.or_) + pair.noise, pair.outputs, atol=1e-9)
    reach = 0.02 * np.abs(pair.outputs[..., -1] - pair.outputs[..., 0])
    assert (np.abs(pair.noise) <= reach[..., None] + 1e-12).all()
    assert pair.matching_error(64).max() < 1e-9
    assert pair.matching_error(0).max() > 0.1


def test_matching_gets_better(pair):
    errors = [pair.matching_error(k).mean() for k in (0, 5, 20, 62)]
    assert errors == sorted(errors, reverse=True)
    assert pair.matching_precision(62) == pytest.approx(np.ones((3, 2)))


def test_salient(pair):
    frame = pair.salient(0.05)
    assert set(frame.columns) >= {"sample", "model", "kind", "players", "order", "interaction"}
    for _, group in frame.groupby(["sample", "model"]):
        strength = group["interaction"].abs().to_numpy()
        assert (np.diff(strength) <= 0).all() and strength[-1] > 0.05 * strength[0]
    assert len(pair.salient(0.5)) < len(frame) < len(pair.to_frame())
    assert (frame.loc[frame["kind"] == "OR", "order"] >= 2).all()


def test_order_profile_adds_up(pair):
    profile, frame = pair.order_profile(), pair.salient()
    total = profile["positive"].sum() - profile["negative"].sum()
    assert total == pytest.approx(frame["interaction"].abs().sum() / 3)
    assert (profile["shared_positive"] <= profile["positive"]).all()


def test_sparsity_curve(pair):
    curve = pair.sparsity_curve()
    assert curve.shape == (3, 2, 62) and (curve[..., 0] == 1).all()
    assert (np.diff(curve, axis=-1) <= 0).all()


def test_resplit_needs_no_run(pair):
    exact = pair.resplit(solver="lp")
    assert (exact.objective <= pair.objective * (1 + 1e-9)).all()
    assert exact.objective == pytest.approx(pair.objective, rel=2e-3)
    assert exact.settings.solver == "lp" and pair.settings.solver == "pdhg"


def test_game_indices(pair):
    shapley = pair.index("SV")
    gained = pair.outputs[..., -1] - pair.outputs[..., 0]
    np.testing.assert_allclose(shapley[..., 1:].sum(-1), gained, atol=1e-12)


def test_trained_pairs_share_more_than_mismatched_ones():
    toy = boolean_paper()
    nets = [trained_net(seed, toy, 5) for seed in (0, 1)]
    together = AndOr().explain(nets, np.ones((1, 5)))
    k = 4
    found, null = together.overlap(k), together.null_overlap(k, random_state=0)
    assert null.and_.shape == (5, 1)
    assert found.and_.mean() > found.chance_and.mean()
    assert found.and_.mean() > null.and_.mean() + 0.2
    # The same against nets trained on another function.
    other = np.random.default_rng(0).permutation(toy)
    strangers = AndOr().explain([trained_net(seed, other, 5) for seed in (2, 3)], np.ones((1, 5)))
    against = together.null_overlap(k, strangers, n_repeats=2)
    assert found.and_.mean() > against.and_.mean()


def test_transfer_to_a_held_out_model():
    toy = boolean_paper()
    nets = [trained_net(seed, toy, 5) for seed in (0, 1, 2)]
    x = np.ones((1, 5))
    together, held_out = AndOr().explain(nets[:2], x), AndOr().explain(nets[2], x)
    found = together.transfer(held_out, 4)
    assert found.and_[0] >= 0.75 > found.chance_and[0]
    assert found.chance_and[0] == pytest.approx(4 / 31)


def test_unusual_samples_score_high():
    x = members(4)
    usual = x[:, 0] * x[:, 1]
    tables = [k * usual for k in (1.0, 2.0, 3.0)] + [2 * x[:, 2] * x[:, 3]]
    result = AndOr(noise=0).split(np.stack(tables)[:, None])
    scores = result.ood_score()[:, 0]
    assert scores[3] == pytest.approx(1) and (scores[:3] < 0.5).all()
    ordinary = AndOr(noise=0).split(np.stack(tables[:3])[:, None])
    against = result.ood_score(ordinary)[:, 0]
    assert against == pytest.approx([0, 0, 0, 1])


def test_nulls_serve_many_k(pair):
    splits = pair.nulls(n_repeats=2, random_state=3)
    for k in (3, 9):
        together = pair.null_overlap(k, n_repeats=2, random_state=3)
        for one, row in zip(splits, together.and_, strict=True):
            np.testing.assert_array_equal(one.overlap(k).and_, row)
    with pytest.raises(ValueError, match="at least 1"):
        pair.nulls(n_repeats=0)


def test_same_seed_same_null(pair):
    first, second = (pair.null_overlap(5, random_state=3, n_repeats=2) for _ in range(2))
    np.testing.assert_array_equal(first.and_, second.and_)


def test_one_model_has_no_overlap():
    single = AndOr(noise=0).split(np.zeros((1, 1, 8)))
    with pytest.raises(ValueError, match="must have at least two models"):
        single.overlap(3)
    with pytest.raises(ValueError, match="must have at least two models"):
        single.null_overlap(3)
    with pytest.raises(ValueError, match="must have other samples"):
        single.ood_score()


def test_results_of_other_players_do_not_fit(pair):
    other = AndOr(noise=0).split(torch.zeros(3, 1, 8))
    with pytest.raises(ValueError, match="must have the same players and samples"):
        pair.transfer(other, 3)
