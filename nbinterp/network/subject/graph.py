"""Prove what a network does behind one of its layers, so that this part can be run alone.

A forward pass of a few rows is watched function by function, in this thread alone. What lies behind
the layer is proven if each of its functions is known to compute every row by itself, from the
layer's output and from parameters and buffers of the model, and from nothing else. Whatever could
make another batch take another course ends the proof: a tensor turned into a number or a truth
value, arithmetic with the number of rows, a hook, a compiled module, random numbers, an attribute
that the pass changes. Nothing is judged by trying whether two ways agree.
"""

import math
import operator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.rowwise import DROPOUT, RESHAPES, RULES, SIZES, TOLD, Call, Rows
from nbinterp.network.subject.subject import Subject

# How often rows are repeated to watch a pass: few widths of layers are multiples of it.
_REPEATS = 11

# Of each module: what a forward pass may depend on. See `state_of`.
State = tuple[tuple[nn.Module | None, list[Any]], ...]


@dataclass(frozen=True)
class Slot:
    """Stands in the arguments of a `Step` for a value that depends on the rows."""

    number: int


_N_ROWS = Slot(-1)  # stands for the number of rows


@dataclass(frozen=True)
class Step:
    """One call of a function of torch.

    Parameters
    ----------
    function : callable
        The function.
    args, named : tuple and dict
        Its arguments, with a `Slot` for each value that depends on the rows.
    result : int or tuple of int
        The slots of what it returns.
    width : int
        How many numbers it returns for a row.
    mutates : bool
        Whether it writes into its first argument.
    """

    function: Any
    args: tuple[Any, ...]
    named: dict[str, Any]
    result: int | tuple[int, ...]
    width: int
    mutates: bool

    @cached_property
    def reads(self) -> list[int]:
        """The slots of its arguments."""
        leaves = tree_leaves((self.args, self.named))
        return [leaf.number for leaf in leaves if isinstance(leaf, Slot) and leaf != _N_ROWS]

    @property
    def results(self) -> tuple[int, ...]:
        """The slots of what it returns."""
        return (self.result,) if isinstance(self.result, int) else self.result


@dataclass(frozen=True)
class Tail:
    """What a network computes from one value on, which has a row for each sample.

    Parameters
    ----------
    state : tuple
        What the network consisted of; see `state_of`.
    like : Tensor of shape (0, ...)
        The shape of a row, the type and the device of the value.
    steps : tuple of Step
        All that follows.
    start, result : int
        The slots of the value and of the output.
    """

    state: State
    like: Tensor
    steps: tuple[Step, ...]
    start: int
    result: int

    def fits(self, rows: Tensor) -> bool:
        """Return whether the proof holds for `rows` and for the model, which is ready."""
        like = self.like
        same = rows.shape[1:] == like.shape[1:] and rows.dtype == like.dtype
        return same and rows.device == like.device and is_in(self.state)

    def run(self, rows: Tensor) -> Tensor:
        """Return the outputs (n, ...) for values (n, ...), which the network may write into."""
        values: dict[int, Any] = {_N_ROWS.number: len(rows), self.start: rows}
        for step, unused in zip(self.steps, self._unused, strict=True):
            named = {name: _filled(item, values) for name, item in step.named.items()}
            found = step.function(*(_filled(item, values) for item in step.args), **named)
            if isinstance(step.result, int):
                values[step.result] = found
            else:
                values.update(zip(step.result, found, strict=True))
            for number in unused:
                del values[number]
        output: Tensor = values[self.result]
        return output

    def split(self, n_steps: int) -> tuple["Tail", "Tail"] | None:
        """Return the first steps, and the others if these read nothing but the result of them."""
        head, rest = self.steps[:n_steps], self.steps[n_steps:]
        at = head[-1].result if head else self.start
        made = {at, *(number for step in rest for number in step.results)}
        reads = {number for step in rest for number in step.reads}
        if not isinstance(at, int) or not reads <= made or self.result not in made:
            return None
        return replace(self, steps=head, result=at), replace(self, steps=rest, start=at)

    @property
    def mutates(self) -> bool:
        """Whether a step writes into what it is given."""
        return any(step.mutates for step in self.steps)

    @property
    def width(self) -> int:
        """The largest number of values that a row has on the way."""
        return self.width_from(self.like)

    def width_from(self, rows: Tensor) -> int:
        """Return the largest number of values that one of `rows` has on the way."""
        return max([math.prod(rows.shape[1:]), *(step.width for step in self.steps)])

    @cached_property
    def _unused(self) -> list[set[int]]:
        """The values that no step reads after each."""
        later, unused = {self.result}, []
        for step in reversed(self.steps):
            numbers = {*step.reads, *step.results}
            unused.append(numbers - later)
            later |= numbers
        return unused[::-1]


