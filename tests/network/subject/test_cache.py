import threading

import numpy as np
import torch
from network.worlds import assert_same, plain, seeded, state
from torch import nn

from nbinterp.network.subject.cache import cached_prefix, constant_forward, replace_forward

X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.runs = nn.Linear(6, 6), 0

    def forward(self, x):
        self.runs += 1
        return self.linear(x)


class Network(nn.Module):
    """`shared` runs twice, before `last` and after it."""

    def __init__(self):
        super().__init__()
        self.first, self.shared, self.last, self.later = (Counting() for _ in range(4))

    def forward(self, x):
        return self.later(self.shared(self.last(self.shared(self.first(x)).relu_())))


def test_what_comes_up_to_a_module_runs_once_and_the_rest_each_time():
    model = seeded(Network).eval()
    with torch.no_grad():
        plainly = model(X)
        for part in model.children():
            part.runs = 0
        with cached_prefix(model, model.last, X) as known:
            for _ in range(3):
                assert_same(model(X), plainly)
            assert set(known) >= {model.first, model.last} and model.shared not in known
    assert (model.first.runs, model.last.runs) == (1, 1)
    assert (model.shared.runs, model.later.runs) == (8, 4)


def test_what_is_written_into_is_a_copy():
    model = seeded(plain).eval()  # its ReLU works in place
    with torch.no_grad():
        plainly = model(X)
        with cached_prefix(model, model[2], X):
            for _ in range(3):
                assert_same(model(X), plainly)


def test_the_model_is_restored():
    model = seeded(plain)
    own = model[1].forward = model[1].forward  # a forward of its own, as some tools put there
    before = state(model)
    try:
        with cached_prefix(model, model[1], X):
            assert model[1].forward is not own
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert_same(before, state(model))
    assert model[1].forward is own
    assert "forward" not in vars(model[0])


def test_another_thread_sees_the_network_as_it_is():
    model = seeded(plain).eval()
    found = []
    with torch.no_grad():
        expected = model(2 * X)
        with cached_prefix(model, model[1], X):
            thread = threading.Thread(target=lambda: found.append(model(2 * X).detach()))
            thread.start()
            thread.join()
    assert_same(found[0], expected)


def test_threads_that_replace_forwards_in_any_order_leave_the_module_as_it_was():
    linear = nn.Linear(2, 1)
    begun, end = threading.Event(), threading.Event()

    def other():
        with replace_forward(linear, constant_forward("theirs")):
            begun.set()
            end.wait(10)
            assert linear(None) == "theirs"

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait(10)
    with replace_forward(linear, constant_forward("mine")):
        assert linear(None) == "mine"
        end.set()
        thread.join(10)  # the first to come is the first to go
        assert linear(None) == "mine"
    assert "forward" not in vars(linear)
    assert linear(torch.ones(1, 2)).shape == (1, 1)
