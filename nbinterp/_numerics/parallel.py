"""Work side by side: threads on the CPU, one after the other on a GPU.

Sharing each operation on small tensors between threads costs more than it saves, many times more
on a busy machine. Here a thread has a piece of its own, which stays in its cache, and the
operations within are not shared.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import cache
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")

# How many crews there are, and what gives back the threads that the first took away.
_LOCK = threading.Lock()
_n_crews = 0
_threads_before = 1
_GIVE_BACK = ExitStack()
_THIS_THREAD = threading.local()  # whether it works for a crew, and the crew that works for it


def _become_worker() -> None:
    torch.set_num_threads(1)
    _THIS_THREAD.is_worker = True


@cache
def _blas() -> ThreadpoolController:
    """Return what sets the number of threads of NumPy's products; finding them takes a while."""
    return ThreadpoolController().select(user_api="blas")


class _ThreadPool:
    """Threads that stay for several rounds of tasks. Without a round there are none."""

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None

    def begin(
        self, tasks: Sequence[Callable[[], Result]], stop: threading.Event | None
    ) -> Callable[[], list[Result]]:
        pool = self._pool
        if pool is None:
            pool = self._pool = ThreadPoolExecutor(self._n_threads, initializer=_become_worker)
        futures = [pool.submit(copy_context().run, task) for task in tasks]

        def results() -> list[Result]:
            try:
                return [future.result() for future in futures]
            except BaseException:  # an error or interrupt does not wait for what has not begun
                if stop is not None:
                    stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

        return results

    def leave(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


@contextmanager
def thread_pool(device: torch.device) -> Iterator[None]:
    """Let all `parallel_map` within share threads, for many rounds of short tasks.

    Nor does the caller share operations with other threads until it leaves.
    """
    global _n_crews, _threads_before
    if device.type != "cpu" or _is_worker() or _own_crew():
        yield
        return
    with _LOCK:
        if not _n_crews:
            _threads_before = torch.get_num_threads()
            _GIVE_BACK.enter_context(_blas().limit(limits=1))
        _n_crews += 1
        threads = _threads_before
    own = _THIS_THREAD.thread_pool = _ThreadPool(threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        own.leave()
        _THIS_THREAD.thread_pool = None
        with _LOCK:
            _n_crews -= 1
            if not _n_crews:
                _GIVE_BACK.close()
        torch.set_num_threads(threads)


def _is_worker() -> bool:
    return getattr(_THIS_THREAD, "is_worker", False)


def _own_crew() -> _ThreadPool | None:
    return getattr(_THIS_THREAD, "thread_pool", None)


def parallel_map(
    tasks: Sequence[Callable[[], Result]],
    device: torch.device,
    *,
    always_workers: bool = False,
    stop: threading.Event | None = None,
) -> list[Result]:
    """Return what the tasks return, which must not depend on one another's.

    A lone task runs in the caller, with all the caller's threads, unless `always_workers`: in a
    worker it gives the same to the last bit as beside others. Of work within a worker the tasks
    follow one another there. An error or interrupt sets `stop`.

    Examples
    --------
    >>> with thread_pool(torch.device("cpu")):
    ...     parallel_map([lambda: 1, lambda: 2], torch.device("cpu"))
    [1, 2]
    """
    if device.type != "cpu" or _is_worker() or (len(tasks) < 2 and not always_workers):
        return [task() for task in tasks]
    with thread_pool(device):
        results: list[Result] = _THIS_THREAD.thread_pool.begin(tasks, stop)()
    return results


def begin(
    tasks: Sequence[Callable[[], Result]], device: torch.device
) -> Callable[[], list[Result]]:
    """Let the crew begin with tasks while the caller goes on; return what waits for the results.

    Without a `thread_pool` they are done at once.
    """
    own = _own_crew()
    if own is None:
        results = [task() for task in tasks]
        return lambda: results
    return own.begin(tasks, None)
