"""Check labels of samples: values, groups, and the class of each sample."""

from typing import Any

import numpy as np
import pandas as pd

from nbinterp._checks.arrays import plain
from nbinterp._checks.errors import current_call, fail, require, show, warn
from nbinterp._typing import AnyArray, IntArray

_FIRST = 4  # classes that a message names


def labels(name: str, value: object, n: int, *, of_classes: bool = False) -> AnyArray:
    """Return a one-dimensional array of `n` labels; a table of one column is one.

    With `of_classes`, errors say how to make one class of each row of a table.
    """
    array = _array(name, value)
    what = f"({name}={show(array if array.ndim else value)})"
    if of_classes and array.ndim == 2 and len(array) == n and array.shape[1] > 1:
        _refuse_table(name, array)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    remedy = "Pass a list as long as the data."
    require(array.ndim == 1 and len(array) == n, what, f"must be one label per sample, {n}", remedy)
    require(
        array.dtype.kind not in "cV",
        what,
        f"must be numbers, texts or dates, not {array.dtype}",
        "Pass one real value per sample.",
        TypeError,
    )
    return array


def groups(name: str, value: object, n: int) -> AnyArray:
    """Return a partition of `n` samples as an array of labels, none of them missing."""
    array = labels(name, value, n, of_classes=True)
    _refuse_missing(name, array, "group")
    return array


def class_labels(name: str, value: object, n: int) -> AnyArray:
    """Return the class of each of `n` samples: whole numbers, texts or flags.

    A table with a column for each class is refused, and so are floats: what they mean is a guess.
    """
    array = labels(name, value, n, of_classes=True)
    _refuse_missing(name, array, "class")
    items = list(np.ravel(np.array(value, object))) if isinstance(value, list) else array.tolist()
    if array.dtype == object:
        array = np.array(items)
    mixed = array.dtype.kind in "UST" and not all(isinstance(item, str | bytes) for item in items)
    require(
        array.dtype.kind in "biuUST" and not mixed,
        f"({name}={show(array)} of {array.dtype})",
        "must be the class of each sample, a whole number, a text or a flag",
        f"Pass {name}.astype(int) if these are classes. Of a regression there are no right answers:"
        " compare its outputs within `ablated`.",
    )
    return array


def classes(name: str, value: object, n: int, n_outputs: int) -> IntArray:
    """Return the true class of each of `n` samples, as the number of an output.

    Flags are the classes 0 and 1 of two. Texts are numbers, or names of all classes: in the order
    of their categories, or else of the alphabet, of which a warning tells.
    """
    if isinstance(value, pd.DataFrame) and value.shape[1] == 1:
        value = value.iloc[:, 0]  # which says the order of its categories
    array = class_labels(name, value, n)
    what = f"({name}={show(array)})"
    if array.dtype.kind == "b":
        require(
            n_outputs == 2,
            what,
            f"must be output numbers from 0 to {n_outputs - 1}, as flags tell two classes apart",
            "Pass the class of each sample as an output number.",
        )
    elif array.dtype.kind in "UST":
        array = _numbers_of(name, value, array, n_outputs)
    require(
        array.min() >= 0 and array.max() < n_outputs,
        what,
        f"must be output numbers from 0 to {n_outputs - 1}",
        "Pass the class of each sample as an output number.",
    )
    return array.astype(np.int64)


def same_order(name: str, value: object, data: object) -> None:
    """Refuse labels whose index names the samples of `data` in another order.

    Labels belong to samples by their position. Where both are of pandas, a table that was sorted or
    shuffled after its labels were taken shows in the index.
    """
    of_pandas = (pd.Series, pd.DataFrame)
    if not (isinstance(value, of_pandas) and isinstance(data, of_pandas)):
        return
    one, two = value.index, data.index
    if len(one) != len(two) or one.equals(two) or not (one.is_unique and two.is_unique):
        return
    require(
        not one.isin(two).all(),
        f"({name})",
        "must be in the order of the data, but its index has the same samples in another order",
        f"Pass {name}.loc[data.index], or {name}.to_numpy() if the index means something else.",
    )


def _array(name: str, value: object) -> AnyArray:
    try:
        return np.asarray(plain(value, name))
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        fail(
            f"({name}={show(value)})",
            "must be one label per sample, but some have several",
            f"Ask for one of them at a time, such as {name}=[2 in labels for labels in {name}] and"
            " a model of two outputs, torch.stack([-z, z], dim=1) with the logit z of that one.",
            cause=error,
        )


def _refuse_missing(name: str, array: AnyArray, of: str) -> None:
    require(
        not bool(pd.isna(array).any()),
        f"({name}={show(array)})",
        f"must name the {of} of each sample, but some are NaN or None",
        f"Drop those samples, or put them into a {of} of their own.",
    )


def _refuse_table(name: str, table: AnyArray) -> None:
    """Refuse one column for each class, and say how to make one class of each row."""
    what, must = f"({name}={show(table)})", "must be one class per sample, not a column per class"
    numeric = table.astype(np.float64) if table.dtype.kind in "biuf" else np.full((1, 1), np.nan)
    ones = numeric.sum(axis=1)
    if np.isin(numeric, (0, 1)).all() and (ones != 1).any():
        fail(
            what,
            f"must be one class per sample, but rows have from {ones.min():g} to {ones.max():g}",
            f"Ask for one of them at a time: {name}[:, 2] and a model of two outputs,"
            " torch.stack([-z, z], dim=1) with the logit z of class 2.",
        )
    fail(what, must, f"Pass the place of the largest: {name}.argmax(1).")


def _numbers_of(name: str, value: Any, array: AnyArray, n_outputs: int) -> IntArray:
    """Return the numbers of the outputs that texts name."""
    texts = array.astype(str)
    if all(text.strip().isdecimal() for text in np.unique(texts)):
        return texts.astype(np.int64)
    categories = getattr(getattr(value, "dtype", None), "categories", None)
    order = np.unique(texts) if categories is None else np.asarray(categories).astype(str)
    by = "the alphabet" if categories is None else "their categories"
    require(
        len(order) == n_outputs,
        f"({name}={show(array)})",
        f"must be output numbers from 0 to {n_outputs - 1}, as these texts name {len(order)}"
        f" classes of {n_outputs}",
        f"Pass [order.index(text) for text in {name}], with the classes in the order of outputs.",
    )
    named = [f"{text!r} is output {number}" for number, text in enumerate(order[:_FIRST].tolist())]
    warn(
        f"{current_call()}({name}) holds texts, taken in the order of {by}: {', '.join(named)}"
        f"{' and so on' if len(order) > _FIRST else ''}. If the model has another order, pass"
        f" [order.index(text) for text in {name}]."
    )
    places = {text: number for number, text in enumerate(order.tolist())}
    return np.array([places[text] for text in texts.tolist()], dtype=np.int64)
