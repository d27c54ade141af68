import numpy as np
import pandas as pd
import pytest
import torch
from interactions.games import boolean_paper, members, relu_game, relu_games
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from nbinterp.interactions import AndOr, Players
from nbinterp.interactions.subsets import relabelled


def net(n=3, classes=2, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(n, 8), nn.ReLU(), nn.Linear(8, classes))


def salient(result):
    frame = result.salient(0.2)
    return {(row.kind, row.players): round(row.interaction, 2) for row in frame.itertuples()}


@pytest.mark.parametrize("solver", ["pdhg", "lp"])
def test_known_answers(solver):
    x = members(4)
    first = x[:, 0] * x[:, 1] + np.maximum(x[:, 2], x[:, 3])
    settings = AndOr(noise=0, solver=solver)
    result = settings.split(first[None, None])
    assert result.objective == pytest.approx([2], rel=2e-3) and result.converged.all()
    assert salient(result) == {("AND", "{x0, x1}"): 1, ("OR", "{x2, x3}"): 1}
    toy = settings.split(boolean_paper()[None, None])
    assert toy.objective == pytest.approx([4], rel=2e-3)
    assert salient(toy) == {
        ("AND", "{x0, x1, x2}"): 1,
        ("AND", "{x1, x2}"): 1,
        ("AND", "{x2, x3}"): 1,
        ("OR", "{x3, x4}"): 1,
    }


def test_additive_constant_and_unused():
    x = members(4)
    additive = AndOr(noise=0).split((x @ [1.0, -2.0, 3.0, 0.0])[None, None])
    assert salient(additive) == {("AND", "{x0}"): 1, ("AND", "{x1}"): -2, ("AND", "{x2}"): 3}
    constant = AndOr().split(np.full((1, 1, 16), 7.0))
    assert constant.and_[0, 0, 0] == 7 and constant.to_frame()["players"].tolist() == ["{}"]
    assert constant.converged.all()


def test_an_unused_player_can_stay_out():
    v = relu_game(3, 0)[np.arange(16) & 7]
    small, large = (AndOr(noise=0, solver="lp").split(t[None, None]) for t in (relu_game(3, 0), v))
    assert small.objective == pytest.approx(large.objective)


def test_identical_models_share_all():
    v = relu_games(4, [0])
    one = AndOr(noise=0, tol=1e-4).split(v[None])
    two = AndOr(noise=0, tol=1e-4).split(np.repeat(v, 2, axis=0)[None])
    assert two.objective / one.objective == pytest.approx([1 + 2 / 9], rel=1e-3)
    shared = two.overlap(5)
    assert shared.and_ == pytest.approx([1]) and shared.or_ == pytest.approx([1])


def test_the_order_of_models_does_not_matter():
    v = relu_games(5, [0, 1])
    first, second = (AndOr().split(v[None, order]) for order in ([0, 1], [1, 0]))
    assert first.objective == pytest.approx(second.objective, rel=1e-6)


def test_explain_runs_on_tables_images_and_tokens():
    result = AndOr(noise=0).explain(net(), np.ones((2, 3)), target=1)
    assert result.and_.shape == (2, 1, 8) and result.target.tolist() == [1, 1]
    logits = net()(torch.ones(1, 3)).detach().double()[0]
    assert result.outputs[0, 0, -1] == pytest.approx(float(logits[1] - logits[0]), abs=1e-5)
    image = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(8, 4))
    groups = Players.patches((4, 4), 2)
    seen = AndOr(groups=groups).explain({"a": image, "b": image}, torch.rand(2, 3, 4, 4))
    assert seen.models == ("a", "b") and seen.players[0] == "patch 0,0"
    words = nn.Sequential(nn.EmbeddingBag(9, 4, mode="sum"), nn.Linear(4, 3))
    tokens = AndOr(groups=Players.tokens([0, 2], 4), baseline=1)
    assert tokens.explain(words, [[3, 4, 5, 6]]).and_.shape == (1, 1, 4)


