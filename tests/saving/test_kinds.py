"""Names of kinds and fields in files stay the same, and unknown newer names are refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from nbinterp import PHATE, AndOr, BioCorEx, LinearCorEx, LocalCorEx, SmoothHess, load, save
from nbinterp._state import field_names, fields
from nbinterp.interactions import Players
from nbinterp.manifold.diffusion import DiffusionOperator
from nbinterp.saving import kinds
from nbinterp.saving.kinds import KINDS, WHOLE, Kind

GOLDEN = Path(__file__).with_name("fields.json")


@pytest.fixture(scope="module")
def whole():
    """Return one fitted object of each kind that `save` takes, with as many fields as it can."""
    x = np.random.default_rng(0).normal(size=(40, 4)).cumsum(axis=1)
    local = LocalCorEx(LinearCorEx(1), PHATE(3, progress=False), 2, random_state=0).fit(x)
    settings = AndOr(groups=Players(np.arange(2)), progress=False)
    return {
        "linear_corex": LinearCorEx(1, n_restarts=2, random_state=0).partial_fit(x),
        "bio_corex": BioCorEx(1, random_state=0, progress=False).fit(x),
        "local_corex": local,
        "phate": PHATE(n_landmarks=10, random_state=0, progress=False).fit(x),
        "cluster_factors": local.clusters_[0],
        "and_or_interactions": settings.explain(lambda z: z.prod(1), np.ones((1, 2))),
        "smooth_hessian": SmoothHess(sigma=1.0, n_samples=64, random_state=0).explain(
            lambda z: z.prod(1), torch.ones(1, 2)
        ),
    }


def tree_of(path):
    with safe_open(str(path), framework="np") as file:
        return json.loads(file.metadata()["tree"])


def collect(tree, found):
    """Add the fields of each kind in a tree to `found`."""
    if isinstance(tree, list):
        for part in tree:
            collect(part, found)
    elif isinstance(tree, dict):
        if "kind" in tree:
            found.setdefault(f"{tree['kind']} {tree['version']}", set()).update(tree["state"])
        for part in (tree.get("state") or tree).values():
            collect(part, found)


def test_names_of_kinds_and_fields_stay(whole, tmp_path):
    """A name in a file is there for good.

    If this fails since an attribute was renamed, keep the field: ``fields(field="attribute")``.
    If fields are new, or mean something else, add an upgrade in `nbinterp.saving.kinds` and then
    the new version to `fields.json`, beside the old one.
    """
    found = {}
    for name, thing in whole.items():
        save(thing, tmp_path / "a.safetensors")
        tree = tree_of(tmp_path / "a.safetensors")
        assert tree["kind"] == name
        collect(tree, found)
    golden = json.loads(GOLDEN.read_text())
    for kind, names in found.items():
        assert names <= set(golden[kind]), kind
    declared = {f"{name} {kind.version}": field_names(kind.type) for name, kind in KINDS.items()}
    # Local CorEx keeps one attribute as four fields.
    declared["local_corex 3"] ^= {"fit", "data", "feature_names", "fitted_corex", "n_labels"}
    assert {kind: sorted(names) for kind, names in declared.items()} == {
        kind: golden[kind] for kind in declared
    }


def test_every_kind_is_made_again(whole, tmp_path):
    assert whole.keys() == WHOLE.keys()
    for thing in whole.values():
        save(thing, tmp_path / "a.safetensors")
        again = load(tmp_path / "a.safetensors")
        assert type(again) is type(thing)
        assert repr(again) == repr(thing)
        save(again, tmp_path / "b.safetensors")
        assert tree_of(tmp_path / "b.safetensors") == tree_of(tmp_path / "a.safetensors")


def test_a_class_that_is_renamed_still_loads(whole, tmp_path, monkeypatch):
    save(whole["phate"], tmp_path / "a.safetensors")

    class Renamed(PHATE):
        pass

    monkeypatch.setitem(KINDS, "phate", Kind(Renamed))
    monkeypatch.setitem(WHOLE, "phate", Kind(Renamed))
    again = load(tmp_path / "a.safetensors")
    assert type(again) is Renamed
    np.testing.assert_array_equal(again.embedding_, whole["phate"].embedding_)


def test_an_older_version_is_upgraded(whole, tmp_path, monkeypatch):
    save(whole["phate"], tmp_path / "a.safetensors")

    class Newer(DiffusionOperator):
        _STATE = fields("mass", transition="matrix")

    def renamed(state):
        return {"mass": state["mass"], "transition": state["matrix"]}

    monkeypatch.setitem(KINDS, "diffusion_operator", Kind(Newer, (renamed,)))
    again = load(tmp_path / "a.safetensors")
    made = again.to_state()["walk"].operator
    assert type(made) is Newer
    assert torch.equal(made.matrix, whole["phate"].to_state()["walk"].operator.matrix)
    save(again, tmp_path / "b.safetensors")
    operator = tree_of(tmp_path / "b.safetensors")["state"]["walk"]["state"]["operator"]
    assert (operator["version"], sorted(operator["state"])) == (2, ["mass", "transition"])
    # And the version before refuses it, by name.
    monkeypatch.setitem(kinds.KINDS, "diffusion_operator", Kind(DiffusionOperator))
    with pytest.raises(ValueError, match="diffusion_operator of version 1 to 1, not 2"):
        load(tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "sparse_corex"}, "kinds of object that this nbinterp knows, not 'sparse_corex'"),
        ({"kind": ["phate"]}, "kinds of object that this nbinterp knows"),
        ({"version": 3}, "linear_corex of version 1 to 2, not 3"),
        ({"version": 0}, "linear_corex of version 1 to 2, not 0"),
        ({"version": True}, "linear_corex of version 1 to 2, not True"),
        ({"state": {"weights_": 1}}, "must be a whole file.*must have the fields of LinearCorEx"),
        ({"state": {}}, "must be a whole file"),
    ],
)
def test_kinds_of_a_newer_version_are_refused_by_name(changes, words, tmp_path):
    path = tmp_path / "a.safetensors"
    save(LinearCorEx(2), path)
    metadata = {"format": "nbinterp 2", "writer": "7.0.0"}
    metadata["tree"] = json.dumps(tree_of(path) | changes)
    save_file({"a": np.zeros(3)}, str(path), metadata)
    with pytest.raises(ValueError, match=words) as caught:
        load(path)
    if "whole file" not in words:
        assert "Install the nbinterp that wrote the file, 7.0.0, or a later one." in str(caught)


def test_a_newer_format_is_refused_by_name(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": np.zeros(3)}, str(path), {"format": "nbinterp 3", "writer": "7.0.0"})
    with pytest.raises(ValueError, match=r"format 'nbinterp 2' or an older.*7\.0\.0, or a later"):
        load(path)


def test_a_state_holds_the_listed_fields_only():
    class Odd(DiffusionOperator):
        pass

    state = DiffusionOperator(torch.eye(2), torch.ones(2)).to_state()
    made = Odd.from_state(state)
    assert torch.equal(made.matrix, torch.eye(2))
    for wrong in ({}, {"matrix": 1}, state | {"__class__": int}, state | {"name": 1}):
        with pytest.raises(ValueError, match="must have the fields of Odd"):
            Odd.from_state(wrong)


def test_set_output_is_kept(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 4)).cumsum(axis=1)
    phate = PHATE(random_state=0, progress=False).set_output(transform="pandas").fit(x)
    save(phate, tmp_path / "a.safetensors")
    again = load(tmp_path / "a.safetensors")
    assert list(again.transform(x).columns) == ["phate0", "phate1"]
    assert again.transform(x).equals(phate.transform(x))
