"""Fixtures and settings of all tests."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from conventions.fresh import Done, forked
from hypothesis import settings
from threadpoolctl import threadpool_limits

# Where the data that the project does not ship lies, for those tests that read it.
os.environ.setdefault(
    "NBINTERP_DATA", str(Path(__file__).parents[2].joinpath("shared", "data").resolve())
)

# Collecting the tests imports all that there is, and nothing of it is garbage.
gc.disable()

# Threads that wait for one another spin, and on a busy machine stand in their own way.
_THREADS = int(os.environ.get("NBINTERP_TEST_THREADS", "1"))
torch.set_num_threads(_THREADS)

# No test asserts how long an example takes: on a busy machine any may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, then those with many, so that no worker ends long after."""
    slow = {"kernel": 3, "browser": 2, "slow": 1}  # the tutorials are the longest file
    weight: dict[Path, int] = {}
    for item in items:
        marks = [slow.get(mark.name, 0) for mark in item.iter_markers()]
        weight[item.path] = max([weight.get(item.path, 0), *marks])
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (-weight[item.path], -count[item.path], item.path))


def pytest_collection_finish() -> None:
    """Limit the threads of BLAS, and let the garbage collector pass by what was imported.

    It would take a quarter of the time of the tests.
    """
    threadpool_limits(_THREADS)
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def in_fresh_python() -> Iterator[Callable[[str], Done]]:
    """Return what runs code where PyTorch and scikit-learn are loaded, and nothing of nbinterp."""
    with forked() as run:
        yield run
