import numpy as np
import pytest
import torch
from network.kinds import N, kind_of, table
from network.worlds import assert_same
from torch import nn

from nbinterp import SmoothHess, Subject
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


def test_edits_in_one_call_see_the_same_draws():
    from network.worlds import factors_of

    kind = kind_of("dropout that is always on")
    given = factors_of([f"h[{node}]" for node in range(4)], np.arange(1.0, 5.0))
    with pytest.warns(UserWarning, match="draws random"):
        moved = perturb(
            kind.model, kind.data, given, layer="h", factor=0, amounts=[[0], [2], [0]], **QUICK
        )
    np.testing.assert_array_equal(moved.outputs[0], moved.outputs[2])
    np.testing.assert_array_equal(moved.outputs[0], moved.baseline_outputs)
    assert not np.array_equal(moved.outputs[0], moved.outputs[1])
