import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from nbinterp.datasets import load_communities

FILE = Path(os.environ["NBINTERP_DATA"], "communities.csv.gz")

needs_the_table = pytest.mark.skipif(
    not FILE.is_file(), reason="NBINTERP_DATA names no folder with communities.csv.gz"
)


@pytest.fixture
def no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("NBINTERP_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_openml_has_it(**changes):
    """The table with numbers as texts, question marks for gaps and states as categories."""
    table = pd.read_csv(FILE).assign(**changes)
    gapped = [name for name in table.columns if table[name].isna().any()]
    table[gapped] = table[gapped].astype(object).where(table[gapped].notna(), "?")
    table["state"] = table["state"].astype(str).astype("category")
    return lambda *args, **kwargs: SimpleNamespace(frame=table)


@needs_the_table
def test_the_table_of_the_paper():
    communities = load_communities()
    table = pd.read_csv(FILE)
    assert communities.data.shape == (1994, 100)
    assert communities.data.min() == 0 and communities.data.max() == 1
    assert communities.feature_names[0] == "population"
    assert communities.feature_names[-1] == "ViolentCrimesPerPop"
    for column, name in enumerate(communities.feature_names):
        np.testing.assert_array_equal(communities.data[:, column], table[name])
    assert "CC BY 4.0" in communities.description and "Redmond" in communities.description


@needs_the_table
def test_states_are_those_of_the_communities():
    communities = load_communities()
    places = pd.Series(communities.target, index=pd.read_csv(FILE).communityname)
    for place, state in [("Seattlecity", "WA"), ("Dallascity", "TX"), ("Tulsacity", "OK")]:
        assert places[place] == state
    assert "--" not in set(communities.target)
    assert len(set(communities.target)) == 46


@needs_the_table
def test_from_openml(monkeypatch, request):
    expected = load_communities()
    openml = as_openml_has_it()
    request.getfixturevalue("no_folder")
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", openml)
    found = load_communities()
    np.testing.assert_array_equal(found.data, expected.data)
    np.testing.assert_array_equal(found.target, expected.target)
    assert found.feature_names == expected.feature_names


@needs_the_table
@pytest.mark.parametrize("column", ["PctIlleg", "state"])
def test_changed_values_are_refused(monkeypatch, request, column):
    changed = pd.read_csv(FILE)[column].to_numpy().copy()
    changed[7] = changed[8] if changed[7] != changed[8] else changed[9]
    openml = as_openml_has_it(**{column: changed})
    request.getfixturevalue("no_folder")
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", openml)
    with pytest.raises(ValueError, match="must find the published table, but its sha256 differs"):
        load_communities()


def test_another_table_is_refused(no_folder):
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_csv(no_folder / "communities.csv.gz")
    with pytest.raises(ValueError, match="sha256 differs"):
        load_communities()


@pytest.mark.usefixtures("no_folder")
def test_without_folder_or_network_the_error_names_the_way_out(monkeypatch):
    def offline(*args, **kwargs):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", offline)
    with pytest.raises(
        FileNotFoundError,
        match=r"no route to host\)\. Go online, or put UCI's table into a folder",
    ):
        load_communities()
