"""Run tasks in parallel: in threads on the CPU, one after the other on a GPU.

Splitting each operation on small tensors between threads costs more than it saves, especially on a
busy machine. Here each thread runs a whole task, with its data in the cache, and operations within
a task use one thread.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from functools import cache
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

from nbinterp import _device
from nbinterp._numerics.progress import current_token, task_context

Result = TypeVar("Result")

_CPU = torch.device("cpu")
_PATIENCE = 0.5  # seconds that an interrupt waits for tasks to end

# Number of open thread pools, and the limits to restore when the last one closes.
_LOCK = threading.Lock()
_n_pools = 0
_threads_before = 1
_RESTORE = ExitStack()
_THIS_THREAD = threading.local()  # whether this thread is a worker, and the pool that it opened


def _become_worker() -> None:
    torch.set_num_threads(1)
    _THIS_THREAD.is_worker = True


@cache
def _blas() -> ThreadpoolController:
    """Return the controller of NumPy's BLAS threads; cached, since finding it is slow."""
    return ThreadpoolController().select(user_api="blas")


class _ThreadPool:
    """Threads for several rounds of tasks; they start with the first round."""

    def __init__(self, n_threads: int) -> None:
        self._n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None
        self._abandoned = threading.Event()

    def begin(
        self,
        tasks: Sequence[Callable[[], Result]],
        stop: threading.Event | None = None,
        *,
        waits: bool = False,
    ) -> Callable[[], list[Result]]:
        pool = self._pool
        if pool is None:
            pool = self._pool = ThreadPoolExecutor(self._n_threads, initializer=_become_worker)
        futures = [pool.submit(task_context(self._abandoned).run, task) for task in tasks]

        def results() -> list[Result]:
            try:
                return [future.result() for future in futures]
            except BaseException as failure:  # pending tasks do not start
                self._abandoned.set()
                if stop is not None:
                    stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                if not waits and not isinstance(failure, Exception):
                    self._pool = None  # after an interrupt, one long operation is left behind
                    wait(futures, timeout=_PATIENCE)
                raise

        return results

    def close(self) -> None:
        # Tasks that still run end soon if they ask `raise_if_cancelled`.
        self._abandoned.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


@contextmanager
def thread_pool(device: torch.device) -> Iterator[None]:
    """Share threads between all `parallel_map` calls in the block, for many short rounds.

    In the block, the caller also runs each operation in one thread.
    """
    global _n_pools, _threads_before
    if device.type != "cpu" or _is_worker() or _own_pool():
        yield
        return
    with _LOCK:
        if not _n_pools:
            _threads_before = torch.get_num_threads()
            _RESTORE.enter_context(_blas().limit(limits=1))
        _n_pools += 1
        threads = _threads_before
    own = _THIS_THREAD.pool = _ThreadPool(threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        own.close()
        _THIS_THREAD.pool = None
        with _LOCK:
            _n_pools -= 1
            if not _n_pools:
                _RESTORE.close()
        torch.set_num_threads(threads)


def _is_worker() -> bool:
    return getattr(_THIS_THREAD, "is_worker", False)


def _own_pool() -> _ThreadPool | None:
    return getattr(_THIS_THREAD, "pool", None)


@_device.own_tensors()
def parallel_map(
    tasks: Sequence[Callable[[], Result]],
    device: torch.device,
    *,
    always_workers: bool = False,
    stop: threading.Event | None = None,
    waits: bool = False,
) -> list[Result]:
    """Run independent tasks, and return their results in order.

    A single task runs in the caller, with all of the caller's threads. With `always_workers` it
    runs in a worker, so that its result is bitwise the same as with other tasks. Within a worker,
    tasks run one after the other, unless the job is cancelled. An error or interrupt sets `stop`.
    An interrupt leaves behind tasks that do not end soon, which must change nothing that anybody
    else sees; it waits for their end if `waits`.

    Examples
    --------
    >>> with thread_pool(torch.device("cpu")):
    ...     parallel_map([lambda: 1, lambda: 2], torch.device("cpu"))
    [1, 2]
    """
    if device.type != "cpu" or _is_worker() or (len(tasks) < 2 and not always_workers):
        return list(_one_by_one(tasks))
    with thread_pool(device):
        results: list[Result] = _THIS_THREAD.pool.begin(tasks, stop, waits=waits)()
    return results


def _one_by_one(tasks: Sequence[Callable[[], Result]]) -> Iterator[Result]:
    token = current_token()
    for task in tasks:
        token.raise_if_cancelled()
        yield task()


def interruptible(operation: Callable[[], Result], device: torch.device = _CPU) -> Result:
    """Run one long operation of a library; an interrupt does not wait for its end.

    Python hears an interrupt between operations, so this one runs in a thread of its own, which an
    interrupt leaves behind. It must change nothing that anybody else sees.

    Examples
    --------
    >>> interruptible(lambda: torch.eye(2).sum())
    tensor(2.)
    """
    if device.type != "cpu" or threading.current_thread() is not threading.main_thread():
        return operation()
    future: Future[Result] = Future()
    threads = torch.get_num_threads()

    def run() -> None:
        torch.set_num_threads(threads)
        try:
            future.set_result(operation())
        except BaseException as failure:
            future.set_exception(failure)

    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future.result()


def begin(
    tasks: Sequence[Callable[[], Result]], device: torch.device
) -> Callable[[], list[Result]]:
    """Start tasks in the pool; return a function that waits for their results.

    Without a `thread_pool`, the tasks run before this returns.
    """
    own = _own_pool()
    if own is None:
        results = list(_one_by_one(tasks))
        return lambda: results
    return own.begin(tasks)