def _filled(item: Any, values: dict[int, Any]) -> Any:
    if isinstance(item, Slot):
        return values[item.number]
    if type(item) in (tuple, list):
        return type(item)(_filled(part, values) for part in item)
    return item


def tail_behind(subject: Subject, module: nn.Module | None, batch: Any) -> Tail | None:
    """Return what a model computes from the output of `module` on, if that can be proven.

    Call it while the subject is ready. `batch` holds a few samples, whose values do not matter;
    without a `module` it is a tensor, and the tail begins there. If gradients are enabled, those of
    the tail are those of the network.
    """
    model = subject.model
    if not all(map(_is_plain, model.modules())):
        return None
    known = [*model.parameters(), *model.buffers()]
    if any(type(tensor) not in (Tensor, nn.Parameter) for tensor in known):
        return None  # it may do other things in functions of the same name
    if any(tensor.is_inference() for tensor in known):
        return None  # torch does not count what is written into them
    state, versions = state_of(model), [value._version for value in known]
    watch = _Watch(frozenset(map(id, known)))
    copies = tree_map(_repeated, batch)

    def begin(output: Any, _inputs: Any) -> Any:
        value = watch.begin(first_tensor("the layer", output))
        return with_first_tensor(output, value)

    try:
        if module is None:
            copies = watch.begin(copies)
            with watch:
                output = subject.run(copies)
        else:
            with replace_output(module, begin), watch:
                output = subject.run(copies)
    except Exception:
        return None  # the plain pass tells of errors in their own words
    if versions != [value._version for value in known] or not is_in(state):
        return None
    return watch.tail(state, output)


def _repeated(item: Any) -> Any:
    if not isinstance(item, Tensor) or item.ndim == 0:
        return item
    return item.repeat(_REPEATS, *[1] * (item.ndim - 1))


