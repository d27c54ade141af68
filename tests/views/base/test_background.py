import subprocess
import sys
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from nbinterp._numerics.progress import ProgressToken, current_token, tracking
from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx
from nbinterp.views.base.background import LatestTask, telling

pytestmark = pytest.mark.slow


def test_the_newest_job_counts():
    done, failures = [], []
    first_runs = threading.Event()
    work = LatestTask(failures.append)

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
    work = LatestTask(failures.append)

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
    with telling(stop, print), pytest.raises(CancelledError):
        corex.fit(x)
    assert not hasattr(corex, "weights_")
    LinearCorEx(n_factors=2, random_state=0).fit(x)  # outside of the block nothing is stopped


def test_a_fit_tells_each_stage_that_its_problems_end():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 60)) + rng.normal(size=(300, 1))
    local = LocalCorEx(LinearCorEx(n_factors=5, random_state=0)).fit(x, clusters=np.zeros(300))
    watch = ProgressToken()
    with tracking(watch):
        local.fit_selection(range(200))
    done, of, unit = watch.progress
    assert done == of and of % 2 == 0 and of >= 4 and unit == "stage"
    other = ProgressToken()
    with tracking(other):
        LocalCorEx(BioCorEx(2, random_state=0, progress=False)).fit(x, clusters=np.zeros(300))
    assert other.progress == (2, 2, "fit")


def test_progress_is_told_while_the_work_runs_and_not_after():
    told = []
    heard = threading.Event()

    def tell(progress):
        told.append(progress)
        heard.set()

    with telling(threading.Event(), tell):
        watch = current_token()
        watch.expect(4, "stage")
        assert heard.wait(10)
        heard.clear()
        watch.done(3)
        assert heard.wait(10)
    watch.done()
    assert told[-1] == (3, 4, "stage")
    assert current_token() is not watch


def test_jobs_end_before_python_does():
    """A thread that still computes in torch when Python ends aborts the whole process."""
    script = """
import time
from nbinterp.views.base.background import LatestTask

def job(stop):
    print("begun", flush=True)
    stop.wait(60)
    time.sleep(0.3)
    print("ended", flush=True)

task = LatestTask(print)
task.submit(job)
time.sleep(0.2)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.split() == ["begun", "ended"], done.stderr
