"""Put back what a forward changes in a model, also in eval mode: its buffers, or all that it holds.

Such are counters, running statistics and caches. Small buffers are compared by their values, since
torch does not count what a norm writes into them; large ones by how often torch wrote into them.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

_SMALL = 2**14  # numbers
_COPIED = 2**24  # bytes of large buffers


class Buffers:
    """The buffers of a model at one moment. Made for each frame of a slider, so it is quick.

    Parameters
    ----------
    parts : iterable of Module
        All modules of the model. Small buffers and a few large ones are copied.
    """

    def __init__(self, parts: Iterable[nn.Module]) -> None:
        # Of each module, also without buffers: its forward may make the first one.
        held = [part._buffers for part in parts]
        self.held = [(each, dict(each)) for each in held if type(each) is dict]
        self.known = [
            (name, buffer)
            for each in held
            if each
            for name, buffer in each.items()
            if type(buffer) is Tensor  # else there is none, or it is not made yet
        ]
        self.is_changed = False  # since it was last set so
        self.small: list[tuple[list[Tensor], list[torch.Size], Tensor]] = []
        self.large: list[tuple[Tensor, int, Tensor | None]] = []
        if self.known:
            with torch.no_grad():
                self._copy()

    def _copy(self) -> None:
        groups, copied = defaultdict(list), 0
        for _, buffer in self.known:
            if buffer.is_inference() or not is_ordinary(buffer):
                continue
            if buffer.numel() <= _SMALL and _is_comparable(buffer.dtype):
                groups[buffer.dtype, buffer.device].append(buffer)
            else:
                copied += buffer.nbytes
                kept = buffer.clone() if copied <= _COPIED else None
                self.large.append((buffer, buffer._version, kept))
        self.small = [
            (group, [buffer.shape for buffer in group], _joined(group)) for group in groups.values()
        ]

    def put_back(self) -> str:
        """Put back what changed; return the name of a buffer that could not be, or ""."""
        lost = ""
        if self.known:
            with torch.no_grad():
                lost = self._put_back()
        for held, before in self.held:
            self.is_changed = bind_again(held, before) or self.is_changed
        return lost

    def _put_back(self) -> str:
        lost = [buffer for buffer, version, kept in self.large
                if kept is None and buffer._version != version]  # fmt: skip
        for buffer, version, kept in self.large:
            if kept is not None and buffer._version != version:
                self._write(buffer, kept)
        for group, shapes, kept in self.small:
            if not equal(_joined(group), kept):
                parts = torch.split(kept, [shape.numel() for shape in shapes])
                for buffer, shape, part in zip(group, shapes, parts, strict=True):
                    if not equal(buffer, part.reshape(shape)):
                        self._write(buffer, part.reshape(shape))
        names = (name for name, buffer in self.known if any(buffer is one for one in lost))
        return next(names) if lost else ""

    def _write(self, buffer: Tensor, values: Tensor) -> None:
        self.is_changed = True
        if buffer.shape == values.shape:
            buffer.copy_(values)
        else:  # it was resized
            buffer.data = values.clone()


def bind_again(held: dict[str, Any], before: dict[str, Any]) -> bool:
    """Bind names to what they meant `before`, and drop others; return whether any had changed."""
    if len(held) == len(before) and all(held.get(name) is value for name, value in before.items()):
        return False
    for name in held.keys() - before.keys():
        del held[name]
    held.update(before)
    return True


def is_ordinary(buffer: Tensor) -> bool:
    """Return whether a tensor has its numbers one after the other, and can be copied."""
    strided = buffer.layout == torch.strided
    return strided and not (buffer.is_meta or buffer.is_quantized or buffer.is_nested)


def _is_comparable(kind: torch.dtype) -> bool:
    return not (kind.is_floating_point and kind.itemsize == 1)


def _joined(buffers: Sequence[Tensor]) -> Tensor:
    return torch.cat([buffer.reshape(-1) for buffer in buffers])


def equal(one: Tensor, two: Tensor) -> bool:
    """Return whether all numbers are equal; NaN is equal to itself."""
    if one.shape != two.shape:
        return False
    return torch.equal(one, two) or bool(((one == two) | ((one != one) & (two != two))).all())


class Start:
    """All that a model holds before a trial: buffers by their values, all else by identity.

    A forward may make a buffer, an attribute or a layer in its first pass, such as the mean of the
    first batch. Made by a few samples of a trial, it would stay and change all that follows.

    Parameters
    ----------
    model : torch.nn.Module
        The model. What torch.jit made of it is left out: it has no attributes of its own.
    """

    def __init__(self, model: nn.Module) -> None:
        parts = [part for part in model.modules() if not isinstance(part, torch.jit.ScriptModule)]
        self.model, self.buffers = model, Buffers(parts)
        self.held: list[tuple[dict[str, Any], dict[str, Any]]] = [
            (held, dict(held))
            for part in parts
            for held in (vars(part), part._parameters, part._modules)
            if type(held) is dict
        ]
        self.parameters = set(map(id, model.parameters()))

    def made(self) -> str:
        """Return the name of a parameter that was not there, or ""."""
        named = self.model.named_parameters()
        return next((name for name, value in named if id(value) not in self.parameters), "")

    def put_back(self) -> bool:
        """Put back what changed; return whether anything had."""
        self.buffers.put_back()
        changed, self.buffers.is_changed = self.buffers.is_changed, False
        for held, before in self.held:
            changed = bind_again(held, before) or changed
        return changed
