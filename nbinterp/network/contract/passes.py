"""Passes through a model with a few samples, and whether two of them agree."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from nbinterp.network.data.batches import length
from nbinterp.network.subject.hooks import first_tensor, observe
from nbinterp.network.subject.output import form_of, read_output
from nbinterp.network.subject.subject import Subject

# Two sizes of a batch may sum in another order. On CUDA also with fewer digits (TF32).
_ON_CUDA = 5e-3

Text = tuple[str, str]  # what something must be, and the way out

TRANSFORMED: Text = (
    "must run outside torch.vmap and other transforms of torch.func",
    "Call the module on the whole batch, or name the block around the transform.",
)


@dataclass(frozen=True)
class Pass:
    """What a model and some of its layers returned for some rows of a batch.

    Attributes
    ----------
    output : Tensor
        The output of the model.
    calls : dict from str to list of Tensor
        The output of each call of each layer.
    of_several : set of str
        The layers that return a tuple or a dict.
    odd, odd_layers : Text, dict from str to Text
        Why the output or a layer's output is none that can be read.
    note : str
        What was taken as the output of a model that returns several tensors.
    form : str
        Whether the model returned a tensor, a dict with which names, or how many items.
    """

    output: Tensor
    calls: dict[str, list[Tensor]]
    of_several: set[str] = field(default_factory=set)
    odd: Text | None = None
    odd_layers: dict[str, Text] = field(default_factory=dict)
    note: str = ""
    form: str = "a tensor"

    @classmethod
    def of(
        cls, subject: Subject, layers: Mapping[str, nn.Module], batch: Any, rows: Sequence[int]
    ) -> "Pass":
        """Run the model on some rows of `batch`."""
        calls: dict[str, list[Tensor]] = {name: [] for name in layers}
        odd_layers: dict[str, Text] = {}
        of_several: set[str] = set()
        with ExitStack() as hooks:
            for name, module in layers.items():

                def see(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> None:
                    item = first_tensor(f"layer {name!r}", output)
                    if item is not output:
                        of_several.add(name)
                    text = oddity(item)
                    if text is not None:
                        odd_layers[name] = text
                    else:
                        calls[name].append(item.clone())

                hooks.enter_context(observe([module], see))
            whole = subject.call(rows_of(batch, rows))
            found = read_output(whole)
        odd = found.fault or oddity(found.tensor)
        return cls(found.tensor, calls, of_several, odd, odd_layers, found.note, form_of(whole))


def try_pass(
    subject: Subject, layers: Mapping[str, nn.Module], batch: Any, rows: Sequence[int]
) -> Pass | None:
    """Return a pass, or None if the model does not run on these rows."""
    try:
        return Pass.of(subject, layers, batch, rows)
    except Exception:
        return None


def rows_of(batch: Any, rows: Sequence[int]) -> Any:
    """Return copies of some rows of a batch; what has no row per sample stays whole."""
    n = length(batch)

    def part_of(part: Any) -> Any:
        if not isinstance(part, Tensor) or part.ndim == 0 or len(part) != n:
            return part
        return part[torch.as_tensor(rows, device=part.device)]

    if isinstance(batch, dict):
        return {name: part_of(part) for name, part in batch.items()}
    return part_of(batch)


def is_transformed(item: Tensor) -> bool:
    """Return whether a tensor is one sample's within torch.vmap, or another transform's."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(item))


def oddity(item: Tensor) -> Text | None:
    """Return why a tensor is none that can be read, if it is not."""
    if is_transformed(item):
        return TRANSFORMED
    if item.is_nested:
        return (
            "must return an ordinary tensor, not a nested one",
            "Pad it in a module of its own, by torch.nested.to_padded_tensor, and name that.",
        )
    if item.is_complex():
        return (
            f"must return real numbers, not {str(item.dtype).removeprefix('torch.')}",
            "Put a module behind it that calls torch.view_as_real, or abs, and name that.",
        )
    if item.is_quantized or item.layout != torch.strided or item.is_meta:
        kind = "quantized" if item.is_quantized else "meta" if item.is_meta else "sparse"
        return (
            f"must return an ordinary tensor, not a {kind} one",
            "Name a layer whose output is ordinary, such as one behind dequantize or to_dense.",
        )
    return None


def same_twice(first: Pass, again: Pass) -> bool:
    """Return whether two passes with the same rows gave the same, but for rounding on a GPU."""
    pairs = [(first.output, again.output)]
    for name, blocks in first.calls.items():
        if len(blocks) != len(again.calls[name]):
            return False
        pairs += zip(blocks, again.calls[name], strict=True)
    return all(
        one.shape == two.shape and same(one, two, _ON_CUDA if one.is_cuda else 16 * _rounding(one))
        for one, two in pairs
    )


def tolerance_of(subject: Subject, seen: Pass) -> float:
    """Return how far rows of two batches may differ by rounding, in the types of the model."""
    values = chain(subject.model.parameters(), subject.model.buffers())
    types = {value.dtype for value in values} | {seen.output.dtype}
    types |= {block.dtype for blocks in seen.calls.values() for block in blocks}
    rounding = max((torch.finfo(kind).eps for kind in types if kind.is_floating_point), default=0.0)
    tolerance: float = rounding**0.5 / 3
    return max(tolerance, _ON_CUDA if seen.output.is_cuda else 0.0)


def same(expected: Tensor, found: Tensor, tolerance: float) -> bool:
    """Return whether two tensors differ by rounding only, relative to the largest number."""
    if oddity(expected) is not None or not (expected.is_floating_point() and expected.numel()):
        return bool(expected.dtype == found.dtype and torch.equal(expected, found))
    size = float(expected.nan_to_num(posinf=0.0, neginf=0.0).abs().max())
    return torch.allclose(found, expected, rtol=0.0, atol=tolerance * size, equal_nan=True)


def _rounding(block: Tensor) -> float:
    return torch.finfo(block.dtype).eps if block.is_floating_point() else 0.0
