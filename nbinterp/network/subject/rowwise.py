"""Which functions of torch compute each row of a batch by itself, and from which arguments."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves


class Rows(int):
    """A size that may be the number of rows. Whoever computes with it is told on.

    Parameters
    ----------
    value : int
        The size.
    tell : callable
        Called, without arguments, when the number is computed with.
    """

    tell: Callable[[], None]

    def __new__(cls, value: int, tell: Callable[[], None]) -> Self:
        """Make the number."""
        number = super().__new__(cls, value)
        number.tell = tell
        return number

    __hash__ = int.__hash__


def _telling(name: str) -> Callable[..., Any]:
    plain = getattr(int, name)

    def method(self: Rows, *others: Any) -> Any:
        self.tell()
        return plain(self, *others)

    return method


_ARITHMETIC = """
    add sub mul floordiv mod divmod pow truediv radd rsub rmul rfloordiv rmod rdivmod rpow rtruediv
    neg abs eq ne lt le gt ge bool float int trunc round and or xor rand ror rxor lshift rshift
    invert format str repr
"""
for _name in _ARITHMETIC.split():
    setattr(Rows, f"__{_name}__", _telling(f"__{_name}__"))


@dataclass(frozen=True)
class Call:
    """One call of a function on tensors of which some have a row for each sample.

    Parameters
    ----------
    args, named : tuple and dict
        The arguments.
    rows : container of int
        The `id` of each tensor whose first axis is the rows. All other tensors among the arguments
        are parameters or buffers of the model.
    """

    args: tuple[Any, ...]
    named: dict[str, Any]
    rows: Container[int]

    def get(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument, by its place or its name."""
        return self.args[place] if len(self.args) > place else self.named.get(name, default)

    @property
    def first(self) -> Any:
        """The first argument."""
        return self.get(0, "input")

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments."""
        return [leaf for leaf in tree_leaves((self.args, self.named)) if isinstance(leaf, Tensor)]

    def is_rows(self, item: Any) -> bool:
        """Return whether `item` is a tensor with one row per sample."""
        return isinstance(item, Tensor) and id(item) in self.rows

    def first_alone(self, least_axes: int = 1) -> bool:
        """Return whether the first argument alone has rows, with at least so many axes."""
        others = [t for t in self.tensors if t is not self.first and self.is_rows(t)]
        return self.is_rows(self.first) and self.first.ndim >= least_axes and not others

    def behind_rows(self, axes: Any, n_axes: int | None = None) -> bool:
        """Return whether `axes` of the first argument are numbers that leave out the rows."""
        n = self.first.ndim if n_axes is None else n_axes
        listed = axes if isinstance(axes, tuple | list) else (axes,)
        whole = all(type(axis) is int for axis in listed)
        return whole and len(listed) > 0 and all(axis % n > 0 for axis in listed)


Rule = Callable[[Call], bool]


def _elementwise(call: Call) -> bool:
    return call.first_alone() and len(call.tensors) == 1


def _broadcast(call: Call) -> bool:
    """Operands have the rows first, or no axis for them."""
    n = max((tensor.ndim for tensor in call.tensors), default=0)
    fits = [t.ndim == n if call.is_rows(t) else t.ndim < n or t.shape[0] == 1 for t in call.tensors]
    return all(fits) and len(call.tensors) <= 2 and "out" not in call.named


def _broadcast_in_place(call: Call) -> bool:
    return call.is_rows(call.first) and _broadcast(call)


def _linear(call: Call) -> bool:
    return call.first_alone(2)


def _matmul(call: Call) -> bool:
    if "out" in call.named:
        return False
    left, right = call.first, call.get(1, "other", call.named.get("mat2"))
    if call.is_rows(left) and call.is_rows(right):
        return bool(left.ndim == right.ndim >= 3)
    return call.first_alone(2) and isinstance(right, Tensor) and right.ndim == 2


def _by_sample(call: Call, n_axes: int) -> bool:
    """Convolve or pool: (b, channels, ...) and not (channels, ...)."""
    return call.first_alone() and call.first.ndim == n_axes + 2


def _batch_norm(call: Call) -> bool:
    training, running = call.get(5, "training", False), call.get(1, "running_mean")
    return call.first_alone(2) and training is False and isinstance(running, Tensor)


def _layer_norm(call: Call) -> bool:
    return call.first_alone() and len(call.get(1, "normalized_shape")) < call.first.ndim


def _dropout(call: Call) -> bool:
    return call.first_alone() and call.get(2, "training", True) is False


def _along(call: Call, place: int = 1, name: str = "dim") -> bool:
    """Reduce or normalize along axes that are named and are not the rows."""
    return _elementwise(call) and call.behind_rows(call.get(place, name))


def _flatten(call: Call) -> bool:
    ends = (call.get(1, "start_dim", 0), call.get(2, "end_dim", -1))
    return _elementwise(call) and call.behind_rows(ends)


def _swapped(call: Call) -> bool:
    ends = (call.get(1, "dim0"), call.get(2, "dim1"))
    return _elementwise(call) and call.behind_rows(ends)


def _permuted(call: Call) -> bool:
    axes = call.args[1:] if len(call.args) > 2 else tuple(call.get(1, "dims", ()))
    plain = _elementwise(call) and len(axes) > 1 and type(axes[0]) is int
    return plain and axes[0] == 0 and call.behind_rows(axes[1:])


def _reshaped(call: Call) -> bool:
    """Reshape each row: the rows by their number or as what is left, and all other axes."""
    given = call.get(1, "shape", call.named.get("size", ()))
    shape = tuple(given) if isinstance(given, tuple | list) else call.args[1:]
    if not _elementwise(call) or not shape or isinstance(shape[0], torch.dtype):
        return False
    per_row, rest = call.first[0].numel(), shape[1:]
    if not all(type(axis) is int for axis in rest):
        return False
    product = 1
    for axis in rest:
        product *= axis
    if isinstance(shape[0], Rows):
        return product == per_row or (rest.count(-1) == 1 and per_row % -product == 0)
    return shape[0] == -1 and -1 not in rest and product == per_row


def _unsqueezed(call: Call) -> bool:
    return _elementwise(call) and call.behind_rows(call.get(1, "dim"), call.first.ndim + 1)


def _joined(call: Call) -> bool:
    parts = call.get(0, "tensors")
    if not isinstance(parts, tuple | list) or "out" in call.named:
        return False
    axis, n = call.get(1, "dim", 0), parts[0].ndim
    return all(call.is_rows(part) for part in parts) and type(axis) is int and axis % n > 0


def _parted(call: Call) -> bool:
    return _elementwise(call) and call.behind_rows(call.get(2, "dim", 0))


def _indexed(call: Call) -> bool:
    """All rows first, then numbers and slices."""
    index = call.get(1, "indices")
    if not _elementwise(call) or not isinstance(index, tuple) or not index:
        return False
    plain = all(type(item) is int or _is_plain_slice(item) for item in index[1:])
    short = index[0] is Ellipsis and len(index) - 1 < call.first.ndim
    return plain and (index[0] == slice(None) or short)


def _is_plain_slice(item: Any) -> bool:
    ends = (item.start, item.stop, item.step) if isinstance(item, slice) else (item,)
    return isinstance(item, slice) and all(end is None or type(end) is int for end in ends)


def _attention(call: Call) -> bool:
    masked = call.get(3, "attn_mask") is not None or call.get(4, "dropout_p", 0.0) != 0
    three = call.args[:3]
    fits = len(three) == 3 and all(call.is_rows(part) and part.ndim >= 3 for part in three)
    return fits and not masked and len({part.ndim for part in three}) == 1


_BY_RULE: list[tuple[Rule, str]] = [
    (
        _elementwise,
        """abs celu contiguous clone cos detach elu elu_ erf exp expm1 gelu hardsigmoid hardswish
        hardtanh hardtanh_ leaky_relu leaky_relu_ log log1p logsigmoid mish neg __neg__ reciprocal
        relu relu6 relu_ rsqrt selu selu_ sigmoid sigmoid_ sign silu sin softplus softsign sqrt
        square tanh tanh_ tanhshrink clamp clip clamp_ pow __pow__""",
    ),
    (
        _broadcast,
        """add sub mul div true_divide maximum minimum subtract multiply divide __add__ __radd__
        __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __rdiv__""",
    ),
    (_broadcast_in_place, "add_ sub_ mul_ div_ __iadd__ __isub__ __imul__ __itruediv__"),
    (_along, "mean sum amax amin var std softmax log_softmax logsumexp squeeze unflatten"),
    (partial(_along, place=2), "normalize"),
    (_dropout, "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout"),
    (_swapped, "transpose swapaxes swapdims"),
    (_permuted, "permute"),
    (_reshaped, "view reshape"),
    (_flatten, "flatten"),
    (_unsqueezed, "unsqueeze"),
    (_joined, "cat concat concatenate"),
    (_parted, "chunk split"),
    (_indexed, "__getitem__"),
    (_linear, "linear"),
    (_matmul, "matmul mm bmm __matmul__"),
    (_batch_norm, "batch_norm"),
    (_layer_norm, "layer_norm rms_norm"),
    (partial(Call.first_alone, least_axes=2), "group_norm"),
    (_attention, "scaled_dot_product_attention"),
    *(
        (
            partial(_by_sample, n_axes=n),
            f"conv{n}d max_pool{n}d avg_pool{n}d adaptive_avg_pool{n}d adaptive_max_pool{n}d",
        )
        for n in (1, 2, 3)
    ),
]


def functions(*names: str) -> frozenset[Any]:
    """Return what torch has by these names, as functions and as methods."""
    places = (torch, Tensor, torch.nn.functional, torch._C._nn)
    found = (getattr(place, name, None) for name in names for place in places)
    return frozenset(each for each in found if each is not None)


# From each function to the rule under which it keeps rows apart.
RULES: dict[Any, Rule] = {
    each: rule for rule, names in _BY_RULE for each in functions(*names.split())
}
LINEAR = functions("linear")
DROPOUT = functions("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
BATCH_NORM = frozenset({torch.nn.functional.batch_norm})
# The same numbers in the same order.
RESHAPES = functions("view", "reshape", "flatten")
# What these tell is the same for each batch of the same data.
TOLD = functions("dim", "is_floating_point", "is_complex", "is_contiguous") | {
    getattr(Tensor, name).__get__
    for name in ("ndim", "dtype", "device", "layout", "requires_grad", "is_cuda", "is_quantized")
}
# These tell how many rows there are.
SIZES = frozenset({Tensor.size, getattr(Tensor, "shape").__get__})  # noqa: B009
