import numpy as np
import pytest

from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth import explainer

SMOOTH = SmoothHess(sigma=0.5, n_samples=64, sampling="moment_matched", random_state=0)


def function(x):
    return x[:, 0] * x[:, 1] - 3 * x[:, 1] * x[:, 2] + x[:, 2] ** 2 / 4


def test_pairs_come_strongest_first_in_each_sample():
    found = SMOOTH.explain(function, np.zeros((2, 3)))
    frame = found.to_frame(3, names=["a", "b", "c"])
    assert frame["sample"].tolist() == [0, 0, 0, 1, 1, 1]
    assert list(zip(frame["first"], frame["second"], strict=True))[:3] == [
        ("b", "c"),
        ("a", "b"),
        ("c", "c"),
    ]
    np.testing.assert_allclose(frame["interaction"][:3], [-3, 1, 0.5], atol=1e-9)
    whole = found.to_frame()
    assert len(whole) == 2 * 6 and whole["first"][0] == "x1"
    place = found.standard_error[1][1, 2]
    row = whole.query("sample == 1 and first == 'x1' and second == 'x2'")
    assert row["standard_error"].item() == place


def test_bad(monkeypatch):
    found = SMOOTH.explain(function, np.zeros((1, 3)))
    with pytest.raises(ValueError, match="must be at least 1"):
        found.to_frame(0)
    with pytest.raises(ValueError, match="must be 3 names"):
        found.to_frame(names=["a"])
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", 2)
    with pytest.raises(ValueError, match="narrow enough to store"):
        SMOOTH.explain(function, np.zeros((1, 3))).to_frame()
