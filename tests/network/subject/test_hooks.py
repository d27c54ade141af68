import threading

import numpy as np
import pytest
import torch
from network.worlds import hooks, plain, seeded

from nbinterp import _checks
from nbinterp.network.subject.hooks import (
    first_tensor,
    observe_outputs,
    replace_output,
    with_first_tensor,
)
from nbinterp.network.subject.model import find_layers

X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))


def test_outputs_are_observed_in_order_and_no_hook_stays():
    model = seeded(plain).eval()
    seen = []
    modules = find_layers(model, ["1", "0.2"])
    with observe_outputs(modules, lambda name, output: seen.append((name, output))):
        model(X)
    model(X)
    assert [name for name, _ in seen] == ["0.2", "1"]
    assert set(hooks(model)) == {(0, 0)}


def test_the_first_tensor_of_an_output():
    for output in (X, (X, None), [X], {"first": X, "second": 0}):
        assert first_tensor("it", output) is X
    for output in (None, (), "text", (None, X)):
        refused = pytest.raises(TypeError, match=r"test\(\): it must return a tensor")
        with _checks.call("test"), refused:
            first_tensor("it", output)


class Answers(dict):
    """A dict of outputs with a type of its own, like those of transformers."""

    def copy(self):
        return Answers(self)


def test_of_a_dict_the_logits_are_the_output():
    output = Answers(loss=torch.tensor(0.5), logits=X, hidden=X + 1)
    assert first_tensor("it", output) is X
    changed = with_first_tensor(output, X * 2)
    assert type(changed) is Answers and torch.equal(changed["logits"], X * 2)
    assert changed["loss"] is output["loss"] and output["logits"] is X


@pytest.mark.parametrize(
    ("output", "key"),
    [
        ((torch.tensor(0.5), X), "0"),
        ({"loss": torch.tensor(0.5), "scores": X}, "'loss'"),
        ({"logits": torch.tensor(0.5)}, "'logits'"),
    ],
)
def test_a_number_for_the_whole_batch_is_refused(output, key):
    refused = pytest.raises(ValueError, match=f"one row per sample, but item {key} is one number")
    with _checks.call("test"), refused:
        first_tensor("it", output)


@pytest.mark.parametrize("all_threads", [False, True])
def test_an_output_is_replaced_in_this_thread_or_in_all(all_threads):
    model = seeded(plain).eval()
    plainly, elsewhere = model(X), []
    with replace_output(model[3], lambda output, _inputs: output * 0, all_threads=all_threads):
        assert not model(X).any()
        thread = threading.Thread(target=lambda: elsewhere.append(model(X).detach()))
        thread.start()
        thread.join()
    assert elsewhere[0].any() != all_threads
    assert torch.equal(model(X), plainly)
