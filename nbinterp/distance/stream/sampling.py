"""Keep pre-activations of as many samples as fit into memory."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from nbinterp._typing import Float32Array, IntArray

# For two float32 values per sample and node: enough for 60,000 samples of 500 nodes.
_MOST_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class Sampled:
    """Pre-activations of every `stride`-th sample.

    Attributes
    ----------
    stride : int
        1 if all samples are kept.
    means : ndarray of shape (n_kept, n_nodes), float32
        Mean over the rows of each sample: the pre-activation itself if there is one row.
    rows : ndarray of shape (n_kept, n_nodes), float32
        One row of each sample, drawn at random.
    codes : ndarray of shape (n_kept,)
        Clusters of these rows.
    """

    stride: int
    means: Float32Array
    rows: Float32Array
    codes: IntArray

    def recoded(self, numbers: IntArray) -> "Sampled":
        """Return a copy in which cluster i has the number ``numbers[i]``."""
        return replace(self, codes=numbers[self.codes])


class Sampler:
    """Collect `Sampled` from a stream; drop every other sample whenever memory runs out."""

    def __init__(self, seed: np.random.RandomState, most_bytes: int = _MOST_BYTES) -> None:
        self.seed = seed
        self.most_bytes = most_bytes
        self.stride = 1
        self.parts: list[tuple[Tensor, Tensor, Tensor]] = []
        self.bytes = 0

    def add(self, first: int, n_samples: int, z: Tensor, codes: Tensor) -> None:
        """Take rows z (n_samples * rows per sample, n_nodes) of samples from `first` on."""
        chosen = torch.arange(n_samples, device=z.device)[-first % self.stride :: self.stride]
        if len(chosen) == 0:
            return
        each = len(z) // n_samples
        if each == 1:
            values = z[chosen].to(torch.float32)
            kept = (values, values, codes[chosen])
        else:
            at = torch.as_tensor(self.seed.randint(0, each, len(chosen)), device=z.device)
            places = chosen * each + at
            means = z.reshape(n_samples, each, -1)[chosen].mean(1)
            kept = (means.to(torch.float32), z[places].to(torch.float32), codes[places])
        self.parts.append(kept)
        self.bytes += 8 * kept[0].numel()
        while self.bytes > self.most_bytes and self.stride < 2**30:
            self._thin()

    def _thin(self) -> None:
        together = self._joined()
        self.parts = [tuple(part[::2].clone() for part in together)]  # type: ignore[list-item]
        self.stride *= 2
        self.bytes = 8 * self.parts[0][0].numel()

    def _joined(self) -> tuple[Tensor, Tensor, Tensor]:
        means, rows, codes = (torch.cat(part) for part in zip(*self.parts, strict=True))
        return means, rows, codes

    def result(self) -> Sampled:
        """Return the samples that were kept."""
        means, rows, codes = (part.cpu().numpy() for part in self._joined())
        return Sampled(self.stride, means, rows, codes)
