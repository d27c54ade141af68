"""What a model must keep to, tried on a few samples before anything slow runs.

A row of a batch belongs to its sample, whatever else is in the batch. A pass gives the same twice.
Layers can be seen by hooks, and what is written there reaches the output. A `Fault` says which of
this does not hold, and the way out.
"""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import torch
from torch import nn

from nbinterp import _checks
from nbinterp.network.contract.company import Trial, in_company
from nbinterp.network.contract.failing import again_fault, is_of_size, size_fault, takes
from nbinterp.network.contract.passes import Pass, same_twice
from nbinterp.network.contract.reach import reach_of
from nbinterp.network.data.batches import length, tensors
from nbinterp.network.subject.buffers import Start
from nbinterp.network.subject.model import lock_of, writes_fault, wrote_parameter
from nbinterp.network.subject.output import tell
from nbinterp.network.subject.settings import generator_states, seeded
from nbinterp.network.subject.subject import Subject

_ROWS = 8  # in a pass, if there are as many
_SEED = 0
_KEPT = 16  # contracts of a model

_MAKES = (
    "must have its layers before it runs, but its forward made {!r}",
    "Call it on one batch first, and train it or load its weights.",
)
_STATE = (
    "must give the same for the same samples, but a second pass differed though nothing random"
    " was drawn: the model keeps something from one pass to the next",
    "Reset at the start of forward what it keeps, or wrap it in a module that does.",
)
DRAWS = (
    "must draw no random numbers in its forward pass",
    "Use nn.Dropout instead of functional.dropout(training=True), or draw them once and keep them"
    " in a buffer.",
)
_UNSEEN = (
    "{}(layer={!r}) changes no output in the samples that were tried, however it is edited: a gate"
    " or a ReLU behind it may be shut. Effects of 0 are then right; for others pass samples that"
    " open it, or name a layer behind it."
)


@dataclass(frozen=True)
class Fault:
    """What a model or a layer does not keep to, and the way out."""

    must: str
    remedy: str
    layer: str | None = None  # None is the model

    def fail(self) -> NoReturn:
        """Raise the error that names the public call."""
        _checks.fail(self._what(), self.must, self.remedy)

    def _what(self) -> str:
        if self.layer is None:
            return "(model)"
        return f"({'layers' if _checks.current_call() == 'record' else 'layer'}={self.layer!r})"


@dataclass(frozen=True)
class Contract:
    """What was found about a model and some of its layers.

    Attributes
    ----------
    draws : bool
        Whether the forward pass draws random numbers.
    runs : dict from str to int
        How often each layer ran in a pass.
    of_several : set of str
        The layers that return a tuple or a dict.
    shape : tuple of int
        Of the output, for one sample.
    model, output : Fault or None
        What keeps all functions from running the model, and those that read its output.
    reading, editing : dict from str to Fault
        Layers that cannot be read, and others that cannot be edited.
    unseen : set of str
        Layers that the model reads, though no edit that was tried changed the output.
    note : str
        What was taken as the output of a model that returns several tensors.
    """

    draws: bool = False
    runs: Mapping[str, int] = field(default_factory=dict)
    of_several: Set[str] = frozenset()
    shape: tuple[int, ...] = ()
    model: Fault | None = None
    output: Fault | None = None
    reading: Mapping[str, Fault] = field(default_factory=dict)
    editing: Mapping[str, Fault] = field(default_factory=dict)
    unseen: Set[str] = frozenset()
    note: str = ""


# What was found, by the layers, the kind of batch and all that says how the model runs.
_KNOWN: WeakKeyDictionary[nn.Module, dict[Any, Contract]] = WeakKeyDictionary()


def agreed(
    subject: Subject,
    batch: Any,
    layers: Mapping[str, nn.Module],
    *,
    edits: bool = False,
    output: bool = True,
    may_draw: bool = True,
    calls: Mapping[str, int] | None = None,
) -> Subject:
    """Refuse a model or a layer that does not keep its contract; return how to run the model.

    Parameters
    ----------
    subject : Subject
        The model.
    batch : tensor or dict of tensors
        Some samples, on its device.
    layers : dict from str to Module
        The layers to read.
    edits : bool
        Whether they are edited too: they must run once, and change the output.
    output : bool
        Whether the output of the model is read.
    may_draw : bool
        Whether the same random numbers in each pass make a forward right that draws some. The
        caller is warned, and each pass is seeded.
    calls : dict from str to int, optional
        The one call of a layer that counts; 0 is all.
    """
    contract = contract_of(subject, batch, layers, edits=edits, calls=calls)
    faults = [contract.model, *contract.reading.values(), *contract.editing.values()]
    faults += [contract.output] if output else []
    for fault in faults:
        if fault is not None:
            fault.fail()
    if output:
        tell(subject.model, contract.note)
    for name in contract.unseen:
        _checks.warn(_UNSEEN.format(_checks.current_call(), name))
    if not contract.draws:
        return subject
    if not may_draw:
        Fault(*DRAWS).fail()
    if subject.seed is not None:
        return subject
    _checks.warn(
        f"{_checks.current_call()}(model) draws random numbers in its forward pass. Each pass draws"
        f" the same, from the seed {_SEED}. For other draws pass Subject(model, seed=1)."
    )
    return replace(subject, seed=_SEED)


