"""The Hessian of a network, with a warning where it is zero because the network is linear."""

import warnings
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules import activation

from nbinterp import _checks, _device
from nbinterp._typing import FloatArray
from nbinterp.interactions.gradients import (
    ScalarFunction,
    as_rows,
    rows_on,
    scalar_function,
)
from nbinterp.network.subject.output import tell
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject


@_checks.named
def hessian(model: Any, x: Any, *, target: Any = None, chunk_size: int | None = None) -> FloatArray:
    """Return the matrix of second derivatives (the Hessian) of a network at samples.

    A column is the derivative of the gradient along one input. Several columns are computed at
    once, as memory allows.

    Parameters
    ----------
    model : torch.nn.Module, Subject or callable
        Maps a batch ``(b, ...)`` to ``(b,)`` or ``(b, n_outputs)``, twice differentiable. A Module
        runs in eval mode and is restored afterwards.
    x : array or tensor of shape (n_samples, ...)
        The samples, as floats.
    target : int, sequence of int, callable or None
        The output to explain: one for all samples, or one per sample; or a function from outputs
        to ``(b,)``. None if the model returns one number per sample.
    chunk_size : int, optional
        Columns computed at once. If None, as many as fit in memory.

    Returns
    -------
    ndarray of shape (n_samples, n_features, n_features)
        In output units per squared input unit.

    Warns
    -----
    UserWarning
        If the matrix of a sample is exactly zero: the function is linear around it, like the
        logits of a ReLU network. Use `SmoothHess` for such networks.

    Raises
    ------
    ValueError
        If the model returns NaN, not one number per sample, or rows depend on each other.
    TypeError
        If `x` holds whole numbers: they have no derivatives.

    Notes
    -----
    The softmax of a ReLU network has a non-zero Hessian, but it comes from the softmax alone: the
    logits are still linear around a sample.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.interactions import hessian
    >>> hessian(lambda x: x[:, 0] * x[:, 1].exp(), torch.zeros(1, 2))[0]
    array([[0., 1.],
           [1., 0.]])
    """
    if chunk_size is not None:
        _checks.integer("chunk_size", chunk_size, 1)
    with plain_settings():
        rows, shape = as_rows(x)
        if isinstance(model, nn.Module | Subject):
            model = Subject.of(model).fitted_to(rows.reshape(-1, *shape))
            rows = rows_on(model, rows)
        function = scalar_function(model, target, shape, len(rows))
    # Other kernels of attention have no second derivative.
    with function.eval_mode(), sdpa_kernel(SDPBackend.MATH):
        tell(function.model, function.for_sample(0).check(rows))
        matrices = torch.stack(
            [_of_one(function.for_sample(k), row, chunk_size) for k, row in enumerate(rows)]
        )
    _checks.require(
        bool(torch.isfinite(matrices).all()),
        "(model)",
        "must have finite second derivatives at the samples",
        "Look for a square root or a norm at zero.",
    )
    n_zero = int((matrices == 0).all(2).all(1).sum())
    if n_zero:
        warnings.warn(_why_zero(function.model, n_zero, len(rows)), UserWarning, stacklevel=3)
    found: FloatArray = matrices.to("cpu", torch.float64).numpy()
    return found


def _of_one(function: ScalarFunction, row: Tensor, chunk_size: int | None) -> Tensor:
    """Return the matrix ``(d, d)`` of one sample, from a copy of the sample for each column."""
    d = len(row)
    step = chunk_size or min(1024, _device.rows_per_block(row.device, 32 * d * row.element_size()))
    return torch.cat(
        [
            function.hessian_columns(
                row, torch.arange(start, min(start + step, d), device=row.device)
            )
            for start in range(0, d, step)
        ]
    )


def _why_zero(model: Any, n_zero: int, count: int) -> str:
    kinds = {type(each).__name__ for each in _modules(model) if _is_activation(each)}
    named = f" Its activations are {', '.join(sorted(kinds))}." if kinds else ""
    return (
        f"The Hessian is exactly zero at {n_zero} of {count} samples: the function is linear "
        f"there, as networks of ReLU, max pooling and other linear pieces are almost "
        f"everywhere.{named} "
        "This does not mean that inputs do not interact. Use SmoothHess, which tells how the "
        "gradient changes in a neighbourhood."
    )


def _modules(model: Any) -> list[nn.Module]:
    return list(model.modules()) if isinstance(model, nn.Module) else []


def _is_activation(module: nn.Module) -> bool:
    return type(module).__module__ == activation.__name__
