"""Linear CorEx against linearcorex 0.53: seconds and the objective reached.

The objective is the total correlation of the weights, computed in float64 for both, with 0.01 of
noise in the correlation matrix. Run as ``python tests/benchmarks/corex/bench_linear_corex.py``.
"""

import contextlib
import io
import multiprocessing
import os
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from nbinterp import record
from nbinterp._numerics.kmeans import k_means
from nbinterp.corex import LinearCorEx
from nbinterp.corex.linear.correlation import product_of
from nbinterp.corex.linear.gaussianize import learn_columns
from nbinterp.corex.linear.objective import moments
from nbinterp.corex.linear.settings import checked_settings
from nbinterp.corex.linear.solver import Problem, fit_problems, random_start
from nbinterp.corex.linear.update import noisy
from nbinterp.datasets import load_mnist, load_mnist_classifier

DATA = Path(os.environ.get("NBINTERP_DATA", "../shared/data"))
PATIENCE = 60  # seconds of one of many fits after which the reference counts as not finishing
PATIENCE_ALONE = 180  # the same of a single fit
SEEDS = (42, 43, 44, 45, 46)  # of single fits
BUDGET = 480  # seconds of the reference in one row; groups left after that are not tried


def guarded(x, weights):
    """Return the objective of `weights` on the columns of `x`, in nats."""
    product = product_of(learn_columns(x, "standard"), x, torch.device("cpu"))
    w = torch.as_tensor(weights, dtype=torch.float64).unsqueeze(0)
    rho = noisy(product, w, torch.tensor([0.01], dtype=torch.float64))
    return float(moments(w, rho).total_correlation)


def _reference(x, n_factors, seed, sender):
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        import linearcorex

        begin = time.perf_counter()
        model = linearcorex.Corex(n_hidden=n_factors, seed=seed).fit(x.copy())
    sender.send((time.perf_counter() - begin, model.ws))


def reference(x, n_factors, patience, seed=42):
    """Return seconds and weights of linearcorex, None if it does not finish."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=_reference, args=(x, n_factors, seed, sender)
    )
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(patience) else None
    except EOFError:  # it failed
        return None
    finally:
        process.terminate()
        process.join()


def together(groups, n_factors):
    """Return the weights of all groups, fitted as one batch: LocalCorEx without its nulls."""
    settings = checked_settings(LinearCorEx(n_factors), groups[0].shape[1])
    problems = [
        Problem(
            product_of(learn_columns(x, "standard"), x, torch.device("cpu")),
            random_start(np.random.RandomState(42), 1, n_factors, x.shape[1]),
        )
        for x in groups
    ]
    return [found[0].weights for found in fit_problems(problems, settings)]


def row(name, groups, n_factors):
    """Fit all groups at once with ours and one by one with the reference; print a line."""
    begin = time.perf_counter()
    ours = together(groups, n_factors)
    seconds = time.perf_counter() - begin
    theirs_seconds, ours_total, theirs_total = 0.0, 0.0, 0.0
    unfinished, untried = [], []
    deadline = time.perf_counter() + BUDGET
    for k, (x, weights) in enumerate(zip(groups, ours, strict=True)):
        if time.perf_counter() > deadline:
            untried.append(k)
            continue
        answer = reference(x, n_factors, PATIENCE)
        value = np.nan if answer is None else guarded(x, answer[1])
        if np.isfinite(value):
            theirs_seconds += answer[0]
            theirs_total += value
            ours_total += guarded(x, weights)
        else:
            unfinished.append(k)
    finished = len(groups) - len(unfinished) - len(untried)
    line = f"{name:<46} {seconds:8.2f} s {theirs_seconds:8.1f} s "
    if finished:  # ours by its share of the groups, as a batch has no time of one group
        line += (
            f"{theirs_seconds / (seconds * finished / len(groups)):7.1f} x   "
            f"{ours_total:9.2f} / {theirs_total:9.2f} = {ours_total / theirs_total:.4f}"
        )
    if unfinished:
        line += f"   the reference did not finish groups {unfinished}"
    if untried:
        line += f"   its time was over before groups {untried}"
    print(line, flush=True)


def single(name, x, n_factors):
    """Fit one group with both from several starts; print the medians of the times."""
    LinearCorEx(n_factors, random_state=0).fit(x)  # the first fit also loads libraries
    times, totals = [], []
    for seed in SEEDS:
        begin = time.perf_counter()
        ours = LinearCorEx(n_factors, random_state=seed).fit(x).weights_
        seconds = time.perf_counter() - begin
        answer = reference(x, n_factors, PATIENCE_ALONE, seed)
        if answer is None:
            print(f"{name:<46} {seconds:8.2f} s; the reference did not finish", flush=True)
            continue
        times.append((seconds, answer[0]))
        totals.append((guarded(x, ours), guarded(x, answer[1])))
    seconds, theirs_seconds = np.median(times, axis=0)
    ours_total, theirs_total = np.mean(totals, axis=0)
    print(
        f"{name:<46} {seconds:8.2f} s {theirs_seconds:8.1f} s {theirs_seconds / seconds:7.1f} x   "
        f"{ours_total:9.2f} / {theirs_total:9.2f} = {ours_total / theirs_total:.4f}",
        flush=True,
    )


def hidden_activations():
    """Return 200 ReLU units of a random layer and 10 more columns, of the images of one digit."""
    with np.load(DATA / "mnist.npz") as mnist:
        images = mnist["x_test"][mnist["y_test"] == 4][:500].reshape(500, -1) / 255.0
    rng = np.random.default_rng(0)
    layer = rng.normal(size=(784, 200)) / 10
    hidden = np.maximum(images @ layer, 0.0)
    return np.hstack([hidden, hidden @ rng.normal(size=(200, 10))])


def classifier_activations():
    """Return what a lasso round a digit gives: h1 of the shipped classifier and its logits."""
    mnist = load_mnist()
    rec = record(load_mnist_classifier(), mnist.data / 255, layers=["h1"])
    return rec.concat("h1", output=True).to_numpy(np.float64)[mnist.target == 4][:500]


def main():
    """Print the table."""
    warnings.simplefilter("ignore")
    print(f"{'':<46} {'ours':>10} {'linearcorex':>12} {'ratio':>7}   objectives and their ratio")
    single("500 x 210 units of a random layer, 20 factors", hidden_activations(), 20)
    single("500 x 210 units of a classifier, 20 factors", classifier_activations(), 20)
    with np.load(DATA / "nci60.npz") as nci60:
        single("NCI60 64 x 6830, 10 factors", nci60["X"].astype(np.float64), 10)
    with np.load(DATA / "mnist.npz") as mnist:
        images = mnist["x_train"].reshape(60000, -1).astype(np.float32)
    labels = k_means(images, 24, n_init=1, random_state=42).labels.numpy()
    groups = [images[labels == k] for k in range(24)]
    row("MNIST 60,000 x 784, 24 clusters, 20 factors", groups, 20)


if __name__ == "__main__":
    main()
