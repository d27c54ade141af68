import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks
from nbinterp.corex import LinearCorEx
from nbinterp.network import dropout_study, record

PIXELS, DIGITS = load_digits(return_X_y=True)
TRAIN, TEST = slice(0, 1200), slice(1200, None)
SPLIT = (PIXELS[TRAIN], DIGITS[TRAIN], PIXELS[TEST], DIGITS[TEST])
CLUSTER = np.flatnonzero(np.isin(DIGITS[TEST], (4, 9)))
SETTINGS = {
    "hidden": [(24, 24), (24, 16, 12)],
    "n_pairs": 2,
    "epochs": 4,
    "batch_size": 64,
    "random_state": 0,
    "progress": False,
}
SMALL = SETTINGS | {"hidden": [(12,)], "epochs": 2, "corex": LinearCorEx(2)}


@pytest.fixture(scope="module")
def study():
    return dropout_study(*SPLIT, samples=CLUSTER, **SETTINGS)


def test_one_row_a_layer_of_a_network(study):
    frame = study.to_frame()
    assert list(frame.columns) == [
        "depth",
        "hidden",
        "layer",
        "dropout",
        "pair",
        "total_correlation",
        "null_total_correlation",
        "first_five",
        "accuracy",
        "dead_nodes",
        "converged",
    ]
    assert len(frame) == 2 * 2 * (2 + 3)
    assert not frame.duplicated(["hidden", "layer", "dropout", "pair"]).any()
    assert set(frame.dropout) == {0.0, 0.5}
    assert frame.groupby("depth").layer.unique().map(list).to_dict() == {
        2: ["h1", "h2"],
        3: ["h1", "h2", "h3"],
    }
    assert (frame.total_correlation > frame.null_total_correlation).all()
    assert (frame.null_total_correlation > 0).all()  # 160 samples of 24 nodes: chance explains some
    assert frame.accuracy.between(0.25, 1.0).all()


def test_the_measure_is_linear_corex_of_the_recorded_cluster(study):
    frame = study.to_frame()
    plain, dropped = study.networks[24, 16, 12][1]
    for network, rate in ((plain, 0.0), (dropped, 0.5)):
        rec = record(network, SPLIT[2], ["h2"], progress=False)
        here = (frame.depth == 3) & (frame.layer == "h2") & (frame.pair == 1)
        row = frame[here & (frame.dropout == rate)].iloc[0]
        assert row.accuracy == np.mean(rec.output.argmax(axis=1) == SPLIT[3])
        nodes = rec["h2"][CLUSTER].astype(np.float64)
        assert row.dead_nodes == (np.ptp(nodes, axis=0) == 0).sum()
        alone = LinearCorEx(5, n_restarts=5, random_state=1).fit(nodes)
        assert row.total_correlation == pytest.approx(alone.total_correlation_, rel=0.03)
        assert row.first_five == pytest.approx(alone.total_correlations_.sum(), rel=0.1)


def test_nothing_of_a_pair_but_dropout_differs_before_training(monkeypatch):
    seen = {}

    def keep(networks, data, target, batches, *, learning_rate):
        seen["networks"], seen["rows"] = networks, next(iter(batches))
        for network in networks:
            network.eval()

    monkeypatch.setattr("nbinterp.network.dropout.study.train_together", keep)
    dropout_study(*SPLIT, samples=CLUSTER, **SMALL | {"hidden": [(24, 24)]})
    (plain, dropped, other, _), rows = seen["networks"], seen["rows"]
    assert torch.equal(plain.h2.linear.weight, dropped.h2.linear.weight)
    assert not torch.equal(plain.h2.linear.weight, other.h2.linear.weight)
    assert (float(plain.h1.dropout.rate), float(dropped.h1.dropout.rate)) == (0.0, 0.5)
    assert torch.equal(rows[0], rows[1]) and not torch.equal(rows[1], rows[2])
    assert float(plain.standard.mean) == pytest.approx(PIXELS[TRAIN].mean(), rel=1e-5)


