"""Put back the buffers of a model that its forward changes, also in eval mode.

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
        self.owners: list[tuple[Any, str, Tensor]] = [
            (part._buffers, name, buffer)
            for part in parts
            if part._buffers
            for name, buffer in part._buffers.items()
            if type(buffer) is Tensor  # else there is none, or it is not made yet
        ]
        self.small: list[tuple[list[Tensor], list[torch.Size], Tensor]] = []
        self.large: list[tuple[Tensor, int, Tensor | None]] = []
        if self.owners:
            with torch.no_grad():
                self._copy()

    def _copy(self) -> None:
        groups, copied = defaultdict(list), 0
        for _, _, buffer in self.owners:
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
        if not self.owners:
            return ""
        with torch.no_grad():
            return self._put_back()

    def _put_back(self) -> str:
        lost = [buffer for buffer, version, kept in self.large
                if kept is None and buffer._version != version]  # fmt: skip
        for buffer, version, kept in self.large:
            if kept is not None and buffer._version != version:
                _write(buffer, kept)
        for group, shapes, kept in self.small:
            if not equal(_joined(group), kept):
                parts = torch.split(kept, [shape.numel() for shape in shapes])
                for buffer, shape, part in zip(group, shapes, parts, strict=True):
                    if not equal(buffer, part.reshape(shape)):
                        _write(buffer, part.reshape(shape))
        for buffers, name, buffer in self.owners:
            if type(buffers) is dict and buffers.get(name) is not buffer:
                buffers[name] = buffer
        names = (name for _, name, buffer in self.owners if any(buffer is one for one in lost))
        return next(names) if lost else ""


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


def _write(buffer: Tensor, values: Tensor) -> None:
    if buffer.shape == values.shape:
        buffer.copy_(values)
    else:  # it was resized
        buffer.data = values.clone()
