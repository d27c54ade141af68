"""Decode activations with a `Decoder`, a network or a function into rows of variables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True)
class DecoderAdapter:
    """From activations (n, n_nodes) to inputs (n, n_features), with their layout."""

    decode: Callable[[torch.Tensor], Float32Array] | None
    image_shape: tuple[int, ...] | None = None
    feature_names: tuple[str, ...] | None = None

    def __call__(self, hidden: torch.Tensor) -> Float32Array | None:
        """Return the decoded rows, None without a decoder."""
        if self.decode is None:
            return None
        decoded = _channels_last(self.decode(hidden))
        _checks.require(
            len(decoded) == len(hidden),
            f"(decode): an output of shape {decoded.shape} for {len(hidden)} rows",
            "must have one row per row of activations",
            "Return an array of shape (n, n_features) or (n, height, width).",
        )
        return decoded.reshape(len(decoded), -1)


def decoder_adapter(
    decode: Any,
    layer: str,
    activation: torch.Tensor,
    image_shape: tuple[int, ...] | None,
    feature_names: Sequence[object] | None,
) -> DecoderAdapter:
    """Return an adapter for activations of `layer`, after trying it once on `activation`."""
    if decode is None:
        return DecoderAdapter(None)
    shape = activation.shape[1:]
    run = _decoder(decode, layer, shape)
    trial = activation[:1].reshape(1, -1).to(torch.promote_types(activation.dtype, torch.float32))
    with torch.no_grad():
        decoded = run(trial)
    _checks.require(
        decoded.ndim > 1 and len(decoded) == 1,
        f"(decode): an output of shape {decoded.shape} for one row",
        "must have one row per row of activations",
        "Return an array of shape (n, n_features) or (n, height, width).",
    )
    decoded = _channels_last(decoded)
    n_features = decoded[0].size
    if image_shape is not None:
        _checks.require(
            len(image_shape) in (2, 3) and int(np.prod(image_shape)) == n_features,
            f"(image_shape={image_shape})",
            f"must be (height, width) or (height, width, 3) of {n_features} decoded variables",
            "Pass the shape of one image.",
        )
        image_shape = tuple(int(side) for side in image_shape)
    elif decoded.ndim > 2:
        image_shape = decoded.shape[1:]
    names = None
    if feature_names is not None:
        names = tuple(_checks.names("feature_names", feature_names, n_features))
    return DecoderAdapter(run, image_shape, names)


def _decoder(decode: Any, layer: str, shape: torch.Size) -> Callable[[torch.Tensor], Float32Array]:
    if isinstance(decode, Decoder):
        _checks.require(
            decode.layer == layer and decode.n_hidden == shape.numel(),
            f"(decode) of {decode.n_hidden} nodes of {decode.layer!r}",
            f"must be a decoder of {layer!r}, which has {shape.numel()} nodes",
            "Pass the decoder that was fitted to this layer of this network.",
        )
        return lambda hidden: np.asarray(decode.decode(hidden), dtype=np.float32)
    if isinstance(decode, nn.Module):
        network = Subject(decode)
        device, dtype = network.device, network.dtype

        def by_module(hidden: torch.Tensor) -> Float32Array:
            with network.ready():
                decoded = network.run(hidden.reshape(-1, *shape).to(device, dtype))
            rows: Float32Array = decoded.to("cpu", torch.float32).numpy()
            return rows

        return by_module
    _checks.require(
        callable(decode),
        f"(decode={_checks.show(decode)})",
        "must be a Decoder or a callable",
        "Pass a function from activations to inputs.",
        TypeError,
    )

    def by_function(hidden: torch.Tensor) -> Float32Array:
        given = hidden.to("cpu", torch.float32).numpy().reshape(-1, *shape)
        return np.asarray(_checks.to_numpy(decode(given)), dtype=np.float32)

    return by_function


def _channels_last(decoded: Float32Array) -> Float32Array:
    """Return images (n, height, width[, 3]) with colours last; a single channel is dropped."""
    if decoded.ndim != 4:
        return decoded
    if decoded.shape[1] in (1, 3) and decoded.shape[3] not in (1, 3):
        decoded = np.moveaxis(decoded, 1, 3)
    return decoded[..., 0] if decoded.shape[3] == 1 else decoded
