"""Effects of dropout on the hidden layers of MNIST classifiers, compared with the paper's table 2.

Run as ``python tests/benchmarks/network/bench_dropout.py [--pairs N] [--epochs N] [--depths 2 3]``.
"""

import argparse
import time

import numpy as np
import torch

from nbinterp._numerics.kmeans import k_means
from nbinterp.datasets import load_mnist
from nbinterp.manifold import PHATE
from nbinterp.network import dropout_study

# Total correlation of the first five factors, nats, mean and the paper's ±: without and with
# dropout, ten pairs (Kerby, White and Moon, arXiv 2402.04440, table 2).
PAPER = {
    ("200-200", "h1"): ((31.2, 1.6), (27.2, 2.0)),
    ("200-200", "h2"): ((51.9, 2.8), (98.1, 4.4)),
    ("200-200-200", "h1"): ((33.7, 2.5), (26.4, 1.2)),
    ("200-200-200", "h2"): ((40.8, 2.8), (95.9, 3.2)),
    ("200-200-200", "h3"): ((76.1, 4.6), (162.4, 8.5)),
}
SURE = 2.0  # standard errors


def fours_and_nines(test):
    """Return the test images of the cluster that mixes 4 and 9 most: the paper's cluster 16."""
    embedding = PHATE(10, random_state=0, progress=False).fit_transform(test.data)
    labels = np.asarray(k_means(embedding, 20, random_state=0).labels)
    digits = np.stack([np.bincount(test.target[labels == k], minlength=10) for k in range(20)])
    mixed = digits[:, [4, 9]].min(axis=1).argmax()
    print(f"cluster: {digits[mixed].sum()} test images, of the digits 0 to 9 {digits[mixed]}")
    return labels == mixed


def gain(frame, values):
    """Return the mean over pairs of dropout less plain, a layer, and its standard error."""
    by_pair = frame.assign(value=values).pivot(
        index=["hidden", "layer", "pair"], columns="dropout", values="value"
    )
    layers = (by_pair.iloc[:, 1] - by_pair.iloc[:, 0]).groupby(["hidden", "layer"])
    return layers.mean(), layers.sem()


def verdict(mean, error, expected):
    """Return the difference, and whether it has the sign that the paper claims."""
    says = "yes" if mean * expected > 0 else "no"
    if not abs(mean) > SURE * error:
        says += ", not sure"
    return f"{mean:6.1f} ± {error:4.1f} {says:>13}"


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--depths", type=int, nargs="+", choices=(2, 3), default=[2, 3])
    options = parser.parse_args()
    train, test = load_mnist("train"), load_mnist("test")
    begin = time.perf_counter()
    study = dropout_study(
        train.data,
        train.target,
        test.data,
        test.target,
        samples=fours_and_nines(test),
        hidden=[(200,) * depth for depth in options.depths],
        n_pairs=options.pairs,
        epochs=options.epochs,
        random_state=0,
        progress=False,
    )
    seconds = time.perf_counter() - begin
    frame, summary = study.to_frame(), study.summary()
    print(
        f"{options.pairs} pairs of each depth, {options.epochs} epochs of Adam at 1e-3 in batches "
        f"of 128, dropout 0.5: {seconds:.0f} s with {torch.get_num_threads()} threads"
    )
    print(
        "The paper: 10 pairs, Adam at 5e-4 stopped early after at most 200 epochs, another cluster"
        " of 4s and 9s; it does not state its dropout, its number of factors nor what its ± is."
    )
    print("\nSum of the first five factors' total correlations, nats, mean ± standard error")
    print(f"{'':16}{'without dropout':>16}{'paper':>14}{'with dropout':>16}{'paper':>14}")
    for place, row in summary.iterrows():
        cells = [
            f"{row[f'{kind}_first_five']:9.1f} ± {row[f'{kind}_first_five_error']:4.1f}"
            f"{mean:9.1f} ± {error:3.1f}"
            for kind, (mean, error) in zip(("plain", "dropout"), PAPER[place], strict=True)
        ]
        print(f"{' '.join(place):16}{''.join(cells)}")
    print("\nWhat five factors explain together, nats: raw ± standard error, then above the null")
    print(f"{'':16}{'without dropout':>16}{'above':>8}{'with dropout':>16}{'above':>8}")
    for place, row in summary.iterrows():
        cells = [
            f"{row[kind]:9.1f} ± {row[f'{kind}_error']:4.1f}{row[f'{kind}_above_null']:8.1f}"
            for kind in ("plain", "dropout")
        ]
        print(f"{' '.join(place):16}{''.join(cells)}")
    print("\nDropout less plain, paired, and whether first layers fall and later ones rise")
    print(f"{'':16}{'first five, raw':>28}{'together, above null':>28}")
    raw = gain(frame, frame.first_five)
    above = gain(frame, frame.total_correlation - frame.null_total_correlation)
    for place in summary.index:
        expected = -1 if place[1] == "h1" else 1
        cells = [verdict(mean[place], error[place], expected) for mean, error in (raw, above)]
        print(f"{' '.join(place):16}{cells[0]:>28}{cells[1]:>28}")
    print("\nAccuracy on the test images, dead nodes a layer in the cluster, fits that converged")
    for (hidden, rate), rows in frame.groupby(["hidden", "dropout"], sort=False):
        dead = rows.groupby("layer").dead_nodes.mean().to_dict()
        listed = ", ".join(f"{layer} {number:.1f}" for layer, number in dead.items())
        print(
            f"{hidden:12} dropout {rate}: {rows.accuracy.mean():.4f}; {listed}; "
            f"{rows.converged.sum()} of {len(rows)}"
        )


if __name__ == "__main__":
    main()
