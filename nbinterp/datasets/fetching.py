"""Find tables that do not ship with the package: in the user's folder, or at OpenML."""

import os
from pathlib import Path
from typing import Any

from nbinterp import _checks


def in_folder(name: str) -> Path | None:
    """Return the path of `name` in the folder ``NBINTERP_DATA``, or None if it is not there."""
    path = Path(os.environ.get("NBINTERP_DATA", "")) / name
    return path if path.is_file() else None


def from_openml(what: str, table: str, file: str, remedy: str, *, as_frame: bool) -> Any:
    """Return version 1 of a table of OpenML. scikit-learn downloads and caches it.

    Raises FileNotFoundError if that fails. The error names the argument `what` and the `file` that
    was not in the user's folder.
    """
    from sklearn.datasets import fetch_openml  # slow to import, rarely needed

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
