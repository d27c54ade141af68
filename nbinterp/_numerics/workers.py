"""Work side by side: threads on the CPU, one after the other on a GPU.

Sharing each operation on small tensors between threads costs more than it saves, many times more
on a busy machine. Here a thread has a piece of its own, which stays in its cache, and the
operations within are not shared.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Result = TypeVar("Result")

# How many calls are under way, and the number of threads to go back to after the last.
_LOCK = threading.Lock()
_under_way = 0
_threads_before = 1
_THIS_THREAD = threading.local()


def _become_worker() -> None:
    torch.set_num_threads(1)
    _THIS_THREAD.is_worker = True


@contextmanager
def _single_threaded_workers() -> Iterator[int]:
    """Yield the user's number of threads, and set it back when the last call leaves."""
    global _under_way, _threads_before
    with _LOCK:
        if not _under_way:
            _threads_before = torch.get_num_threads()
        _under_way += 1
        threads = _threads_before
    try:
        yield threads
    finally:
        with _LOCK:
            _under_way -= 1
            if not _under_way:
                torch.set_num_threads(_threads_before)


def side_by_side(
    tasks: Sequence[Callable[[], Result]],
    device: torch.device,
    *,
    always_workers: bool = False,
    stop: threading.Event | None = None,
) -> list[Result]:
    """Return what the tasks return, which must not depend on one another's.

    A lone task runs in the caller, with all its threads, unless `always_workers`: in a worker it
    gives the same to the last bit as beside others. Of work within a worker the tasks follow one
    another there. An error or interrupt sets `stop`.
    """
    alone = len(tasks) < 2 and not always_workers
    if device.type != "cpu" or alone or getattr(_THIS_THREAD, "is_worker", False):
        return [task() for task in tasks]
    with (
        _single_threaded_workers() as threads,
        ThreadPoolExecutor(threads, initializer=_become_worker) as pool,
    ):
        futures = [pool.submit(task) for task in tasks]
        try:
            return [future.result() for future in futures]
        except BaseException:  # an error or interrupt does not wait for what has not begun
            if stop is not None:
                stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
