"""Fast gradients when one Linear is the only consumer of the input.

Behind a Linear ``h = W x + b`` the gradient in ``x`` is ``Wᵀ`` times the gradient in ``h``. If the
network is proven to read its input only through ``h``, `SmoothHess` can add noise in ``h``, take
gradients there and multiply their mean by ``W`` once. The first layer, the largest in many networks
of images, then needs no backward pass.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.graph import Tail, tail_behind
from nbinterp.network.subject.rowwise import LINEAR, RESHAPES
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True)
class InputLinear:
    """The Linear that reads the input, and what follows it.

    Parameters
    ----------
    head : Tail
        Computes ``h = W x + b``, from samples of their own shape.
    rest : Tail
        All that follows.
    shape : tuple of int
        The shape of a sample.
    """

    head: Tail
    rest: Tail
    shape: tuple[int, ...]

    @property
    def weight(self) -> Tensor:
        """W, (m, d)."""
        weight: Tensor = self.head.steps[-1].args[1]
        return weight.detach()

    def outputs(self, rows: Tensor) -> Tensor:
        """Return ``h`` for samples ``(n, d)``."""
        return self.head.run(rows.reshape(-1, *self.shape)).detach()

    def gradients(self, function: ScalarFunction, outputs: Tensor) -> Tensor:
        """Return the gradients ``(n, m)`` in ``h``, at `outputs` ``(n, m)``."""
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            # Steps may write into what they are given, but not into a leaf.
            result = self.rest.run(leaf * 1 if self.rest.mutates else leaf)
            return function.gradient_of(function.numbers(result, len(leaf)).sum(), leaf)


def input_linear_of(function: ScalarFunction, row: Tensor) -> InputLinear | None:
    """Return the Linear through which alone samples such as `row` ``(1, d)`` are read.

    None if that cannot be proven, if the Linear computes in another type than that of `row`, or if
    `fast_paths` are off.
    """
    model = function.model
    odd = function.dtype is not None or function.seed is not None
    if not isinstance(model, nn.Module) or not fast_paths_enabled() or odd:
        return None
    # Copies: the model may write into its input.
    sample, subject = row.reshape(-1, *function.shape).clone(), Subject(model)
    if not isinstance(subject.call(sample.clone()), Tensor):
        return None  # a target may read the other items
    with torch.enable_grad():
        tail = tail_behind(subject, None, sample)
    steps = () if tail is None else tail.steps
    n_reshapes = next((at for at, step in enumerate(steps) if step.function not in RESHAPES), 0)
    parts = None if tail is None else tail.split(n_reshapes + 1)
    if parts is None or not steps or steps[n_reshapes].function not in LINEAR:
        return None
    found = InputLinear(*parts, function.shape)
    flat = found.outputs(row).ndim == 2 and found.weight.shape[1] == row.shape[1]
    return found if flat and found.weight.dtype == row.dtype else None
