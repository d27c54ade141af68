import numpy as np
import pytest
import torch

from nbinterp.interactions.andor.baseline import fill_of

X = torch.zeros(3, 2, 2)


def test_kinds():
    assert fill_of(0.5, None, X).tolist() == [[[0.5, 0.5], [0.5, 0.5]]]
    assert fill_of(np.array([1.0, 2.0]), None, X)[0].tolist() == [[1, 2], [1, 2]]
    background = np.arange(8.0).reshape(2, 2, 2)
    assert fill_of("mean", background, X).tolist() == [[[2, 3], [4, 5]]]
    assert fill_of("marginal", background, X).tolist() == background.tolist()
    assert fill_of(103, None, torch.ones(3, 4, dtype=torch.int64)).dtype == torch.int64


def test_bad():
    tokens = torch.ones(3, 4, dtype=torch.int64)
    for baseline, background, samples, message in (
        ("median", None, X, "must be one of 'mean', 'marginal'"),
        ("mean", None, X, "must come with background samples"),
        ("marginal", np.zeros((2, 3)), X, r"must hold samples of shape \(2, 2\)"),
        (np.zeros(3), None, X, "must fit samples of shape"),
        (np.nan, None, X, "must be a finite number"),
        (0.5, None, tokens, "must be whole numbers too"),
    ):
        with pytest.raises(ValueError, match=message):
            fill_of(baseline, background, samples)