def test_same_seed_same_study_and_torch_draws_on_as_before():
    state = torch.get_rng_state()
    once, again, other = (
        dropout_study(*SPLIT, samples=CLUSTER, **SMALL | {"random_state": seed}).to_frame()
        for seed in (0, 0, 1)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert once.equals(again) and not once.equals(other)


def test_summary_is_means_and_standard_errors_over_pairs(study):
    frame, row = study.to_frame(), study.summary().loc[("24-24", "h2")]
    values = frame.query("depth == 2 and layer == 'h2'").sort_values("pair")
    plain, dropped = (values[values.dropout == rate] for rate in (0.0, 0.5))
    raw = plain.total_correlation.to_numpy()
    assert row["plain"] == pytest.approx(raw.mean())
    assert row["plain_error"] == pytest.approx(abs(raw[0] - raw[1]) / 2)
    above = [
        (part.total_correlation - part.null_total_correlation).to_numpy()
        for part in (plain, dropped)
    ]
    difference = above[1] - above[0]
    assert row["dropout_above_null"] == pytest.approx(above[1].mean())
    assert row["difference"] == pytest.approx(difference.mean())
    assert row["difference_error"] == pytest.approx(abs(difference[0] - difference[1]) / 2)
    assert f"{row['difference']:.1f}" in repr(study)


def test_one_pair_has_no_standard_error():
    one = dropout_study(*SPLIT, samples=CLUSTER, **SMALL | {"n_pairs": 1})
    row = one.summary().loc[("12", "h1")]
    assert np.isnan(row["difference_error"]) and np.isfinite(row["difference"])


def test_text_classes_and_a_mask():
    names = np.array([f"digit {digit}" for digit in DIGITS])
    mask = np.isin(np.arange(len(DIGITS[TEST])), CLUSTER)
    named = dropout_study(SPLIT[0], names[TRAIN], SPLIT[2], names[TEST], samples=mask, **SMALL)
    numbered = dropout_study(*SPLIT, samples=CLUSTER, **SMALL)
    assert named.to_frame().equals(numbered.to_frame())
    columns = [SPLIT[1][:, None], SPLIT[3][:, None]]
    again = dropout_study(SPLIT[0], columns[0], SPLIT[2], columns[1], samples=mask, **SMALL)
    assert again.to_frame().equals(numbered.to_frame())


def test_fits_that_do_not_converge_say_so():
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        corex = LinearCorEx(3, max_iter=5)
        study = dropout_study(*SPLIT, samples=CLUSTER, **SMALL | {"corex": corex})
    assert any(issubclass(each.category, ConvergenceWarning) for each in heard)
    assert not study.to_frame().converged.all()


def test_an_interrupt_leaves_the_generator_as_it_was(monkeypatch):
    def interrupt(*_args, **_kwargs):
        torch.rand(3)
        raise KeyboardInterrupt

    monkeypatch.setattr("nbinterp.network.dropout.study.train_together", interrupt)
    state = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        dropout_study(*SPLIT, samples=CLUSTER, **SETTINGS)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"hidden": (24, 24)}, "must be a sequence of architectures"),
        ({"hidden": []}, "must be a sequence of architectures"),
        ({"hidden": [()]}, "must be a sequence of architectures"),
        ({"hidden": [(24, 4)]}, "at most the nodes of the narrowest layer, 4"),
        ({"dropout": 0.0}, "must be above 0"),
        ({"dropout": 1.0}, "at most 0.95"),
        ({"n_pairs": 0}, "must be at least 1"),
        ({"epochs": 0}, "must be at least 1"),
        ({"batch_size": 1}, "must be at least 2"),
        ({"batch_size": 2000}, "at most the number of training samples, 1200"),
        ({"samples": [0, 1]}, "at least 3 samples"),
        ({"samples": [99999]}, "indices from 0 to 596"),
        ({"y": DIGITS[:7]}, "one label per sample, 1200"),
        ({"y": np.zeros(1200, int)}, "two classes or more"),
        ({"y": np.zeros(1200)}, r"y=.*must be the class of each sample"),
        ({"y": np.eye(10)[DIGITS[TRAIN]]}, r"not a column per class.*y.argmax\(1\)"),
        ({"test_y": PIXELS[TEST, 3]}, r"test_y=.*must be the class of each sample"),
        ({"test_y": DIGITS[TEST].astype(str)}, "must be classes of y, but '.' is none"),
        ({"test_y": DIGITS[TEST] + 1}, "must be classes of y, but 10 is none"),
        ({"test_data": PIXELS[TEST, :5]}, "as many columns as data, 64"),
        ({"data": np.full((1200, 64), np.nan)}, "NaN"),
        ({"device": "nowhere"}, "a device that torch knows"),
    ],
)
def test_odd_arguments(change, match, monkeypatch):
    monkeypatch.setattr(
        "nbinterp.network.dropout.study.train_together",
        lambda *_args, **_kwargs: _checks.fail("training", "must not begin", ""),
    )
    names = ("data", "y", "test_data", "test_y")
    with pytest.raises(ValueError, match=match):
        dropout_study(**dict(zip(names, SPLIT, strict=True)) | SETTINGS | change)


def test_what_is_no_corex_is_refused():
    with pytest.raises(TypeError, match="must be a LinearCorEx"):
        dropout_study(*SPLIT, corex="linear", **SETTINGS)


def test_a_wide_column_does_not_hide_the_others():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 3))
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    settings = SMALL | {"epochs": 12}
    found = []
    for scale in ([1, 1, 1], [1, 1, 1.2e4]):
        table = x * scale
        study = dropout_study(table[:600], y[:600], table[600:], y[600:], **settings)
        found.append(study.to_frame().accuracy.to_numpy())
    assert np.min(found) > 0.85
    np.testing.assert_allclose(*found, atol=0.05)
