"""Errors name the public call, wherever the check is."""

import ast
import inspect
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import nbinterp
from nbinterp import _checks
from nbinterp._numerics.parallel import parallel_map
from nbinterp.views.base.traits import TraitArray


def check(size):
    return _checks.integer("size", size, 1)


@_checks.named
def public(size, other=2):
    """Check a size."""
    return check(size)


@_checks.named
def outer(size):
    public(1)
    check(1)
    return public(size) + check(size)


@_checks.named
def threaded(sizes):
    return parallel_map([lambda size=size: check(size) for size in sizes], torch.device("cpu"))


class Method:
    def __init__(self, size):
        self.size = size

    @_checks.named
    def fit(self, size):
        self._check()
        return check(size)

    @_checks.named
    def _check(self):
        check(self.size)

    @classmethod
    @_checks.named
    def of(cls, size):
        return cls(check(size))


class Special(Method):
    pass


@contextmanager
def lent(size):
    with _checks.call("lent"):
        check(size)
    yield size


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: public(0), r"public\(size=0\)"),
        (lambda: outer(0), r"public\(size=0\)"),
        (lambda: threaded([1, 0]), r"threaded\(size=0\)"),
        (lambda: Method(1).fit(0), r"Method\.fit\(size=0\)"),
        (lambda: Special(1).fit(0), r"Special\.fit\(size=0\)"),
        (lambda: Special(0).fit(1), r"Special\(size=0\)"),
        (lambda: Special.of(0), r"Special\.of\(size=0\)"),
        (lambda: lent(0).__enter__(), r"lent\(size=0\)"),
        (lambda: check(0), r"nbinterp\(size=0\)"),
    ],
)
def test_the_innermost_public_call_is_named(call, name):
    with pytest.raises(ValueError, match=f"^{name} must be at least 1. Use 1 or more.$"):
        call()
    assert _checks.current_call() == "nbinterp"


def test_after_a_public_call_within_it_the_outer_one_is_named_again():
    with _checks.call("outer"), pytest.raises(ValueError, match=r"^outer\(size=0\)"):
        public(1)
        check(0)


def test_a_context_manager_does_not_name_what_its_block_does():
    with pytest.raises(ValueError, match=r"^nbinterp\(size=0\)"), lent(1):
        check(0)


def test_help_and_signatures_are_those_of_the_function():
    assert str(inspect.signature(public)) == "(size, other=2)"
    assert (public.__name__, public.__doc__) == ("public", "Check a size.")


def test_values_are_shown_in_one_line():
    assert _checks.show(np.zeros((2, 3)).view(TraitArray)) == "<ndarray of shape (2, 3)>"
    assert _checks.show(pd.DataFrame({"a": [1]})) == "<DataFrame of shape (1, 1)>"
    model = torch.nn.Sequential(torch.nn.ReLU())
    assert _checks.show(model) == "<Sequential>"
    assert _checks.show([model, model]) == "<list of 2: <Sequential>, <Sequential>>"
    assert _checks.show({"first": model, "second": model}) == "<dict of 2: 'first', 'second'>"


def test_no_generator_is_named():
    # It would run, and check, only after the name is gone.
    for path in Path(nbinterp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(each).startswith("_checks.") for each in node.decorator_list
            ):
                inner = [part for part in ast.walk(node) if isinstance(part, ast.FunctionDef)][1:]
                nested = {id(part) for one in inner for part in ast.walk(one)}
                own = [part for part in ast.walk(node) if id(part) not in nested]
                assert not any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own), path
