"""Recording all layers, against a plain forward pass over the same data in the same batches.

Run as ``python tests/benchmarks/network/bench_record.py``. The plain pass keeps nothing, not even
the output; a recording also keeps the output, and checks what it keeps. The two alternate. `ratio`
is the ratio of the medians. `pairs` is the median of the ratios of neighbouring runs, which changes
less on a machine that is slow for seconds at a time. `by hand` is this ratio for minimal code that
keeps the activations: hooks that copy them, in a loop without checks. `guarded` is the ratio for
the same loop with the checks that a recording needs: it passes a copy of the caller's data to the
network, and refuses NaN. The time of `record` beyond `guarded` is its own overhead.
"""

import math
import time

import numpy as np
import torch
from torch import nn

from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.network import record

RUNS = 35


def plain(model, data, batch):
    """Run the model and keep nothing."""
    with torch.no_grad():
        for start in range(0, len(data), batch):
            model(torch.from_numpy(data[start : start + batch]))


def by_hand(model, data, layers, batch, shapes, guarded=False):
    """Keep the layers and the output as one does who writes it down once."""
    kept = {name: np.empty((len(data), *shape), np.float32) for name, shape in shapes.items()}
    place = slice(0, 0)

    def keeper(name):
        def keep(_module, _inputs, output):
            block = output.numpy()
            if guarded and not math.isfinite(np.vdot(block, block)):
                raise ValueError(name)
            kept[name][place] = block

        return keep

    hooks = [model.get_submodule(name).register_forward_hook(keeper(name)) for name in layers]
    keep_output = keeper("output")
    with torch.no_grad():
        for start in range(0, len(data), batch):
            place = slice(start, start + batch)
            rows = torch.from_numpy(data[place])
            keep_output(model, rows, model(rows.clone() if guarded else rows))
    for hook in hooks:
        hook.remove()
    return kept


def seconds(run):
    """Return the seconds of `run` by the clock, until its result is there."""
    begin = time.perf_counter()
    result = run()
    took = time.perf_counter() - begin
    del result  # to give its memory back is no part of it
    return took


def row(name, model, data, layers, batch):
    """Measure one network and print a line."""
    rec = record(model, data[:2], layers, progress=False)
    shapes = {name: rec[name].shape[1:] for name in layers} | {"output": rec.output.shape[1:]}
    runs = [
        (
            seconds(lambda: plain(model, data, batch)),
            seconds(lambda: record(model, data, layers, batch_size=batch, progress=False)),
            seconds(lambda: by_hand(model, data, layers, batch, shapes)),
            seconds(lambda: by_hand(model, data, layers, batch, shapes, guarded=True)),
        )
        for _ in range(RUNS)
    ]
    forward, recorded = np.median(runs[3:], axis=0)[:2]
    pairs, hand, guarded = (np.median([one[way] / one[0] for one in runs[3:]]) for way in (1, 2, 3))
    print(
        f"{name:<40} {batch:5} {1e3 * forward:8.1f} ms {1e3 * recorded:8.1f} ms"
        f" {recorded / forward:7.3f} x {pairs:7.3f} x {hand:7.3f} x {guarded:7.3f} x"
    )


def main():
    """Print the table."""
    pixels = (load_mnist().data / 255).astype(np.float32)
    print(f"threads: {torch.get_num_threads()}")
    heads = f"{'plain':>11} {'record':>11} {'ratio':>9} {'pairs':>9} {'by hand':>9} {'guarded':>9}"
    print(f"{'':<40} {'batch':>5} {heads}")
    torch.manual_seed(0)
    cnn = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        nn.Linear(400, 10),
    ).eval()
    images = pixels[:2000].reshape(-1, 1, 28, 28)
    for batch in (256, 512, 1024):
        mlp = load_mnist_classifier()
        row("MLP 784-200-200-10, 10,000 images", mlp, pixels, ["h1", "h2"], batch)
        row("CNN of 8 and 16 channels, 2,000 images", cnn, images, ["0", "1"], batch)


if __name__ == "__main__":
    main()
