import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nbinterp import LocalCorEx, Workbench

X = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
Y = np.arange(30) % 3
NET = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
TEXT = pd.DataFrame(X[:, :5]).assign(word="a")
GAP = np.where(np.arange(6) == 2, np.nan, X)


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((X, NET), {}, r"model=<ndarray.*must be a torch.nn.Module"),
        (([NET, NET], X), {}, r"model=<list.*Pass one model"),
        ((NET, "data.csv"), {}, r"data='data.csv'\) must be samples, not the name of a file. Load"),
        ((NET, None), {}, r"data=None\) must hold samples"),
        ((NET, TEXT), {}, "column 'word' must be numbers"),
        ((NET, X[:0]), {}, "must hold at least 6 samples, not 0"),
        ((NET, X[:3]), {}, "must hold at least 6 samples, not 3. Pass more"),
        ((NET, X[:, :4]), {}, r"data\).*takes, but layer '0', Linear.* raised RuntimeError: mat1"),
        ((NET, GAP), {}, r"must be finite, but sample 0 has NaN"),
        ((NET, X, Y[:5]), {}, r"y=.*must be one label per sample, 30"),
        ((NET, X, np.eye(3)[Y]), {}, r"y=.*not a column per class. Pass .* y.argmax"),
        ((NET, X), {"columns": {"a": [1, 2]}}, r"columns\['a'\].*must be one label per sample, 30"),
        ((NET, X), {"columns": pd.DataFrame({"a": [1]})}, r"columns\['a'\].*per sample, 30"),
        ((NET, X), {"height": "tall"}, r"height='tall'\) must be a whole number"),
        ((NET, X), {"height": -3}, r"height=-3\) must be at least 200"),
        ((NET, X), {"image_shape": (4, 4)}, r"image_shape=\(4, 4\)\) must have as many values.*6"),
        ((NET, X), {"image_shape": 6}, r"image_shape=6\) must be the sides of an image"),
        ((NET, X), {"image_shape": "ab"}, r"image_shape='ab'\) must be the sides of an image"),
        ((NET, X), {"random_state": "a"}, r"random_state='a'\) must be a whole number"),
        ((NET, X), {"progress": "yes"}, r"progress='yes'\) must be True or False"),
        ((NET, X), {"decode": 5}, r"decode=5\) must be a Decoder or a callable"),
        ((NET, X), {"names": ["net"]}, r"names=\['net'\]\) must be a dict"),
        ((NET, X), {"local": 3}, r"local=3\) must be a fitted LocalCorEx"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_slow(monkeypatch, args, options, message):
    def slow(*_args, **_options):
        raise AssertionError("it was fitted")

    monkeypatch.setattr(LocalCorEx, "fit", slow)
    with pytest.raises((ValueError, TypeError), match=rf"^(Workbench|record)\(.*{message}"):
        Workbench(*args, **({"progress": False} | options))


@pytest.mark.parametrize("y", [np.array(list("abcd"))[np.arange(30) % 4], Y + 1, Y / 2])
def test_a_y_that_is_no_class_is_told_before_anything_slow(monkeypatch, y):
    def slow(*_args, **_options):
        raise InterruptedError

    monkeypatch.setattr("nbinterp.views.workbench.setup.record", slow)
    told = pytest.warns(UserWarning, match="without ablation. ablation_study.y=.*Pass")
    with told, pytest.raises(InterruptedError):
        Workbench(NET, X, y, progress=False)


def test_a_layer_that_the_output_does_not_read_is_told_at_once():
    class Side(nn.Module):
        def __init__(self):
            super().__init__()
            self.h, self.side, self.o = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3)

        def forward(self, x):
            h = self.h(x)
            self.side(h)
            return self.o(h.relu())

    with pytest.warns(UserWarning, match="without (sliders|ablation). 'side' cannot be edited"):
        bench = Workbench(Side(), torch.as_tensor(X), layer="side", n_clusters=2, progress=False)
    assert {"sliders", "ablation"} <= set(bench.unavailable) and bench.slider is None
    assert bench.select(range(20)).n_samples == 20