def contract_of(
    subject: Subject,
    batch: Any,
    layers: Mapping[str, nn.Module],
    *,
    edits: bool = False,
    calls: Mapping[str, int] | None = None,
) -> Contract:
    """Return what holds for a model and some layers, tried on samples of `batch` once."""
    known = _KNOWN.setdefault(subject.model, {})
    called = {} if calls is None else dict(calls)
    key = (
        *(tuple(each) for each in (layers, called.items(), _kind(batch), _setting(subject.model))),
        *(subject.device, subject.dtype, subject.seed, edits),
    )
    if key not in known:
        while len(known) >= _KEPT:
            known.pop(next(iter(known)), None)
        # The generators of the caller are restored, whatever these passes draw.
        with subject.ready(), lock_of(subject.model), seeded(_SEED, subject.device):
            start = Start(subject.model)
            try:
                known[key] = _found(subject, batch, layers, called, edits, start)
            finally:
                start.put_back()
    return known[key]


def _found(
    subject: Subject,
    batch: Any,
    layers: Mapping[str, nn.Module],
    calls: Mapping[str, int],
    edits: bool,
    start: Start,
) -> Contract:
    n = length(batch)
    rows = [k * n // min(n, _ROWS) for k in range(min(n, _ROWS))]
    before = generator_states(subject.device)
    seed, subject = subject.seed, replace(subject, seed=None)
    fault: Fault | None = None
    try:
        first = Pass.of(subject, layers, batch, rows)
    except Exception as error:  # some models run at one size of a batch only
        fault = Fault(*size_fault(error, len(rows)))
        if edits and is_of_size(error):
            return Contract(model=fault)
    if fault is not None:
        rows = list(range(n))
        with takes(batch):
            first = Pass.of(subject, layers, batch, rows)
        if edits:
            return Contract(model=fault)
    changed = wrote_parameter(subject.model)
    if changed[0]:
        return Contract(model=Fault(*writes_fault(*changed)))
    if start.made():
        return Contract(model=Fault(_MAKES[0].format(start.made()), _MAKES[1]))
    draws = generator_states(subject.device) != before
    if draws:
        subject = replace(subject, seed=_SEED if seed is None else seed)
        first = Pass.of(subject, layers, batch, rows)
    runs = {name: len(blocks) for name, blocks in first.calls.items()}
    shape = tuple(first.output.shape[1:])
    try:
        again = Pass.of(subject, layers, batch, rows)
        # Other rows would see other draws.
        company = [] if draws else in_company(subject, layers, batch, rows, start)
    except Exception as error:
        return Contract(draws, runs, first.of_several, shape, Fault(*again_fault(error)))
    if not same_twice(first, again):
        return Contract(draws, runs, first.of_several, shape, Fault(*_STATE))
    trial = Trial(subject, first, rows, company or [(rows, again)])
    texts = {name: trial.layer_fault(name, calls.get(name, 0)) for name in layers}
    reading = {name: Fault(*text, layer=name) for name, text in texts.items() if text is not None}
    text = trial.output_fault(trial.others)
    if text is None and edits and company:  # who edits a layer also runs samples by themselves
        try:
            alone = Pass.of(subject, layers, batch, rows[:1])
        except Exception as error:
            return Contract(draws, runs, model=Fault(*size_fault(error, 1)), reading=reading)
        text = trial.output_fault([(rows[:1], alone)])
    output = None if text is None else Fault(*text)
    editing, unseen = {}, set()
    for name, module in layers.items() if edits else ():
        if name in reading:
            continue
        reach = reach_of(subject, module, batch, rows, first)
        if reach.fault is not None:
            editing[name] = Fault(*reach.fault, layer=name)
            continue
        if not reach.seen:
            unseen.add(name)
        other = trial.edited_fault(name, module, batch) if company and output is None else None
        if other is not None:
            editing[name] = Fault(*other)
    several = first.of_several
    note = first.note
    return Contract(draws, runs, several, shape, None, output, reading, editing, unseen, note)


@contextmanager
def no_draws(device: torch.device) -> Iterator[None]:
    """Refuse a model that draws random numbers in the block; restore the generators."""
    with seeded(_SEED, device):
        before = generator_states(device)
        yield
        after = generator_states(device)
    if after != before:
        Fault(*DRAWS).fail()


def _kind(batch: Any) -> list[Any]:
    """Return what makes two batches of one kind."""
    return [
        (name, part.dtype, tuple(part.shape[1:]), min(len(part), _ROWS))
        for name, part in tensors(batch).items()
        if isinstance(part, torch.Tensor) and part.ndim
    ]


def _setting(model: nn.Module) -> list[Any]:
    """Return what says how a model runs: its modules, their hooks, modes and plain settings."""
    found: list[Any] = []
    for module in model.modules():
        values = vars(module)
        found.append(type(module))
        found += [tuple(values.get(f"_forward_{kind}", ())) for kind in ("hooks", "pre_hooks")]
        found.append(id(values["forward"]) if "forward" in values else None)
        found += [
            (name, value)
            for name, value in values.items()
            if value is None or type(value) in (bool, int, float, str)
        ]
    return found
