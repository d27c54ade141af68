"""Classes as columns: which class each sample has, beside what was measured of it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from nbinterp import _checks
from nbinterp._typing import FloatingArray

# More classes than this share of the samples are no classes: numbers, or names of samples.
_MOST_CLASSES = 0.5


class LabelColumns(NamedTuple):
    """One column a class, 1 where a sample has it and 0 elsewhere.

    Of two classes only the second has one: the first would be its opposite, and the pair a factor
    that says nothing.
    """

    values: FloatingArray  # (n_samples, n_classes)
    names: list[str]

    @classmethod
    def of(
        cls,
        y: Any,
        data: FloatingArray,
        class_names: Sequence[object] | None,
        feature_names: Sequence[str],
    ) -> "LabelColumns":
        """Return the columns of the classes `y` of the samples `data`."""
        _checks.require(
            y is not None,
            "",
            "must be given y, the class of each sample, with label_columns=True",
            "Pass fit(X, y), or use label_columns=False.",
        )
        given = _checks.groups("y", y, len(data))
        classes, member = np.unique(given, return_inverse=True)
        whole = given.dtype.kind != "f" or bool((given == np.round(given)).all())
        many = f"{len(classes)} different values in {len(data)} samples"
        _checks.require(
            whole and len(classes) <= max(2, _MOST_CLASSES * len(data)),
            f"(y={_checks.show(given)})",
            f"must be classes, not {many if whole else 'numbers with fractions'}",
            "Cut numbers into a few ranges, such as by pandas.cut(y, 4, labels=False).",
        )
        names = [f"class {label}" for label in classes]
        if class_names is not None:
            names = _names_of(classes, class_names)
        taken = sorted(set(names) & set(feature_names))
        _checks.require(
            not taken and len(set(names)) == len(names),
            f"(class_names={_checks.show(names)})",
            "must be different from one another and from the names of the columns",
            f"Rename {taken[0]!r}." if taken else "Rename one of them.",
        )
        first = 1 if len(classes) == 2 else 0
        return cls(np.eye(len(classes), dtype=data.dtype)[member][:, first:], names[first:])


def _names_of(classes: Any, class_names: Sequence[object]) -> list[str]:
    """Return the names of the classes that occur, from those of all classes."""
    what = f"(class_names={_checks.show(class_names)})"
    if len(class_names) == len(classes):
        return [str(name) for name in class_names]
    # A class may be missing among these samples: then whole numbers say which have which name.
    numbered = classes.dtype.kind in "iu" and classes.min() >= 0
    _checks.require(
        bool(numbered) and int(classes.max()) < len(class_names),
        what,
        f"must name the {len(classes)} classes of y",
        "Pass one name a class, in the order of numpy.unique(y).",
    )
    return [str(class_names[int(label)]) for label in classes]


def with_discrete_labels(corex: Any, n_columns: int, n_labels: int) -> Any:
    """Return a copy of a CorEx whose `marginals` say that the labels are discrete, if it has any.

    As Gaussian columns, classes would count by their variance within a state, which is zero where
    all samples have one class.
    """
    marginals = corex.get_params(deep=False).get("marginals")
    if marginals is None:
        return corex
    each = [marginals] * n_columns if isinstance(marginals, str) else list(marginals)
    return clone(corex).set_params(marginals=[*each, *["discrete"] * n_labels])
