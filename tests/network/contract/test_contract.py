import copy

import numpy as np
import pytest
import torch
from network.kinds import N, Of, head, hidden, kind_of, table
from network.worlds import assert_same, factors_of
from torch import nn

from nbinterp import SmoothHess, Subject, check
from nbinterp.network import ablated, perturb, record

QUICK = {"progress": False}


class Counted(nn.Module):
    """A network that knows how often it ran, and with how many rows."""

    def __init__(self):
        super().__init__()
        self.h, self.out, self.sizes = nn.Linear(8, 12), nn.Linear(12, 3), []
        self.rate = 0.0

    def forward(self, x):
        self.sizes.append(len(x))
        return self.out(nn.functional.dropout(self.h(x), self.rate, training=True))


def passes(model, **options):
    model.sizes.clear()
    record(model, table(8), "h", **QUICK, **options)
    return model.sizes[:]


def test_a_few_samples_are_tried_once():
    model = Counted()
    first = passes(model, batch_size=20)
    assert first[-2:] == [20, 20] and sum(first[:-2]) <= 40
    # What was found with a few is remembered; of a large batch, some rows run apart each time.
    assert passes(model, batch_size=20) == [8, 20, 20]
    assert len(passes(model, batch_size=4)) > N / 4  # another kind of batch


def test_a_setting_or_a_hook_makes_it_another_model():
    model = Counted()
    passes(model)
    model.h.register_forward_hook(lambda module, inputs, output: output - output.mean(0))
    with pytest.raises(ValueError, match=r"'h'\) must compute each sample by itself"):
        passes(model)
    other = Counted()
    passes(other)
    other.rate = 0.5
    with pytest.warns(UserWarning, match=r"record\(model\) draws random numbers") as caught:
        passes(other)
    assert caught[0].filename == __file__


