"""Whether the outputs of a network are classes, and the true class of each sample."""

from typing import Any

import numpy as np
from torch import Tensor

from nbinterp import _checks
from nbinterp._typing import Float32Array, IntArray
from nbinterp.network.subject.output import rebuilds

_FAR_MORE = 2  # times as many outputs as classes


def true_classes(y: Any, n: int, n_outputs: int) -> IntArray:
    """Return the class of each of `n` samples as the number of an output, or raise."""
    _checks.require(
        n_outputs > 1,
        "(model) with one output",
        "must have one output per class, or there are no right answers to count",
        "Of a binary classifier with one logit z, return torch.cat([-z, z], dim=1). Of a regression"
        " there is no accuracy: compare its outputs within `ablated`.",
    )
    return _checks.classes("y", y, n, n_outputs)


def doubt(output: Float32Array, truth: IntArray, width: int) -> tuple[str, bool] | None:
    """Return why outputs (n, n_outputs) are hardly the classes `truth`, and whether that is sure.

    None if they may be: if each output is the class of some sample, or the largest output is right
    more often than a guess. It is sure of an autoencoder, which has as many outputs as a sample has
    numbers, `width`, and far more than there are classes.
    """
    known, n_outputs = len(np.unique(truth)), output.shape[1]
    accuracy, guess = float((output.argmax(axis=1) == truth).mean()), 1 / known
    if known in (1, n_outputs) or accuracy > guess:
        return None
    rebuilt = n_outputs == width
    many = f"{n_outputs} outputs, as many as a sample has numbers," if rebuilt else f"{n_outputs}"
    many += "" if rebuilt else " outputs"
    return (
        f"the largest of {many} is the class of {accuracy:.1%} of the samples, no more than the "
        f"{guess:.1%} of a guess among the {known} classes of y",
        rebuilt and n_outputs > _FAR_MORE * known,
    )


def check_outputs(output: Float32Array, truth: IntArray, width: int) -> None:
    """Raise if outputs are not classes; warn if they hardly are. See `doubt`."""
    found = doubt(output, truth, width)
    if found is None:
        return
    why, sure = found
    if sure:
        _checks.fail(
            "(model)",
            f"must be a classifier, but {why}",
            "Of an autoencoder, pass a model that ends in classes, or compare its outputs within "
            "`ablated`.",
        )
    _checks.warn(
        f"{_checks.current_call()}(model, y): {why}. Check that the outputs are classes, and that "
        "y are their numbers."
    )


def check_answers(batch: Any, output: Tensor) -> None:
    """Raise if the outputs of some samples are those of an autoencoder, where no `y` tells."""
    if rebuilds(batch, output):
        _checks.fail(
            "(model)",
            f"must be a classifier, but its {output[0].numel()} outputs have the size of a sample,"
            " as those of an autoencoder have",
            "Pass y if the largest output is the class of a sample. Of an autoencoder, pass a model"
            " that ends in classes, or compare its outputs within `ablated`.",
        )
