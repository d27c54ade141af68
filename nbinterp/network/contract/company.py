"""Whether each row of a batch belongs to its sample, whatever else is in the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nbinterp import _checks
from nbinterp.network.contract.passes import Pass, Text, rows_of, same, tolerance_of, try_pass
from nbinterp.network.data.batches import length
from nbinterp.network.subject.buffers import Start
from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.subject import Subject

_APART = 8  # rows of the first batch that run again apart

_BY_OTHERS = (
    "must compute each sample by itself, but {} changed with the other samples of its batch",
    "Look for statistics of the batch (a BatchNorm with track_running_stats=False, dynamic"
    " quantization), comparisons or edges between samples, or samples sorted into groups: name a"
    " layer before that, or wrap the model so that all a sample needs is in its own row.",
)
_FIRST_AXIS = (
    "must have one row per sample on its first axis, but returns the shape {1} for {0} samples",
    "Put the batch on the first axis (batch_first=True), or name the block around it.",
)
_SIZES = (
    "must return one shape for each sample, but gave {} for {} samples and {} for {}",
    "Wrap the model so that it returns one row per sample that does not compare samples, such as"
    " scores against fixed texts.",
)
_FORMS = (
    "must return the same for any number of samples, but gave {} for {} samples and {} for {}",
    "Wrap the model so that it always returns one tensor with one row per sample.",
)


def in_company(
    subject: Subject,
    layers: Mapping[str, nn.Module],
    batch: Any,
    rows: Sequence[int],
    start: Start,
) -> list[tuple[Sequence[int], Pass]]:
    """Return passes with the same rows in other company, and these rows.

    Half of them run backwards, and then the other half: one of both lacks what stands out. A model
    that runs at one size of a batch only gets all rows in another order. One that keeps something
    from its first pass also begins anew, with half of the rows. What the model raises with the same
    rows is raised.
    """
    half = rows[::-2] if len(rows) > 2 else [*rows[::-1], rows[0]]
    tried = [half, rows[-2::-2]] if len(rows) > 3 else [half]
    found = [(some, try_pass(subject, layers, batch, some)) for some in tried]
    if all(one is None for _, one in found) and len(rows) > 1:
        shuffled = np.random.default_rng(0).permutation(rows).tolist()
        found = [(shuffled, try_pass(subject, layers, batch, shuffled))]
    if all(one is None for _, one in found):
        Pass.of(subject, layers, batch, rows)  # it may no longer run at all, and says why
        return []
    if start.put_back():
        found.append((half, try_pass(subject, layers, batch, half)))
    return [(some, one) for some, one in found if one is not None]


class Apart:
    """Some rows of a large batch, run apart from the others, to compare with the whole batch.

    What only many samples do to each other, such as the capacity of an expert, shows in no trial
    with a few.
    """

    def __init__(self, subject: Subject, batch: Any) -> None:
        n = length(batch)
        self.n, self.places = n, np.linspace(0, n - 1, _APART).round().astype(int).tolist()
        self.found: Pass | None = None
        if n > _APART and subject.seed is None:  # with a seed, other rows see other draws
            self.found = try_pass(subject, {}, batch, self.places)
        self.tolerance = 0.0 if self.found is None else tolerance_of(subject, self.found)

    def check(self, output: Tensor) -> None:
        """Raise ValueError if rows of the whole batch's `output` are not what they are apart."""
        if self.found is None or output.ndim == 0 or len(output) != self.n:
            return
        alone = self.found.output
        if alone.shape[1:] != output.shape[1:] or not same(
            output[self.places], alone, self.tolerance
        ):
            what = f"a row of the output of a batch of {self.n}"
            _checks.fail("(model)", _BY_OTHERS[0].format(what), _BY_OTHERS[1])


