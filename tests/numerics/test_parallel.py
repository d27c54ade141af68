"""Parallel tasks: results in order, errors passed on, numbers of threads restored."""

import threading
import time
from concurrent.futures import CancelledError

import pytest
import torch
from numerics.interrupting import interrupted_after
from threadpoolctl import threadpool_info, threadpool_limits

from nbinterp._numerics.parallel import begin, interruptible, parallel_map, thread_pool
from nbinterp._numerics.progress import ProgressToken, current_token, tracking

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def two_threads():  # of the one that all other tests have, nothing could be taken
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_are_in_the_order_of_tasks():
    assert parallel_map([lambda i=i: i * i for i in range(50)], CPU) == [i * i for i in range(50)]


def test_tasks_do_not_share_operations_and_threads_come_back():
    before = torch.get_num_threads()
    assert set(parallel_map([torch.get_num_threads] * 4, CPU)) == {1}
    assert torch.get_num_threads() == before


def test_products_of_numpy_are_not_shared_either():
    def threads():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        inside = parallel_map([threads, threads], CPU)
        assert before and set(before) == {2}
        assert all(set(each) == {1} for each in inside)
        assert threads() == before


def test_an_error_is_passed_on_and_threads_come_back():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        parallel_map([lambda: 1 // 0, lambda: 1], CPU)
    assert torch.get_num_threads() == before


def test_a_pool_keeps_its_threads_for_many_rounds():
    with thread_pool(CPU):
        rounds = [parallel_map([threading.current_thread] * 20, CPU) for _ in range(5)]
    workers = {worker for each in rounds for worker in each}
    assert len(workers) <= 2  # who takes which task is for the machine to choose
    assert threading.current_thread() not in workers
    assert not workers & set(threading.enumerate())


def test_a_pool_leaves_the_caller_one_thread_and_restores_all():
    before = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), thread_pool(CPU):
        assert torch.get_num_threads() == 1
        with thread_pool(CPU):  # the same one
            assert parallel_map([torch.get_num_threads] * 2, CPU) == [1, 1]
        assert torch.get_num_threads() == 1
        parallel_map([lambda: 1 // 0, lambda: 1], CPU)
    assert torch.get_num_threads() == before


def test_the_caller_goes_on_while_the_pool_works():
    gate = threading.Event()
    with thread_pool(CPU):
        wait = begin([lambda: gate.wait(60), threading.get_ident], CPU)
        gate.set()
        opened, ident = wait()
        assert opened and ident != threading.get_ident()
        assert wait() == [opened, ident]


def test_without_a_pool_tasks_run_at_once():
    done = []
    wait = begin([lambda: done.append(1)], CPU)
    assert done == [1] and wait() == [None]


def test_work_within_a_worker_stays_there():
    def inner():
        with thread_pool(CPU):
            return {threading.get_ident(), *parallel_map([threading.get_ident] * 3, CPU)}

    assert all(len(each) == 1 for each in parallel_map([inner] * 4, CPU))


def test_an_error_of_what_was_begun_comes_when_it_is_waited_for():
    with thread_pool(CPU):
        wait = begin([lambda: 1 // 0], CPU)
        with pytest.raises(ZeroDivisionError):
            wait()


def test_an_interrupt_ends_tasks_that_run():
    began, ended = threading.Event(), []
    both = threading.Barrier(2, began.set)

    def task():
        both.wait(10)
        until = time.monotonic() + 20
        try:
            while time.monotonic() < until:
                current_token().raise_if_cancelled()
                time.sleep(0.001)
        finally:
            ended.append(time.monotonic() < until)

    with interrupted_after(began):
        parallel_map([task, task], CPU)
    assert ended == [True, True]  # and the pool has waited for them
    current_token().raise_if_cancelled()  # the next one is not cancelled
    assert parallel_map([lambda: 1, lambda: 2], CPU) == [1, 2]


def test_an_interrupt_leaves_a_task_that_cannot_end():
    began, ends, ended = threading.Event(), threading.Event(), []

    def task():
        began.set()
        ended.append(ends.wait(60))

    with interrupted_after(began):
        parallel_map([task, task], CPU)
    assert not ended  # nobody waited for it
    ends.set()
    assert parallel_map([lambda: 1, lambda: 2], CPU) == [1, 2]


def test_an_interrupt_waits_for_a_task_that_uses_what_is_the_callers():
    began, stop, ended = threading.Event(), threading.Event(), []

    def task():
        began.set()
        ended.append(stop.wait(60))

    with interrupted_after(began):
        parallel_map([task], CPU, always_workers=True, stop=stop, waits=True)
    assert ended == [True]


def test_tasks_one_after_the_other_end_with_the_job():
    stop, done = threading.Event(), []

    def task():
        done.append(len(done))
        stop.set()

    def job():
        with tracking(ProgressToken(stop)):
            parallel_map([task] * 3, CPU)

    with pytest.raises(CancelledError):  # in a worker, as restarts of k-means are
        parallel_map([job], CPU, always_workers=True)
    assert done == [0]


def test_an_interrupt_does_not_wait_for_one_long_operation():
    began, go_on = threading.Event(), threading.Event()

    def operation():
        began.set()
        go_on.wait(20)

    with interrupted_after(began):
        interruptible(operation)
    assert not go_on.is_set()
    go_on.set()


def test_one_long_operation_returns_its_result_or_its_error():
    with torch.no_grad():
        assert interruptible(lambda: 7, CPU) == 7
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0, CPU)
