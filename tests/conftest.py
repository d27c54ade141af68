"""Fixtures and settings of all tests."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# Where the data that the project does not ship lies, for those tests that read it.
os.environ.setdefault(
    "NBINTERP_DATA", str(Path(__file__).parents[2].joinpath("shared", "data").resolve())
)

# Threads of torch that wait for one another spin, and on a busy machine stand in their own way.
torch.set_num_threads(int(os.environ.get("NBINTERP_TEST_THREADS", "1")))

# No test asserts how long an example takes: on a busy machine any may take long.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first, so that no worker is left alone with one at the end."""
    slow = {"kernel": 3, "browser": 2, "slow": 1}  # the tutorials are the longest file
    weight: dict[Path, int] = {}
    for item in items:
        marks = [slow.get(mark.name, 0) for mark in item.iter_markers()]
        weight[item.path] = max([weight.get(item.path, 0), *marks])
    items.sort(key=lambda item: -weight[item.path])