class _Watch(TorchFunctionMode):
    """Notes each function that is called on values that depend on the rows.

    Parameters
    ----------
    known : set of int
        The parameters and buffers, by `id`.
    """

    def __init__(self, known: frozenset[int]) -> None:
        super().__init__()
        self.known = known
        self.failed = False
        self.slots: dict[int, int] = {}  # of a value, by its id
        self.versions: dict[int, int] = {}
        self.kept: list[Tensor] = []  # the values, by slot, so that no id comes twice
        self.steps: list[Step] = []
        self.surroundings: tuple[Any, ...] | None = None

    def begin(self, value: Tensor) -> Tensor:
        """Return a copy of `value` as that from which the tail begins.

        The network may read the same memory in other ways, so the value has its own. Where it
        needs gradients, a function with a gradient of its own returns a new tensor.
        """
        with torch._C.DisableTorchFunction():
            own = value.detach().requires_grad_(torch.is_grad_enabled()).clone()
            self.failed = self.failed or bool(self.kept) or own.ndim == 0
            self.surroundings = _surroundings(own)
            self._keep(own)
        return own

    def fail(self) -> None:
        """End the proof."""
        self.failed = True

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Call the function, and note it."""
        named = kwargs or {}
        if self.failed or function in TOLD:
            return function(*args, **named)
        if function in SIZES:
            return self._sizes(args[0], function(*args, **named))
        inputs = [leaf for leaf in tree_leaves((args, named)) if isinstance(leaf, Tensor)]
        values = [tensor for tensor in inputs if id(tensor) in self.slots]
        unseen = any(self.versions[id(value)] != value._version for value in values)
        output = function(*args, **named)
        results = tree_leaves(output)
        numbers = any(item is not None and not isinstance(item, Tensor) for item in results)
        if unseen or (inputs and numbers):
            # Something wrote into a value, or a number may decide what comes next.
            self.failed = True
        elif values:
            self.failed = True
            self.failed = not self._note(function, _plain_tuples(args), named, inputs, output)
        return output

    def _note(
        self, function: Any, args: tuple[Any, ...], named: Any, inputs: list[Tensor], output: Any
    ) -> bool:
        """Note a call, and return whether it keeps the rows apart."""
        rule, call = RULES.get(function), Call(args, named, self.slots)
        # A function with a gradient of its own runs without gradients inside.
        if rule is None or _surroundings(self.kept[0]) != self.surroundings:
            return False
        if not all(id(tensor) in self.slots or id(tensor) in self.known for tensor in inputs):
            return False
        numbered = any(isinstance(leaf, Rows) for leaf in tree_leaves((args, named)))
        if (numbered and function not in RESHAPES) or not rule(call):
            return False
        values = [tensor for tensor in inputs if id(tensor) in self.slots]
        mutates = any(self.versions[id(value)] != value._version for value in values)
        if mutates and output is not args[0]:
            return False
        results = [output] if isinstance(output, Tensor) else list(output)
        if any(result.shape[:1] != self.kept[0].shape[:1] for result in results):
            return False
        if function in DROPOUT and not mutates and output is call.first:
            return True  # in eval mode
        slotted = tree_map(self._slot, args), tree_map(self._slot, named)
        numbers = tuple(self._keep(result) for result in results)
        for value in values:
            self._keep(value)
        one = numbers[0] if isinstance(output, Tensor) else numbers
        width = sum(result[:1].numel() for result in results)
        self.steps.append(Step(function, *slotted, one, width, mutates))
        return True

    def _keep(self, value: Tensor) -> int:
        if id(value) not in self.slots:
            self.slots[id(value)] = len(self.kept)
            self.kept.append(value)
        self.versions[id(value)] = value._version
        return self.slots[id(value)]

    def _slot(self, item: Any) -> Any:
        if isinstance(item, Rows):
            return _N_ROWS
        return Slot(self.slots[id(item)]) if id(item) in self.slots else item

    def _sizes(self, tensor: Tensor, sizes: Any) -> Any:
        """Return sizes with `Rows` for those that may depend on the number of rows."""
        if id(tensor) in self.known:
            return sizes
        n = self.kept[0].shape[0] if id(tensor) in self.slots else _REPEATS
        is_value = id(tensor) in self.slots
        if isinstance(sizes, int):
            maybe = sizes == n if is_value else sizes % n == 0
            return Rows(sizes, self.fail) if maybe else sizes
        maybes = [at == 0 if is_value else size % n == 0 for at, size in enumerate(sizes)]
        told = zip(sizes, maybes, strict=True)
        return torch.Size([Rows(size, self.fail) if maybe else size for size, maybe in told])

    def tail(self, state: State, output: Tensor) -> Tail | None:
        """Return the tail if all was proven."""
        number = self.slots.get(id(output))
        if self.failed or number is None or self.versions[id(output)] != output._version:
            return None
        return Tail(state, self.kept[0][:0].detach(), tuple(self.steps), 0, number)


def _surroundings(value: Tensor) -> tuple[Any, ...]:
    """Return what else decides what a function computes, which a forward may change inside."""
    return (
        torch.is_grad_enabled(),
        torch.is_autocast_enabled(value.device.type),
        torch._C._len_torch_dispatch_stack(),
        torch._C._autograd._top_saved_tensors_default_hooks(True),
    )


def _plain_tuples(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(tuple(item) if isinstance(item, torch.Size) else item for item in args)


def state_of(model: nn.Module) -> State:
    """Return what a forward pass of `model` may depend on, to be compared by `is_in`.

    Written for speed, since each frame of a slider compares it: all is judged by identity, so a
    change inside a list or a dict of the model's own is not seen.
    """
    return (None, _global_hooks()), *((part, _own_state(part)) for part in model.modules())


def is_in(state: State) -> bool:
    """Return whether a model is still in a `state`."""
    for part, known in state:
        now = _global_hooks() if part is None else _own_state(part)
        if len(now) != len(known) or not all(map(operator.is_, now, known)):
            return False
    return True


def _global_hooks() -> list[Any]:
    return [hook for hooks in _GLOBAL_HOOKS for hook in hooks.values()]


def _own_state(module: nn.Module) -> list[Any]:
    values: list[Any] = [type(module), *vars(module).values(), *module._modules.values()]
    for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks):
        values += hooks.values()
    for tensors in (module._parameters, module._buffers):
        for tensor in tensors.values():
            values += (tensor,) if tensor is None else (tensor, tensor.dtype, tensor.get_device())
    return values


_GLOBAL_HOOKS = (
    torch_module._global_forward_hooks,
    torch_module._global_forward_pre_hooks,
    torch_module._global_backward_hooks,
    torch_module._global_backward_pre_hooks,
)


def _is_plain(module: nn.Module) -> bool:
    """Return whether calling `module` runs its own forward and nothing else."""
    hooks: list[Any] = [
        module._forward_hooks,
        module._forward_pre_hooks,
        module._backward_hooks,
        module._backward_pre_hooks,
        *_GLOBAL_HOOKS,
    ]
    compiled = module._compiled_call_impl is not None or isinstance(
        getattr(module, "_orig_mod", None), nn.Module
    )
    return not any(hooks) and not compiled and type(module).__call__ is nn.Module.__call__
