"""Find the bias that a network adds to its outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.rowwise import BATCH_NORM, LINEAR, RESHAPES, Call, functions
from nbinterp.network.subject.subject import Subject


def output_bias(subject: Subject, batch: Any, after: nn.Module) -> Tensor | None:
    """Return the bias (n_outputs,) that a model adds to its outputs, or None if none is found.

    The functions that made the outputs are followed back: a log-softmax adds one number per sample,
    means over maps keep what is added to a channel, and the first Linear, convolution or
    BatchNorm adds its bias, 0 if it has none. It must run after `after`. Behind any other function
    no bias is known.
    """
    watch = _Watch()

    def see(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        watch.begin = len(watch.calls)

    with subject.ready(), observe([after], see), watch:
        output = subject.run(batch)
    if output.ndim != 2 or torch.is_complex(output):
        return None
    fixed = set(map(id, subject.model.parameters())) | set(map(id, subject.model.buffers()))
    made = watch.last_call(output)
    while made is not None:
        if made.function in _KEEP and made.keeps(output.shape[1]):
            made = watch.last_call(made.call.first)
        else:
            return made.bias(output, fixed)
    return None


@dataclass
class _Made:
    """One call of a function, and what it returned."""

    function: Any
    call: Call
    result: Tensor
    version: int

    def keeps(self, n_outputs: int) -> bool:
        """Return whether what is added to a channel of the argument is added to the result."""
        given, result = self.call.first, self.result
        if self.function in _LOG_SOFTMAX:
            return result.ndim == 2 and self.call.get(1, "dim") in (1, -1)
        if self.function in RESHAPES or self.function in _SQUEEZE:
            return len(given) == len(result) and given[0].numel() == n_outputs
        if self.function in _MEAN:
            axes = self.call.get(1, "dim")
            listed = axes if isinstance(axes, tuple | list) else (axes,)
            return all(type(axis) is int and axis % given.ndim > 1 for axis in listed)
        return True

    def bias(self, output: Tensor, fixed: set[int]) -> Tensor | None:
        """Return what the function adds to each channel, if it is one of those that do."""
        place = _BIASES.get(self.function)
        if place is None or self.result.shape[1] != output.shape[1]:
            return None
        bias = self.call.get(place, "bias")
        if bias is None:
            return output.new_zeros(output.shape[1])
        return bias.detach().to(output) if id(bias) in fixed else None


class _Watch(TorchFunctionMode):
    """Notes which function made each tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.begin: int | None = None  # how many calls there were when the layer had run
        self.calls: list[_Made] = []
        self.places: dict[int, int] = {}

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call the function, and note what it made."""
        named = kwargs or {}
        result = function(*args, **named)
        call = Call(tuple(args), named, ())
        if isinstance(result, Tensor) and not any(result is given for given in call.tensors):
            self.places[id(result)] = len(self.calls)
            self.calls.append(_Made(function, call, result, result._version))
        return result

    def last_call(self, tensor: Tensor) -> _Made | None:
        """Return the call that made `tensor`, if that was after the layer had run."""
        place = self.places.get(id(tensor))
        if place is None or self.begin is None or place < self.begin:
            return None
        made = self.calls[place]
        return made if made.version == tensor._version else None  # nothing wrote into it since


_LOG_SOFTMAX, _SQUEEZE = functions("log_softmax"), functions("squeeze")
_MEAN = functions("mean")
_POOLS = functions(*(f"adaptive_avg_pool{n}d" for n in (1, 2, 3)))
_KEEP = _LOG_SOFTMAX | _SQUEEZE | _MEAN | _POOLS | RESHAPES
# From functions that add a bias to its place among their arguments.
_BIASES = (
    dict.fromkeys(LINEAR | functions("conv1d", "conv2d", "conv3d"), 2)
    | dict.fromkeys(BATCH_NORM, 4)
)  # fmt: skip
