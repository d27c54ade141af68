import pytest
import torch

from nbinterp.interactions.andor.outputs import log_odds, scalars, targets


def test_log_odds_are_exact_where_probabilities_saturate():
    logits = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    p = logits.softmax(1)[0]
    for k in range(3):
        found = log_odds(logits, torch.tensor([k]))
        torch.testing.assert_close(found[0], (p[k] / (1 - p[k])).log())
    extreme = torch.tensor([[900.0, 0.0, -900.0]])
    assert log_odds(extreme, torch.tensor([0])).item() == 900
    assert log_odds(extreme, torch.tensor([2])).item() == -1800


def test_kinds_of_output():
    raw = torch.tensor([[1.0, 3.0], [2.0, 0.0]])
    classes = torch.tensor([1, 1])
    assert scalars(raw, "logit", classes, 2).tolist() == [3, 0]
    torch.testing.assert_close(
        scalars(raw, "probability", classes, 2), raw.double().softmax(1)[:, 1]
    )
    assert scalars(raw, lambda z: z.amax(1), None, 2).tolist() == [3, 2]
    assert scalars(raw[:, :1], "log_odds", None, 2).tolist() == [1, 2]
    assert scalars((raw, "more"), lambda z: z[0][:, 0], None, 2).tolist() == [1, 2]


def test_outputs_that_are_not_one_number_per_row():
    three = torch.zeros(2, 3, 4)
    with pytest.raises(ValueError, match="must return one number or one row of classes per sample"):
        scalars(three, "logit", None, 2)
    with pytest.raises(ValueError, match="must return one number or one row"):
        scalars(torch.zeros(5), "logit", None, 2)
    with pytest.raises(ValueError, match="must return one number per row"):
        scalars(torch.zeros(2, 3), lambda z: z, None, 2)
    with pytest.raises(TypeError, match="must return a tensor, not tuple"):
        scalars((1, 2), "logit", None, 2)


def test_targets():
    first, second = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 9.0]])
    assert targets(None, [first, second], 1).tolist() == [1]
    assert targets(None, [second, first], 1).tolist() == [1]
    assert targets(0, [first], 1).tolist() == [0]
    assert targets(None, [torch.zeros(3)], 3) is None
    for bad, message in (
        (2, "from 0 to 1"),
        ([0, 1], "one class per sample"),
        (0.5, "must be a class"),
    ):
        with pytest.raises(ValueError, match=message):
            targets(bad, [first], 1)
    with pytest.raises(ValueError, match="must be None for models with one output"):
        targets(0, [torch.zeros(3)], 3)
    with pytest.raises(ValueError, match="must all have the same number of outputs"):
        targets(None, [first, torch.zeros(1, 3)], 1)
