"""The plain end of a network: modules one after the other, which small pieces can run through."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import nn

from nbinterp import _device
from nbinterp.network.subject.hooks import evaluating, forward

# What is run one after the other by pieces: rows do not meet, and nothing else is read or kept.
_PLAIN = (
    nn.Linear,
    nn.BatchNorm1d,
    nn.LayerNorm,
    nn.Dropout,
    nn.Identity,
    nn.ReLU,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
)
# A piece, and what a module makes of it, stay in a processor's cache.
_PIECE_BYTES = 2**20
# So narrow a Linear is several times as fast turned over: its weights times columns of samples.
_NARROW = 32


def tail(model: nn.Module, module: nn.Module, batch: Any) -> Sequence[nn.Module]:
    """Return the plain modules that make the output of `model` from that of `module`; else none."""
    last: Any = None
    found: list[nn.Module] = []

    def see(part: nn.Module, inputs: Any, output: Any) -> None:
        nonlocal last
        if part is module:
            last = output
        elif last is not None and len(inputs) == 1 and inputs[0] is last and _is_plain(part):
            found.append(part)
            last = output

    leaves = [part for part in model.modules() if not list(part.children())]
    with evaluating(model), ExitStack() as hooks:
        for part in leaves:
            hooks.callback(part.register_forward_hook(see).remove)
        whole = forward(model, batch)
    return found if whole is last and whole.ndim == 2 else ()


def _is_plain(part: nn.Module) -> bool:
    hooked = len(part._forward_hooks) > 1 or part._forward_pre_hooks  # one is that which looks
    running = not isinstance(part, nn.BatchNorm1d) or part.running_var is not None
    return type(part) in _PLAIN and not hooked and running and "forward" not in vars(part)


def run(parts: Sequence[nn.Module], rows: torch.Tensor) -> torch.Tensor:
    """Return what the plain modules make of `rows` (b, n), which stay as they are."""
    for part in parts:
        if isinstance(part, nn.Dropout | nn.Identity):
            continue
        if isinstance(part, nn.Linear) and part.out_features < _NARROW and part.bias is not None:
            rows = torch.addmm(part.bias[:, None], part.weight, rows.T).T
            continue
        rows = part(rows.clone() if getattr(part, "inplace", False) else rows)
    return rows


def widths(parts: Sequence[nn.Module], n: int) -> list[int]:
    """Return how many numbers a row has before the plain modules and after each Linear."""
    return [n, *(part.out_features for part in parts if isinstance(part, nn.Linear))]


def rows_at_once(parts: Sequence[nn.Module], example: torch.Tensor) -> int:
    """Return how many rows like those of `example` (b, n) make a piece."""
    per_row = max(widths(parts, example.shape[1])) * example.element_size()
    step = _device.rows_per_block(example.device, 4 * per_row)
    return max(1, min(step, _PIECE_BYTES // per_row)) if example.device.type == "cpu" else step
