"""Work side by side: results in order, errors passed on, threads as they were."""

import pytest
import torch

from nbinterp._numerics.workers import side_by_side

CPU = torch.device("cpu")


def test_results_are_in_the_order_of_tasks():
    assert side_by_side([lambda i=i: i * i for i in range(50)], CPU) == [i * i for i in range(50)]


def test_tasks_do_not_share_operations_and_threads_come_back():
    before = torch.get_num_threads()
    assert set(side_by_side([torch.get_num_threads] * 4, CPU)) == {1}
    assert torch.get_num_threads() == before


def test_an_error_is_passed_on_and_threads_come_back():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        side_by_side([lambda: 1 // 0, lambda: 1], CPU)
    assert torch.get_num_threads() == before
