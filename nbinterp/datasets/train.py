"""Train the networks that ship with this package: ``python -m nbinterp.datasets.train``.

It needs the training split of MNIST (see `nbinterp.datasets.load_mnist`), takes a few minutes on
a CPU, and writes the three ``.safetensors`` files in ``nbinterp/datasets/data``. Training stops by
10,000 held-out training images; the test images only measure the result.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from nbinterp.datasets.classifiers import (
    MNISTClassifier,
    decoder_network,
    load_mnist_classifier,
    load_mnist_decoder,
)
from nbinterp.datasets.mnist import load_mnist
from nbinterp.network import record
from nbinterp.network.decoding.training import score, train

_LAYERS = ("h1", "h2")
_N_VALIDATION = 10_000
_DATA = Path(__file__).parent / "data"


def main(seed: int = 0) -> str:
    """Train the classifier and its decoders, write them into the package, return their scores.

    Parameters
    ----------
    seed : int
        Determines the split, the initial weights and the order of samples.

    Returns
    -------
    str
        Scores on the test images.
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
    round_to_half(classifier)
    _save(classifier, "mnist_classifier")

    # From the file, so that the decoders are trained on the rounded weights they will be used with.
    hidden = record(load_mnist_classifier(), pixels, layers=_LAYERS)
    for layer, decoder in decoders.items():
        activations = torch.from_numpy(hidden[layer])
        train(
            decoder,
            nn.functional.mse_loss,
            (activations[rest], pixels[rest]),
            (activations[held_out], pixels[held_out]),
            learning_rate=2e-3,
            batch_size=256,
            max_epochs=60,
            seed=seed,
        )
        unseen = (activations[held_out], pixels[held_out])
        error = score(round_to_half(decoder), nn.functional.mse_loss, unseen)
        _save(decoder, f"mnist_decoder_{layer}", validation_error=error)
    return evaluate()


def evaluate() -> str:
    """Return the scores of the packaged networks on the test images, as text.

    Returns
    -------
    str
        One line for each network.
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


def round_to_half(network: nn.Module) -> nn.Module:
    """Round `network` in place to half precision, in which it is stored."""
    return network.half().float()


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
