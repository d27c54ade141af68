import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import nbinterp
from nbinterp import FactorSlider, LinearCorEx, LocalCorEx, Workbench, record
from nbinterp._numerics.progress import current_token
from nbinterp.views.base.view import View
from nbinterp.views.workbench.actions import Subject
from nbinterp.views.workbench.bars import interaction_chart

TRAITS = Path(__file__).parents[3] / "widgets" / "src" / "workbench" / "traits.ts"


@pytest.fixture(scope="module")
def world():
    """Return a small trained-like network, its data of three kinds, their labels and a fit."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 40)
    data = (rng.normal(size=(120, 6)) + 2 * np.eye(6)[kind]).astype(np.float32)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
    nodes = record(model, data, "1").concat("1", output=True)
    local = LocalCorEx(LinearCorEx(6, random_state=0), random_state=0).fit(nodes, clusters=kind)
    return {"model": model, "data": data, "labels": kind, "local": local}


def make(world, **options):
    given = {"layer": "1", "labels": world["labels"], "local": world["local"]} | options
    return Workbench(world["model"], world["data"], **given)


@pytest.fixture
def bench(world):
    return make(world)


def test_the_page_knows_the_same_traits():
    body = re.search(r"WorkbenchTraits = ViewTraits & \{(.*?)\n\};", TRAITS.read_text(), re.S)[1]
    there = set(re.findall(r"^  (\w+):", body, re.M))
    assert set(Workbench.class_traits(sync=True)) - set(View.class_traits(sync=True)) == there


def test_before_a_selection_there_is_a_map_and_nothing_else(bench):
    assert bench.slider is None and bench.factor is None and bench._ablation == {}
    assert bench.factors is None and "120 samples" in bench.describe()
    assert bench.snapshot()[1:4] == b"PNG"
    with pytest.raises(Exception, match="needs a fit first"):
        bench.factor = 0


def test_a_selection_does_the_whole_loop(bench):
    factors = bench.select(range(40, 80))
    assert factors is bench.factors is bench.explorer.factors
    assert np.array_equal(factors.indices, np.arange(40, 80))
    assert bench.explorer.heatmap.source is factors
    assert isinstance(bench.slider, FactorSlider) and bench.slider.base == "mean"
    strongest = int(np.argmax(factors.total_correlations_))
    assert bench.factor == strongest == bench.explorer.heatmap.factor
    assert tuple(bench._slider_factors) == bench.perturbation.factors
    assert bench._step == "" and bench._error == ""
    nodes = record(bench._subject.model, bench._subject.data, "1").concat("1", output=True)
    rows = nodes.to_numpy()[40:80]
    nearest = 40 + int(((rows - rows.mean(0)) ** 2).sum(1).argmin())
    assert bench.sample == bench._interactions["sample"] == nearest


def test_the_bars_are_those_of_the_study(bench):
    bench.select(range(40))
    frame = bench.ablation.to_frame()
    chart = next(c for c in bench._ablation["charts"] if c["factor"] == bench.factor)
    row = frame[(frame["factor"] == bench.factor) & (frame["size"] == chart["size"])].iloc[0]
    bar = chart["bars"][0]
    assert bar["label"] == row["group"] == bench.ablation.groups[0]
    assert bar["value"] == pytest.approx(100 * row["change"], abs=1e-3)
    assert (bar["low"], bar["high"]) == pytest.approx(
        (100 * row["chance_lower"], 100 * row["chance_upper"]), abs=1e-3
    )
    values = [bar["value"] for bar in chart["bars"][1:]]
    assert values == sorted(values)


def test_pairs_come_with_their_noise(bench):
    bench.select(range(40))
    found = bench.interactions
    chart = interaction_chart(found, 3, "logit 1", None)
    i, j = chart["bars"][0]["pair"]
    upper = np.triu_indices(6, 1)
    assert abs(found.hessian[0][i, j]) == np.abs(found.hessian[0][upper]).max()
    assert chart["bars"][0]["high"] == pytest.approx(1.96 * found.standard_error[0][i, j], rel=1e-3)


def test_a_factor_chosen_anywhere_is_chosen_everywhere(bench):
    bench.select(range(40))
    one, two = bench._slider_factors[1:3]
    bench.factor = one
    assert bench.explorer.heatmap.factor == one
    bench.explorer.heatmap.factor = two
    assert bench.factor == two
    bench.explorer.heatmap.factor = None
    assert bench.factor == two  # what is let go in the heatmap stays chosen
    amounts = np.zeros(len(bench._slider_factors))
    amounts[0] = 1.5
    bench.slider.amounts = amounts
    assert bench.factor == bench._slider_factors[0] == bench.explorer.heatmap.factor


def test_a_factor_without_a_slider_gets_one(bench):
    bench.select(range(40))
    away = next(j for j in range(6) if j not in bench._slider_factors)
    bench.factor = away
    bench.wait()
    assert away in bench.perturbation.factors and bench.factor == away
    assert away in {chart["factor"] for chart in bench._ablation["charts"]}


def unturned(bench):
    return next(k for k in range(len(bench.factors.weights_)) if k not in bench._slider_factors)


def test_a_sample_picked_while_sliders_are_made_is_their_base(bench, monkeypatch):
    turn, picks = Subject.turn, iter([7, 9])

    def turned(self, factors, chosen):
        made = turn(self, factors, chosen)
        sample = next(picks, None)
        if sample is not None and bench.slider is not None:
            bench.slider.set_state({"base": sample})  # as its page does
        elif sample is not None:
            bench.set_state({"sample": sample})  # by a click on the map
        return made

    monkeypatch.setattr(Subject, "turn", turned)
    bench.select(range(40, 80))
    assert bench.wait(60) and bench.slider.base == bench.sample == 7
    bench.factor = unturned(bench)
    assert bench.wait(60) and bench.slider.base == bench.sample == 9
    assert bench.factor in bench._slider_factors and bench.perturbation.base == 9
    bench.factor = unturned(bench)  # other sliders, of the same base
    assert bench.wait(60) and bench.slider.base == 9
    assert bench.code.rindex("from_base(9)") > bench.code.rindex("turned = perturb(")
    bench.select(range(30))  # another region, of its own mean
    assert bench.wait(60) and bench.slider.base == "mean"


@pytest.mark.parametrize("by_page", [True, False])
def test_a_sample_picked_while_sliders_are_filled_is_their_base(bench, monkeypatch, by_page):
    bench.select(range(40, 80))
    slider, publish = bench.slider, bench.slider._publish

    def pick():
        slider.set_state({"base": 7}) if by_page else setattr(slider, "base", 7)

    picker = threading.Thread(target=pick)

    def slowly(frame, strip):
        if not picker.ident:
            picker.start()
            picker.join(0.3)
        publish(frame, strip)

    monkeypatch.setattr(slider, "_publish", slowly)
    bench.factor = unturned(bench)
    assert bench.wait(60)
    picker.join(60)
    assert bench.wait(60)
    assert slider.base == slider.perturbation.base == bench.sample == 7
    assert bench.perturbation is slider.perturbation


def test_a_sample_is_base_of_the_sliders_and_looked_at(bench):
    bench.select(range(40))
    bench.explorer.selection = [7]
    bench.wait()
    assert bench.sample == bench.slider.base == bench._interactions["sample"] == 7
    assert bench.factors.n_samples == 40
    bench.slider.base = 9
    bench.wait()
    assert bench.sample == bench._interactions["sample"] == 9


def test_the_lines_reproduce_every_step(world):
    bench = make(world, labels=None, local=None, n_clusters=4)
    bench.select(range(30, 70))
    amounts = np.zeros(len(bench._slider_factors))
    for amount in (0.5, 1.25):  # of moves in a row the last stands for all
        amounts[1] = amount
        bench.slider.amounts = amounts
    bench.slider.base = 11
    bench.wait()
    bench.select(range(5, 45))
    amounts[1] = -0.75
    bench.slider.amounts = amounts
    assert bench.code.count("turned.at(") == 2
    again = {"model": world["model"], "data": world["data"]}
    exec(bench.code, again)
    assert np.array_equal(again["selection"], np.arange(5, 45))
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)
    np.testing.assert_allclose(
        again["turned"].outputs, bench.perturbation.outputs, rtol=1e-5, atol=1e-6
    )
    assert again["turned"].base_name == bench.perturbation.base_name
    assert np.array_equal(again["study"].change, bench.ablation.change)
    assert np.array_equal(again["interactions"].hessian, bench.interactions.hessian)


def test_what_has_no_name_is_given_one_in_the_lines(world):
    bench = make(world, names={"model": "net", "data": "2 * half"}, local=None, n_clusters=2)
    bench.select(range(20))
    again = {"net": world["model"], "half": world["data"] / 2, "labels": world["labels"]}
    exec(bench.code, again)
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)


def test_failures_are_told_and_what_was_there_stays(bench, monkeypatch):
    bench.select(range(40))
    before, code = bench.factors, bench.code

    def fails(rows):
        raise RuntimeError("no such rows")

    monkeypatch.setattr(bench._subject.local, "fit_selection", fails)
    with pytest.raises(RuntimeError, match="no such rows"):
        bench.select(range(50))
    assert bench._error == "RuntimeError: no such rows"
    assert bench.factors is before and bench.code == code and bench._step == ""
    monkeypatch.undo()
    bench.select(range(60))
    assert bench._error == "" and bench.factors.n_samples == 60


def test_cancelling_leaves_what_was_there(bench, monkeypatch):
    bench.select(range(40))
    before, kept = bench.factors, bench._subject.local.fit_selection
    begun, go_on = threading.Event(), threading.Event()

    def slow(rows):
        begun.set()
        go_on.wait(10)
        return kept(rows)

    monkeypatch.setattr(bench._subject.local, "fit_selection", slow)
    bench.explorer.selection = range(50)
    assert begun.wait(10)
    bench.cancel()
    go_on.set()
    assert bench.wait(20)
    assert bench.factors is before and bench._step == ""


def test_the_newest_of_many_lassos_counts(bench):
    for end in range(10, 80, 5):
        bench.explorer.selection = range(end)
    assert bench.wait(60)
    assert bench.factors.n_samples == 75
    assert bench._history[-1]["kind"] == "interact"


def test_the_button_of_the_map_fits_too(bench):
    bench.explorer.selection = range(30)
    bench.wait()
    sent = []
    bench.explorer.send = lambda content, buffers=None: sent.append(content)
    chosen = memoryview(np.arange(25, 65, dtype="<u4").tobytes())
    bench.explorer._receive(bench.explorer, {"v": 1, "kind": "fit", "seq": 4}, [chosen])
    assert sent[-1]["ok"], sent[-1]["error"]
    assert np.array_equal(bench.factors.indices, np.arange(25, 65))


def test_too_few_samples_are_refused_in_words(bench):
    with pytest.raises(ValueError, match="at least 3"):
        bench.select([1, 2])
    bench.explorer.selection = [1, 2]
    assert bench.wait(5) and bench.factors is None


def test_a_map_of_other_samples_is_refused(world):
    with pytest.raises(ValueError, match="must be of the same samples as data, 100"):
        Workbench(world["model"], world["data"][:100], layer="1", local=world["local"])


def test_channels_of_a_convolutional_network():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(6, 2),
    )  # fmt: skip
    images = np.random.default_rng(0).random((60, 1, 10, 10)).astype(np.float32)
    bench = Workbench(model, images, layer="1", n_clusters=2, progress=False)
    bench.select(range(40))
    assert bench.factors.feature_names[0] == "1[0]"
    assert bench.interactions.hessian.shape == (1, 100, 100)
    again = {"model": model, "data": images}
    exec(bench.code, again)
    assert np.array_equal(again["interactions"].hessian, bench.interactions.hessian)
    assert nbinterp.Workbench is Workbench


def test_the_hovered_sample_is_looked_at_and_the_picked_one_again_after(bench):
    bench.select(range(40))
    picked, found, code = bench.sample, bench.interactions, bench.code
    other = 70 if picked != 70 else 71
    bench.explorer.hovered = other
    assert bench.wait(20)
    assert (bench._interactions["sample"], bench._interactions["hovered"]) == (other, True)
    assert bench.pairs.source is bench._shown[1] is not found
    assert bench.pairs._samples == [other]
    assert (bench.sample, bench.slider.base, bench.code) == (picked, "mean", code)
    assert bench.interactions is found
    bench.explorer.hovered = None
    assert bench.wait(20)
    assert (bench._interactions["sample"], bench._interactions["hovered"]) == (picked, False)
    assert bench.pairs.source is found


def test_a_sweep_over_many_samples_computes_the_last_alone(bench, monkeypatch):
    bench.select(range(40))
    kept, looked = bench._subject.interact, []

    def counted(sample):
        looked.append(sample)
        return kept(sample)

    monkeypatch.setattr(type(bench._subject), "interact", lambda _, sample: counted(sample))
    for sample in range(50, 80):
        bench.explorer.hovered = sample
    assert bench.wait(20)
    assert looked == [79] and bench._interactions["sample"] == 79


def test_a_stale_look_is_given_up_in_its_midst(bench, monkeypatch):
    bench.select(range(40))
    begun, ended = threading.Event(), []

    def endless(_, sample):
        watch = current_token()
        begun.set()
        try:
            while True:
                watch.raise_if_cancelled()
                threading.Event().wait(0.01)
        finally:
            ended.append(sample)

    with monkeypatch.context() as patch:
        patch.setattr(type(bench._subject), "interact", endless)
        bench.explorer.hovered = 50
        assert begun.wait(10)
    bench.explorer.hovered = 60
    assert bench.wait(20)
    assert ended == [50] and bench._interactions["sample"] == 60 and bench._error == ""


def test_without_following_the_pointer_nothing_is_computed(bench):
    bench.select(range(40))
    bench.explorer.hovered = 70
    bench.wait(20)
    bench.follow = False
    bench.wait(20)
    assert bench._interactions["sample"] == bench.sample
    bench.explorer.hovered = 71
    bench.wait(20)
    assert bench._interactions["sample"] == bench.sample


def test_all_pairs_of_many_inputs_are_drawn_once_they_are_unfolded(world, monkeypatch):
    monkeypatch.setattr("nbinterp.views.workbench.sample_panel._ALWAYS", 3)
    bench = make(world)
    assert "Click a sample" in bench.pairs._about
    bench.select(range(40))
    assert bench.pairs.source is None
    bench._pairs_open = True
    assert bench.pairs.source is bench.interactions
    assert len(bench.pairs._names) == 6


def test_a_fit_says_how_many_of_its_stages_are_done(bench, monkeypatch):
    kept, said = bench._subject.local.fit_selection, []
    monkeypatch.setattr("nbinterp.views.base.background._OFTEN", 0.001)

    def slow(rows):
        result = kept(rows)
        threading.Event().wait(0.05)
        return result

    monkeypatch.setattr(bench._subject.local, "fit_selection", slow)
    bench.observe(lambda _: said.append((bench._step, bench._done)), "_done")
    bench.select(range(40))
    fits = [(step, done) for step, done in said if "stage" in step]
    assert fits and all(0.05 <= done <= 0.45 for _, done in fits)
    count = int(fits[-1][0].split(" of ")[-1])
    assert fits[-1] == (f"Fitting factors of 40 samples: stage {count} of {count}", 0.45)
