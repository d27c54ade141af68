"""Store the batches of a recording, in memory or in files.

Files are ``.npy`` files that grow: `numpy.memmap` needs the number of rows before the first one,
which a stream of data cannot tell.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatingArray

_INDEX = "recording.json"


class Store(Protocol):
    """An array that gains rows."""

    def append(self, block: FloatingArray) -> None:
        """Copy `block`, float32, to the end."""

    def close(self) -> FloatingArray:
        """Return all rows; no more may be added."""


class InMemory:
    """Rows in one array, allocated at once if their number is known."""

    def __init__(self, dtype: str, n_rows: int | None) -> None:
        self._dtype, self._n_rows, self._used = dtype, n_rows or 0, 0
        self._array: FloatingArray | None = None

    def append(self, block: FloatingArray) -> None:
        """Copy `block` to the end."""
        end = self._used + len(block)
        if self._array is None or end > len(self._array):
            n_rows = max(end, self._n_rows, 0 if self._array is None else 2 * len(self._array))
            larger = np.empty((n_rows, *block.shape[1:]), self._dtype)
            if self._array is not None:
                larger[: self._used] = self._array[: self._used]
            self._array = larger
        self._array[self._used : end] = block
        self._used = end

    def close(self) -> FloatingArray:
        """Return all rows, without memory reserved for more."""
        array = self._array if self._array is not None else np.empty(0, self._dtype)
        return array if len(array) == self._used else array[: self._used].copy()


class InFile:
    """Rows in a ``.npy`` file, whose header gets their number when it is closed."""

    def __init__(self, path: Path, dtype: str) -> None:
        self._path, self._dtype, self._used = path, np.dtype(dtype), 0
        self._shape: tuple[int, ...] = ()

    def append(self, block: FloatingArray) -> None:
        """Write `block` to the end."""
        # Opened for each block, so that no file stays open if the recording is interrupted.
        with self._path.open("ab") as file:
            if self._used == 0:
                self._shape = tuple(block.shape[1:])
                self._write_header(file)
            np.ascontiguousarray(block, self._dtype).tofile(file)
        self._used += len(block)

    def close(self) -> FloatingArray:
        """Return the file as a read-only memory map."""
        with self._path.open("r+b") as file:
            self._write_header(file)
        array: FloatingArray = open_array(self._path)
        return array

    def _write_header(self, file: BinaryIO) -> None:
        # NumPy pads the header: the first axis may grow without moving the data.
        shape = (self._used, *self._shape)
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)


def open_array(path: Path) -> Any:
    """Return a file of `InFile` as a read-only memory map."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


@contextmanager
def new_folder(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a draft folder that becomes `folder` at the end, or is removed on any exception."""
    target = Path(folder)
    _checks.require(
        not target.exists(),
        f"(folder={os.fspath(folder)!r})",
        "must not exist yet",
        "Choose another folder, or delete this one.",
        FileExistsError,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield draft
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft)
        raise


def write_index(folder: Path, index: dict[str, Any]) -> None:
    """Write the index of `folder`; without it the folder does not open."""
    (folder / _INDEX).write_text(json.dumps(index), encoding="utf-8")


def read_index(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the index that `write_index` wrote."""
    path = Path(folder) / _INDEX
    _checks.require(
        path.is_file(),
        f"(folder={os.fspath(folder)!r})",
        f"must be a folder that record made, with a {_INDEX}",
        "Record again with folder=.",
        FileNotFoundError,
    )
    index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return index
