"""What stands in for the inputs of players that are off."""

from typing import Any

import numpy as np
import torch

from nbinterp import _checks

WAYS = ("mean", "marginal")


@_checks.call("AndOr")
def fill_of(baseline: Any, background: Any, samples: torch.Tensor) -> torch.Tensor:
    """Return what is put in for inputs that are off, (rows, ...), of the type of `samples`.

    Parameters
    ----------
    baseline : float, array, "mean" or "marginal"
        As `AndOr` takes it.
    background : array of shape (rows, ...) or None
        Samples to average, or to put in one by one.
    samples : tensor of shape (samples, ...)
        What is explained.
    """
    shape = tuple(samples.shape[1:])
    if isinstance(baseline, str):
        _checks.choice("baseline", baseline, WAYS)
        rows = _background(baseline, background, shape)
        fill = rows.double().mean(0, keepdim=True) if baseline == "mean" else rows
    else:
        fill = torch.as_tensor(np.asarray(_checks.to_numpy(baseline)))
        what = f"(baseline={_checks.show(baseline)})"
        _checks.require(
            fill.dtype != torch.bool and bool(fill.isfinite().all()),
            what,
            "must be a finite number or an array of them",
            "Use 0.0, or an array of the shape of a sample.",
        )
        try:
            fill = fill.broadcast_to(shape)[None]
        except RuntimeError:
            _checks.fail(
                what, f"must fit samples of shape {shape}", "Give it the shape of one sample."
            )
    if not samples.is_floating_point():
        _checks.require(
            bool((fill == fill.round()).all()),
            f"(baseline={_checks.show(baseline)}) with inputs of whole numbers",
            "must be whole numbers too",
            "Use the number of a token, such as that of the mask token.",
        )
    return fill.to(samples.device, samples.dtype)


def _background(baseline: str, background: Any, shape: tuple[int, ...]) -> torch.Tensor:
    what = f"(baseline={baseline!r}, background={_checks.show(background)})"
    _checks.require(
        background is not None,
        what,
        "must come with background samples",
        "Pass background=some samples, such as a hundred of the training data.",
    )
    rows = torch.as_tensor(np.asarray(_checks.to_numpy(background)))
    _checks.require(
        rows.ndim == len(shape) + 1 and tuple(rows.shape[1:]) == shape and len(rows) > 0,
        what,
        f"must hold samples of shape {shape}",
        "Pass rows like those explained.",
    )
    _checks.require(
        bool(rows.isfinite().all()), what, "must be finite", "Drop or fill those entries."
    )
    return rows
