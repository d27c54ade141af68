"""Train the networks that ship with this package: ``python -m nbinterp.datasets.train``.

It needs the training split of MNIST (see `nbinterp.datasets.load_mnist`), takes some minutes on
a CPU, and writes the three ``.safetensors`` files of ``nbinterp/datasets/data``. The networks
are chosen by 10,000 held-out training images; the test images only measure the result.
"""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import nn
from tqdm.auto import tqdm

from nbinterp.datasets.classifiers import (
    MNISTClassifier,
    decoder_network,
    load_mnist_classifier,
    load_mnist_decoder,
)
from nbinterp.datasets.mnist import load_mnist
from nbinterp.network import record

_LAYERS = ("h1", "h2")
_N_VALIDATION = 10_000
_DATA = Path(__file__).parent / "data"

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Pair = tuple[torch.Tensor, torch.Tensor]


def train(
    network: nn.Module,
    loss: Loss,
    training: Pair,
    validation: Pair,
    *,
    learning_rate: float,
    batch_size: int = 128,
    max_epochs: int = 30,
    patience: int = 10,
    seed: int = 0,
) -> float:
    """Train `network` with Adam until `patience` epochs bring nothing, and keep the best epoch.

    The learning rate falls to zero along a half cosine over `max_epochs`. At last the parameters
    are rounded to half precision, as they will be stored.

    Parameters
    ----------
    network : torch.nn.Module
        Left in eval mode with the rounded parameters of the epoch of the lowest validation loss.
    loss : callable
        From outputs and targets to their mean loss.
    training, validation : pair of tensors
        Inputs and targets.
    learning_rate : float
        Adam's, at the start.
    batch_size, max_epochs, patience, seed : int
        Samples a step; epochs at most; epochs without improvement before stopping; what the
        order of samples and dropout follow from.

    Returns
    -------
    float
        The validation loss of what is kept.
    """
    inputs, targets = training
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max_epochs)
    best, best_state, best_epoch = float("inf"), network.state_dict(), 0
    # Dropout draws from torch's global generator: what it was is put back afterwards.
    with torch.random.fork_rng(), tqdm(range(max_epochs), desc=type(network).__name__) as epochs:
        torch.manual_seed(seed)
        for epoch in epochs:
            network.train()
            order = torch.randperm(len(inputs))
            for start in range(0, len(order), batch_size):
                rows = order[start : start + batch_size]
                optimizer.zero_grad()
                loss(network(inputs[rows]), targets[rows]).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
            score = _score(network, loss, validation)
            if score < best:
                best, best_epoch = score, epoch
                best_state = copy.deepcopy(network.state_dict())
            epochs.set_postfix(validation=f"{score:.5f}", best=f"{best:.5f}")
            if epoch - best_epoch >= patience:
                break
    network.load_state_dict(best_state)
    return _score(network.half().float(), loss, validation)


def _score(network: nn.Module, loss: Loss, pair: Pair) -> float:
    network.eval()
    with torch.no_grad():
        return float(loss(network(pair[0]), pair[1]))


def main(seed: int = 0) -> str:
    """Train the classifier and its decoders, write them into the package, return their figures.

    Parameters
    ----------
    seed : int
        What the split, the initial weights and the order of samples follow from.

    Returns
    -------
    str
        What they reach on the test images.
    """
    mnist = load_mnist("train")
    pixels = torch.as_tensor(mnist.data, dtype=torch.float32) / 255
    digits = torch.as_tensor(mnist.target)
    order = np.random.default_rng(seed).permutation(len(digits))
    held_out, rest = order[:_N_VALIDATION], order[_N_VALIDATION:]

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classifier = MNISTClassifier()
        decoders = {layer: decoder_network(200) for layer in _LAYERS}
    train(
        classifier,
        nn.functional.cross_entropy,
        (pixels[rest], digits[rest]),
        (pixels[held_out], digits[held_out]),
        learning_rate=1e-3,
        seed=seed,
    )
    _save(classifier, "mnist_classifier")

    # From the file, so that decoders fit the rounded weights that they will be used with.
    hidden = record(load_mnist_classifier(), pixels, layers=_LAYERS)
    for layer, decoder in decoders.items():
        activations = torch.from_numpy(hidden[layer])
        error = train(
            decoder,
            nn.functional.mse_loss,
            (activations[rest], pixels[rest]),
            (activations[held_out], pixels[held_out]),
            learning_rate=2e-3,
            batch_size=256,
            max_epochs=60,
            seed=seed,
        )
        _save(decoder, f"mnist_decoder_{layer}", validation_error=error)
    return evaluate()


def evaluate() -> str:
    """Return what the packaged networks reach on the test images, as text.

    Returns
    -------
    str
        One line a network.
    """
    mnist = load_mnist("test")
    pixels = (mnist.data / 255).astype(np.float32)
    rec = record(load_mnist_classifier(), pixels, layers=_LAYERS)
    lines = [f"classifier: accuracy {np.mean(rec.output.argmax(axis=1) == mnist.target):.4f}"]
    for layer in _LAYERS:
        decoder = load_mnist_decoder(layer)
        error = np.mean((decoder.decode(rec[layer]) - pixels) ** 2)
        lines.append(
            f"decoder of {layer}: mean squared error {error:.5f}"
            f" (validation {decoder.validation_error:.5f}, mean image "
            f"{np.mean((pixels - pixels.mean(axis=0)) ** 2):.5f})"
        )
    return "\n".join(lines)


def _save(network: nn.Module, name: str, **figures: float) -> None:
    tensors = {
        key: value.half() if value.is_floating_point() else value
        for key, value in network.state_dict().items()
    }
    figured = {key: torch.tensor(value, dtype=torch.float32) for key, value in figures.items()}
    (_DATA / f"{name}.safetensors").write_bytes(save(tensors | figured))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    print(main(parser.parse_args().seed))  # noqa: T201
