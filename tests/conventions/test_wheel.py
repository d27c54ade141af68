"""A wheel built without Node contains everything that a view needs, and can show one."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20

SHOW = """
import sys
sys.path.insert(0, sys.argv[1])
import nbinterp, numpy as np
assert nbinterp.__file__.startswith(sys.argv[1]), nbinterp.__file__
bundle = nbinterp.ClusterExplorer(np.random.default_rng(0).normal(size=(30, 2)))._repr_mimebundle_()
data = bundle[0] if isinstance(bundle, tuple) else bundle
assert "application/vnd.jupyter.widget-view+json" in data, data.keys()
nbinterp.datasets.load_mnist_classifier()
"""


@pytest.mark.slow
def test_wheel_needs_no_node(tmp_path: Path) -> None:
    wheels, installed = tmp_path / "wheels", tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(wheels), str(ROOT)),
        ],
        check=True,
        env={"PATH": "/nowhere"},
    )
    (wheel,) = wheels.glob("nbinterp-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(installed)
        bundled = archive.read("nbinterp/static/LICENSES.txt").decode()
        shipped = [info for info in archive.infolist() if "datasets/data/" in info.filename]
    assert any(name.startswith("nbinterp/static/") and name.endswith(".js") for name in names)
    assert "nbinterp/py.typed" in names
    for package in ("regl-scatterplot", "regl", "fflate", "gl-matrix"):
        assert re.search(rf"^{package} [\d.]+, MIT$", bundled, re.MULTILINE), package
    beside_metadata = [name for name in names if ".dist-info/licenses/" in name]
    assert {Path(name).name for name in beside_metadata} == {"LICENSE", "LICENSES.txt"}
    assert not [name for name in names if name.startswith(("tests/", "widgets/", "tutorials/"))]
    assert sum(info.file_size for info in shipped) < 4 * MEGABYTE
    subprocess.run(
        [sys.executable, "-c", SHOW, str(installed)],
        check=True,
        cwd=tmp_path,
        env={"PATH": "/nowhere"},
    )
