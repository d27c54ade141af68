"""Communities and Crime: census and police figures of 1994 communities in the USA."""

import hashlib

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray
from nbinterp.datasets.dataset import Dataset
from nbinterp.datasets.fetching import from_openml, in_folder

# Columns that identify a community or a fold of the authors' cross-validation.
_LABELS = ["state", "county", "community", "communityname", "fold"]

# sha256 of the published column names, states and values in hundredths.
_SHA256 = "7d918b174f46094afece3cae0c9cf69c3e2e876674e5d63bdd7c706c4719476a"

# Postal codes, at the positions of the census's numbers of states. Numbers 3, 7, … are unused.
_POSTAL = """
-- AL AK -- AZ AR CA -- CO CT DE DC FL GA -- HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT
NE NV NH NJ NM NY NC ND OH OK OR PA -- RI SC SD TN TX UT VT VA -- WA WV WI WY
"""

_DESCRIPTION = """\
Communities and Crime: 1994 communities of the USA with 100 figures each, from the census of 1990,
the police survey of 1990 and the crime reports of 1995, scaled to 0 to 1; the target is the
state. M. Redmond, 2009, UCI Machine Learning Repository, https://doi.org/10.24432/C53W3X;
licence CC BY 4.0."""


@_checks.named
def load_communities() -> Dataset:
    """Load the table Communities and Crime, without the columns that have missing values.

    Each row is a community in the USA, each column a figure about it: incomes, households, police,
    crime. The table is read from ``communities.csv.gz`` in the folder that the environment variable
    ``NBINTERP_DATA`` names (UCI's table with a line of column names, missing values left empty).
    Without that file it is downloaded from OpenML, where it is called ``us_crime``; scikit-learn
    caches it. Either way the values are checked against those published.

    Returns
    -------
    Dataset
        `data` is (1994, 100) float64 from 0 to 1, each column scaled on its own and rounded to
        hundredths. `target` is (1994,), the postal code of the state, such as ``"TX"``. Crime is
        the column ``"ViolentCrimesPerPop"``.

    Raises
    ------
    FileNotFoundError
        If the table is not on disk and cannot be downloaded from OpenML.
    ValueError
        If the values differ from those published.

    References
    ----------
    Redmond, "Communities and Crime", UCI Machine Learning Repository (2009),
    https://doi.org/10.24432/C53W3X. The columns are those of Kerby, White and Moon, arXiv
    2402.04440 (2024), section 3.2.

    Examples
    --------
    >>> from nbinterp.datasets import load_communities
    >>> load_communities()  # doctest: +SKIP
    Dataset(data=(1994, 100) float64, target=(1994,) <U2, image_shape=None)
    """
    # Text becomes missing, and so do the question marks of OpenML for missing values.
    table = _table().astype(str).apply(pd.to_numeric, errors="coerce")
    states = table.reindex(columns=["state"]).fillna(0).to_numpy(np.int64)[:, 0]
    complete = table.drop(columns=_LABELS, errors="ignore").dropna(axis=1)
    names = tuple(str(name) for name in complete.columns)
    values = complete.to_numpy(np.float64)
    _checks.require(
        _fingerprint(names, states, values) == _SHA256,
        "()",
        "must find the published table, but its sha256 differs",
        "Replace the file by an unchanged copy of UCI's Communities and Crime.",
    )
    return Dataset(
        data=values,
        target=np.array(_POSTAL.split())[states],
        feature_names=names,
        image_shape=None,
        description=_DESCRIPTION,
    )


def _table() -> pd.DataFrame:
    path = in_folder("communities.csv.gz")
    if path is not None:
        return pd.read_csv(path)
    frame: pd.DataFrame = from_openml(
        "()",
        "us_crime",
        "communities.csv.gz",
        "Go online, or put UCI's table into a folder, with a line of column names, and set"
        " NBINTERP_DATA to it.",
        as_frame=True,
    ).frame
    return frame


def _fingerprint(names: tuple[str, ...], states: IntArray, values: FloatArray) -> str:
    """Return the sha256 of the parts of the table that are used, however it was stored."""
    parts = [
        ",".join(names).encode(),
        states.astype("<i8").tobytes(),
        np.rint(100 * values).astype("<i8").tobytes(),
    ]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