def test_the_generators_of_the_caller_are_left_alone():
    kind = kind_of("noise of NumPy")
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    with pytest.warns(UserWarning, match="draws random"):
        first = record(*kind[:3], **QUICK)
    assert_same(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    np.testing.assert_array_equal(
        record(Subject(kind.model, seed=0), *kind[1:3]).output, first.output
    )
    other = record(Subject(kind.model, seed=1), *kind[1:3]).output
    assert np.abs(other - first.output).max() > 1e-3


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_samples_show_it_too(n):
    kind = kind_of("compares samples (CLIP)")
    data = {name: part[:n] for name, part in kind.data.items()}
    with pytest.raises(ValueError, match=r"record\(model\) must return one shape for each sample"):
        record(kind.model, data, "h", **QUICK)
    assert record(kind_of("multilayer perceptron").model, table(8)[:n], "h1", **QUICK)


def test_a_layer_after_one_that_is_refused_is_read():
    kind = kind_of("recurrent, time first")
    with pytest.raises(ValueError, match=r"'h'\) must have one row per sample on its first axis"):
        record(kind.model, kind.data, ["h", "out"], **QUICK)
    assert record(kind.model, kind.data, "out", **QUICK)["out"].shape == (N, 3)


def test_a_difference_by_rounding_alone_is_none():
    """Rows of a batch are summed in another order where it has another size."""
    torch.manual_seed(0)
    layers = [part for _ in range(12) for part in (nn.Linear(64, 64), nn.LayerNorm(64), nn.GELU())]
    for kind in (torch.float32, torch.bfloat16):
        model = nn.Sequential(*layers).to(kind)
        assert record(model, table(64), "30", **QUICK)["30"].shape == (N, 64)


def test_ablated_says_when_it_did_nothing_and_hides_no_error():
    kind = kind_of("forward() called directly")
    x = torch.from_numpy(kind.data)
    never = pytest.raises(ValueError, match=r"ablated\(layer='h'\) .* but the model ran without it")
    with never, ablated(kind.model, "h", [0]):
        kind.model(x)
    with pytest.raises(KeyError, match="mine"), ablated(kind.model, "h", [0]):
        kind.model(x)
        raise KeyError("mine")
    with ablated(kind.model, "h", [0]):
        pass  # nothing ran


def test_weights_of_inference_mode_have_no_gradients():
    with torch.inference_mode():
        model = nn.Linear(8, 3)
    with pytest.raises(ValueError, match="Make or load the model outside"):
        SmoothHess(n_samples=100, progress=False).explain(model, table(8)[:1], target=0)
    SmoothHess(n_samples=100, progress=False).explain(copy.deepcopy(model), table(8)[:1], target=0)


def test_a_model_of_inference_mode_is_read_and_edited_as_any():
    kind = kind_of("multilayer perceptron")
    with torch.inference_mode():
        model = copy.deepcopy(kind.model)
    given = factors_of([f"h1[{node}]" for node in range(4)], np.arange(1.0, 5.0))
    settings = {"layer": "h1", "factor": 0, "base": 3, **QUICK}
    found, expected = (perturb(each, kind.data, given, **settings) for each in (model, kind.model))
    np.testing.assert_array_equal(found.outputs, expected.outputs)
    answers = check(model, kind.data, "h1")
    assert answers["perturb"].verdict == answers["record"].verdict == "right"
    assert "inference mode" in answers["SmoothHess"].why


def once(m, x):
    """Take the mean of the first batch for that of all."""
    if m.mean is None:
        m.mean = x.mean(dim=0)
    return m.out(m.h(x - m.mean))


def once_in_a_buffer(m, x):
    if not m.is_set:
        m.centre.copy_(x.mean(dim=0))
        m.is_set.fill_(True)
    return m.out(m.h(x - m.centre))


def once_in_a_new_buffer(m, x):
    if not hasattr(m, "made"):
        m.register_buffer("made", x.mean(dim=0))
    return m.out(m.h(x - m.made))


def first_of_all(m, x):
    """Return the first batch's answers to all others."""
    if m.mean is None:
        m.mean = m.h(x)
    return m.out(m.mean[: len(x)])


@pytest.mark.parametrize("forward", [once, once_in_a_buffer, once_in_a_new_buffer, first_of_all])
def test_what_the_first_batch_decides_is_refused_and_nothing_of_the_trial_stays(forward):
    model = Of(forward, h=hidden(), out=head())
    model.mean = None
    model.register_buffer("centre", torch.zeros(8))
    model.register_buffer("is_set", torch.zeros((), dtype=torch.bool))
    names = set(vars(model)), set(dict(model.named_buffers()))
    with pytest.raises(ValueError, match=r"must (compute each sample by itself|give the same)"):
        record(model, table(8), "h", progress=False)
    assert (set(vars(model)), set(dict(model.named_buffers()))) == names
    assert model.mean is None and not model.is_set and not model.centre.any()


def test_a_cache_that_depends_on_no_sample_is_none():
    def forward(m, x):
        if m.scale is None:
            m.scale = torch.arange(8.0)
        return m.out(m.h(x * m.scale))

    model = Of(forward, h=hidden(), out=head())
    model.register_buffer("scale", None)
    first = record(model, table(8), "h", progress=False)
    assert model.scale is None
    np.testing.assert_array_equal(first.output, record(model, table(8), "h").output)


def test_layers_that_the_first_pass_makes_are_refused():
    def forward(m, x):
        if not hasattr(m, "late"):
            m.late = nn.Linear(8, 12)
        return m.out(m.h(x) + m.late(x))

    model = Of(forward, h=hidden(), out=head())
    with pytest.raises(ValueError, match=r"must have its layers before it runs, .*'late.weight'"):
        record(model, table(8), "h", progress=False)
    assert not hasattr(model, "late")
    with torch.no_grad():
        model(torch.ones(1, 8))
    record(model, table(8), "h", progress=False)


def test_a_forward_that_fails_later_is_told_so():
    def forward(m, x):
        m.count += 1
        if m.count > 2:
            raise RuntimeError("the pool is empty")
        return m.out(m.h(x))

    model = Of(forward, h=hidden(), out=head())
    model.count = 0
    with pytest.raises(ValueError, match=r"a later pass .* RuntimeError: the pool is empty"):
        record(model, table(8), "h", progress=False)
    assert "later pass" in check(model, table(8), "h")["perturb"].why


def no_single(m, x):
    if len(x) == 1:
        raise ValueError("expected more than one row")
    return m.out(m.h(x))


@pytest.mark.parametrize(
    ("forward", "why"),
    [
        (no_single, "a batch of one sample raised ValueError: expected more than one row"),
        (lambda m, x: m.out(m.h(x)).squeeze(), r"gave \(8, 3\) for 8 samples and \(3,\) for 1"),
        (
            lambda m, x: (m.out(m.h(x)),) if len(x) == 1 else m.out(m.h(x)),
            "gave a tensor for 8 samples and a tuple of 1 for 1",
        ),
    ],
)
def test_one_sample_by_itself_is_tried_where_layers_are_edited(forward, why):
    model = Of(forward, h=hidden(), out=head())
    given = factors_of([f"h[{node}]" for node in range(4)], np.arange(1.0, 5.0))
    with pytest.raises(ValueError, match=rf"perturb\(model\) .*{why}"):
        perturb(model, table(8), given, layer="h", **QUICK)
    found = check(model, table(8), "h")
    assert found["perturb"].verdict == found["ablation_study"].verdict == "refused"
    assert record(model, table(8), "h", progress=False).output.shape == (N, 3)


def test_edits_in_one_call_see_the_same_draws():
    kind = kind_of("dropout that is always on")
    given = factors_of([f"h[{node}]" for node in range(4)], np.arange(1.0, 5.0))
    with pytest.warns(UserWarning, match="draws random"):
        moved = perturb(
            kind.model, kind.data, given, layer="h", factor=0, amounts=[[0], [2], [0]], **QUICK
        )
    np.testing.assert_array_equal(moved.outputs[0], moved.outputs[2])
    np.testing.assert_array_equal(moved.outputs[0], moved.baseline_outputs)
    assert not np.array_equal(moved.outputs[0], moved.outputs[1])