def test_columns_of_a_table_name_the_players():
    table = pd.DataFrame({"age": [1.0, 2.0], "dose": [0.5, 1.0], "sex": [0, 1]})
    result = AndOr(noise=0).explain(net(), table)
    assert result.players == ("age", "dose", "sex")
    assert result.to_frame()["players"].isin(["{age, dose}"]).any()


def test_words_as_embeddings():
    torch.manual_seed(0)
    embed, head = nn.Embedding(9, 4), nn.Linear(4, 3)
    words = embed(torch.tensor([[3, 4, 5, 6]])).detach()

    def model(vectors):
        return head(vectors.tanh().sum(1))

    players = Players.tokens([1, [2, 3]], 4, embedded=True, names=["not", "un-likely"])
    blank = embed(torch.tensor(0)).detach()
    found = AndOr(groups=players, baseline=blank, noise=0).explain(model, words, target=1)
    masked = words.clone()
    masked[0, 2:] = blank
    z = model(masked).detach().double()[0]
    expected = z[1] - torch.logsumexp(z[[0, 2]], 0)
    assert found.outputs[0, 0, 1] == pytest.approx(float(expected), abs=1e-5)


def test_no_batch_exceeds_batch_size():
    seen = []

    def model(x):
        seen.append(len(x))
        return x.prod(1)

    rows = np.random.default_rng(0).normal(size=(30, 4))
    settings = AndOr(baseline="marginal", background=rows, batch_size=50, noise=0)
    settings.explain(model, np.ones((3, 4)))
    assert max(seen) <= 50 and sum(seen) >= 3 * 30 * 16


def test_renamed_players_have_the_same_interactions():
    v = relu_games(4, [0, 1])[None]
    moved = relabelled(4, [2, 0, 3, 1])
    exact = AndOr(solver="lp")
    one, other = exact.split(v), exact.split(v[..., moved])
    assert one.objective == pytest.approx(other.objective)


def test_batchnorm_in_training_mode_runs_in_eval_mode():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first = AndOr().explain(model, np.ones((2, 3)))
    assert model.training and model[0].training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    second = AndOr().explain(model.eval(), np.ones((2, 3)))
    np.testing.assert_array_equal(first.outputs, second.outputs)


def test_unconverged_results_warn():
    settings = AndOr(max_iter=2, tol=1e-6)
    with pytest.warns(ConvergenceWarning, match=r"AndOr\(max_iter=2\) left 1 of 1 samples"):
        result = settings.split(relu_games(5, [0, 1])[None])
    assert not result.converged.any() and "NOT CONVERGED" in repr(result)
    for rank in (lambda: result.overlap(3), result.salient, lambda: result.matching_error(3)):
        with pytest.warns(ConvergenceWarning, match="have not converged"):
            rank()
    assert not result.to_frame()["converged"].any()


def test_many_players_warn_and_too_many_are_refused():
    x = np.ones((1, 21))

    def model(z):
        return z.sum(1)

    with pytest.raises(ValueError, match="at most 20 players: 21 take 2\\^21 = 2,097,152 runs"):
        AndOr().explain(model, x)
    with pytest.warns(UserWarning, match="AndOr with 13 players takes 2\\^13 = 8,192 runs"):
        AndOr(noise=0).explain(model, x[:, :13])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 1.5}, "at most 1"),
        ({"noise": -0.1}, "at least 0"),
        ({"solver": "sgd"}, "must be one of 'pdhg', 'lp'"),
        ({"output": "odds"}, "must be one of 'log_odds'"),
        ({"tol": 0.0}, "must be above 0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        AndOr(**settings)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(3), "must have samples on its first axis"),
        (np.full((1, 3), np.nan), "must be finite"),
        (np.ones((1, 3, 3)), "must be given for samples that are not rows of a table"),
    ],
)
def test_bad_samples(x, message):
    with pytest.raises(ValueError, match=message):
        AndOr().explain(net(), x)


def test_bad_models():
    with pytest.raises(TypeError, match="must be a model or several"):
        AndOr().explain("net", np.ones((1, 3)))
    with pytest.raises(TypeError, match="must be a model or several"):
        AndOr().explain([], np.ones((1, 3)))
    with pytest.raises(ValueError, match="must be finite outputs"):
        AndOr().split(np.zeros((2, 4)))
