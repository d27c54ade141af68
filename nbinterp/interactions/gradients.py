"""One number of a network per sample: its values, gradients and Hessian columns, in batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nbinterp import _checks
from nbinterp.network.contract.contract import no_draws
from nbinterp.network.contract.failing import any_size, gradient_fault
from nbinterp.network.data.inputs import one_input
from nbinterp.network.subject.model import refuse_writes
from nbinterp.network.subject.output import main_output, read_output
from nbinterp.network.subject.settings import plain_settings, seeded
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True)
class ScalarFunction:
    """A function from a sample to one number: a model, and which of its outputs counts.

    Parameters
    ----------
    model : callable
        Maps a batch (n, *shape) to outputs.
    target : int, tuple of int, callable or None
        The number of an output, or one per sample; or a function from outputs to (n,).
    shape : tuple of int
        The shape of one sample.
    dtype : torch.dtype, optional
        The type of a model in half precision. Its samples are rounded to that type just before
        it runs, so that noise, gradients and their sums are in float32.
    seed : int, optional
        Seeds each pass of a model that draws random numbers.
    """

    model: Callable[[Tensor], Any]
    target: Any
    shape: tuple[int, ...]
    dtype: torch.dtype | None = None
    seed: int | None = None

    @contextmanager
    def eval_mode(self) -> Iterator[None]:
        """Run a Module in eval mode and without gradients in the ``with`` block."""
        model = self.model
        ready = Subject(model).ready() if isinstance(model, nn.Module) else plain_settings()
        with ready, torch.no_grad():
            yield

    def for_sample(self, sample: int) -> "ScalarFunction":
        """Return the function for one sample: samples may have different targets."""
        if isinstance(self.target, tuple):
            return replace(self, target=self.target[sample])
        return self

    def values(self, rows: Tensor) -> Tensor:
        """Return the number of each flattened sample: ``(n, d)`` to ``(n,)``."""
        return self.numbers(self._outputs(rows), len(rows))

    def _outputs(self, rows: Tensor) -> Any:
        # A copy: the model may write into it.
        batch = rows.reshape(-1, *self.shape).to(self.dtype or rows.dtype, copy=True)
        with nullcontext() if self.seed is None else seeded(self.seed, rows.device):
            return self.model(batch)

    def numbers(self, output: Any, n: int) -> Tensor:
        """Return the number ``(n,)`` of each of `n` samples, from the outputs of the model."""
        if callable(self.target):
            return self._one_per_row(self.target(output), n)
        output = main_output(output)
        if self.target is None:
            return self._one_per_row(output, n)
        _checks.require(
            isinstance(output, Tensor) and output.ndim == 2 and len(output) == n,
            f"(target={self.target})",
            f"must have a model that returns ({n}, n_outputs), not {_form(output)}",
            "Pass a function of the outputs as target.",
        )
        _checks.integer(
            "target",
            self.target,
            0,
            output.shape[1] - 1,
            of="the last output",
        )
        return self._in_single(output[:, self.target])

    def gradients(self, rows: Tensor) -> Tensor:
        """Return the gradients ``(n, d)`` at flattened samples ``(n, d)``.

        They come from one backward pass of the sum, so rows must not depend on each other. The
        gradients of the model's parameters are not touched.
        """
        with torch.enable_grad():
            leaf = rows.detach().requires_grad_()
            return self.gradient_of(self.values(leaf).sum(), leaf)

    def hessian_columns(self, row: Tensor, columns: Tensor) -> Tensor:
        """Return `columns` of the Hessian at one sample ``(d,)``, as rows ``(len(columns), d)``.

        They come from one backward pass through copies of the sample, one for each column.
        """
        with torch.enable_grad():
            leaf = row.detach().repeat(len(columns), 1).requires_grad_()
            gradients = self.gradient_of(self.values(leaf).sum(), leaf, create_graph=True)
            if not gradients.requires_grad:
                return torch.zeros_like(leaf)
            chosen = gradients.gather(1, columns[:, None]).sum()
            return self.gradient_of(chosen, leaf)

    def check(self, points: Tensor) -> str:
        """Refuse a function that is not finite, or whose rows depend on each other or on chance.

        Return what was taken as the output of a model that returns several tensors, or "".
        """
        row = points[:1]
        shift = row.abs().mean().clamp(min=1e-2)
        # Three rows, because batch normalization in training mode refuses a batch of one.
        with any_size(3), no_draws(row.device):
            output = self._outputs(torch.cat([row, row + shift, row - shift]))
            first = self.numbers(output, 3)
        refuse_writes(self.model)
        _checks.require(
            bool(torch.isfinite(first[:1]).all()),
            "(model)",
            "must give finite numbers at the samples",
            "Look for NaN in the samples, or a division by zero in the model.",
        )
        # In another place too: with a seed, each place may have draws of its own.
        again = self.values(torch.cat([row + 3 * shift, row - 2 * shift, row]))
        size = float(first[0].abs().clamp(min=1.0))
        slack = 1e-4 if self.dtype is None and first.dtype.itemsize > 2 else 1e-2
        _checks.require(
            float((first[0] - again[2]).abs()) <= slack * size,
            "(model)",
            "must compute each row of a batch by itself, but a row changed with the other rows",
            "Put the model in eval mode: in training, batch normalization mixes rows and dropout "
            "is random.",
        )
        return "" if callable(self.target) else read_output(output).note

    def gradient_of(self, total: Tensor, leaf: Tensor, create_graph: bool = False) -> Tensor:
        """Return the gradient of `total` with respect to `leaf`; zeros where it does not depend."""
        _checks.require(
            total.requires_grad,
            "(model)",
            "must be differentiable in its input",
            "Remove no_grad, detach, argmax and conversions to NumPy from it.",
        )
        try:
            (gradient,) = torch.autograd.grad(
                total, leaf, create_graph=create_graph, allow_unused=True, materialize_grads=True
            )
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            told = str(error).partition(". ")[0]
            _checks.fail(
                "(model)",
                f"must be differentiable in its input, but torch says: {told}",
                "Look for operations in place, such as relu_, on what a gradient needs.",
            )
        return gradient

    def _one_per_row(self, value: Any, n: int) -> Tensor:
        if not isinstance(value, Tensor) or value.numel() != n or len(value) != n:
            _checks.fail(
                f"(target={_checks.show(self.target)})",
                f"must give one number per sample, ({n},), not {_form(value)}",
                "Pass the number of an output, or a function to one number per sample.",
            )
        return self._in_single(value.reshape(n))

    def _in_single(self, values: Tensor) -> Tensor:
        """Return values of a model in half precision as float32."""
        return values if self.dtype is None else values.float()


def scalar_function(model: Any, target: Any, shape: tuple[int, ...], count: int) -> ScalarFunction:
    """Return the function to explain, for `count` samples of a `shape`.

    A `target` of one whole number per sample becomes a tuple.
    """
    dtype = seed = None
    if isinstance(model, nn.Module | Subject):
        subject = Subject.of(model)
        seed = subject.seed
        model, dtype = subject.model, subject.dtype if subject.dtype.itemsize <= 2 else None
    _checks.require(
        callable(model) and not isinstance(model, type),
        f"(model={_checks.show(model)})",
        "must be a torch.nn.Module, or a function of a batch",
        "Pass the model first, then the samples.",
        TypeError,
    )
    if target is None or callable(target):
        return ScalarFunction(model, target, shape, dtype, seed)
    array = np.asarray(_checks.to_numpy(target))
    _checks.require(
        array.dtype.kind in "iu" and array.shape in ((), (count,)),
        f"(target={_checks.show(target)})",
        f"must be the number of an output, or one per sample, {count}, or a function of outputs",
        "Pass whole numbers, such as the predicted classes.",
    )
    numbers = array.tolist()
    return ScalarFunction(model, tuple(numbers) if array.ndim else numbers, shape, dtype, seed)


def rows_on(subject: Subject, rows: Tensor) -> Tensor:
    """Return samples where a model is, in its type, but at least in float32."""
    fault = gradient_fault(subject.model)
    if fault is not None:
        _checks.fail("(model)", *fault)
    return rows.to(subject.device, torch.promote_types(subject.dtype, torch.float32))


def as_rows(x: Any) -> tuple[Tensor, tuple[int, ...]]:
    """Return samples flattened to rows ``(n, d)`` of floats, and the shape of one sample."""
    what, tensor = f"(x={_checks.show(x)})", one_input(x)
    if tensor.is_inference():
        tensor = tensor.clone()  # outside inference mode a tensor that has gradients
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
        "must have one row per sample",
        "Pass x[None] for one sample.",
    )
    _checks.require(
        bool(torch.isfinite(tensor).all()), what, "must be finite", "Drop or fill those entries."
    )
    return tensor.reshape(len(tensor), -1), tuple(tensor.shape[1:])


def _form(value: Any) -> str:
    return str(tuple(value.shape)) if isinstance(value, Tensor) else type(value).__name__
