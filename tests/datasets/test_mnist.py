import hashlib
import lzma
import os
import struct
from importlib import resources
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.datasets

from nbinterp.datasets import load_mnist

DATA = resources.files("nbinterp.datasets") / "data"

needs_training_images = pytest.mark.skipif(
    not Path(os.environ["NBINTERP_DATA"], "mnist.npz").is_file(),
    reason="NBINTERP_DATA names no folder with mnist.npz",
)


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        (
            "t10k-images-idx3-ubyte.xz",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        (
            "t10k-labels-idx1-ubyte.xz",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ],
)
def test_shipped_files_hold_the_original_bytes(name, sha256):
    assert hashlib.sha256(lzma.decompress((DATA / name).read_bytes())).hexdigest() == sha256


def test_what_ships_is_small_and_holds_no_pickle():
    files = [file for file in Path(str(DATA)).iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 4 * 2**20
    assert {file.suffix for file in files} == {".xz", ".safetensors", ".md"}


def test_test_split():
    digits = load_mnist()
    assert digits.data.shape == (10_000, 784)
    assert digits.data.dtype == np.uint8
    assert digits.image_shape == (28, 28)
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(digits.target).tolist() == counts
    assert digits.feature_names[30] == "pixel 1,2"
    assert "test split" in digits.description
    # The first image is a 7: a bar above, and below it a stroke in the left half.
    ink = digits.data[0].reshape(28, 28) > 100
    assert ink[:11].sum(axis=1).max() > 12
    assert ink[20:].any() and not ink[20:, 16:].any()


def test_a_caller_may_write_into_the_arrays_without_harm():
    load_mnist().data[:] = 0
    assert load_mnist().data.max() == 255


@needs_training_images
def test_training_split_from_the_folder():
    digits = load_mnist("train")
    assert digits.data.shape == (60_000, 784)
    assert digits.target[:5].tolist() == [5, 0, 4, 1, 9]


def fake_openml(images, digits):
    table = SimpleNamespace(data=images.reshape(len(images), -1).astype(float), target=digits)
    return lambda *args, **kwargs: table


@pytest.fixture
def no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("NBINTERP_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@needs_training_images
def test_training_split_from_openml(monkeypatch, request):
    train, test = load_mnist("train"), load_mnist("test")
    request.getfixturevalue("no_folder")
    both = np.vstack([train.data, test.data])
    digits = np.concatenate([train.target, test.target]).astype(str).astype(object)
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fake_openml(both, digits))
    np.testing.assert_array_equal(load_mnist("train").data, train.data)


@pytest.mark.usefixtures("no_folder")
def test_changed_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(
        sklearn.datasets, "fetch_openml", fake_openml(np.zeros((70_000, 784)), np.zeros(70_000))
    )
    with pytest.raises(ValueError, match="must find the original images, but their sha256 differs"):
        load_mnist("train")


@pytest.mark.usefixtures("no_folder")
def test_without_folder_or_network_the_error_names_the_way_out(monkeypatch):
    def offline(*args, **kwargs):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    with pytest.raises(FileNotFoundError, match=r"no route to host\)\. Set NBINTERP_DATA"):
        load_mnist("train")


def test_unknown_split():
    with pytest.raises(ValueError, match=r"split='val'\) must be one of 'train', 'test'"):
        load_mnist("val")


def test_the_arrays_are_the_bytes_of_the_idx_files_after_their_headers():
    digits = load_mnist()
    raw = lzma.decompress((DATA / "t10k-images-idx3-ubyte.xz").read_bytes())
    assert raw[:4] == b"\x00\x00\x08\x03"
    assert struct.unpack(">3I", raw[4:16]) == (10_000, *digits.image_shape)
    assert digits.data.tobytes() == raw[16:]
    raw = lzma.decompress((DATA / "t10k-labels-idx1-ubyte.xz").read_bytes())
    assert digits.target.astype(np.uint8).tobytes() == raw[8:]
