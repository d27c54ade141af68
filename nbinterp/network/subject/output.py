"""Which of the tensors that a model returns is its output, and whether it rebuilds its input."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from nbinterp import _checks
from nbinterp.network.data.batches import tensors
from nbinterp.network.subject.hooks import first_tensor

# Names of the output where there is no other convention, such as in transformers and torchvision.
_USUAL = ("last_hidden_state", "out")

_ENOUGH = 16  # outputs: as many as a sample has numbers by no chance
_ALIKE = 0.8  # the correlation of fewer outputs with their inputs

# What was said of a model: once.
_TOLD: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()


@dataclass(frozen=True)
class Output:
    """The output of a model among all that it returned.

    Attributes
    ----------
    tensor : Tensor
        The output, or the first tensor that may be it.
    name : str
        Its name in a dict; "" elsewhere.
    note : str
        What was taken and how to take another, where that is a convention only.
    fault : tuple of str or None
        What the model must return, and the way out, where nothing says which tensor is the output.
    """

    tensor: Tensor
    name: str = ""
    note: str = ""
    fault: tuple[str, str] | None = None


def main_output(returned: Any) -> Tensor:
    """Return the output among what a model returned, or raise where nothing says which it is."""
    if isinstance(returned, Tensor):
        return returned
    found = read_output(returned)
    if found.fault is not None:
        _checks.fail("(model)", *found.fault)
    return found.tensor


def read_output(returned: Any) -> Output:
    """Return the output among what a model returned: see `Subject` for the rule."""
    if isinstance(returned, Tensor):
        return Output(returned)
    named = getattr(returned, "_fields", ())
    if "logits" in named or (isinstance(returned, Mapping) and "logits" in returned):
        logits = returned.logits if named else returned["logits"]
        if logits is None:
            _refuse_missing(returned, "logits")
        return Output(first_tensor("the model", {"logits": logits}), "logits")
    if isinstance(returned, Mapping):
        return _of_dict(returned)
    if _is_record(returned) or (isinstance(returned, tuple) and not _is_tensor(returned[:1])):
        _refuse_missing(returned, named[0] if named else 0)
    tensor = first_tensor("the model", returned)  # refuses what is no sequence of tensors
    others = [leaf for leaf in tree_leaves(list(returned[1:])) if isinstance(leaf, Tensor)]
    if not any(other.ndim for other in others):
        return Output(tensor)
    items = _candidates(dict(enumerate(returned)))
    alike = [key for key, item in items.items() if item.shape == tensor.shape]
    many = isinstance(returned, list) and len(items) > 1
    if many or len(alike) > 1 or 0 not in items:
        return Output(tensor, fault=_fault(returned, items))
    return Output(tensor, note=_note(returned, 0))


def form_of(returned: Any) -> str:
    """Return what a model returned in words, without the shapes."""
    if isinstance(returned, Tensor):
        return "a tensor"
    if isinstance(returned, Mapping):
        return f"a dict of {', '.join(map(repr, returned))}"
    if isinstance(returned, tuple | list):
        return f"a {'list' if isinstance(returned, list) else 'tuple'} of {len(returned)}"
    return f"a {type(returned).__name__}"


def tell(model: Any, note: str) -> None:
    """Warn of a `note` on what was taken as the output of a model, once for each model."""
    is_module = isinstance(model, nn.Module)
    if note and not (is_module and _TOLD.get(model) == note):
        _checks.warn(f"{_checks.current_call()}(model) {note}")
        if is_module:
            _TOLD[model] = note


def _of_dict(returned: Mapping[Any, Any]) -> Output:
    items = _candidates(returned)
    if not items:
        return Output(first_tensor("the model", dict(returned)))  # it says what is wrong
    key = next((name for name in _USUAL if name in items), next(iter(items)))
    tensor = items[key]
    # The tensors of an item such as {"heads": {"a": …}} may be the output as well.
    rest = [item for item in returned.values() if not isinstance(item, Tensor)]
    nested = [leaf for leaf in tree_leaves(rest) if isinstance(leaf, Tensor) and leaf.ndim]
    if len(items) == 1 and (key in _USUAL or not nested):
        return Output(tensor, str(key))
    if key in _USUAL:
        return Output(tensor, str(key), note=_note(returned, key))
    return Output(tensor, str(key), fault=_fault(returned, items))


def _candidates(items: Mapping[Any, Any]) -> dict[Any, Tensor]:
    """Return the items that may be an output: tensors with rows, and floats if there are any."""
    rows = {key: item for key, item in items.items() if isinstance(item, Tensor) and item.ndim}
    floats = {key: item for key, item in rows.items() if not _is_whole(item)}
    return floats or rows


def _is_whole(item: Tensor) -> bool:
    return not (item.is_floating_point() or item.is_complex() or item.is_quantized)


def _fault(returned: Any, items: Mapping[Any, Tensor]) -> tuple[str, str]:
    must = f"must return one output, but returns {_told(returned)}, and nothing says which it is"
    return must, f"Choose one, as here: {_wrapper(f'[{next(iter(items))!r}]')}"


def _note(returned: Any, key: Any) -> str:
    taken = "the first" if key == 0 else repr(key)
    other = next(place for place in _places(returned) if place != f"[{key!r}]")
    return (
        f"returns {_told(returned)}: {taken} is taken as its output. For another one wrap it:"
        f" {_wrapper(other)}."
    )


def _places(returned: Any) -> list[str]:
    """Return where the tensors with rows are in what a model returned, in Python; floats first."""

    def found(item: Any, at: str) -> Iterator[tuple[int, str]]:
        if isinstance(item, Tensor):
            if item.ndim:
                yield (0, at) if item.is_floating_point() else (1, at + _to_real(item))
            return
        if isinstance(item, Mapping):
            parts = [(f"[{key!r}]", part) for key, part in item.items()]
        elif _is_record(item):
            parts = [(f".{each.name}", getattr(item, each.name)) for each in fields(item)]
        else:
            parts = [(f"[{k}]", part) for k, part in enumerate(_sequence(item))]
        for name, part in parts:
            yield from found(part, at + name)

    return [at for _, at in sorted(found(returned, ""), key=lambda place: place[0])]


def _is_record(item: Any) -> bool:
    return is_dataclass(item) and not isinstance(item, type | Mapping)


def _to_real(item: Tensor) -> str:
    return ".abs()" if item.is_complex() else ""


def _sequence(item: Any) -> Sequence[Any]:
    return item if isinstance(item, tuple | list) else ()


def _is_tensor(items: Sequence[Any]) -> bool:
    return all(isinstance(item, Tensor) for item in items)


def _refuse_missing(returned: Any, key: Any) -> NoReturn:
    """Refuse what a model returned where no tensor is in the place of its output."""
    places = _places(returned)
    if _is_record(returned):
        must = f"must return a tensor, a tuple or a dict, not {form_of(returned)}"
    else:
        told = f"item {key!r} of what it returns, {_told(returned)},"
        must = f"must return a tensor as its output, but {told} is none"
    remedy = "Wrap it so that it returns one tensor with a row for each sample."
    if places:
        remedy = f"Choose one, as here: {_wrapper(places[0])}"
    _checks.fail("(model)", must, remedy, TypeError)


def _told(returned: Any) -> str:
    """Return what a model returned in words."""
    pairs = returned.items() if isinstance(returned, Mapping) else enumerate(returned)
    named = isinstance(returned, Mapping)
    parts = [f"{key!r} {_form(item)}" if named else _form(item) for key, item in pairs]
    kind = "dict" if named else "list" if isinstance(returned, list) else "tuple"
    *others, last = parts
    return f"a {kind} of {', '.join(others)} and {last}" if others else f"a {kind} of {last}"


def _form(item: Any) -> str:
    if not isinstance(item, Tensor):
        return f"a {type(item).__name__}" if item is not None else "None"
    return f"({', '.join(['b', *map(str, item.shape[1:])])})" if item.ndim else "a number"


def _wrapper(place: str) -> str:
    """Return a line of Python that takes the tensor in a `place`, and what to do with it."""
    return (
        "class Output(torch.nn.Sequential): forward = lambda self, *x, **named: self[0](*x, "
        f"**named){place}; then pass Output(model), whose layers are called '0.…'"
    )


def n_inputs(batch: Any) -> int:
    """Return how many numbers a sample of `batch` has; 0 if it has several arrays, or tokens."""
    parts = list(tensors(batch).values())
    alone = len(parts) == 1 and isinstance(parts[0], Tensor) and parts[0].is_floating_point()
    return int(parts[0][0].numel()) if alone and len(parts[0]) else 0


def has_size_of_input(batch: Any, shape: tuple[int, ...]) -> bool:
    """Return whether outputs of a `shape` are as many as a sample of `batch` has numbers."""
    return n_inputs(batch) == math.prod(shape) >= _ENOUGH


def rebuilds(batch: Any, output: Tensor) -> bool:
    """Return whether `output` has the size of its input, as that of an autoencoder has.

    A few outputs that are as many by chance must also vary with their inputs.
    """
    if output.ndim == 0 or n_inputs(batch) != output[:1].numel():
        return False
    if has_size_of_input(batch, tuple(output.shape[1:])):
        return True
    rows = next(iter(tensors(batch).values())).to(output)
    ends = [part.flatten(1) - part.flatten(1).mean(dim=0) for part in (rows, output)]
    product, squares = (ends[0] * ends[1]).sum(), [(end**2).sum() for end in ends]
    return len(output) >= _ENOUGH and bool(product > _ALIKE * (squares[0] * squares[1]).sqrt())
