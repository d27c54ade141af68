"""A trained MNIST classifier, with a decoder for each hidden layer."""

from collections import OrderedDict
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

import torch
from torch import nn

from nbinterp import _checks, _device
from nbinterp.network.decoding.decoder import Decoder

_IMAGE_SHAPE = (28, 28)
_N_PIXELS = 784
_N_DIGITS = 10
_DECODER_WIDTH = 256

# Mean and standard deviation of the pixels of the training images, scaled to [0, 1].
_MEAN, _DEVIATION = 0.1307, 0.3081


class MNISTClassifier(nn.Module):
    """A fully connected classifier of digits: 784 pixels, hidden layers, 10 logits.

    Each hidden layer is a block ``Linear → BatchNorm1d → ReLU → Dropout`` called ``h1``, ``h2``
    and so on. Recording ``"h1"`` gives the activations after the nonlinearity, ``"h1.linear"`` and
    ``"h1.norm"`` those before it.

    Parameters
    ----------
    hidden : sequence of int
        The number of nodes of each hidden layer.
    dropout : float
        The share of nodes that dropout sets to zero in training.

    Notes
    -----
    The input is pixels as floats in [0, 1], shape (n, 784); the network standardizes them. The
    output is logits. The paper uses log-softmax outputs instead, which differ from logits by one
    number for each sample.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.datasets import MNISTClassifier
    >>> MNISTClassifier().eval()(torch.zeros(3, 784)).shape
    torch.Size([3, 10])
    """

    if TYPE_CHECKING:
        output: nn.Linear

    def __init__(self, hidden: Sequence[int] = (200, 200), dropout: float = 0.3) -> None:
        super().__init__()
        widths = [_N_PIXELS, *hidden]
        for number, (inputs, nodes) in enumerate(zip(widths, hidden, strict=False), start=1):
            self.add_module(f"h{number}", _block(inputs, nodes, dropout))
        self.add_module("output", nn.Linear(widths[-1], _N_DIGITS))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the logits (n, 10) of pixels (n, 784), floats in [0, 1]."""
        if not pixels.is_floating_point():
            with _checks.call("MNISTClassifier"):
                _checks.fail(
                    f"({_checks.show(pixels)} of {pixels.dtype})",
                    "must be pixels as floats in [0, 1]",
                    "Pass load_mnist().data / 255.",
                    TypeError,
                )
        values = (pixels - _MEAN) / _DEVIATION
        for layer in self.children():
            values = layer(values)
        return values


@_checks.named
def load_mnist_classifier(device: str | torch.device = "cpu") -> MNISTClassifier:
    """Load a trained 784-200-200-10 classifier of MNIST.

    Its weights ship with this package. ``python -m nbinterp.datasets.train`` trained them on the
    training images; 98 % of the test images are classified correctly.

    Parameters
    ----------
    device : str or torch.device
        Where to put the model. ``"auto"`` is CUDA if there is one, else the CPU.

    Returns
    -------
    MNISTClassifier
        In eval mode.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels = torch.as_tensor(mnist.data[:5] / 255, dtype=torch.float32)
    >>> model(pixels).argmax(dim=1).tolist(), mnist.target[:5].tolist()
    ([7, 2, 1, 0, 4], [7, 2, 1, 0, 4])
    """
    with torch.device("meta"):  # no initial weights, which would draw from the global generator
        model = MNISTClassifier()
    model.load_state_dict(_weights("mnist_classifier"), assign=True)
    return model.eval().to(_device.resolve(device))


@_checks.named
def load_mnist_decoder(layer: str = "h1", device: str | torch.device = "cpu") -> Decoder:
    """Load the decoder of a hidden layer of `load_mnist_classifier`: from activations to an image.

    Parameters
    ----------
    layer : {"h1", "h2"}
        The hidden layer to decode.
    device : str or torch.device
        Where to put it. ``"auto"`` is CUDA if there is one, else the CPU.

    Returns
    -------
    Decoder
        From activations (n, 200) to pixels (n, 784) in [0, 1], whose `image_shape` is (28, 28).

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier, load_mnist_decoder
    >>> from nbinterp.network import record
    >>> rec = record(load_mnist_classifier(), load_mnist().data[:3] / 255, layers=["h1"])
    >>> load_mnist_decoder("h1").decode(rec["h1"]).shape
    (3, 784)
    """
    _checks.choice("layer", layer, ("h1", "h2"))
    weights = _weights(f"mnist_decoder_{layer}")
    error = float(weights.pop("validation_error"))
    n_hidden = weights["0.linear.weight"].shape[1]
    with torch.device("meta"):
        network = decoder_network(n_hidden)
    network.load_state_dict(weights, assign=True)
    network.eval().to(_device.resolve(device))
    return Decoder(
        network,
        layer=layer,
        n_hidden=n_hidden,
        validation_error=error,
        image_shape=_IMAGE_SHAPE,
    )


def decoder_network(n_hidden: int) -> nn.Sequential:
    """Return the untrained network of a decoder from `n_hidden` nodes to pixels in [0, 1]."""
    # The paper mirrors the encoder, so its decoder of the first layer is linear up to the sigmoid.
    # With one hidden layer, both decoders draw sharper digits.
    block = _block(n_hidden, _DECODER_WIDTH, dropout=0.0)
    return nn.Sequential(block, nn.Linear(_DECODER_WIDTH, _N_PIXELS), nn.Sigmoid())


def _block(inputs: int, nodes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            linear=nn.Linear(inputs, nodes),
            norm=nn.BatchNorm1d(nodes),
            relu=nn.ReLU(),
            dropout=nn.Dropout(dropout),
        )
    )


def _weights(name: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a shipped file, whose floats are in half precision, in float32."""
    from safetensors.torch import load  # slow to import, rarely needed

    raw = (resources.files("nbinterp.datasets") / "data" / f"{name}.safetensors").read_bytes()
    tensors = load(raw)
    return {key: t.float() if t.is_floating_point() else t for key, t in tensors.items()}
