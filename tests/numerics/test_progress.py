"""Progress: bars of all that is slow look the same, and are there where nobody else follows."""

import io
import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from tqdm.std import tqdm as plain

import nbinterp
from nbinterp._numerics import progress
from nbinterp._numerics.progress import ProgressToken, current_token, progress_bar, tracking
from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx, select_n_factors
from nbinterp.distance import LinearDistance
from nbinterp.network import dropout_study

X = np.random.default_rng(0).normal(size=(60, 4)).cumsum(axis=1)
Y = np.arange(60) % 3


@pytest.fixture
def bars(monkeypatch):
    """The bars made in a test: title, steps done, steps expected."""
    made = []

    class Bar(plain):
        def __init__(self, *args, disable=False, delay=0, **options):
            assert delay == 1 and options["leave"] is False
            super().__init__(*args, disable=disable, file=io.StringIO(), **options)
            if not disable:
                made.append(self)

    monkeypatch.setattr(progress, "tqdm", Bar)
    return made


def told(bars):
    return [(bar.desc.removesuffix(": "), bar.n, bar.total) for bar in bars]


def test_only_one_module_makes_bars():
    folder = Path(nbinterp.__file__).parent
    having = [p.name for p in folder.rglob("*.py") if re.search("import.* tqdm", p.read_text())]
    assert having == ["progress.py"]


def test_no_bar_where_somebody_follows_or_nobody_wants_one(bars):
    assert list(progress_bar([1, 2], desc="a", shown=False)) == [1, 2]
    with tracking(ProgressToken()):
        assert list(progress_bar([1, 2], desc="b", shown=True)) == [1, 2]
    assert list(progress_bar([1, 2], desc="c", shown=True)) == [1, 2]
    assert told(bars) == [("c", 2, 2)]


def test_a_bar_counts_steps_of_all_threads(bars):
    token = current_token()
    with token.counting_on(progress_bar(desc="job", total=8, shown=True)):
        workers = [threading.Thread(target=token.done, args=(2,)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    token.done()  # after its end
    assert told(bars) == [("job", 8, 8)] and token.progress.done == 9


SLOW = {
    "LinearCorEx.fit": lambda shown: LinearCorEx(2, progress=shown).fit(X),
    "LocalCorEx.fit": lambda shown: LocalCorEx(LinearCorEx(1, progress=shown)).fit(X, clusters=Y),
    "BioCorEx": lambda shown: BioCorEx(1, max_iter=20, progress=shown).fit(X),
    "select_n_factors": lambda shown: select_n_factors(
        X, [1, 2], corex=LinearCorEx(progress=shown), n_permutations=1, n_splits=2
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SLOW)
def test_what_is_slow_tells_where_it_is(name, bars):
    SLOW[name](True)
    titles = {title for title, _, _ in told(bars)}
    assert titles == {name}
    assert all(n == total or name == "BioCorEx" for _, n, total in told(bars))
    bars.clear()
    SLOW[name](False)
    assert not bars


def test_a_comparison_tells_where_it_is(bars):
    found = LocalCorEx(LinearCorEx(1), random_state=0).fit(X, clusters=Y).clusters_[0]
    bars.clear()
    found.summary()
    assert {title for title, _, _ in told(bars)} == {"ClusterFactors.comparison_"}


def test_distances_tell_their_pass_and_what_follows(bars):
    net = torch.nn.Sequential(torch.nn.Linear(4, 3))
    LinearDistance().explain(net, X, "0")
    assert told(bars) == [("distances", 1, 1), ("hyperplanes", 5, 5)]


def test_a_study_without_progress_shows_no_bar_of_its_fits(bars):
    options = {
        "hidden": [(6,)],
        "n_pairs": 1,
        "epochs": 1,
        "batch_size": 30,
        "corex": LinearCorEx(1),
    }
    dropout_study(X, Y, X, Y, **options, progress=False)
    assert not bars
