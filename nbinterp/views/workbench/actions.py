"""The steps of a workbench: calls of public functions, each with the Python lines that repeat it.

The lines contain everything that a step needs, so that they run without the widget.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from nbinterp._typing import IntArray
from nbinterp.corex import ClusterFactors
from nbinterp.corex.matching import known_unstable
from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth.result import SmoothHessian
from nbinterp.network import AblationStudy, Perturbation, ablation_study, perturb
from nbinterp.views.slider.base_trait import base_of
from nbinterp.views.workbench.defaults import patches, patches_code
from nbinterp.views.workbench.setup import Setup

_DRAWS = 50  # draws of random nodes: enough for a band, and fast
_GRADIENTS = 4000


class Step(NamedTuple):
    """A step in words and in Python; a later step of the same kind may replace it."""

    kind: str
    title: str
    code: str


def fit(setup: Setup, selection: IntArray) -> tuple[ClusterFactors, Step]:
    """Fit the factors of selected samples."""
    code = (
        f"selection = np.array({selection.tolist()})\n"
        f"factors = {setup.names.local}.fit_selection(selection)"
    )
    title = f"Factors of {len(selection):,} selected samples"
    return setup.local.fit_selection(selection), Step("fit", title, code)


def move(setup: Setup, factors: Any, chosen: Sequence[int]) -> tuple[Perturbation, Step]:
    """Prepare to move chosen factors, all of them at 0."""
    still = [0] * len(chosen)
    options: dict[str, Any] = {"layer": setup.layer, "factor": list(chosen), "amounts": still}
    written = f"layer={setup.layer!r}, factor={list(chosen)}, amounts={still}"
    if setup.decode is not None:
        options["decode"] = setup.decode
        written += f", decode={setup.names.decode}"
        if setup.image_shape is not None:
            options["image_shape"] = setup.image_shape
            written += f", image_shape={setup.image_shape}"
    moved = perturb(setup.model, setup.data, factors, **options, progress=False)
    code = f"moved = perturb({setup.names.model}, {setup.names.data}, factors, {written})"
    listed = ", ".join(str(factor) for factor in chosen)
    return moved, Step("sliders", f"Factors {listed} on sliders", code)


def move_to(frame: Perturbation) -> Step:
    """Return the step that moves the factors to the positions of the sliders."""
    amounts = [float(f"{amount:.6g}") for amount in frame.amounts[0]]
    unstable = known_unstable(frame.directions, frame.factors)
    moved = [
        f"factor {factor}{' (not stable)' if factor in unstable else ''} by {amount:.2f}"
        for factor, amount in zip(frame.factors, amounts, strict=True)
        if amount
    ]
    title = f"Moved {', '.join(moved)}" if moved else "All factors back at 0"
    return Step("move", title, f"moved = moved.at({amounts})")


def edit(frame: Perturbation) -> Step:
    """Return the step that changes the base."""
    base = base_of(frame)
    base = base.tolist() if isinstance(base, np.ndarray) else base
    return Step("base", f"Base: {frame.base_name}", f"moved = moved.from_base({base!r})")


def ablate(setup: Setup, factors: Any, chosen: Sequence[int]) -> tuple[AblationStudy, Step]:
    """Ablate the nodes of chosen factors."""
    study = ablation_study(
        setup.model,
        setup.data,
        factors,
        layer=setup.layer,
        y=setup.y,
        clusters=setup.local.labels_,
        factor=list(chosen),
        n_random=_DRAWS,
        random_state=0,
        progress=False,
    )
    names = setup.names
    code = (
        f"study = ablation_study({names.model}, {names.data}, factors, layer={setup.layer!r}, "
        f"y={names.y}, clusters={names.local}.labels_, factor={list(chosen)}, "
        f"n_random={_DRAWS}, random_state=0)"
    )
    return study, Step("ablate", "Their nodes ablated, beside random ones", code)


def interact(setup: Setup, sample: int) -> tuple[SmoothHessian, Step]:
    """Find the interactions in a sample."""
    target = None if setup.answers is None else int(setup.answers[sample])
    groups, written = None, ""
    if setup.image_shape is not None:
        groups = patches(setup.image_shape)
        written = f"groups={patches_code(setup.image_shape)}, "
    settings = SmoothHess(
        groups=groups, radius=setup.radius, n_samples=_GRADIENTS, random_state=0, progress=False
    )
    one = f"{setup.names.data}[{sample}:{sample + 1}]"
    row: Any
    if isinstance(setup.data, torch.Tensor):  # NumPy cannot read all of them
        row, one = setup.data[sample : sample + 1].float(), f"{one}.float()"
    elif isinstance(setup.data, pd.DataFrame):  # whose columns have names
        row = setup.data.iloc[sample : sample + 1].astype(np.float32)
        one = f"{setup.names.data}.iloc[{sample}:{sample + 1}].astype(np.float32)"
    else:
        row = np.asarray(setup.data[sample : sample + 1], np.float32)
        one = f"np.asarray({one}, np.float32)"
    explained = settings.explain(setup.model, row, target=target)
    radius = setup.radius if isinstance(setup.radius, float) else "radius"
    code = (
        f"smooth = SmoothHess({written}radius={radius}, n_samples={_GRADIENTS}, random_state=0)"
        f"\ninteractions = smooth.explain({setup.names.model}, {one}, target={target})"
    )
    return explained, Step("interact", f"Interactions in sample {sample}", code)
