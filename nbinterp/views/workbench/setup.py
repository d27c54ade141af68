"""What a workbench looks into, made ready: recorded, mapped, and said in Python."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.network import record
from nbinterp.views.workbench.actions import PREAMBLE, Names, Subject
from nbinterp.views.workbench.defaults import guess_image_shape, guess_layer

_FACTORS = 10
_SAMPLES_A_CLUSTER = 10  # of a small data set, at least


class Prepared(NamedTuple):
    """A subject, the answer of the network to each sample, and the lines that lead here."""

    subject: Subject
    answers: IntArray
    begin: str


@_checks.call("Workbench")
def prepare(
    model: Any,
    data: Any,
    *,
    layer: str | None,
    labels: Any,
    local: LocalCorEx | None,
    decode: Any,
    image_shape: Sequence[int] | None,
    n_clusters: int,
    random_state: int,
    names: Mapping[str, str],
    progress: bool,
) -> Prepared:
    """Record the layer, find the clusters of its samples, and note the lines that do so."""
    called, lines = _called(names)
    given = {called.labels: labels, called.local: local, called.decode: decode}
    as_given = [called.model, called.data, *(n for n, value in given.items() if value is not None)]
    layer = guess_layer(model, data) if layer is None else layer
    rec = record(model, data, layer, progress=progress)
    n = len(rec.output)
    pool = "mean" if rec[layer].ndim > 2 else None
    table = rec.concat(layer, output=True, pool=pool)
    pooled = f", pool={pool!r}" if pool else ""
    lines += [
        f"rec = record({called.model}, {called.data}, {layer!r})",
        f"nodes = rec.concat({layer!r}, output=True{pooled})",
    ]
    if local is None:
        most = _checks.integer("n_clusters", n_clusters, 1)
        count = min(most, max(1, n // _SAMPLES_A_CLUSTER))
        m = min(_FACTORS, table.shape[1])
        corex = LinearCorEx(n_factors=m)
        local = LocalCorEx(corex, n_clusters=count, random_state=random_state).fit(table)
        settings = f"LinearCorEx(n_factors={m}), n_clusters={count}, random_state={random_state}"
        lines.append(f"{called.local} = LocalCorEx({settings}).fit(nodes)")
    _check_local(local, n)
    answers = rec.output.argmax(axis=1) if rec.output.ndim > 1 else np.zeros(n, np.int64)
    if labels is None:
        lines.append(f"{called.labels} = rec.output.argmax(axis=1)")
    shape = guess_image_shape(data) if image_shape is None else tuple(image_shape)
    subject = Subject(
        model=model,
        data=data,
        layer=layer,
        labels=answers if labels is None else _checks.labels("labels", labels, n),
        local=local,
        image_shape=shape or None,
        decode=decode,
        outputs=rec.output,
        output_names=rec.output_names,
        nodes=table.to_numpy(np.float32),
        names=called,
    )
    note = f"# {', '.join(as_given)}: as they were given to the workbench"
    return Prepared(subject, answers, "\n".join([PREAMBLE, "", note, *lines]))


def _check_local(local: object, n: int) -> None:
    if not isinstance(local, LocalCorEx):
        _checks.fail(
            f"(local={_checks.show(local)})",
            "must be a fitted LocalCorEx",
            "Leave it out, or pass LocalCorEx(…).fit(record(model, data, layer).concat(layer)).",
            TypeError,
        )
    _checks.fitted(local, "clusters_")
    _checks.require(
        len(local.labels_) == n,
        f"(local=<of {len(local.labels_)} samples>)",
        f"must be of the same samples as data, {n}",
        "Fit it to what was recorded of the same data.",
    )


def _called(names: Mapping[str, str]) -> tuple[Names, list[str]]:
    """Return what things are called in the lines, and lines that name what has no name yet."""
    for name in names:
        _checks.choice("names", name, Names._fields)
    called = {name: text for name, text in names.items() if text.isidentifier()}
    return Names(**called), [
        f"{name} = {text}" for name, text in names.items() if name not in called
    ]
