"""Whether an edit of a layer reaches the output of the model."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.passes import Pass, Text, rows_of
from nbinterp.network.subject.subject import Subject

NEVER_RAN = (
    "must be a layer that runs in the forward pass, but it never ran",
    "Name a module that forward calls. Hooks do not run in traced or exported models, where"
    " .forward() is called instead of the module, or where another module uses its weight.",
)
_ONCE = (
    "must be a layer that runs once in the forward pass, but it ran {} times",
    "Name a module that forward calls once, such as the block around it.",
)
UNREAD = (
    "must change the output when it is edited, but does not",
    "Name the module whose output the model reads. Of a tuple the first item is edited: a model"
    " that reads another one, such as the last state of an LSTM, needs a module of its own there.",
)
READ_TWICE = (
    "must be all that the model reads of it, but the model also reads the last state of this"
    " recurrent layer, which an edit of its sequence leaves as it is",
    "Wrap the layer in a module that returns only the sequence, or only the last state.",
)


def reach_fault(
    subject: Subject, module: nn.Module, batch: Any, rows: Sequence[int], first: Pass
) -> Text | None:
    """Return why an edit of `module` would not be the whole effect of its nodes, if so."""
    n_runs = 0

    def outputs(change: Any) -> Tensor | None:
        def edit(output: Any, _inputs: Any) -> Any:
            nonlocal n_runs
            n_runs += 1
            return change(output)

        try:
            with replace_output(module, edit):
                return subject.run(rows_of(batch, rows))
        except Exception:
            return None  # as when edited values are no valid indices: they were read

    def reaches(change: Any) -> bool:
        found = outputs(change)
        return found is None or not _equal(found, first.output)

    reached = reaches(with_first_moved)
    if n_runs != 1:
        return NEVER_RAN if n_runs == 0 else (_ONCE[0].format(n_runs), _ONCE[1])
    if not reached and not any(map(reaches, map(_of_first, (torch.zeros_like, _stretched)))):
        return UNREAD
    if isinstance(module, nn.RNNBase) and reaches(with_other_state):
        return READ_TWICE
    return None


def with_first_moved(output: Any) -> Any:
    """Return the output of a layer with all numbers of its first item moved."""
    return _of_first(_spread)(output)


def _of_first(change: Any) -> Any:
    return lambda output: with_first_tensor(output, change(first_tensor("the layer", output)))


def _spread(activation: Tensor) -> Tensor:
    """Return activations moved up and down by more than any of them is large."""
    if not activation.is_floating_point():
        return torch.zeros_like(activation)
    step = activation.abs().max() + 1
    signs = 1 - 2 * (torch.arange(activation.numel(), device=activation.device) % 2)
    return activation + step * signs.reshape(activation.shape).to(activation.dtype)


def _stretched(activation: Tensor) -> Tensor:
    return activation * -10 + (1 if activation.is_floating_point() else 0)


def with_other_state(output: Any) -> Any:
    """Return the output of a recurrent layer with another last state."""
    sequence, state = output
    moved = tuple(map(_spread, state)) if isinstance(state, tuple) else _spread(state)
    return sequence, moved


def _equal(one: Tensor, two: Tensor) -> bool:
    return one.shape == two.shape and torch.equal(one.nan_to_num(), two.nan_to_num())
