"""Notice parameters that a forward changes in eval mode, and put them back.

What such a network computes depends on the passes before, so it is refused. Torch counts how often
a tensor is written, which costs nothing; a copy is made only while a network has not yet run
without a change.
"""

from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from nbinterp.network.subject.buffers import equal, is_ordinary

_COPIED = 2**28  # bytes

# Networks that ran without a change.
_STEADY: WeakSet[nn.Module] = WeakSet()


class Parameters:
    """The parameters of a model at one moment. Made for each frame of a slider, so it is quick.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    parts : iterable of Module
        All of its modules.
    """

    def __init__(self, model: nn.Module, parts: Iterable[nn.Module]) -> None:
        self.model, self.is_changed = model, False
        self.owners: list[tuple[nn.Module, str, Tensor, int]] = [
            (part, name, value, _version(value))
            for part in parts
            if part._parameters
            for name, value in part._parameters.items()
            if type(value) is nn.Parameter or (value is not None and not is_lazy(value))
        ]
        self.kept: list[Tensor] | None = None
        self.flags: list[tuple[nn.Module, dict[str, Any]]] = []
        if model not in _STEADY and self._size() <= _COPIED:
            with torch.no_grad():
                self.kept = [value.clone() for _, _, value, _ in self.owners]
            self.flags = [(part, _flags(part)) for part in {owner[0] for owner in self.owners}]

    def put_back(self, is_over: bool = False) -> tuple[str, bool]:
        """Return the name of a parameter that changed, or "", and whether all are put back.

        `is_over` says that all passes of this use of the model ended well.
        """
        found = [place for place in range(len(self.owners)) if self._differs(place)]
        if not found:
            if is_over and not self.is_changed:
                _STEADY.add(self.model)
            return "", True
        self.is_changed = True
        if self.kept is None:
            return self._name(found[0]), False
        with torch.no_grad():
            for place in found:
                part, name, value, _ = self.owners[place]
                if self._is_bound_anew(part, name, value):
                    part._parameters[name] = value  # type: ignore[assignment]
                value.data.copy_(self.kept[place])
                self.owners[place] = (part, name, value, _version(value))
        for part, flags in self.flags:  # such as whether it has seen its first batch
            vars(part).update(flags)
        return self._name(found[0]), True

    def _differs(self, place: int) -> bool:
        part, name, value, version = self.owners[place]
        if self._is_bound_anew(part, name, value):
            return True
        if self.kept is not None:  # what is written into `data` is not counted
            return not equal(value.detach(), self.kept[place])
        return _version(value) != version

    @staticmethod
    def _is_bound_anew(part: nn.Module, name: str, value: Tensor) -> bool:
        held = part._parameters  # modules of torch.jit make a new object each time
        return type(held) is dict and held.get(name) is not value

    def _name(self, place: int) -> str:
        part, name = self.owners[place][:2]
        path = next((path for path, each in self.model.named_modules() if each is part), "")
        return f"{path}.{name}" if path else name

    def _size(self) -> float:
        values = [value for _, _, value, _ in self.owners]
        return sum(value.nbytes if is_ordinary(value) else float("inf") for value in values)


def _version(value: Tensor) -> int:
    try:
        return value._version
    except RuntimeError:  # made in inference mode
        return -1


def _flags(part: nn.Module) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(part).items()
        if name != "training" and (value is None or type(value) in (bool, int, float, str))
    }
