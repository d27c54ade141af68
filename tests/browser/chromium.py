"""Finds a Chromium for the browser tests, or installs one: ``python tests/browser/chromium.py``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Without the background switches Chromium calls its maker's hosts, which the tests forbid.
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """Return the browser to use: one on the PATH, else the one that Playwright keeps."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _installers() -> Iterator[list[list[str]]]:
    if shutil.which("apt-get") and os.geteuid() == 0:
        yield [["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]]
    yield [[sys.executable, "-m", "playwright", "install", "chromium"]]


def _install() -> None:
    for commands in _installers():
        for command in commands:
            print("  running", " ".join(command), flush=True)
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode:
                tail = (result.stderr or result.stdout).strip().splitlines()[-3:]
                print("  failed:", *tail, sep="\n    ")
                break
        if find():
            return


def main() -> int:
    """Say which browser the tests will use, after installing one if there is none."""
    if find() is None:
        print("browser tests: found no Chromium on the PATH and none of Playwright's; installing")
        _install()
    path = find()
    if path is None:
        print("browser tests: no Chromium could be installed, for the reasons above.")
        print("Install Chromium or Google Chrome so that it is on the PATH, then run again.")
        return 1
    print(f"browser tests use {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
