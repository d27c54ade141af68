import numpy as np
import pytest
import torch
from views.page import displayed

from nbinterp.distance import LinearDistance
from nbinterp.views.charts.distance import DistanceChart

VEGALITE = "application/vnd.vegalite.v5+json"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def report():
    rng = np.random.default_rng(0)
    names = np.array(["a", "b", HOSTILE])[np.arange(300) % 3]
    data = rng.normal(size=(300, 3)) + 3 * (np.arange(300) % 3)[:, None]
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 4)
    with torch.no_grad():
        layer.weight[3] = 0
    net = torch.nn.Sequential(layer)
    return LinearDistance(random_state=0).explain(net, data, "0", clusters=names)


@pytest.mark.parametrize("nodes", [(0,), ("0[1]",), (0, 2)])
@pytest.mark.parametrize("selection", [None, np.array([1, 2, 3])])
def test_draws_one_node_or_two(report, nodes, selection):
    chart = DistanceChart(report, *nodes, selection=selection)
    bundle = displayed(chart)
    spec = bundle[VEGALITE]
    assert "v5" in spec["$schema"]
    assert "standard deviations of the data" in str(spec)
    if len(nodes) == 1:
        assert spec["spec"]["layer"][0]["encoding"]["x"]["bin"] == "binned"
    assert chart.snapshot().startswith(b"\x89PNG")
    assert bundle["text/plain"] == repr(chart)


def colours(chart):
    """Return the colour of each cluster of a histogram."""
    scale = chart.chart.to_dict()["spec"]["layer"][0]["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))


def test_a_cluster_keeps_its_colour(report):
    one, other = (colours(DistanceChart(report, node)) for node in (0, 1))
    assert one == other and len(set(one.values())) == len(one) == 3


def test_says_how_the_node_lies(report):
    row = report.nodes.iloc[0]
    text = repr(DistanceChart(report, 0)).replace("−", "-")
    assert f"cluster {row['prototype']} lies nearest, at {row['prototype_offset']:.2f}" in text
    z = report.sampled.means[:, [0, 1]]
    said = float(repr(DistanceChart(report, 0, 1)).rstrip(")").split()[-1].replace("−", "-"))
    assert said == pytest.approx(np.corrcoef(z.T)[0, 1], abs=0.05)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ((), "must be one node or two"),
        ((0, 1, 2), "must be one node or two"),
        ((3,), "must be nodes that vary"),
        (("h9",), "must be a node of this layer"),
        ((9,), "must be at most"),
    ],
)
def test_bad_arguments(report, nodes, words):
    with pytest.raises(ValueError, match=words):
        DistanceChart(report, *nodes)
