"""Files of 0.1.0 load, and their objects give the same numbers as in 0.1.0."""

from pathlib import Path

import numpy as np
import pytest

from nbinterp import load, save
from nbinterp.saving.kinds import WHOLE

FOLDER = Path(__file__).parent / "saved_0_1_0"
EXPECTED = dict(np.load(FOLDER / "expected.npz"))
ROWS = EXPECTED["rows"]


@pytest.fixture(params=["as written", "saved again"])
def loaded(request, tmp_path):
    """Return a function that loads a file of 0.1.0, or what this version makes of it."""

    def read(name):
        found = load(FOLDER / f"{name}.safetensors")
        if request.param == "as written":
            return found
        save(found, tmp_path / "again.safetensors")
        return load(tmp_path / "again.safetensors")

    return read


def assert_gives(name, value):
    np.testing.assert_allclose(value, EXPECTED[name], rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_local_corex(loaded):
    local = loaded("local")
    assert list(local.feature_names_in_) == list("abcde")
    assert_gives("local map", local.map_)
    assert_gives("local predict", local.predict(ROWS))
    assert_gives("local correlation", local.clusters_[1].correlation_)
    assert_gives("local transform", local.clusters_[1].transform(ROWS))
    assert_gives("local selection", local.fit_selection(np.arange(30)).mutual_information_)


def test_the_factors_of_a_cluster_by_bio_corex(loaded):
    cluster = loaded("bio_cluster")
    rows = np.column_stack([ROWS[:, 0] > 0, ROWS[:, 1:]]).astype(np.float32)
    assert_gives("bio transform", cluster.transform(rows))
    assert_gives("bio information", cluster.mutual_information_)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_stream(loaded):
    stream = loaded("linear_stream")
    assert_gives("linear transform", stream.transform(ROWS))
    stream.partial_fit(EXPECTED["more rows"])
    assert_gives("linear continued", stream.transform(ROWS))


def test_phate(loaded):
    phate = loaded("phate")
    assert_gives("phate map", phate.embedding_)
    distances = EXPECTED["phate distances"]
    assert_gives("phate transform", phate.transform(distances[:5]))
    # A further fit to the same data begins from the graph and the walk of the file.
    before = phate.to_state()
    after = phate.fit(distances).to_state()
    assert after["graph"] is before["graph"]
    assert after["walk"] is before["walk"]
    assert_gives("phate map", phate.embedding_)


def test_interactions(loaded):
    found = loaded("and_or")
    assert_gives("and_or and", found.and_)
    # The program has several solutions, of which a newer solver may find another.
    again = found.resplit(alpha=0.5)
    assert again.converged.all() and (again.gap < found.settings.tol).all()
    np.testing.assert_allclose(again.outputs, found.outputs)
    with pytest.raises(ValueError, match="the function of the output, which saved files"):
        found.settings.explain(lambda x: x.flatten(1).prod(1), np.ones((1, 2, 2)))


@pytest.mark.parametrize("name", ["smooth", "smooth_wide"])
def test_smoothed_hessians(name, loaded):
    found = loaded(name)
    assert_gives(f"{name} product", found.product(np.eye(3)))
    assert_gives(f"{name} attack", found.attack(0.5))
    with pytest.raises(ValueError, match="must have the network, which saved files do not contain"):
        found.pmse(0.5)


def test_every_class_that_0_1_0_saved_was_tried():
    whole = {type(load(path)).__name__ for path in FOLDER.glob("*.safetensors")}
    assert len(whole) == len(WHOLE) - 1  # Bio CorEx is inside `bio_cluster`
