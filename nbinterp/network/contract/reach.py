"""Whether an edit of a layer reaches the output of the model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from nbinterp.network.contract.passes import Pass, Text, rows_of
from nbinterp.network.data.batches import length
from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.rowwise import SIZES, TOLD
from nbinterp.network.subject.subject import Subject

Change = Callable[[Any], Any]  # of what a layer returns

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


@dataclass(frozen=True)
class Reach:
    """Whether edits of a layer are the whole effect of its nodes, and whether any was seen.

    Attributes
    ----------
    fault : Text or None
        Why they are not the whole effect.
    seen : bool
        Whether an edit changed the output. If none did, the model reads the layer all the same.
    """

    fault: Text | None = None
    seen: bool = True


def reach_of(
    subject: Subject, module: nn.Module, batch: Any, rows: Sequence[int], first: Pass
) -> Reach:
    """Return whether edits of `module` reach the output: in `rows`, or else in the whole batch."""
    n_runs = 0

    def outputs(change: Any, rows: Sequence[int]) -> Tensor | None:
        def edit(output: Any, _inputs: Any) -> Any:
            nonlocal n_runs
            n_runs += 1
            return change(output)

        try:
            with replace_output(module, edit):
                return subject.run(rows_of(batch, rows))
        except Exception:
            return None  # as when edited values are no valid indices: they were read

    def reaches(change: Any, rows: Sequence[int] = rows, before: Tensor = first.output) -> bool:
        found = outputs(change, rows)
        return found is None or not _equal(found, before)

    reached = reaches(with_first_moved)
    if n_runs != 1:
        return Reach(NEVER_RAN if n_runs == 0 else (_ONCE[0].format(n_runs), _ONCE[1]))
    if not reached and not any(reaches(_of_first(change)) for change in _CHANGES):
        # A gate may be shut for these samples, or a ReLU behind it for all small edits.
        every = range(length(batch))
        plain = outputs(lambda output: output, every)
        changes = [_of_first(change) for change in (_spread, *_CHANGES, *_LARGE)]
        if plain is None or not any(reaches(change, every, plain) for change in changes):
            return Reach(seen=False) if _is_read(subject, module, batch, rows) else Reach(UNREAD)
    if isinstance(module, nn.RNNBase) and reaches(with_other_state):
        return Reach(READ_TWICE)
    return Reach()


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


def _up(activation: Tensor) -> Tensor:
    if not activation.is_floating_point():
        return torch.ones_like(activation)
    return activation + 1000 * (activation.abs().max() + 1)


def _down(activation: Tensor) -> Tensor:
    return -_up(-activation) if activation.is_floating_point() else torch.zeros_like(activation)


_CHANGES = (torch.zeros_like, _stretched)
_LARGE = (_up, _down)


def with_other_state(output: Any) -> Any:
    """Return the output of a recurrent layer with another last state."""
    sequence, state = output
    moved = tuple(map(_spread, state)) if isinstance(state, tuple) else _spread(state)
    return sequence, moved


def _equal(one: Tensor, two: Tensor) -> bool:
    return one.shape == two.shape and torch.equal(one.nan_to_num(), two.nan_to_num())


def _is_read(subject: Subject, module: nn.Module, batch: Any, rows: Sequence[int]) -> bool:
    """Return whether the output is computed from the output of `module`, whatever its values."""

    def run(change: Change) -> Tensor:
        with replace_output(module, lambda output, _inputs: change(output)):
            return subject.run(rows_of(batch, rows))

    try:
        return _is_computed_from(run)
    except Exception:
        return False  # not to be followed


def is_unread(run: Callable[[Change], Any]) -> bool:
    """Return whether nothing that a model returns is computed from the output of a layer.

    ``run(change)`` returns all that the model returns, with that output changed.
    """
    return equal(run(lambda output: output), run(with_first_moved)) and not _is_computed_from(run)


def _is_computed_from(run: Callable[[Change], Any]) -> bool:
    reads = _Reads()

    def begin(output: Any) -> Any:
        return with_first_tensor(output, reads.begin(first_tensor("the layer", output)))

    with reads:
        returned = tree_leaves(run(begin))
    return any(reads.has(leaf) for leaf in returned if isinstance(leaf, Tensor))


def equal(one: Any, two: Any) -> bool:
    """Return whether all tensors of two outputs are equal; NaN is equal to itself."""
    pairs = zip(tree_leaves(one), tree_leaves(two), strict=False)
    return all(_equal(a, b) for a, b in pairs if isinstance(a, Tensor))


class _Reads(TorchFunctionMode):
    """Follows what is computed from one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[int, Tensor] = {}  # by their memory, which views share
        self.is_told = False  # a number or a truth value was taken: it may decide anything

    def begin(self, value: Tensor) -> Tensor:
        """Return a copy of `value`, which is followed."""
        with torch._C.DisableTorchFunction():
            own = value.clone()
            self._keep(own)
        return own

    def has(self, output: Tensor) -> bool:
        """Return whether `output` was computed from the tensor."""
        return self.is_told or _memory(output) in self.kept

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call the function, and note what it returns or writes into."""
        named = kwargs or {}
        output = function(*args, **named)
        if function in TOLD or function in SIZES or function is Tensor.__len__:
            return output
        with torch._C.DisableTorchFunction():
            inputs = [leaf for leaf in tree_leaves((args, named)) if isinstance(leaf, Tensor)]
            if any(_memory(tensor) in self.kept for tensor in inputs):
                for item in tree_leaves(output if output is not None else args[:1]):
                    if isinstance(item, Tensor):
                        self._keep(item)
                    else:
                        self.is_told = True
        return output

    def _keep(self, tensor: Tensor) -> None:
        self.kept.setdefault(_memory(tensor), tensor)


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
