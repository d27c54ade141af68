"""A script that makes views and ends prints nothing of its own as Python ends."""

import re
import subprocess
import sys

SCRIPT = """
import warnings

warnings.simplefilter("ignore")
import numpy as np
import torch

import nbinterp
from nbinterp import (
    AndOr, ClusterExplorer, FactorSlider, InteractionHeatmap, LinearCorEx, LocalCorEx, SmoothHess,
    Workbench, perturb, record,
)
from nbinterp.distance import LinearDistance, sensitivity_study
from nbinterp.network import ablation_study
from nbinterp.views.charts.node_table import NodeTable

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.Tanh(), torch.nn.Linear(12, 3))
kind = np.repeat([0, 1, 2], 40)
data = np.random.default_rng(0).normal(size=(120, 6)) + 2 * np.eye(6)[kind]
data = data.astype(np.float32)
nodes = record(model, data, "1").concat("1", output=True)
local = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(nodes, clusters=kind)
hidden = record(model, data, "0").concat("0")
of_nodes = LocalCorEx(LinearCorEx(3, random_state=0), random_state=0).fit(hidden, clusters=kind)
factors = local.clusters_[1]

explorer = ClusterExplorer(local, images=np.zeros((120, 2, 3), np.uint8))
explorer.selection = range(40)
explorer.fit_selection()
slider = FactorSlider(perturb(model, data, factors, layer="1"))
link = nbinterp.link(explorer, slider)
smooth = SmoothHess(sigma=0.5, n_samples=32, progress=False).explain(model, data[:3], target=0)
report = LinearDistance().explain(model, data, "0", clusters=kind)
results = [
    factors,
    smooth,
    report,
    ablation_study(model, data, factors, layer="1", y=kind, sizes=[2], n_random=4),
    sensitivity_study(model, data, layer="0", y=kind),
    AndOr(progress=False).explain(lambda z: z.prod(1), data[:1]),
]
kept = [result.view() for result in results]
kept.append(NodeTable(report, factors=of_nodes))  # compares its factors while Python ends
FactorSlider(perturb(model, data, factors, layer="1"))  # not kept
for wrong in (ClusterExplorer, FactorSlider, InteractionHeatmap, NodeTable):
    try:
        wrong("wrong")
    except (TypeError, ValueError):
        pass
    else:
        raise AssertionError(wrong)
bench = Workbench(model, data, kind, layer="1", local=local)
bench.explorer.selection = range(50)  # its steps run while Python ends
print("made all")
"""


def test_a_script_that_makes_every_view_ends_in_silence():
    command = [sys.executable, "-c", SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (ended.returncode, ended.stdout) == (0, "made all\n"), ended.stderr
    # On a busy machine there may be progress bars, and nothing else.
    assert not re.search("Exception|Error|Traceback|Fatal|terminate", ended.stderr), ended.stderr
