import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from nbinterp.corex import LinearCorEx
from nbinterp.corex.workers import cancellable
from nbinterp.views.background import Latest


def test_the_newest_job_counts():
    done, failures = [], []
    first_runs = threading.Event()
    work = Latest(failures.append)

    def slow(stop):
        first_runs.set()
        assert stop.wait(10)
        raise CancelledError

    work.submit(slow)
    assert first_runs.wait(10)
    for number in range(50):
        work.submit(lambda stop, number=number: done.append(number))
    assert work.wait(10)
    assert done[-1] == 49 and done == sorted(done) and failures == []


def test_what_a_job_raises_is_told_unless_it_was_stopped():
    failures = []
    work = Latest(failures.append)

    def fails(stop):
        raise RuntimeError("no")

    work.submit(fails)
    work.wait(10)
    assert [str(failure) for failure in failures] == ["no"]

    def stopped(stop):
        assert stop.wait(10)
        raise RuntimeError("late")

    work.submit(stopped)
    work.cancel()
    work.wait(10)
    assert len(failures) == 1


def test_a_fit_gives_up_when_it_is_cancelled():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 120)) + rng.normal(size=(300, 1))
    corex = LinearCorEx(n_factors=30, tol=1e-12, max_iter=10_000_000, random_state=0)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with cancellable(stop), pytest.raises(CancelledError):
        corex.fit(x)
    assert not hasattr(corex, "weights_")
    LinearCorEx(n_factors=2, random_state=0).fit(x)  # outside of the block nothing is stopped
