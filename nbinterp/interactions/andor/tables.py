"""Interactions as data frames: one per row, or summed by order; and how novel they are."""

import numpy as np
import pandas as pd

from nbinterp._typing import BoolArray, FloatArray
from nbinterp.interactions.andor.strengths import Flags, Strengths
from nbinterp.interactions.subsets import set_name, sizes


def as_frame(
    tables: tuple[FloatArray, FloatArray],
    chosen: Flags,
    players: tuple[str, ...],
    models: tuple[str, ...],
    converged: BoolArray,
) -> pd.DataFrame:
    """Return the chosen AND and OR interactions, one per row, strongest first in each sample."""
    order = sizes(len(players))
    parts = []
    for kind, table, flags in zip(("AND", "OR"), tables, chosen, strict=True):
        sample, model, index = np.nonzero(flags)
        columns = {
            "sample": sample,
            "model": [models[k] for k in model],
            "kind": kind,
            "players": [set_name(int(k), players) for k in index],
            "order": order[index],
            "interaction": table[sample, model, index],
            "converged": converged[sample],
            "place": model,
        }
        parts.append(pd.DataFrame(columns))
    frame = pd.concat(parts, ignore_index=True)
    strength = frame["interaction"].abs().to_numpy()
    places = np.lexsort((-strength, frame.pop("place").to_numpy(), frame["sample"].to_numpy()))
    return frame.iloc[places].reset_index(drop=True)


def by_order(
    tables: tuple[FloatArray, FloatArray], salient: Flags, models: tuple[str, ...]
) -> pd.DataFrame:
    """Return summed strengths by model, kind and order, averaged over samples.

    Parameters
    ----------
    tables : pair of ndarray of shape (samples, models, 2^n)
        AND and OR interactions.
    salient : pair of ndarray of bool, likewise
        Which of them count.
    models : tuple of str
        Their names.
    """
    n = int(tables[0].shape[-1]).bit_length() - 1
    count = sizes(n)
    rows = []
    for kind, table, chosen in zip(("AND", "OR"), tables, salient, strict=True):
        shared = chosen.all(axis=1, keepdims=True)
        for order in range(1, n + 1):
            here = count == order
            sums = [
                (np.clip(table, low, high) * (keep & here)).sum(-1).mean(0)
                for keep in (chosen, shared)
                for low, high in ((0, np.inf), (-np.inf, 0))
            ]
            rows += [
                (name, kind, order, *(float(part[model]) for part in sums))
                for model, name in enumerate(models)
            ]
    columns = ["positive", "negative", "shared_positive", "shared_negative"]
    return pd.DataFrame(rows, columns=["model", "kind", "order", *columns])


def frequencies(salient: BoolArray, *, leave_one_out: bool = False) -> FloatArray:
    """Return the share of samples in which each interaction is salient.

    Returns
    -------
    ndarray of shape (1, models, sets), or (samples, models, sets) if each sample is left out.
    """
    if leave_one_out:
        others: FloatArray = (salient.sum(0) - salient) / (len(salient) - 1)
        return others
    share: FloatArray = salient.mean(0, keepdims=True)
    return share


def novelty(strengths: Strengths, reference: Strengths | None, tau: float) -> FloatArray:
    """Return the share of salient strength that is not salient in the reference.

    Parameters
    ----------
    strengths : Strengths
        Of the samples.
    reference : Strengths or None
        Of the samples to compare with; None for all other samples of `strengths`.
    tau : float
        What is salient, as `Strengths.salient` takes it.

    Returns
    -------
    ndarray of shape (samples, models)
        0 for a sample without salient interactions.
    """
    salient = np.concatenate(strengths.salient(tau), axis=-1)
    if reference is None:
        usual = frequencies(salient, leave_one_out=True)
    else:
        usual = frequencies(np.concatenate(reference.salient(tau), axis=-1))
    weights = np.concatenate([strengths.and_, strengths.or_], axis=-1) * salient
    total = weights.sum(-1)
    unusual = (weights * (1 - usual)).sum(-1)
    share: FloatArray = np.divide(unusual, total, out=np.zeros_like(total), where=total > 0)
    return share
