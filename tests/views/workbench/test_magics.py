from types import SimpleNamespace

import numpy as np
import pytest
import torch
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from views.page import Page

from nbinterp import Workbench
from nbinterp.views.workbench.magics import complete


@pytest.fixture
def shell():
    found = InteractiveShell()
    found.run_line_magic("load_ext", "nbinterp")
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    found.user_ns |= {
        "net": torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)),
        "half": rng.normal(size=(90, 5)).astype(np.float32),
        "kinds": np.repeat([0, 1, 2], 30),
        "told": "not samples",
    }
    yield found
    found.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_workbench_of_names_and_of_expressions(shell):
    bench = shell.run_line_magic("workbench", "net, 2 * half, kinds, n_clusters=3")
    assert isinstance(bench, Workbench)
    page = Page(bench)
    assert "'1' of Sequential" in bench.describe()
    bench.select(range(30))
    assert "right answers" in page.state["_ablation"]["about"]
    assert "data = 2 * half" in bench.code and "rec = record(net, data, '1')" in bench.code
    again = dict(shell.user_ns)
    exec(bench.code, again)
    assert np.array_equal(again["factors"].mutual_information_, bench.factors.mutual_information_)


@pytest.mark.parametrize("line", ["", "net", "net half", "net, half, wrong=1", "a, b, c, d"])
def test_a_wrong_line_says_how_to_write_it(shell, line):
    with pytest.raises(ValueError, match=r"Write %workbench model, data"):
        shell.run_line_magic("workbench", line)


@pytest.mark.parametrize(
    ("line", "there", "absent"),
    [
        ("%workbench ", {"net"}, {"half", "told"}),
        ("%workbench net, ", {"half", "kinds"}, {"net", "told"}),
        ("%workbench net, half, ", {"layer='1'", "y=", "kinds"}, {"told"}),
        ("%workbench net, half[[1, 2]], l", {"layer='1'", "local="}, {"told"}),
        ("%workbench net, half[[1, 2]], y", {"y="}, {"told"}),
    ],
)
def test_completion(shell, line, there, absent):
    found = set(complete(shell, SimpleNamespace(line=line)))
    assert there <= found
    assert not absent & found
    with provisionalcompleter():  # IPython adds its own
        assert there <= {each.text for each in shell.Completer.completions(line, len(line))}
