"""MNIST: the test split from this package, the training split from disk or OpenML."""

import hashlib
import lzma
import struct
from importlib import resources
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import ByteArray
from nbinterp.datasets.dataset import Dataset
from nbinterp.datasets.fetching import from_openml, in_folder

# OpenML's table holds the training split, then the test split, in the original order.
_N_TRAIN = 60_000

# sha256 of the raw files as LeCun, Cortes and Burges published them, header included.
_SHA256 = {
    "train": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "test": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}

_DESCRIPTION = """\
MNIST, the {split} split: handwritten digits, 28 x 28 pixels, 0 (paper) to 255 (ink), in the
order of the original files; the target is the digit. Y. LeCun, C. Cortes and C. Burges, 1998;
usually stated as CC BY-SA 3.0."""


@_checks.named
def load_mnist(split: str = "test") -> Dataset:
    """Load the handwritten digits of MNIST.

    The test split ships with this package. The training split is read from ``mnist.npz`` in the
    folder that the environment variable ``NBINTERP_DATA`` names (arrays ``x_train`` and
    ``y_train``), or else downloaded from OpenML, which scikit-learn caches in its data folder.
    Either way the bytes are checked against those of the original files.

    Parameters
    ----------
    split : {"test", "train"}
        The 10,000 test images or the 60,000 training images.

    Returns
    -------
    Dataset
        `data` is (n, 784) uint8, from 0 to 255: the rows of an image of ``image_shape`` (28, 28),
        one after another. `target` is (n,) int64, the digits. The networks of this package take
        ``data / 255``.

    Raises
    ------
    FileNotFoundError
        If the training split is not on disk and cannot be downloaded from OpenML.
    ValueError
        If `split` is unknown, or the bytes differ from those of MNIST.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86 (1998).

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist
    >>> mnist = load_mnist()
    >>> mnist.data.shape, mnist.target[:5].tolist()
    ((10000, 784), [7, 2, 1, 0, 4])
    """
    _checks.choice("split", split, tuple(_SHA256))
    images, digits = _shipped() if split == "test" else _training()
    for kind, array, expected in zip(
        ("images", "labels"), (images, digits), _SHA256[split], strict=True
    ):
        _checks.require(
            hashlib.sha256(_idx_header(array) + array.tobytes()).hexdigest() == expected,
            f"(split={split!r})",
            f"must find the original {kind}, but their sha256 differs",
            "Replace the file by an unchanged copy of MNIST.",
        )
    return Dataset(
        data=images.reshape(len(images), -1),
        target=digits.astype(np.int64),
        feature_names=tuple(f"pixel {row},{column}" for row, column in np.ndindex(28, 28)),
        image_shape=(28, 28),
        description=_DESCRIPTION.format(split=split),
    )


def _shipped() -> tuple[ByteArray, ByteArray]:
    folder = resources.files("nbinterp.datasets") / "data"
    names = ("t10k-images-idx3-ubyte.xz", "t10k-labels-idx1-ubyte.xz")
    images, digits = (_read_idx(lzma.decompress((folder / name).read_bytes())) for name in names)
    return images, digits


def _training() -> tuple[ByteArray, ByteArray]:
    path = in_folder("mnist.npz")
    if path is None:
        return _from_openml()
    with np.load(path, allow_pickle=False) as arrays:
        return _bytes(arrays["x_train"]), _bytes(arrays["y_train"])


def _from_openml() -> tuple[ByteArray, ByteArray]:
    table = from_openml(
        "(split='train')",
        "mnist_784",
        "mnist.npz",
        "Set NBINTERP_DATA to a folder with that file, or use split='test', which ships.",
        as_frame=False,
    )
    images, digits = table.data[:_N_TRAIN], table.target[:_N_TRAIN]
    return _bytes(images).reshape(-1, 28, 28), _bytes(digits)


def _bytes(array: Any) -> ByteArray:
    return np.ascontiguousarray(array).astype(np.uint8)


def _read_idx(raw: bytes) -> ByteArray:
    """Return the array in an idx file of unsigned bytes."""
    n_dimensions = raw[3]
    start = 4 + 4 * n_dimensions
    shape = struct.unpack(f">{n_dimensions}I", raw[4:start])
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape).copy()


def _idx_header(array: ByteArray) -> bytes:
    """Return the header of `array` in an idx file; 8 means unsigned bytes."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
