"""The inputs of a workbench: the network, its samples, the recorded layer and the clusters."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbinterp import _checks
from nbinterp._typing import AnyArray, Float32Array, FloatArray, IntArray
from nbinterp.corex import ClusterFactors, LinearCorEx, LocalCorEx
from nbinterp.manifold import PHATE
from nbinterp.network import record
from nbinterp.network.data.batches import n_rows
from nbinterp.network.subject.subject import Subject
from nbinterp.views.workbench.availability import answers_of, unavailable_steps
from nbinterp.views.workbench.defaults import (
    guess_image_shape,
    guess_layer,
    guess_radius,
    patch_grid,
)

_PREAMBLE = """import numpy as np
from nbinterp import LinearCorEx, LocalCorEx, SmoothHess, ablation_study, perturb, record"""
_FACTORS = 10
_SAMPLES_A_CLUSTER = 50  # at least, as LocalCorEx advises
_ON_SLIDERS = 5  # factors


class Names(NamedTuple):
    """Variable names in the Python lines."""

    model: str = "model"
    data: str = "data"
    y: str = "y"
    decode: str = "decode"
    local: str = "local"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything that stays constant in a workbench.

    Attributes
    ----------
    y : array of shape (n_samples,)
        The true class of each sample, as the number of an output where there are classes; or
        `answers` if `knows_y` is False.
    nodes : array of shape (n_samples, n_columns)
        The recorded layer and the outputs; factors are fitted to them.
    radius : float or array of shape (n_inputs,)
        The size of the neighbourhood in which interactions are averaged.
    answers : array of shape (n_samples,) or None
        The number of the largest output for each sample; None if there are not several.
    is_classifier : bool
        Whether the largest output is an answer, which those of an autoencoder are not.
    note : str
        What the caption adds: the axis that counts the nodes of the layer, if it is a guess.
    unavailable : dict
        Why a step cannot work with this network, and the way out, by the name of the step.
    code : str
        The Python lines that create these objects.
    """

    model: Any
    data: Any
    layer: str
    y: AnyArray | None
    knows_y: bool
    local: LocalCorEx
    image_shape: tuple[int, ...] | None
    decode: Any
    radius: float | FloatArray
    outputs: Float32Array
    output_names: tuple[str, ...]
    answers: IntArray | None
    is_classifier: bool
    note: str
    unavailable: Mapping[str, str]
    nodes: Float32Array
    names: Names
    code: str

    @property
    def model_name(self) -> str:
        """The class of the network."""
        return type(Subject.of(self.model).model).__name__

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.outputs)

    @property
    def grid(self) -> tuple[int, int, int] | None:
        """The patches of an image: their side, and their numbers down and across."""
        return None if self.image_shape is None else patch_grid(self.image_shape)

    def answer(self, sample: int) -> str:
        """Return the name of the largest output for a sample."""
        return self.output_names[int(np.ravel(self.outputs[sample]).argmax())]

    def strongest(self, factors: ClusterFactors) -> tuple[int, ...]:
        """Return the factors with the largest total correlation, one for each slider."""
        order = np.argsort(-np.nan_to_num(factors.total_correlations_), kind="stable")
        return tuple(order[:_ON_SLIDERS].tolist())

    def most_typical(self, selection: IntArray) -> int:
        """Return the selected sample whose activations are nearest to the mean of the selection."""
        rows = self.nodes[selection]
        return int(selection[((rows - rows.mean(axis=0)) ** 2).sum(axis=1).argmin()])


