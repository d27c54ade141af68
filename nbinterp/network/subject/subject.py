"""The one door to a model: where it is, what it computes with, and how it is run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nbinterp import _checks
from nbinterp.network.data.batches import batches, n_rows, take_rows, to_device
from nbinterp.network.subject.buffers import Start
from nbinterp.network.subject.model import (
    check_module,
    device_and_dtype,
    eval_mode,
    find_layer,
    lock_of,
    model_on_device,
)
from nbinterp.network.subject.output import main_output
from nbinterp.network.subject.settings import seeded


@dataclass(frozen=True, eq=False)
class Subject:
    """A network to look into, and how to run it.

    Every function that takes a `model` takes a Subject too, and makes one of a Module. It runs the
    model in eval mode without gradients, autocast or compiled code, one caller at a time, and
    restores it.

    The output of a model that returns several tensors is what is called ``"logits"``. Of a dict it
    is else the only array of floats, or ``"last_hidden_state"`` or ``"out"``; of a tuple the first
    item. Where others may be meant, functions warn once and say how to take them. They refuse a
    dict of several arrays without these names, a list of several, and a tuple whose first item has
    the shape of another one: wrap the model so that it returns one of them.

    Parameters
    ----------
    model : torch.nn.Module
        The network. It takes a batch as its one argument, or named arguments if batches are dicts.
    seed : int, optional
        Seeds all generators before each pass, and restores them after it. For a network whose
        forward draws random numbers; functions that need it set it.
    input_dtype : torch.dtype, optional
        The type in which the model takes floats. By default that of its first weights; functions
        find another one for a network with weights of several types.

    Raises
    ------
    TypeError
        If `model` is not a Module.

    Examples
    --------
    >>> import torch
    >>> from nbinterp import Subject, record
    >>> subject = Subject(torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU()))
    >>> subject.device, subject.dtype
    (device(type='cpu'), torch.float32)
    >>> with subject.ready():
    ...     subject.run(torch.ones(2, 4)).shape
    torch.Size([2, 3])
    >>> record(subject, torch.ones(2, 4), "0")["0"].shape
    (2, 3)
    """

    model: nn.Module
    seed: int | None = None
    input_dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        check_module(self.model)
        if self.seed is not None:
            with _checks.call("Subject"):
                _checks.integer("seed", self.seed, 0)

    @classmethod
    def of(cls, model: "nn.Module | Subject") -> "Subject":
        """Return `model` itself if it is a Subject, else one of it; refuse one without weights."""
        subject = model if isinstance(model, Subject) else cls(model)
        for value in chain(subject.model.parameters(), subject.model.buffers()):
            if is_lazy(value):
                _checks.fail(
                    f"(model={type(subject.model).__name__})",
                    "must hold its weights, but some are of lazy modules that have not run yet",
                    "Call it on one batch first, and train it or load its weights.",
                )
            if value.is_meta:
                _checks.fail(
                    f"(model={type(subject.model).__name__})",
                    "must hold its weights, but some are on the device meta",
                    "Load them, such as by load_state_dict(…, assign=True), or move the model to"
                    " one device if they were offloaded.",
                )
        return subject

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return device_and_dtype(self.model)[0]

    @property
    def dtype(self) -> torch.dtype:
        """The floating type in which the model takes its input."""
        return self.input_dtype or device_and_dtype(self.model)[1]

    def on(self, device: str | torch.device) -> "Subject":
        """Return this subject if it is on `device`, or if that is ``"auto"``; else a copy there."""
        moved = model_on_device(self.model, device)
        return self if moved is self.model else replace(self, model=moved)

    def fitted_to(self, data: Any) -> "Subject":
        """Return this subject, with an `input_dtype` if the weights are of several floating types.

        It is the first of them in which the model takes `data`.
        """
        values = chain(self.model.parameters(), self.model.buffers())
        kinds = dict.fromkeys(value.dtype for value in values if value.is_floating_point())
        if self.input_dtype is not None or len(kinds) < 2:
            return self
        for kind in kinds:
            fitting = replace(self, input_dtype=kind)
            with suppress(Exception), fitting.ready(), seeded(0, self.device):
                start = Start(self.model)
                try:
                    fitting.run(next(fitting.batches(data, 2, check=False)))
                    return fitting
                finally:
                    start.put_back()
        return self

    def layer(self, name: str) -> nn.Module:
        """Return a submodule by its dotted path; raise ValueError if there is none."""
        return find_layer(self.model, name)

    def few(self, data: Any, *rows: int) -> Any:
        """Return some samples of `data`, by their numbers, as a batch for `run`."""
        return next(self.batches(take_rows(data, np.array(rows)), len(rows)))

    def spread(self, data: Any, at_most: int = 64) -> Any:
        """Return some samples from all parts of `data` as a batch for `run`."""
        n = n_rows(data)
        count = max(1, min(n, at_most))
        return self.few(data, *(k * n // count for k in range(count)))

    def batches(self, data: Any, size: int, *, check: bool = True) -> Iterator[Any]:
        """Yield copies of all samples of `data`, in order, as batches for `run`.

        With `check`, raise ValueError where they are not finite.
        """
        device = self.device
        for batch in batches(data, size, self.dtype, check=check):
            yield to_device(batch, device)

    def ready(self) -> AbstractContextManager[None]:
        """Run the model in eval mode and without gradients in the ``with`` block.

        Inference mode and autocast are off, and compiled models run eagerly, so that hooks see all
        layers. Callers may overlap: the last one restores the mode of each module.
        """
        return eval_mode(self.model)

    def run(self, batch: Any) -> torch.Tensor:
        """Return the output for a tensor, or for a dict of named arguments, one caller at a time.

        Raise ValueError where the model returns several tensors and nothing says which it is.
        """
        return main_output(self.call(batch))

    def call(self, batch: Any) -> Any:
        """Return all that the model returns for a batch, one caller at a time."""
        with lock_of(self.model), self._seeded():
            return self.model(**batch) if isinstance(batch, dict) else self.model(batch)

    def _seeded(self) -> AbstractContextManager[None]:
        return nullcontext() if self.seed is None else seeded(self.seed, self.device)
