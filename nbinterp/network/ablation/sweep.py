"""Measure a network with more and more of its nodes ablated, for many orders of the nodes."""

import threading
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from nbinterp._numerics.parallel import parallel_map
from nbinterp._typing import FloatArray, IntArray
from nbinterp.network.ablation.fast_path import AblationPlan
from nbinterp.network.ablation.masks import AblationMasks, Run
from nbinterp.network.subject.size import rows_at_once


def measure(
    plan: AblationPlan,
    n_threads: int,
    masks: AblationMasks,
    batches: Iterable[tuple[Any, torch.Tensor, torch.Tensor]],
    width: int,
    outputs: IntArray,
    advance: Callable[[int], Any],
) -> FloatArray:
    """Return sums of outputs and of right answers, (orders, sizes, groups, outputs + 1).

    A batch is inputs, the truth (b,) and the membership of samples in groups (n_groups, b). Each of
    `n_threads` works on a part of the orders. `width` is the largest number of values per row from
    the edits on.
    """
    n_orders, n_sizes = len(masks.orders), len(masks.sizes)
    kept = torch.as_tensor(outputs)
    bounds = np.linspace(0, n_orders, n_threads + 1).round().astype(int)
    parts = [slice(a, b) for a, b in pairwise(bounds) if b > a]
    sums: FloatArray = np.empty(0)
    stop, lock = threading.Event(), threading.Lock()

    @torch.no_grad()
    def work(run: Run, part: slice, y: torch.Tensor, groups: torch.Tensor) -> None:
        n_at_once = max(1, rows_at_once(y.device, width) // (n_sizes * len(y)))
        for start in range(part.start, part.stop, n_at_once):
            block = slice(start, min(start + n_at_once, part.stop))
            n_edits = masks.n_edits(block)
            scores = _scores(run(block).reshape(n_edits, len(y), -1), y, kept)
            totals = (groups @ scores.flatten(1)).to("cpu", torch.float64)
            totals = totals.reshape(len(groups), n_sizes, -1, scores.shape[2])
            sums[block] += totals.permute(2, 1, 0, 3).numpy()
            with lock:
                advance(n_edits * len(y))
            if stop.is_set():
                return

    for batch, y, groups in batches:
        if not len(sums):
            sums = np.zeros((n_orders, n_sizes, len(groups), len(outputs) + 1))
        with plan.runs(masks, batch) as run:
            tasks = [partial(work, run, part, y, groups) for part in parts]
            # They run the model, which is the user's again after an interrupt.
            parallel_map(tasks, y.device, stop=stop, waits=True)
    return sums


def _scores(logits: torch.Tensor, y: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the kept outputs and whether the answer is right, (b, edits, outputs + 1)."""
    right = (logits.argmax(dim=2) == y).float()
    if len(kept) < logits.shape[2]:
        logits = logits[:, :, kept.to(logits.device)]
    return torch.cat([logits.float(), right[..., None]], dim=2).transpose(0, 1)
