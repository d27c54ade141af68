"""Mask inputs and run a model on all coalitions of players."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks, _device
from nbinterp._numerics.progress import progress_bar
from nbinterp.interactions.andor.outputs import Output, checked, scalars
from nbinterp.interactions.andor.players import Players
from nbinterp.interactions.subsets import set_name
from nbinterp.network.contract.contract import agreed
from nbinterp.network.contract.failing import any_size
from nbinterp.network.data.inputs import one_input
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject

Tensor = torch.Tensor
Model = Callable[[Tensor], Any] | Subject

# Baselines that are made from background samples.
BACKGROUND_BASELINES = ("mean", "marginal")
_TRIED = 8  # coalitions, before all of them run


@dataclass(frozen=True, eq=False)
class Masking:
    """Samples, players, and the values that replace the inputs of players that are off.

    Parameters
    ----------
    samples : tensor of shape (samples, ...)
    players : Players
    baseline : tensor of shape (rows, ...)
        The replacement, broadcast to the shape of a sample. Over several rows outputs are
        averaged: the marginal baseline.
    """

    samples: Tensor
    players: Players
    baseline: Tensor

    @property
    def n_coalitions(self) -> int:
        """2^n."""
        return 1 << self.players.count

    def on(self, device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], Tensor]:
        """Return the function from row numbers to masked inputs.

        Rows run over samples, then coalitions, then rows of the baseline.
        """
        samples, baseline = (
            table.to(device, dtype if table.is_floating_point() else None)
            for table in (self.samples, self.baseline)
        )
        n = self.players.count
        # Inputs that are always on become one more player.
        numbers = np.ascontiguousarray(self.players.over(tuple(samples.shape)))
        bits = torch.from_numpy(np.where(numbers < 0, n, numbers).astype(np.int32)).to(device)
        per_sample = self.n_coalitions * len(baseline)

        def masked(rows: Tensor) -> Tensor:
            sample, within = rows // per_sample, rows % per_sample
            coalition = (within // len(baseline)).to(torch.int32) | (1 << n)
            coalition = coalition.reshape(-1, *[1] * (samples.ndim - 1))
            is_on = (coalition >> bits[sample]) & 1
            return torch.where(is_on.bool(), samples[sample], baseline[within % len(baseline)])

        return masked


@_checks.call("AndOr")
def baseline_rows(baseline: Any, background: Any, samples: Tensor) -> Tensor:
    """Return the values that replace inputs that are off, (rows, ...), in the type of `samples`.

    Parameters
    ----------
    baseline : float, array, "mean" or "marginal"
        As `AndOr` takes it.
    background : array of shape (rows, ...) or None
        Samples to average, or to use one by one.
    samples : tensor of shape (samples, ...)
        The samples to explain.
    """
    shape = tuple(samples.shape[1:])
    if isinstance(baseline, str):
        _checks.choice("baseline", baseline, BACKGROUND_BASELINES)
        rows = _background(baseline, background, shape)
        values = rows.double().mean(0, keepdim=True) if baseline == "mean" else rows
    else:
        values = one_input(baseline, "baseline")
        what = f"(baseline={_checks.show(baseline)})"
        _checks.require(
            values.dtype != torch.bool and bool(values.isfinite().all()),
            what,
            "must be a finite number or an array of them",
            "Use 0.0, or an array of the shape of a sample.",
        )
        try:
            values = values.broadcast_to(shape)[None]
        except RuntimeError:
            _checks.fail(
                what, f"must fit samples of shape {shape}", "Give it the shape of one sample."
            )
    if not samples.is_floating_point():
        _checks.require(
            bool((values == values.round()).all()),
            f"(baseline={_checks.show(baseline)}) with inputs of whole numbers",
            "must be whole numbers too",
            "Use the number of a token, such as the mask token.",
        )
    return values.to(samples.device, samples.dtype)


def _background(baseline: str, background: Any, shape: tuple[int, ...]) -> Tensor:
    what = f"(baseline={baseline!r}, background={_checks.show(background)})"
    _checks.require(
        background is not None,
        what,
        "must come with background samples",
        "Pass background=, such as a hundred rows of the training data.",
    )
    rows = one_input(background, "background")
    _checks.require(
        rows.ndim == len(shape) + 1 and tuple(rows.shape[1:]) == shape and len(rows) > 0,
        what,
        f"must hold samples of shape {shape}",
        "Pass rows like those to explain.",
    )
    _checks.require(
        bool(rows.isfinite().all()), what, "must be finite", "Drop or fill those entries."
    )
    return rows


@contextmanager
def ready_model(
    model: Model, device: str | torch.device, samples: Tensor
) -> Iterator[tuple[Callable[[Tensor], Any], torch.device, torch.dtype]]:
    """Yield `model`, in eval mode without gradients, with its device and the type of its input.

    A Module runs where it is, or as a copy on another `device`. A function gets its inputs where
    the samples are.
    """
    if not isinstance(model, nn.Module | Subject):
        where = samples.device if device == "auto" else _device.resolve(device)
        with plain_settings(), torch.no_grad():
            yield model, where, samples.dtype
        return
    subject = Subject.of(model).on(device).fitted_to(samples)
    with subject.ready():
        yield subject.call, subject.device, subject.dtype


def unmasked_outputs(
    model: Model, masking: Masking, device: str | torch.device, batch_size: int
) -> Tensor:
    """Return the output for the samples with all players on, (samples,) or (samples, classes)."""
    found = []
    with ready_model(model, device, masking.samples) as (ready, where, dtype):
        for start in range(0, len(masking.samples), batch_size):
            block = masking.samples[start : start + batch_size]
            cast = block.to(where, dtype if block.is_floating_point() else None, copy=True)
            with any_size(len(block)):
                raw = ready(cast)
            found.append(checked(raw, len(block)).cpu())
    return torch.cat(found)


def coalition_outputs(
    model: Model,
    masking: Masking,
    *,
    output: Output,
    classes: Tensor | None,
    device: str | torch.device,
    batch_size: int,
    name: str,
    progress: bool,
) -> Tensor:
    """Return the explained output for all coalitions, (samples, 2^n), in float64.

    Raises
    ------
    ValueError
        If an output is not finite; the error names the coalition.
    """
    n_rows, size = len(masking.baseline), masking.n_coalitions
    total = len(masking.samples) * size * n_rows
    with ready_model(model, device, masking.samples) as (ready, where, dtype):
        masked = masking.on(where, dtype)
        labels = None if classes is None else classes.to(where)

        def explained(rows: Tensor) -> Tensor:
            block_classes = None if labels is None else labels[rows // (size * n_rows)]
            return scalars(ready(masked(rows)), output, block_classes, len(rows))

        tried = torch.linspace(0, total - 1, min(total, _TRIED), device=where).long()
        # No draws: coalitions of one batch would see different ones.
        agreed(Subject(_Explained(explained, where, dtype)), tried, {}, may_draw=False)
        values = torch.empty(total, dtype=torch.float64, device=where)
        for start in progress_bar(
            range(0, total, batch_size), desc=f"coalitions of {name}", shown=progress
        ):
            rows = torch.arange(start, min(start + batch_size, total), device=where)
            values[rows] = explained(rows)
    _check_finite(values.reshape(-1, size, n_rows), masking, name)
    return values.reshape(-1, size, n_rows).mean(-1)


class _Explained(nn.Module):
    """A function from row numbers to the explained output, as a model whose rows are tried."""

    def __init__(
        self, function: Callable[[Tensor], Tensor], device: torch.device, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.function = function
        self.register_buffer("rounding", torch.empty(0, device=device, dtype=dtype))

    def forward(self, rows: Tensor) -> Tensor:
        """Return the explained output of masked inputs, by their numbers."""
        return self.function(rows)


def _check_finite(values: Tensor, masking: Masking, name: str) -> None:
    broken = ~values.isfinite()
    if not bool(broken.any()):
        return
    sample, coalition, row = (int(k) for k in broken.nonzero()[0])
    names = set_name(coalition, masking.players.names)
    _checks.fail(
        f"(model={name!r})",
        f"must give finite outputs, but gave {float(values[sample, coalition, row])} for sample "
        f"{sample} with the players {names} on",
        "Choose another baseline, or an output that stays finite.",
    )
