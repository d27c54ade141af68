"""Check, count and store activations while a recording runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import FloatingArray, IntArray
from nbinterp.network.contract.reach import NEVER_RAN
from nbinterp.network.data.batches import length, refuse_nonfinite
from nbinterp.network.recording.storage import Store
from nbinterp.network.subject.model import find_layers, layer_names

_LIMITS = {kind: float(np.finfo(kind).max) for kind in ("float32", "float16")}

_OVERFLOW = "Find out what overflows there: the scale of the input, or half precision."
_INFINITE = (
    "Record the layer before it if infinities are meant, as in a mask, or put a module after it"
    " that calls torch.nan_to_num, and record that."
)
_TOO_LARGE = 'Use dtype="float32".'


@dataclass
class _Column:
    """Where the activations of one call of a layer are stored."""

    number: int
    store: Store
    shape: tuple[int, ...]


class Recorder:
    """Stores the activations of the requested layers, call by call.

    Parameters
    ----------
    model : torch.nn.Module
        The network.
    layers : str or sequence of str
        Names as in `record`: ``"act"`` is every call of the module, ``"act#2"`` the second.
    new_store : callable
        From the number of a column to its store.
    dtype : str
        The type of the stored values.
    rows : array, optional
        The numbers of the samples in error messages; by default their positions.
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
        self._asked = {name: _call_of(name, known) for name in layer_names(layers)}
        self.modules = find_layers(model, [module for module, _ in self._asked.values()])
        self._rows = rows
        self._new_store, self._limit = new_store, _LIMITS[dtype]
        self._columns: dict[tuple[str, int], _Column] = {}
        self._calls: dict[str, int] = {}  # how often each layer runs in the first batch
        self._ran: dict[str, int] = {}  # how often it ran so far in this batch
        self._n_seen = self._n_rows = 0
        self._batch: Any = None

    @property
    def calls(self) -> dict[str, int]:
        """The one call of each module that is recorded; 0 is all."""
        calls: dict[str, int] = {}
        for module, call in self._asked.values():
            calls[module] = call if calls.get(module, call) == call else 0
        return calls

    def begin(self, batch: Any) -> None:
        """Expect the activations of a batch."""
        self._ran = dict.fromkeys(self.modules, 0)
        self._batch, self._n_rows = batch, length(batch)

    def put(self, name: str, activation: torch.Tensor) -> None:
        """Store the output of one call of a layer.

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
            # A call that is new in a later batch is refused at the end of that batch.
            number = len(self._columns)
            column = _Column(number, self._new_store(number), block.shape[1:])
            self._columns[name, call] = column
        if block.shape[1:] != column.shape:
            _checks.fail(
                _argument(name),
                f"must return one shape for all samples, {column.shape}, not {block.shape[1:]}",
                "Pad or crop the samples to one size, also across batches.",
            )
        column.store.append(block)

    def end(self) -> None:
        """Check that each layer ran in this batch as often as in the first."""
        if not self._calls:
            self._calls = dict(self._ran)
        for asked, (name, call) in self._asked.items():
            ran, expected = self._ran[name], self._calls[name]
            if ran == 0:
                _checks.fail(
                    _argument(asked),
                    NEVER_RAN[0],
                    NEVER_RAN[1],
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
        """Return a finite float32 block with one row per sample on the host; it may be a view."""
        if tensor.dtype is not torch.float32:
            tensor = tensor.to(torch.float32)
        block: FloatingArray = tensor.numpy(force=True)
        if block.ndim == 0 or len(block) != self._n_rows:
            _checks.fail(
                f"(): {what} of shape {block.shape}",
                f"must have one row per sample, {self._n_rows}",
                "Put the batch on the first axis, or record another layer.",
            )
        if not within(block, limit):
            self._refuse(what, torch.from_numpy(block.reshape(len(block), -1)), limit)
        return block

    def _refuse(self, what: str, rows: torch.Tensor, limit: float) -> None:
        # Inputs are checked only now: some networks fill missing values.
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
        """Return the number that errors give to the sample at `place` of the batch."""
        place += self._n_seen
        return place if self._rows is None else int(self._rows[place])

    def close(self) -> tuple[dict[str, FloatingArray], dict[str, int]]:
        """Return the activations and the numbers of their columns, by requested name."""
        columns: dict[str, _Column] = {}
        for asked, (name, call) in self._asked.items():
            if call or self._calls[name] == 1:
                columns[asked] = self._columns[name, call or 1]
            else:
                for each in range(1, self._calls[name] + 1):
                    columns[f"{name}#{each}"] = self._columns[name, each]
        # Two names may request the same call; its store closes once.
        values = {column.number: column.store.close() for column in self._columns.values()}
        return (
            {name: values[column.number] for name, column in columns.items()},
            {name: column.number for name, column in columns.items()},
        )


def within(block: FloatingArray, limit: float) -> bool:
    """Return whether all of `block` is finite and from -`limit` to `limit`."""
    if block.size == 0:
        return True
    return bool(block.min() >= -limit) and bool(block.max() <= limit)  # both false for NaN


def _argument(layer: str) -> str:
    """Return how errors name the argument that requested `layer`."""
    return f"({'layers' if _checks.current_call() == 'record' else 'layer'}={layer!r})"


def _call_of(name: str, known: set[str]) -> tuple[str, int]:
    """Return the module and the call that `name` means; 0 is every call."""
    module, _, call = str(name).rpartition("#")
    if name not in known and module in known and call.isdecimal() and int(call) > 0:
        return module, int(call)
    return name, 0