@dataclass(frozen=True)
class Trial:
    """A pass, and others with its rows in other company."""

    subject: Subject
    first: Pass
    rows: Sequence[int]
    others: Sequence[tuple[Sequence[int], Pass]]

    def output_fault(self, others: Sequence[tuple[Sequence[int], Pass]]) -> Text | None:
        """Return what the output of the model does not keep to in other passes."""
        one, n = self.first.output, len(self.rows)
        if self.first.odd is not None:
            return self.first.odd
        if one.ndim == 0 or len(one) != n:
            return None  # each function says what it needs
        for rows, other in others:
            two = other.output
            if other.form != self.first.form:
                forms = (self.first.form, n, other.form, len(rows))
                return _FORMS[0].format(*forms), _FORMS[1]
            if one.shape[1:] != two.shape[1:] or two.ndim == 0 or len(two) != len(rows):
                shapes = (tuple(one.shape), n, tuple(two.shape), len(rows))
                return _SIZES[0].format(*shapes), _SIZES[1]
            if not same(one[self._places(rows)], two, self._tolerance):
                return _BY_OTHERS[0].format("a row of the output"), _BY_OTHERS[1]
        return None

    def edited_fault(self, name: str, module: nn.Module, batch: Any) -> Text | None:
        """Return what the model does not keep to where a layer, which runs once, is edited.

        Unedited rows may hardly differ where edited ones do. In the second round only rows that the
        company lacks are edited, if there are any: what asks whether any row is odd tells.
        """
        last = self._places(self.others[-1][0])
        is_whole = len(set(last)) == len(self.rows)

        def weakly(found: Tensor) -> Tensor:
            value = _weakly(found)
            if not is_whole:
                value[last] = found[last]
            return value

        for change, others in ((_strongly, self.others), (weakly, self.others[-1:])):
            edited: list[Tensor] = []

            def edit(found: Tensor, change: Any = change, edited: Any = edited) -> Tensor:
                value: Tensor = change(found)
                edited.append(value)
                return value.clone()

            whole = self._edited(module, batch, self.rows, edit)
            if whole is None or not edited[0].is_floating_point():
                return None
            for rows, _ in others:
                places = self._places(rows)
                values, n = edited[0][places], len(set(places))
                values[n:] *= -1  # of few samples one comes twice: it is company alone
                found = self._edited(module, batch, rows, lambda _, values=values: values)
                if found is None or len(found) != len(rows):
                    continue
                if not same(whole[places[:n]], found[:n], self._tolerance):
                    what = f"a row of the output, with {name!r} edited,"
                    return _BY_OTHERS[0].format(what), _BY_OTHERS[1]
        return None

    def _edited(
        self, module: nn.Module, batch: Any, rows: Sequence[int], edit: Any
    ) -> Tensor | None:
        """Return an output with a row for each sample, or None if there is none."""

        def replace(output: Any, _inputs: Any) -> Any:
            return with_first_tensor(output, edit(first_tensor("the layer", output)))

        try:
            with replace_output(module, replace):
                output = self.subject.run(rows_of(batch, rows))
        except Exception:
            return None  # as when edited values are no valid indices
        return output if output.ndim and len(output) == len(rows) else None

    def layer_fault(self, name: str, call: int) -> Text | None:
        """Return what a layer does not keep to, in one of its calls; 0 is all."""
        if name in self.first.odd_layers:
            return self.first.odd_layers[name]
        ones = self.first.calls[name]
        for rows, other in self.others:
            twos = other.calls[name]
            if len(ones) != len(twos):
                continue  # those who count its calls say so
            pairs = list(zip(ones, twos, strict=True))
            for one, two in pairs[call - 1 : call] if call else pairs:
                for block, n in ((one, len(self.rows)), (two, len(rows))):
                    if block.ndim == 0 or len(block) != n:
                        return _FIRST_AXIS[0].format(n, tuple(block.shape)), _FIRST_AXIS[1]
                if one.shape[1:] != two.shape[1:]:
                    continue
                if not same(one[self._places(rows)], two, self._tolerance):
                    return _BY_OTHERS[0].format("an activation"), _BY_OTHERS[1]
        return None

    @cached_property
    def _tolerance(self) -> float:
        return tolerance_of(self.subject, self.first)

    def _places(self, rows: Sequence[int]) -> list[int]:
        return [self.rows.index(row) for row in rows]


def _strongly(activation: Tensor) -> Tensor:
    """Return activations with each number moved by its own amount, as far as they are large."""
    return activation + _noise(activation) * (activation.abs().max() + 1)


def _weakly(activation: Tensor) -> Tensor:
    """Return activations with half of them at 0, and others a little larger or of other sign."""
    noise = _noise(activation)
    return torch.where(noise > 0, activation * (2 - 4 * noise), 0)


def _noise(activation: Tensor) -> Tensor:
    """Return numbers between -1 and 1 that repeat in no row of a common width."""
    index = torch.arange(activation.numel(), device=activation.device, dtype=torch.float64)
    return (index * 0.7548776662466927 % 2 - 1).reshape(activation.shape).to(activation.dtype)
