"""Tables that do not ship: from the user's folder, or else from OpenML."""

import os
from pathlib import Path
from typing import Any

from nbinterp import _checks


def in_folder(name: str) -> Path | None:
    """Return the file `name` of the folder that ``NBINTERP_DATA`` names, if it is there."""
    path = Path(os.environ.get("NBINTERP_DATA", "")) / name
    return path if path.is_file() else None


def from_openml(what: str, table: str, file: str, remedy: str, *, as_frame: bool) -> Any:
    """Return version 1 of a table of OpenML, which scikit-learn caches.

    Raises FileNotFoundError if it is not to be had; `file` was looked for before. `what` is the
    argument that errors name.
    """
    from sklearn.datasets import fetch_openml  # here: slow to import, and seldom needed

    try:
        return fetch_openml(table, version=1, as_frame=as_frame, parser="pandas")
    except (OSError, ValueError) as error:
        _checks.fail(
            what,
            f"must find {file} in the folder NBINTERP_DATA, or reach openml.org"
            f" ({type(error).__name__}: {error})".rstrip("."),
            remedy,
            FileNotFoundError,
        )
