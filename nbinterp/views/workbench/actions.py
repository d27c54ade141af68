"""The steps of the workbench's loop: calls of public functions, each with the lines that repeat it.

Whatever a step needs beside `model` and `data` is written out in its lines, so that they can be
pasted and run where nobody has touched a view.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbinterp._typing import AnyArray, Float32Array, IntArray
from nbinterp.corex import ClusterFactors, LocalCorEx
from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.network import AblationStudy, Perturbation, ablation_study, perturb
from nbinterp.views.slider.base_trait import base_of
from nbinterp.views.workbench.defaults import (
    as_array,
    guess_radius,
    patch_grid,
    patches,
    patches_code,
)

PREAMBLE = """import numpy as np
from nbinterp import LinearCorEx, LocalCorEx, SmoothHess, ablation_study, perturb, record"""
_SIZES = (5, 10, 20, 50)
_MOST_STEPS = 200
_REPLACED = {"move", "base"}
_MOST_FACTORS = 5
_DRAWS = 50  # of random nodes: enough for a band, soon enough for a loop
_GRADIENTS = 4000
_MOST_INPUTS = 2000  # of samples that are no images: pairs of more than this are not to be read


class Step(NamedTuple):
    """What was done, in words and in Python; a later step of the same kind may take its place."""

    kind: str
    title: str
    code: str


class Names(NamedTuple):
    """What things are called in the lines."""

    model: str = "model"
    data: str = "data"
    labels: str = "labels"
    decode: str = "decode"
    local: str = "local"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """All that stays the same while a network is looked into."""

    model: Any
    data: Any
    layer: str
    labels: AnyArray
    local: LocalCorEx
    image_shape: tuple[int, ...] | None
    decode: Any
    outputs: Float32Array
    output_names: tuple[str, ...]
    nodes: Float32Array
    names: Names = Names()  # noqa: RUF009 - of strings

    @property
    def n_samples(self) -> int:
        """How many samples there are."""
        return len(self.outputs)

    @property
    def grid(self) -> tuple[int, int, int] | None:
        """The patches of an image: their side, and how many there are down and across."""
        return None if self.image_shape is None else patch_grid(self.image_shape)

    def answer(self, sample: int) -> str:
        """Return the name of the largest output of a sample."""
        return self.output_names[int(np.ravel(self.outputs[sample]).argmax())]

    def fit(self, selection: IntArray) -> tuple[ClusterFactors, Step]:
        """Find the factors of selected samples."""
        code = (
            f"selection = np.array({selection.tolist()})\n"
            f"factors = {self.names.local}.fit_selection(selection)"
        )
        title = f"Factors of {len(selection):,} selected samples"
        return self.local.fit_selection(selection), Step("fit", title, code)

    def strongest(self, factors: ClusterFactors) -> tuple[int, ...]:
        """Return the factors that explain most, the first most."""
        order = np.argsort(-np.nan_to_num(factors.total_correlations_), kind="stable")
        return tuple(order[:_MOST_FACTORS].tolist())

    def turn(self, factors: Any, chosen: Sequence[int]) -> tuple[Perturbation, Step]:
        """Make chosen factors ready to be turned."""
        still = [0] * len(chosen)
        options: dict[str, Any] = {
            "layer": self.layer,
            "factor": list(chosen),
            "amounts": still,
        }
        written = f"layer={self.layer!r}, factor={list(chosen)}, amounts={still}"
        if self.decode is not None:
            options["decode"] = self.decode
            written += f", decode={self.names.decode}"
            if self.image_shape is not None:
                options["image_shape"] = self.image_shape
                written += f", image_shape={self.image_shape}"
        turned = perturb(self.model, self.data, factors, **options, progress=False)
        code = f"turned = perturb({self.names.model}, {self.names.data}, factors, {written})"
        return turned, Step("turn", f"Factors {_listed(chosen)} on sliders", code)

    def ablate(
        self, factors: Any, chosen: Sequence[int]
    ) -> tuple[AblationStudy | None, Step | None]:
        """Silence the nodes of chosen factors; nothing of networks that are no classifiers."""
        if self.outputs.ndim != 2 or self.outputs.shape[1] < 2:
            return None, None
        n_nodes = sum(name.startswith(f"{self.layer}[") for name in factors.feature_names)
        sizes = [size for size in _SIZES if size <= n_nodes // 2] or [1]
        written = (
            f"layer={self.layer!r}, y={self.names.labels}, "
            f"clusters={self.names.local}.labels_, factor={list(chosen)}, sizes={sizes}, "
            f"n_random={_DRAWS}, random_state=0"
        )
        study = ablation_study(
            self.model,
            self.data,
            factors,
            layer=self.layer,
            y=self.labels,
            clusters=self.local.labels_,
            factor=list(chosen),
            sizes=sizes,
            n_random=_DRAWS,
            random_state=0,
            progress=False,
        )
        code = f"study = ablation_study({self.names.model}, {self.names.data}, factors, {written})"
        return study, Step("ablate", "Their nodes ablated, beside random ones", code)

    def interact(self, sample: int) -> tuple[SmoothHessian | None, Step | None]:
        """Find which inputs of a sample act together; nothing of what is no array of numbers."""
        array = as_array(self.data)
        n_inputs = 0 if array is None else int(np.prod(array.shape[1:]))
        if array is None or (self.image_shape is None and n_inputs > _MOST_INPUTS):
            return None, None
        target = None
        if self.outputs.ndim == 2 and self.outputs.shape[1] > 1:
            target = int(self.outputs[sample].argmax())
        radius = guess_radius(self.data)
        groups, written = None, ""
        if self.image_shape is not None:
            written = f"groups={patches_code(self.image_shape)}, "
            groups = patches(self.image_shape)
        settings = SmoothHess(
            groups=groups, radius=radius, n_samples=_GRADIENTS, random_state=0, progress=False
        )
        explained = settings.explain(
            self.model, np.asarray(array[sample : sample + 1], np.float32), target=target
        )
        code = (
            f"smooth = SmoothHess({written}radius={radius}, n_samples={_GRADIENTS}, random_state=0)"
            f"\ninteractions = smooth.explain({self.names.model}, "
            f"np.asarray({self.names.data}[{sample}:{sample + 1}], np.float32), target={target})"
        )
        return explained, Step("interact", f"Interactions in sample {sample}", code)


def noted(history: Sequence[dict[str, str]], step: Step) -> list[dict[str, str]]:
    """Return the steps with one more; the last of many moves in a row stands for all of them."""
    steps = list(history)
    if steps and step.kind in _REPLACED and steps[-1]["kind"] == step.kind:
        steps.pop()
    return [*steps, step._asdict()][-_MOST_STEPS:]


def turned_to(frame: Perturbation) -> Step:
    """Return the step to where sliders stand."""
    amounts = [float(f"{amount:.6g}") for amount in frame.amounts[0]]
    moved = [
        f"factor {factor} by {amount:.2f}"
        for factor, amount in zip(frame.factors, amounts, strict=True)
        if amount
    ]
    title = f"Turned {', '.join(moved)}" if moved else "All factors back at 0"
    return Step("move", title, f"turned = turned.at({amounts})")


def based_on(frame: Perturbation) -> Step:
    """Return the step to another base."""
    base = base_of(frame)
    base = base.tolist() if isinstance(base, np.ndarray) else base
    return Step("base", f"Base: {frame.base_name}", f"turned = turned.from_base({base!r})")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)
