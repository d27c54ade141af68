"""What hooks hand over while a recording runs: checked, counted and stored at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import FloatingArray, IntArray
from nbinterp.network.data.batches import length, refuse_nonfinite
from nbinterp.network.recording import blocks
from nbinterp.network.recording.storage import Store
from nbinterp.network.subject.hooks import find

_LIMITS = {kind: float(np.finfo(kind).max) for kind in ("float32", "float16")}

_OVERFLOW = "Look for what overflows there: the input's scale, or half precision."
_INFINITE = (
    "Record the layer before it if infinities are meant, as in a mask, or put a module after it"
    " that calls torch.nan_to_num, and record that."
)
_TOO_LARGE = 'Use dtype="float32".'


@dataclass
class _Column:
    """One call of one layer: where its activations go."""

    number: int
    store: Store
    shape: tuple[int, ...]


class Recorder:
    """Stores the activations of the layers asked for, call by call.

    Parameters
    ----------
    model : torch.nn.Module
        The network.
    layers : str or sequence of str
        Names as `record` takes them: ``"act"`` is every call of it, ``"act#2"`` the second.
    new_store : callable
        From the number of a column to what keeps it.
    dtype : str
        What the stores keep.
    rows : array, optional
        What errors call the samples; else they count them.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: str | Sequence[str],
        new_store: Callable[[int], Store],
        dtype: str,
        rows: IntArray | None = None,
    ) -> None:
        known = {name for name, _ in model.named_modules(remove_duplicate=False) if name}
        names = [layers] if isinstance(layers, str) else list(layers)
        self._asked = {name: _call_of(name, known) for name in names}
        self.modules = find(model, [module for module, _ in self._asked.values()])
        self._rows = rows
        self._new_store, self._limit = new_store, _LIMITS[dtype]
        self._columns: dict[tuple[str, int], _Column] = {}
        self._calls: dict[str, int] = {}  # of each layer in the first batch
        self._ran: dict[str, int] = {}  # the same in this batch, so far
        self._n_seen = self._n_rows = 0
        self._batch: Any = None

    def begin(self, batch: Any) -> None:
        """Expect the activations of a batch."""
        self._ran = dict.fromkeys(self.modules, 0)
        self._batch, self._n_rows = batch, length(batch)

    def put(self, name: str, activation: torch.Tensor) -> None:
        """Store what one call of a layer put out.

        At once, since the next module may write into it (``ReLU(inplace=True)``).
        """
        call = self._ran[name] = self._ran[name] + 1
        column = self._columns.get((name, call))
        if column is None and not any(
            of == name and which in (0, call) for of, which in self._asked.values()
        ):
            return
        block = self.checked(f"layer {name!r}", activation, self._limit)
        if column is None:
            # A call that comes first in a later batch is refused when that batch ends.
            number = len(self._columns)
            column = _Column(number, self._new_store(number), block.shape[1:])
            self._columns[name, call] = column
        if block.shape[1:] != column.shape:
            _checks.fail(
                _argument(name),
                f"must put out one shape for all samples, {column.shape}, not {block.shape[1:]}",
                "Pad or crop the samples to one size, also across batches.",
            )
        column.store.append(block)

    def end(self) -> None:
        """Check that each layer ran in this batch, and as often as in the first."""
        if not self._calls:
            self._calls = dict(self._ran)
        for asked, (name, call) in self._asked.items():
            ran, expected = self._ran[name], self._calls[name]
            if ran == 0:
                _checks.fail(
                    _argument(asked),
                    "must be a layer that runs in the forward pass, but it never ran",
                    "Name a module that forward calls.",
                )
            if ran != expected:
                _checks.fail(
                    _argument(asked),
                    f"must run as often in each batch, {expected} times, but it ran {ran} times",
                    "Record the block that calls it instead.",
                )
            if call > ran:
                _checks.fail(
                    _argument(asked),
                    f"must be a call that happens, but {name!r} runs {ran} times",
                    f"Use '{name}#1' to '{name}#{ran}'." if ran > 1 else f"Use {name!r}.",
                )
        self._n_seen += self._n_rows
        self._batch = None

    def checked(
        self, what: str, tensor: torch.Tensor, limit: float = _LIMITS["float32"]
    ) -> FloatingArray:
        """Return a finite float32 block of one row a sample on the host; it may be a view."""
        if tensor.dtype is not torch.float32:
            tensor = tensor.to(torch.float32)
        block: FloatingArray = tensor.numpy(force=True)
        if block.ndim == 0 or len(block) != self._n_rows:
            _checks.fail(
                f"(): {what} of shape {block.shape}",
                f"must have one row a sample, {self._n_rows}",
                "Put the batch on the first axis, or record another layer.",
            )
        if not blocks.within(block, limit):
            self._refuse(what, torch.from_numpy(block.reshape(len(block), -1)), limit)
        return block

    def _refuse(self, what: str, rows: torch.Tensor, limit: float) -> None:
        # Only now: a network may know what to do about missing values.
        refuse_nonfinite(self._batch, self._number)
        for broken, must, but, remedy in (
            (rows.isnan(), "numbers", "NaN", _OVERFLOW),
            (rows.isinf(), "finite", "infinite values", _INFINITE),
            (rows.abs() > limit, "within float16", "greater values", _TOO_LARGE),
        ):
            if broken.any():
                sample = self._number(int(broken.any(dim=1).nonzero()[0]))
                _checks.fail(
                    f"(): {what}",
                    f"must be {must}, but has {but} for sample {sample}",
                    remedy,
                )

    def _number(self, place: int) -> int:
        """Return what errors call the sample at `place` of the batch."""
        place += self._n_seen
        return place if self._rows is None else int(self._rows[place])

    def close(self) -> tuple[dict[str, FloatingArray], dict[str, int]]:
        """Return the activations, and the numbers of their columns, by name, as asked for."""
        columns: dict[str, _Column] = {}
        for asked, (name, call) in self._asked.items():
            if call or self._calls[name] == 1:
                columns[asked] = self._columns[name, call or 1]
            else:
                for each in range(1, self._calls[name] + 1):
                    columns[f"{name}#{each}"] = self._columns[name, each]
        # A call may be asked for under two names; its store closes once.
        values = {column.number: column.store.close() for column in self._columns.values()}
        return (
            {name: values[column.number] for name, column in columns.items()},
            {name: column.number for name, column in columns.items()},
        )


def _argument(layer: str) -> str:
    """Return how errors name the argument that asked for `layer`."""
    return f"({'layers' if _checks.current_call() == 'record' else 'layer'}={layer!r})"


def _call_of(name: str, known: set[str]) -> tuple[str, int]:
    """Return the module and the call that `name` means; 0 is every call."""
    module, _, call = str(name).rpartition("#")
    if name not in known and module in known and call.isdecimal() and int(call) > 0:
        return module, int(call)
    return name, 0
