"""Fast gradients when one Linear is the only consumer of the input.

Behind a Linear ``h = W x + b`` the gradient in ``x`` is ``Wᵀ`` times the gradient in ``h``. If the
network reads its input only through ``h``, `SmoothHess` can add noise in ``h``, take gradients
there and multiply their mean by ``W`` once. The first layer, the largest in many networks of
images, then needs no backward pass.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.network.subject.cache import constant_forward, replace_forward
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.hooks import observe

# How much the fast path may differ from the plain one by rounding, relative to the largest number.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class InputLinear:
    """The Linear that reads the input, and a sample to run the network with.

    Parameters
    ----------
    linear : Linear
        Computes ``h = W x + b`` from the flattened input.
    sample : Tensor of shape (1, d)
        Any sample. The network runs on it while the output of `linear` is replaced.
    """

    linear: nn.Linear
    sample: Tensor

    @property
    def weight(self) -> Tensor:
        """W, (m, d)."""
        return self.linear.weight.detach()

    def outputs(self, rows: Tensor) -> Tensor:
        """Return ``h`` for samples ``(n, d)``."""
        return nn.functional.linear(rows, self.linear.weight, self.linear.bias).detach()

    def gradients(self, function: ScalarFunction, outputs: Tensor) -> Tensor:
        """Return the gradients ``(n, m)`` in ``h``, at `outputs` ``(n, m)``."""
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            return function.gradient_of(self._values(function, leaf).sum(), leaf)

    def _values(
        self, function: ScalarFunction, outputs: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        rows = self.sample.expand(len(outputs), -1) if rows is None else rows
        with replace_forward(self.linear, constant_forward(outputs)):
            return function.values(rows)

    def is_only_reader(self, function: ScalarFunction, rows: Tensor) -> bool:
        """Return whether the network reads its input only through ``h``, judged at `rows`."""
        with torch.enable_grad():
            inputs, leaf = rows.detach().requires_grad_(), self.outputs(rows).requires_grad_()
            total = self._values(function, leaf, inputs).sum()
            if not total.requires_grad:
                return False
            gradients: Any = torch.autograd.grad(total, [inputs, leaf], allow_unused=True)
        if gradients[0] is not None or gradients[1] is None:
            return False
        # Uses of the input without a gradient, such as a mask, change the values.
        known, found = function.values(rows), self._values(function, leaf.detach())
        return _close(found, known) and _close(gradients[1] @ self.weight, function.gradients(rows))


def input_linear_of(function: ScalarFunction, rows: Tensor) -> InputLinear | None:
    """Return the Linear through which alone samples ``(n, d)`` are read.

    None if there is no such layer, if it computes in another type than that of `rows`, or if
    `fast_paths` are off.
    """
    model = function.model
    seen: list[tuple[nn.Linear, Any]] = []
    if not isinstance(model, nn.Module) or not fast_paths_enabled():
        return None

    def see(module: Any, inputs: Any, _output: Any) -> None:
        seen.append((module, inputs[0] if len(inputs) == 1 else None))

    unmodified = [
        module
        for module in model.modules()
        if type(module) is nn.Linear
        and not (module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module))
    ]
    with observe(unmodified, see):
        function.values(rows)
    # Candidates read the rows themselves, or a view of them.
    candidates = [
        linear
        for linear, given in seen
        if isinstance(given, Tensor)
        and given.shape == rows.shape
        and given.data_ptr() == rows.data_ptr()
        and given.is_contiguous()
    ]
    if len(candidates) != 1 or sum(linear is candidates[0] for linear, _ in seen) != 1:
        return None
    if candidates[0].weight.dtype != rows.dtype:
        return None
    found = InputLinear(candidates[0], rows[:1])
    try:
        return found if found.is_only_reader(function, rows) else None
    except RuntimeError:
        return None


def _close(found: Tensor, known: Tensor) -> bool:
    scale = float(known.abs().max())
    return torch.allclose(found, known, rtol=_TOLERANCE, atol=_TOLERANCE * scale)
