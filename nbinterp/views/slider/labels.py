"""The names, the caption and the warning of a frame."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nbinterp.network import Perturbation
from nbinterp.views.slider.precomputed import layout


def names_of(frame: Perturbation) -> dict[str, Any]:
    """Return the traits that name the factors, outputs and decoded variables of `frame`."""
    shape = layout(frame)
    is_image = len(shape) > 1
    features = frame.feature_names
    if features is None:
        features = tuple(f"x{number}" for number in range(shape[0]))
    return {
        "_ids": list(frame.factors),
        "_factor_names": list(frame.factor_names),
        "_output_names": list(frame.output_names),
        "_feature_names": [] if is_image else list(features),
        "_shape": list(shape) if is_image else [],
        "_base_name": frame.base_name,
        "_n_samples": frame.n_base_samples,
        "_about": _about(frame),
    }


def moved(names: Iterable[str], amounts: Iterable[float]) -> str:
    """Say which factors are moved, and how far.

    Examples
    --------
    >>> moved(["factor 0", "factor 3"], [0.0, -1.25])
    'factor 3: -1.25'
    """
    pairs = zip(names, amounts, strict=True)
    return ", ".join(f"{name}: {amount:.3g}" for name, amount in pairs if amount) or (
        "all factors at 0"
    )


def largest_output(frame: Perturbation) -> str:
    """Return the name of the largest output, and its change if the edit changes it.

    NaN outputs count as the smallest.
    """
    before, after = (
        frame.output_names[int(np.argmax(np.nan_to_num(outputs, nan=-np.inf)))]
        for outputs in (frame.baseline_outputs, frame.outputs[0])
    )
    return before if before == after else f"{before} → {after}"


def warning_of(frame: Perturbation) -> str:
    """Return the problems of a frame; empty if there are none."""
    parts = {"decoded values": frame.decoded, "outputs": frame.outputs}
    wrong = [
        name
        for name, values in parts.items()
        if values is not None and not np.isfinite(values).all()
    ]
    return f"Some {' and '.join(wrong)} are not finite." if wrong else ""


def _about(frame: Perturbation) -> str:
    """Return the caption: the layer, and the meaning of an amount of 1."""
    signs = "with the sign of its correlation" if frame.direction == "signed" else "always up"
    return f"layer {frame.layer} · 1 moves a node by its mutual information in nats, {signs}"
