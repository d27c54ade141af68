"""Say what can be done with a model and a layer, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from nbinterp import _checks
from nbinterp.network.contract.contract import DRAWS, Contract, Fault, contract_of
from nbinterp.network.contract.failing import RUNS, gradient_fault
from nbinterp.network.contract.passes import TRANSFORMED
from nbinterp.network.contract.reach import NEVER_RAN, READ_TWICE, UNREAD, Change, is_unread
from nbinterp.network.data.batches import map_tensors, tensors
from nbinterp.network.subject.hooks import replace_output, takes_hooks
from nbinterp.network.subject.subject import Subject

Verdict = Literal["right", "right with a seed", "refused"]
Text = tuple[str, str]  # what something must be, and the way out

_BATCH = 512  # as record
_LINEAR = ("must be a Linear or a convolution", "Name one.")
_ONE_CALL = ("must be one call of a layer", "Name a call, such as 'act#2'.")
_CLASSES = (
    "must return one row of at least two outputs per sample",
    "Wrap the model so that it returns (b, n_classes).",
)
_FLOATS = (
    "must read one array of floats, as whole numbers and dicts have no derivative",
    "Explain a model that reads the embeddings.",
)
_ARRAY = ("must read one array", "Wrap the model in a function of the part to explain.")
_TENSOR = (
    "must return a tensor, not several",
    "Wrap the model, or pass a function of what it returns as AndOr(output=…).",
)
_SMOOTH = (
    "must be differentiable in its input",
    "Remove no_grad, detach, argmax and conversions to NumPy from it.",
)
_SCRIPTED = (
    "must be a module of Python, as torch.jit runs what it compiled without hooks",
    "Pass the model as it was before torch.jit.script or trace.",
)


@dataclass(frozen=True)
class Answer:
    """Whether one function is right for a model and a layer."""

    function: str
    verdict: Verdict
    why: str = ""
    way_out: str = ""


@dataclass(frozen=True)
class ModelCheck:
    """What each function can do with a model and a layer; `check` makes it.

    Attributes
    ----------
    model, layer : str
        The type of the model, and the name of the layer.
    answers : tuple of Answer
        For each function whether it is ``"right"``, ``"right with a seed"`` or ``"refused"``, why,
        and the way out.
    """

    model: str
    layer: str
    answers: tuple[Answer, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the answers as a table.

        Returns
        -------
        DataFrame
            Columns: function, verdict, why, way_out.
        """
        return pd.DataFrame([vars(answer) for answer in self.answers])

    def __getitem__(self, function: str) -> Answer:
        """Return the answer for a function, such as ``"perturb"``."""
        names = [answer.function for answer in self.answers]
        with _checks.call("ModelCheck"):
            _checks.choice("function", function, names)
        return self.answers[names.index(function)]

    def __repr__(self) -> str:
        """List the functions with their verdicts, and the reasons of those that refuse."""
        lines = [f"ModelCheck({self.model}, layer={self.layer!r})"]
        for answer in self.answers:
            reason = f": {answer.why}. {answer.way_out}" if answer.why else ""
            lines.append(f"  {answer.function}: {answer.verdict}{reason}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table: str = self.to_frame().to_html(index=False, border=0)
        return table


@_checks.named
def check(model: nn.Module | Subject, data: Any, layer: str) -> ModelCheck:
    """Say what can be done with a model and one of its layers, and why not.

    A few samples run through the model: alone, twice, and in other company; the layer's output is
    read and edited. All functions do the same before they begin, and raise the same errors.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network. It is restored afterwards.
    data : array, DataFrame, tensor, dict of arrays, torch Dataset or DataLoader
        Samples, as for `record`.
    layer : str
        A submodule, by its dotted path.

    Returns
    -------
    ModelCheck
        One answer for each function.

    Raises
    ------
    TypeError
        If `model` is not a Module.
    ValueError
        If there is no such layer, or the data are no samples.

    Examples
    --------
    >>> import torch
    >>> from nbinterp import check
    >>> class Contrast(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.embed = torch.nn.Linear(4, 3)
    ...     def forward(self, x):
    ...         features = self.embed(x)
    ...         return features @ features.T
    >>> found = check(Contrast(), torch.randn(20, 4), "embed")
    >>> found["record"].verdict, found["LinearDistance"].verdict
    ('refused', 'right')
    """
    try:
        subject = Subject.of(model)
    except ValueError as error:
        return _all_refused(model, layer, error)
    module = subject.layer(layer)
    subject = subject.fitted_to(data)
    batch = subject.spread(data)
    layers = {layer: module} if takes_hooks(module) else {}
    try:
        contract = contract_of(subject, batch, layers, edits=True)
        any_size = contract.model
        if any_size is not None and any_size.must.startswith(RUNS[0][:20]):
            batch = next(subject.batches(data, _BATCH))
            contract = contract_of(subject, batch, layers)
        else:
            any_size = None
    except Exception as error:
        return _all_refused(subject.model, layer, error)
    facts = _Facts(subject, module, layer, batch, contract, any_size)
    name = type(subject.model).__name__
    return ModelCheck(name, layer, tuple(facts.answers()))


@dataclass(frozen=True)
class _Facts:
    """What is known of a model and a layer, and what follows for each function."""

    subject: Subject
    module: nn.Module
    layer: str
    batch: Any
    contract: Contract
    one_size: Fault | None  # of the batches on which alone the model runs

    def answers(self) -> Iterator[Answer]:
        """Yield the answer for each function."""
        recording = [self.state, self.reading, self.output]
        editing = [self.sizes, self.state, *self.edits, self.output]
        several = None if self.n_runs < 2 else _ONE_CALL
        shape = self.contract.shape
        classes = None if len(shape) == 1 and shape[0] > 1 else _CLASSES
        linear = None if isinstance(self.module, nn.Linear | _ConvNd) else _LINEAR
        yield self._answer("record", recording)
        yield self._answer("fit_decoder", [*recording, several])
        yield self._answer("perturb", editing)
        yield self._answer("ablated", [self.reached], draws=True)
        yield self._answer("ablation_study", [*editing, self.steady, classes])
        yield self._answer("sensitivity_study", [*editing, self.steady, classes])
        yield self._answer("LinearDistance", [linear, self.state, self.reading, self.once])
        explaining = [self.sizes, self.state, self.output, self.steady]
        differentiable = [self.gradient, *explaining]
        yield self._answer("AndOr", [self.array, self.whole, *explaining])
        yield self._answer("SmoothHess", differentiable)
        yield self._answer("hessian", differentiable)

    def _answer(self, function: str, texts: list[Text | None], draws: bool = False) -> Answer:
        for text in texts:
            if text is not None:
                return Answer(function, "refused", *text)
        seeded = self.contract.draws and not draws
        return Answer(function, "right with a seed" if seeded else "right")

    @property
    def n_runs(self) -> int:
        return self.contract.runs.get(self.layer, 0)

    @property
    def sizes(self) -> Text | None:
        return None if self.one_size is None else (self.one_size.must, self.one_size.remedy)

    @property
    def scripted(self) -> Text | None:
        return None if takes_hooks(self.module) else _SCRIPTED

    @property
    def state(self) -> Text | None:
        fault = self.contract.model
        return None if fault is None else (fault.must, fault.remedy)

    @property
    def output(self) -> Text | None:
        fault = self.contract.output
        return None if fault is None else (fault.must, fault.remedy)

    @property
    def reading(self) -> Text | None:
        fault = self.contract.reading.get(self.layer)
        if fault is not None:
            return fault.must, fault.remedy
        return self.scripted or (NEVER_RAN if self.state is None and self.n_runs == 0 else None)

    @property
    def edits(self) -> list[Text | None]:
        fault = self.contract.editing.get(self.layer)
        return [self.reading, None if fault is None else (fault.must, fault.remedy)]

    @property
    def once(self) -> Text | None:
        if self.n_runs == 1:
            return None
        return (
            "must run once in the forward pass",
            "Choose a layer that the forward pass calls once.",
        )

    @property
    def reached(self) -> Text | None:
        if self.contract.reading.get(self.layer) == Fault(*TRANSFORMED, layer=self.layer):
            return TRANSFORMED
        fault = self.contract.editing.get(self.layer)
        text = None if fault is None else (fault.must, fault.remedy)
        unread = text if text in (UNREAD, READ_TWICE) else None
        if text == UNREAD and not is_unread(self._returned):
            unread = None  # it is meant for what else the model returns
        never = self.state is None and self.n_runs == 0 and self.layer not in self.contract.reading
        return self.scripted or (NEVER_RAN if never else unread)

    def _returned(self, change: Change) -> Any:
        """Return all that the model returns with the output of the layer changed."""
        edit = replace_output(self.module, lambda output, _inputs: change(output))
        with self.subject.ready(), edit:
            return self.subject.call(map_tensors(torch.clone, self.batch))

    @property
    def steady(self) -> Text | None:
        return DRAWS if self.contract.draws else None

    @property
    def array(self) -> Text | None:
        return _ARRAY if "" not in tensors(self.batch) else None

    @property
    def whole(self) -> Text | None:
        if self.state is not None:
            return None  # which says more
        with self.subject.ready():
            # A copy, here and below: the model may write into its input.
            output = self.subject.call(map_tensors(torch.clone, self.batch))
        return None if isinstance(output, torch.Tensor) else _TENSOR

    @property
    def gradient(self) -> Text | None:
        leaf = tensors(self.batch).get("")
        if leaf is None or not leaf.is_floating_point():
            return _FLOATS
        if self.state is not None or self.output is not None:
            return None  # which say more
        fault = gradient_fault(self.subject.model)
        if fault is not None:
            return fault
        leaf = leaf.clone()
        try:
            with self.subject.ready(), torch.enable_grad():
                differentiable = self.subject.run(leaf.requires_grad_().clone()).requires_grad
        except RuntimeError:
            differentiable = False
        return None if differentiable else _SMOOTH


_FUNCTIONS = (
    "record",
    "fit_decoder",
    "perturb",
    "ablated",
    "ablation_study",
    "sensitivity_study",
    "LinearDistance",
    "AndOr",
    "SmoothHess",
    "hessian",
)


def _all_refused(model: Any, layer: str, error: Exception) -> ModelCheck:
    must, _, remedy = str(error).partition(". ")
    named = must.partition(" must ")[2]
    if named and isinstance(error, ValueError | TypeError):
        why, way_out = f"must {named}", remedy
    else:
        why = f"must run on the data, but raised {type(error).__name__}: {str(error)[:200]}"
        way_out = "Call the model on one batch of the data first."
    answers = tuple(Answer(name, "refused", why, way_out) for name in _FUNCTIONS)
    return ModelCheck(type(model).__name__, layer, answers)
