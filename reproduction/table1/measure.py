"""Draw worlds, cut and fit them, and score what was found: one process a core."""

import multiprocessing
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from nbinterp import PHATE, BioCorEx, LinearCorEx
from nbinterp.datasets import group_recovery, make_corex_clusters
from reproduction.table1.paper import MEASURES

N_FACTORS = range(3, 8)
_SEED = 42  # of everything but the data, as in the authors' program
_MIN_SAMPLES = 3  # of a region that is fitted
_TOO_MANY_FOR_BIO = 10_000  # samples per class, in the paper too


class World(NamedTuple):
    """One data set of the study."""

    n_samples: int  # per class
    overlap: str
    alpha: float
    replicate: int


def measured(worlds: Sequence[World]) -> pd.DataFrame:
    """Return a row for each world and method: measures, purity, processor seconds of both parts."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    largest_first = sorted(worlds, reverse=True)
    context = multiprocessing.get_context("spawn")  # threads of torch do not survive a fork
    records: list[dict[str, Any]] = []
    with ProcessPoolExecutor(cores, context, _one_thread) as processes:
        try:
            futures = [processes.submit(records_of, world) for world in largest_first]
            for future in tqdm(as_completed(futures), "worlds", len(futures)):
                records += future.result()
        except BaseException:
            processes.shutdown(cancel_futures=True)
            raise
    return pd.DataFrame(records).sort_values([*World._fields, "method"], ignore_index=True)


def _one_thread() -> None:
    """Let processes share the cores, instead of the threads of each."""
    torch.set_num_threads(1)
    threadpool_limits(1)


def records_of(world: World) -> list[dict[str, Any]]:
    """Return the rows of one world, a row for each method."""
    sample = make_corex_clusters(
        world.n_samples, world.alpha, world.overlap, random_state=world.replicate
    )
    begin = time.process_time()
    regions = _cut(sample.data)
    partition = time.process_time() - begin
    match = float(np.mean(regions == sample.target))
    if match < 0.5:  # the numbers of regions mean nothing: pair them with classes
        regions, match = 1 - regions, 1 - match
    shared = {**world._asdict(), "purity": match}
    local = [sample.data[regions == label] for label in (0, 1)]
    records = []
    for kind in ("Linear", "Bio"):
        if kind == "Bio" and world.n_samples >= _TOO_MANY_FOR_BIO:
            continue
        for method, parts, cutting in (
            (kind, [(sample.data, sample.groups)], 0.0),
            (
                f"Local {kind}",
                [(x, [g]) for x, g in zip(local, sample.groups, strict=True)],
                partition,
            ),
        ):
            begin = time.process_time()
            scores = [np.mean(list(_scores(kind, x, g, world)), axis=0) for x, g in parts]
            records.append(
                {
                    **shared,
                    "method": method,
                    **dict(zip(MEASURES, np.mean(scores, axis=0), strict=True)),
                    "fits": time.process_time() - begin,
                    "partition": cutting,
                }
            )
    return records


def _cut(data: np.ndarray) -> np.ndarray:
    """Return the region of each sample, 0 or 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of SMACOF, on 20 samples
        places = PHATE(5, random_state=_SEED, progress=False).fit_transform(data)
    labels: np.ndarray = KMeans(2, n_init=10, random_state=_SEED).fit_predict(places)
    return labels


def _scores(
    kind: str, data: np.ndarray, groups: Iterable[np.ndarray], world: World
) -> Iterator[np.ndarray]:
    """Yield the four measures of each number of factors and each class."""
    for m in N_FACTORS:
        information = _information(kind, data, m, world)
        for each in groups:
            yield np.array(group_recovery(each, information))


def _information(kind: str, data: np.ndarray, m: int, world: World) -> np.ndarray:
    """Return the mutual information of `m` factors; none in a region too small to fit."""
    if len(data) < _MIN_SAMPLES:
        return np.zeros((m, data.shape[1]))
    corex = (
        LinearCorEx(m, gaussianize="outliers", random_state=_SEED, progress=False)
        if kind == "Linear"
        else BioCorEx(
            m,
            max_iter=100,
            variance_floor="clip",
            random_state=world.replicate,
            progress=False,
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        information: np.ndarray = corex.fit(data).mutual_information_
    return information