def _clustered(table: Any, most: int, random_state: int, progress: bool) -> tuple[LocalCorEx, str]:
    """Return at `most` so many clusters of a table of nodes, and the Python that makes them."""
    count = min(most, max(1, len(table) // _SAMPLES_A_CLUSTER))
    m = min(_FACTORS, table.shape[1])
    corex = LinearCorEx(n_factors=m, progress=progress)
    quiet = None if progress else PHATE(n_components=10, progress=False)
    local = LocalCorEx(corex, n_clusters=count, embedding=quiet, random_state=random_state)
    settings = f"LinearCorEx(n_factors={m}), n_clusters={count}, random_state={random_state}"
    return local.fit(table), f"LocalCorEx({settings}).fit(nodes)"


@_checks.call("Workbench")
def prepare(
    model: Any,
    data: Any,
    *,
    y: Any,
    layer: str | None,
    local: LocalCorEx | None,
    decode: Any,
    image_shape: Sequence[int] | None,
    n_clusters: int,
    random_state: int,
    names: Mapping[str, str],
    progress: bool,
) -> Setup:
    """Record the layer and cluster its samples, and store the Python lines for this."""
    called, lines = _called(names)
    given = {called.y: y, called.local: local, called.decode: decode}
    passed = [called.model, called.data, *(n for n, value in given.items() if value is not None)]
    # Refuse what is wrong before anything takes long.
    most = _checks.integer("n_clusters", n_clusters, 1)
    if local is not None:
        _check_local(local, n_rows(data))
    shape = guess_image_shape(data) if image_shape is None else tuple(image_shape)
    layer = guess_layer(model, data) if layer is None else layer
    missing = unavailable_steps(model, data, layer, shape or None, y)
    _warn(missing)
    rec = record(model, data, layer, progress=progress)
    n = len(rec.output)
    flat = rec.output.ndim <= 2  # other outputs, such as those of tokens, are too many columns
    pool = "mean" if rec[layer].ndim > 2 else None
    table = rec.concat(layer, output=flat, pool=pool)
    options = (", output=True" if flat else "") + (f", pool={pool!r}" if pool else "")
    lines += [
        f"rec = record({called.model}, {called.data}, {layer!r})",
        f"nodes = rec.concat({layer!r}{options})",
    ]
    answers = rec.output.argmax(axis=1) if flat and rec.output[0].size > 1 else None
    is_classifier, guessed = answers is not None, rec.guessed_axes
    truth: AnyArray | None = answers if y is None else _checks.labels("y", y, n)
    if is_classifier and "ablation" not in missing:
        found = answers_of(model, data, y, rec.output)
        is_classifier = found.are_answers
        truth = truth if found.truth is None else found.truth
        if found.reason:
            missing["ablation"] = found.reason
            _warn({"ablation": found.reason})
    if local is None:
        local, made = _clustered(table, most, random_state, progress)
        lines.append(f"{called.local} = {made}")
    if y is None and answers is not None:
        lines.append(f"{called.y} = rec.output.argmax(axis=1)")
    radius, constant = guess_radius(data, shape or None)
    if len(constant) and "interactions" not in missing:
        _warn_constant(constant)
    if not isinstance(radius, float):
        lines.append(f"radius = {radius.tolist()}  # of each input")
    note = f"# {', '.join(passed)}: as passed to the workbench"
    return Setup(
        model=model,
        data=data,
        layer=layer,
        y=truth,
        knows_y=y is not None,
        local=local,
        image_shape=shape or None,
        decode=decode,
        radius=radius,
        outputs=rec.output,
        output_names=rec.output_names,
        answers=answers,
        is_classifier=is_classifier,
        note=f" · nodes on axis {rec.channel_axes[layer]}, a guess" if layer in guessed else "",
        unavailable=missing,
        nodes=table.to_numpy(np.float32),
        names=called,
        code="\n".join([_PREAMBLE, "", note, *lines]),
    )


def _warn(missing: Mapping[str, str]) -> None:
    """Tell which steps the network does not allow."""
    for step, reason in missing.items():
        warnings.warn(f"Workbench without {step}. {reason}", UserWarning, stacklevel=5)


def _warn_constant(inputs: IntArray) -> None:
    """Tell that the interactions of constant inputs are those of changes that no sample shows."""
    warnings.warn(
        f"Workbench(data) has {len(inputs)} constant inputs, such as number {inputs[0]}. "
        "Their interactions are those of changes as large as their value, which no sample "
        "shows. Leave them out of the model if they say nothing.",
        UserWarning,
        stacklevel=5,
    )


def _check_local(local: object, n: int) -> None:
    if not isinstance(local, LocalCorEx):
        _checks.fail(
            f"(local={_checks.show(local)})",
            "must be a fitted LocalCorEx",
            "Leave it out, or pass LocalCorEx(…).fit(record(model, data, layer).concat(layer)).",
            TypeError,
        )
    _checks.fitted(local, "clusters_")
    _checks.require(
        len(local.labels_) == n,
        f"(local=<of {len(local.labels_)} samples>)",
        f"must be of the same samples as data, {n}",
        "Fit it to the recording of the same data.",
    )


def _called(names: Mapping[str, str]) -> tuple[Names, list[str]]:
    """Return the variable names for the lines, and lines that assign expressions."""
    _checks.require(
        isinstance(names, Mapping),
        f"(names={_checks.show(names)})",
        "must be a dict from the names here to yours",
        "Pass names={'model': 'net'}.",
        TypeError,
    )
    for name in names:
        _checks.choice("names", name, Names._fields)
    called = {name: text for name, text in names.items() if text.isidentifier()}
    return Names(**called), [
        f"{name} = {text}" for name, text in names.items() if name not in called
    ]
