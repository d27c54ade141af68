"""Interrupt a call while one long operation runs."""

import signal
import threading
import time
from contextlib import contextmanager

import pytest


@contextmanager
def interrupted_after(began):
    """Interrupt the main thread, as Ctrl-C does, once the event `began` is set."""

    def interrupt():
        assert began.wait(10)
        # Until the main thread waits: a signal just before is heard at the next one.
        time.sleep(0.2)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        thread.join()


class Held:
    """A function that, off the main thread, does not end before it is let go."""

    def __init__(self, function):
        self.began, self.goes, self.n_ended = threading.Event(), threading.Event(), 0
        self._function = function

    def __call__(self, *args, **options):
        if threading.current_thread() is threading.main_thread():
            return self._function(*args, **options)
        self.began.set()
        assert self.goes.wait(60)
        self.n_ended += 1
        return self._function(*args, **options)
