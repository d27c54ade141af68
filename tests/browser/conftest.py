"""One browser and one JupyterLab a notebook."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browser import chromium
from browser.lab import Kernel, Lab, start
from browser.page import NotebookPage
from playwright.sync_api import Browser, sync_playwright

Opened = tuple[NotebookPage, Kernel, Lab]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(), args=list(chromium.FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_notebook(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Path], Opened]]:
    """Return what opens a notebook in a JupyterLab of its own and runs all its cells."""
    with ExitStack() as stack:

        def opened(notebook: Path) -> Opened:
            lab = stack.enter_context(start(notebook, tmp_path_factory.mktemp("lab")))
            page = NotebookPage(browser, lab, notebook.name)
            page.run_all()
            return page, stack.enter_context(lab.kernel()), lab

        yield opened
