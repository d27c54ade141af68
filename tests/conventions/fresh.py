"""A Python that has loaded PyTorch and scikit-learn, not nbinterp, forked for each test."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

# To load both takes seconds; to fork, milliseconds.
_FORKS = """
import json, os, sys, tempfile, traceback, warnings
import numpy, torch, sklearn

for line in sys.stdin:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as error:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(error.fileno(), 2)
                warnings.simplefilter("error")
                exec(json.loads(line), {"__name__": "__main__"})
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = [file.seek(0) or file.read() for file in (out, error)]
    print(json.dumps([status, *told]), flush=True)
"""


class Done(NamedTuple):
    """How code ended: its exit status, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


@contextmanager
def forked() -> Iterator[Callable[[str], Done]]:
    """Return what runs code in a fork; a warning is an error there."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        asked, answers = server.stdin, server.stdout

        def run(code: str) -> Done:
            asked.write(json.dumps(code) + "\n")
            asked.flush()
            return Done(*json.loads(answers.readline()))

        yield run
        server.terminate()
