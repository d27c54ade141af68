"""A scalar of a network: its values and gradients for many inputs at once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nbinterp import _checks
from nbinterp.network.subject.model import eval_mode


@dataclass(frozen=True)
class Scalar:
    """One number a sample, made from what a model puts out.

    Parameters
    ----------
    model : callable
        From a batch (n, *shape) to outputs.
    target : int, tuple of int, callable or None
        Which output, of each sample if several; or what makes one number of the outputs.
    shape : tuple of int
        Of one sample.
    """

    model: Callable[[Tensor], Any]
    target: Any
    shape: tuple[int, ...]

    def visiting(self) -> AbstractContextManager[None]:
        """Put a Module in eval mode without gradients for a while."""
        model = self.model
        return eval_mode(model) if isinstance(model, nn.Module) else torch.no_grad()

    def of(self, sample: int) -> "Scalar":
        """Return the function of a sample, where each has an output of its own."""
        if isinstance(self.target, tuple):
            return replace(self, target=self.target[sample])
        return self

    def values(self, rows: Tensor) -> Tensor:
        """Return the numbers ``(n,)`` of flattened samples ``(n, d)``."""
        output = self.model(rows.reshape(-1, *self.shape))
        if callable(self.target):
            return self._one_a_row(self.target(output), len(rows))
        if self.target is None:
            return self._one_a_row(output, len(rows))
        _checks.require(
            isinstance(output, Tensor) and output.ndim == 2 and len(output) == len(rows),
            f"(target={self.target})",
            f"must have a model that puts out ({len(rows)}, n_outputs), not {_form(output)}",
            "Pass a function of the outputs as target.",
        )
        _checks.integer(
            "target",
            self.target,
            0,
            output.shape[1] - 1,
            of="the last output",
        )
        column: Tensor = output[:, self.target]
        return column

    def gradients(self, rows: Tensor) -> Tensor:
        """Return the gradients ``(n, d)`` at flattened samples ``(n, d)``.

        One backward pass of the sum: rows must not depend on each other. Nothing is added to the
        gradients of the model's parameters.
        """
        with torch.enable_grad():
            leaf = rows.detach().requires_grad_()
            return self.slope(self.values(leaf).sum(), leaf)

    def turns(self, row: Tensor, columns: Tensor) -> Tensor:
        """Return how the gradient at one sample ``(d,)`` turns along inputs ``(len(columns), d)``.

        As with `gradients`, one pass of the sum over copies of the sample, each for one input.
        """
        with torch.enable_grad():
            leaf = row.detach().repeat(len(columns), 1).requires_grad_()
            slope = self.slope(self.values(leaf).sum(), leaf, create_graph=True)
            if not slope.requires_grad:
                return torch.zeros_like(leaf)
            chosen = slope.gather(1, columns[:, None]).sum()
            return self.slope(chosen, leaf)

    def check(self, points: Tensor) -> None:
        """Refuse a function that is not finite, or whose rows depend on each other or on chance."""
        row = points[:1]
        shift = row.abs().mean().clamp(min=1e-2)
        # Two rows of company, as batch normalization refuses to train on one.
        first = self.values(torch.cat([row, row + shift, row - shift]))
        _checks.require(
            bool(torch.isfinite(first[:1]).all()),
            "(model)",
            "must give finite numbers at the samples",
            "Look for NaN in the samples, or a division by zero in the model.",
        )
        again = self.values(torch.cat([row, row - 2 * shift, row + 3 * shift]))
        size = float(first[0].abs().clamp(min=1.0))
        slack = 1e-2 if first.dtype in (torch.float16, torch.bfloat16) else 1e-4
        _checks.require(
            float((first[0] - again[0]).abs()) <= slack * size,
            "(model)",
            "must give each row of a batch its own number, but a row changed with its company",
            "Put the model in eval mode: batch normalization mixes rows in training, dropout is "
            "random.",
        )

    def slope(self, total: Tensor, leaf: Tensor, create_graph: bool = False) -> Tensor:
        """Return the gradient of a sum of numbers in what they were made from."""
        _checks.require(
            total.requires_grad,
            "(model)",
            "must be differentiable in its input",
            "Take out no_grad, detach, argmax and roundtrips through NumPy.",
        )
        (slope,) = torch.autograd.grad(
            total, leaf, create_graph=create_graph, allow_unused=True, materialize_grads=True
        )
        return slope

    def _one_a_row(self, value: Any, n: int) -> Tensor:
        if not isinstance(value, Tensor) or value.numel() != n or len(value) != n:
            _checks.fail(
                f"(target={_checks.show(self.target)})",
                f"must give one number a sample, ({n},), not {_form(value)}",
                "Pass the number of an output, or a function from the outputs to one a sample.",
            )
        return value.reshape(n)


def scalar(model: Any, target: Any, shape: tuple[int, ...], count: int) -> Scalar:
    """Return the function that a user means, of `count` samples of a `shape`.

    A `target` of one whole number a sample becomes a tuple.
    """
    if target is None or callable(target):
        return Scalar(model, target, shape)
    array = np.asarray(_checks.to_numpy(target))
    _checks.require(
        array.dtype.kind in "iu" and array.shape in ((), (count,)),
        f"(target={_checks.show(target)})",
        f"must be the number of an output, or one a sample, {count}, or a function of the outputs",
        "Pass whole numbers, such as the predicted classes.",
    )
    numbers = array.tolist()
    return Scalar(model, tuple(numbers) if array.ndim else numbers, shape)


def flat(x: Any) -> tuple[Tensor, tuple[int, ...]]:
    """Return samples as rows ``(n, d)`` of floats, and the shape of one."""
    # A copy: tables may lend their memory read-only, which torch does not take.
    tensor = x.detach() if isinstance(x, Tensor) else torch.from_numpy(np.array(x))
    what = f"(x={_checks.show(x)})"
    _checks.require(
        tensor.is_floating_point(),
        what,
        f"must be floats, not {str(tensor.dtype).removeprefix('torch.')}: whole numbers have no "
        "derivatives",
        "Scale the input to floats, or explain the embeddings of tokens.",
        TypeError,
    )
    _checks.require(
        tensor.ndim >= 2 and tensor.numel() > 0,
        what,
        "must have a row a sample",
        "Pass x[None] for one sample.",
    )
    _checks.require(
        bool(torch.isfinite(tensor).all()), what, "must be finite", "Drop or fill those entries."
    )
    return tensor.reshape(len(tensor), -1), tuple(tensor.shape[1:])


def _form(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
