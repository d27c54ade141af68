"""Which steps of a workbench a network allows: tried on a few samples, before anything slow."""

import warnings
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array, IntArray
from nbinterp.interactions.gradients import as_rows, rows_on, scalar_function
from nbinterp.network.ablation.classes import check_outputs, true_classes
from nbinterp.network.contract.contract import contract_of
from nbinterp.network.contract.failing import any_size
from nbinterp.network.data.batches import length, map_tensors, n_rows
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.output import n_inputs, rebuilds
from nbinterp.network.subject.subject import Subject
from nbinterp.views.base.view import explain, trace
from nbinterp.views.workbench.defaults import as_array

_TRIED = 8  # samples
_MOST_INPUTS = 2000  # unless samples are images: pairs of more inputs are unreadable
_CALLS = {"sliders": "perturb", "ablation": "ablation_study", "interactions": "SmoothHess.explain"}

_NO_ANSWERS = (
    "Ablation counts the answers that change. A network with one output gives numbers, not "
    "answers. Move the factors on the sliders instead."
)
_REBUILT = (
    "Ablation counts the answers that change. The {0} outputs have the size of a sample, as those "
    "of an autoencoder have, so the largest is no answer. Pass y if it is."
)
_NOT_NUMERIC = (
    "Interactions need samples in one array of numbers. Pass an array or a tensor as data, and a "
    "model that takes it."
)
_WHOLE = (
    "Interactions need derivatives, and whole numbers such as tokens have none. Pass a model that "
    "starts at the embeddings, and the embeddings as data."
)
_WRAP = "Wrap the model so that it returns (b, n_outputs)."


def unavailable_steps(
    model: nn.Module | Subject,
    data: Any,
    layer: str,
    image_shape: tuple[int, ...] | None,
    y: Any = None,
) -> dict[str, str]:
    """Return why a step cannot work, and the way out, for each step that cannot.

    The steps are ``"sliders"``, ``"ablation"`` and ``"interactions"``. A layer that does not run
    exactly once is refused.

    Examples
    --------
    >>> import numpy as np
    >>> model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1))
    >>> list(unavailable_steps(model, np.zeros((5, 4)), "1", None))
    ['ablation']
    """
    subject = Subject.of(model)
    example = subject.few(data, *range(min(_TRIED, n_rows(data))))
    runs: list[int] = []
    seen = observe([subject.layer(layer)], lambda *_: runs.append(1))
    with any_size(length(example)), subject.ready(), seen:
        shape = tuple(subject.run(example).shape[1:])
    _checks.require(
        len(runs) == 1,
        f"(layer={layer!r})",
        f"must be a layer that runs once in the forward pass, but it ran {len(runs)} times",
        "Name a module that forward calls once, such as the block around it.",
    )
    edits = _edits(subject, layer, example)
    reasons = {
        "sliders": edits,
        "ablation": _classes(shape) or _truth(y, n_rows(data), shape) or edits,
        "interactions": _derivatives(subject, data, shape, image_shape),
    }
    return {step: reason for step, reason in reasons.items() if reason}


class Answers(NamedTuple):
    """What the outputs say of the classes of samples.

    Attributes
    ----------
    reason : str
        Why ablation cannot count answers, or "".
    are_answers : bool
        Whether the largest output is an answer.
    truth : array of shape (n_samples,) or None
        The right classes, as numbers of outputs.
    """

    reason: str
    are_answers: bool
    truth: IntArray | None = None


def answers_of(model: nn.Module | Subject, data: Any, y: Any, outputs: Float32Array) -> Answers:
    """Return whether `outputs` (n_samples, n_outputs) are answers, and the right ones.

    It warns where they hardly are the classes `y`.
    """
    subject = Subject.of(model)
    some = subject.spread(data)
    n, n_outputs = outputs.shape
    if y is None:
        with subject.ready():
            rebuilt = rebuilds(some, subject.run(map_tensors(torch.clone, some)))
        return Answers(_REBUILT.format(n_outputs) if rebuilt else "", not rebuilt)
    are_answers, truth = True, None
    try:
        with _checks.call("ablation_study"):
            with warnings.catch_warnings():  # `unavailable_steps` told what texts mean
                warnings.simplefilter("ignore", UserWarning)
                truth = true_classes(y, n, n_outputs)
            are_answers = False
            check_outputs(outputs, truth, n_inputs(some))
    except ValueError as failure:
        return Answers(why("ablation", failure), are_answers, truth)
    return Answers("", True, truth)


def why(step: str, failure: Exception) -> str:
    """Return why a step failed; to an error that is not one of our checks, add the way out."""
    text = explain(failure)
    if trace(failure) is None:
        return text
    line = text.splitlines()[0].rstrip(".")
    return f"{line}. Call {_CALLS[step]} on this model by itself to see where it fails."


def _edits(subject: Subject, layer: str, example: Any) -> str:
    """Try to edit the layer."""
    try:
        contract = contract_of(subject, example, {layer: subject.layer(layer)}, edits=True)
        for fault in (contract.model, contract.editing.get(layer)):
            if fault is not None:
                fault.fail()
        EditedForward(subject, layer).activation(example)
    except Exception as failure:
        return f"{layer!r} cannot be edited: {why('sliders', failure)}"
    return ""


def _truth(y: Any, n: int, shape: tuple[int, ...]) -> str:
    try:
        with _checks.call("ablation_study"):
            if y is not None:
                true_classes(y, n, shape[0])
    except (ValueError, TypeError) as failure:
        return why("ablation", failure)
    return ""


def _classes(shape: tuple[int, ...]) -> str:
    if len(shape) > 1:
        return f"Ablation needs one row of classes a sample, not outputs of shape {shape}. {_WRAP}"
    return "" if shape and shape[0] > 1 else _NO_ANSWERS


def _derivatives(
    subject: Subject, data: Any, shape: tuple[int, ...], image_shape: tuple[int, ...] | None
) -> str:
    """Try to differentiate an output in the first sample."""
    array = as_array(data)
    if array is None:
        return _NOT_NUMERIC
    n_inputs = int(np.prod(array.shape[1:]))
    if image_shape is None and n_inputs > _MOST_INPUTS:
        return (
            f"Interactions of {n_inputs:,} inputs are unreadable. Pass image_shape=, or at most "
            f"{_MOST_INPUTS:,} inputs."
        )
    if len(shape) > 1:
        return f"Interactions explain one output, not outputs of shape {shape} a sample. {_WRAP}"
    whole = array.dtype.kind in "iub"
    try:
        rows, sample = as_rows(np.asarray(array[:1], np.float32))
        rows = rows_on(subject, rows)
        function = scalar_function(subject, 0 if shape else None, sample, 1)
        with function.eval_mode():
            function.check(rows)
            function.gradients(rows)
            if whole and not _same_as_whole(subject, data, rows.reshape(1, *sample)):
                return _WHOLE
    except Exception as failure:
        return _WHOLE if whole else why("interactions", failure)
    return ""


def _same_as_whole(subject: Subject, data: Any, floats: torch.Tensor) -> bool:
    """Return whether the model treats whole numbers as the same floats."""
    one, other = subject.run(subject.few(data, 0)), subject.run(floats.to(subject.dtype))
    return torch.allclose(one.to(other.dtype), other, rtol=1e-3, atol=1e-5)
