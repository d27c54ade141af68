"""Which number of a model's output to explain: log-odds, logit or probability of a class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nbinterp import _checks

Tensor = torch.Tensor
Output = str | Callable[[Tensor], Tensor]

OUTPUTS = ("log_odds", "logit", "probability")


def log_odds(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the log-odds of a class, ``z_y - logsumexp`` of the other logits.

    Unlike the logarithm of a rounded probability, this is exact for logits of any size.

    Parameters
    ----------
    logits : tensor of shape (b, classes)
    classes : tensor of shape (b,)
        The class y of each row.

    Returns
    -------
    tensor of shape (b,)
        In nats.

    Examples
    --------
    >>> import torch
    >>> log_odds(torch.tensor([[100.0, 0.0]]), torch.tensor([0]))
    tensor([100.])
    """
    column = classes[:, None]
    others = logits.scatter(1, column, -torch.inf)
    return logits.gather(1, column)[:, 0] - others.logsumexp(dim=1)


@_checks.call("AndOr.explain")
def forgotten(_: Tensor) -> Tensor:
    """Take the place of an `output` function, which saved files do not contain."""
    _checks.fail(
        "()",
        "must have the function of the output, which saved files do not contain",
        "Pass it again: result.settings.changed(output=...).",
    )


def scalars(raw: Any, output: Output, classes: Tensor | None, n_rows: int) -> Tensor:
    """Return the number to explain of each row, (n_rows,), in float64.

    Parameters
    ----------
    raw : tensor of shape (n_rows,), (n_rows, 1), (n_rows, classes), or anything for a function
        The output of a model. If it is one number per row, that is explained.
    output : {"log_odds", "logit", "probability"} or callable
        What to compute from classes.
    classes : tensor of shape (n_rows,) or None
        The class of each row.
    n_rows : int
        Rows of the model's input.
    """
    if callable(output):
        raw = output(raw)
    tensor = checked(raw, n_rows)
    if callable(output) and tensor.ndim != 1:
        _checks.fail(
            f"(output={_checks.show(output)})",
            f"must return one number per row, not {tuple(tensor.shape)}",
            "Reduce it to shape (b,).",
        )
    if tensor.ndim == 1:
        return tensor.to(torch.float64)
    logits = tensor.to(torch.float64)
    _checks.require(
        classes is not None,
        "(target=None)",
        "must name a class for a model that returns several",
        "Pass target.",
    )
    where = classes.to(logits.device) if classes is not None else logits.new_zeros(n_rows).long()
    if output == "log_odds":
        return log_odds(logits, where)
    chosen = logits.log_softmax(1).exp() if output == "probability" else logits
    return chosen.gather(1, where[:, None])[:, 0]


def checked(raw: Any, n_rows: int) -> Tensor:
    """Return the output of a model as (n_rows,) or (n_rows, classes)."""
    if not isinstance(raw, torch.Tensor):
        _checks.fail(
            "(model)",
            f"must return a tensor, not {type(raw).__name__}",
            "Wrap the model, or pass output=a function of what it returns.",
            TypeError,
        )
    tensor = raw.detach()
    if tensor.ndim == 2 and tensor.shape[1] == 1:
        tensor = tensor[:, 0]
    _checks.require(
        tensor.ndim in (1, 2) and len(tensor) == n_rows,
        f"(model) with an output of shape {tuple(tensor.shape)}",
        f"must return one number or one row of classes per sample, {n_rows}",
        "Wrap the model, or pass output=a function from its output to one number per row.",
    )
    return tensor


def targets(target: Any, outputs: list[Tensor], n_samples: int) -> Tensor | None:
    """Return the class to explain of each sample, (n_samples,), on the CPU.

    Parameters
    ----------
    target : int, sequence of int or None
        As given; None for the class that the models together find most probable.
    outputs : list of tensor
        The output of each model for the unmasked samples.
    n_samples : int
    """
    widths = {output.shape[1] if output.ndim == 2 else 1 for output in outputs}
    _checks.require(
        len(widths) == 1,
        "(models)",
        f"must all have the same number of outputs, not {sorted(widths)}",
        "Explain models of the same task together.",
    )
    width = widths.pop()
    what = f"(target={_checks.show(target)})"
    if width == 1:
        _checks.require(
            target is None,
            what,
            "must be None for models with one output",
            "Leave target out.",
        )
        return None
    if target is None:
        together = sum(output.cpu().double().log_softmax(1) for output in outputs)
        return torch.as_tensor(together).argmax(1)
    array = np.asarray(_checks.to_numpy(target))
    _checks.require(
        array.dtype.kind in "iu" and array.shape in ((), (n_samples,)),
        what,
        f"must be a class or one class per sample, {n_samples}",
        "Pass whole numbers.",
    )
    _checks.require(
        bool((array >= 0).all() and (array < width).all()),
        what,
        f"must be from 0 to {width - 1}, the classes of the model",
        "Choose one of these.",
    )
    return torch.from_numpy(np.broadcast_to(array.astype(np.int64), (n_samples,)).copy())
