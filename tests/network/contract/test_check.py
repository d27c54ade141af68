"""The table of docs/models.md: what each function does with each kind of network.

``NBINTERP_WRITE_DOCS=1 pytest tests/network/contract/test_check.py`` writes it anew.
"""

import os
import re
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from network.kinds import KINDS, N, kind_of
from network.worlds import factors_of
from torch import nn

from nbinterp import AndOr, LinearDistance, SmoothHess, check, fit_decoder
from nbinterp.distance import sensitivity_study
from nbinterp.interactions import hessian
from nbinterp.network import ablated, ablation_study, perturb, record

DOCS = Path(__file__).parents[3] / "docs" / "models.md"
QUICK = {"progress": False}
NODES = [0, 2]
UNSTEADY = {
    "dropout that is always on",
    "noise on the input",
    "noise of NumPy",
    "counts its passes",
    "updates statistics in eval mode",
}


def factors(layer):
    return factors_of([f"{layer}[{node}]" for node in range(4)], np.arange(1.0, 5.0))


def players(data):
    shape = (1,) if isinstance(data, dict) else data.shape[1:]
    return (np.arange(np.prod(shape)) % 3).reshape(shape)


def some(data, *rows):
    """Return some samples; explainers take no dict, and say so."""
    return data if isinstance(data, dict) else data[list(rows)]


def plain(kind, change=None, rows=slice(None)):
    """Return the output, and the layer's, of a pass with a hook; `change` edits the layer."""
    model, data, layer, _ = kind
    kinds = {value.dtype for value in model.parameters()}
    kind_of_input = next(iter(kinds)) if len(kinds) == 1 else torch.float32

    def tensor(part):
        block = torch.from_numpy(part[rows])
        return block if kind_of_input.is_complex else block.to(kind_of_input)

    seen = []

    def hook(_module, _inputs, output):
        block = output if isinstance(output, torch.Tensor) else output[0]
        changed = block if change is None else change(block)
        seen.append(changed.clone())
        return changed if output is block else (changed, *output[1:])

    with suppress(NotImplementedError):  # exported modules have no mode
        model.eval()
    handle = model.get_submodule(layer).register_forward_hook(hook)
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        output = (
            model(**{name: tensor(part) for name, part in data.items()})
            if isinstance(data, dict)
            else model(tensor(data))
        )
    handle.remove()
    first = (
        output
        if isinstance(output, torch.Tensor)
        else next(iter(output.values() if isinstance(output, dict) else output))
    )
    return first.float().numpy(), seen


def close(found, expected, kind):
    half = any(value.dtype.itemsize == 2 for value in kind.model.parameters())
    tolerance = 0.05 if half else 1e-5
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def by_record(kind, is_steady):
    size = N if "size" in kind.name or "export" in kind.name else 16
    rec = record(kind.model, kind.data, kind.layer, batch_size=size, **QUICK)
    again = record(kind.model, kind.data, kind.layer, batch_size=size, **QUICK)
    np.testing.assert_array_equal(rec.output, again.output)
    if is_steady:
        output, layers = plain(kind)
        close(rec.output, output, kind)
        for name, expected in zip(rec.layers, layers, strict=True):
            close(rec[name], expected.float().numpy(), kind)


def by_perturb(kind, is_steady):
    moved = perturb(
        kind.model, kind.data, factors(kind.layer), layer=kind.layer, factor=0, base=3, **QUICK
    )
    close(moved.at([[0.0]]).outputs, moved.baseline_outputs[None], kind)
    if is_steady:
        for hidden, outputs in zip(moved.hidden, moved.outputs, strict=True):
            edited = torch.from_numpy(hidden)
            expected, _ = plain(
                kind, lambda block, e=edited: e.reshape(block.shape).to(block), slice(3, 4)
            )
            close(outputs, expected.ravel(), kind)


def by_ablated(kind, is_steady):
    def zero(block):
        channel = 1 if "convolution" in kind.name else -1
        block = block.clone().movedim(channel, 0)
        block[NODES] = 0
        return block.movedim(0, channel)

    with ablated(kind.model, kind.layer, NODES):
        found, _ = plain(kind)
    if is_steady:
        close(found, plain(kind, zero)[0], kind)


def by_study(kind, _):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(largest of|no comparison by weight)")
        ablation_study(
            kind.model, kind.data, factors(kind.layer), layer=kind.layer, y=np.arange(N) % 3,
            factor=0, sizes=[2], n_random=2, random_state=0, **QUICK,
        )  # fmt: skip


# Each runs a function as a user would, and compares with plain passes where that is simple.
FUNCTIONS = {
    "record": by_record,
    "fit_decoder": lambda k, _: fit_decoder(
        k.model, k.data, layer=k.layer, max_epochs=1, inputs=np.arange(2.0 * N).reshape(N, 2),
        **QUICK,
    ),
    "perturb": by_perturb,
    "ablated": by_ablated,
    "ablation_study": by_study,
    "sensitivity_study": lambda k, _: sensitivity_study(
        k.model, k.data, layer=k.layer, nodes=[0], n_random=1, random_state=0, **QUICK
    ),
    "LinearDistance": lambda k, _: LinearDistance(n_random=2, **QUICK).explain(
        k.model, k.data, linear_of(k)
    ),
    "AndOr": lambda k, _: AndOr(groups=players(k.data), **QUICK).explain(
        k.model, some(k.data, 0, 1)
    ),
    "SmoothHess": lambda k, _: SmoothHess(n_samples=400, **QUICK).explain(
        k.model, some(k.data, 0), target=None if k.name == "one output" else 0
    ),
    "hessian": lambda k, _: hessian(
        k.model, some(k.data, 0), target=None if k.name == "one output" else 0
    ),
}  # fmt: skip


def linear_of(kind):
    """Return the layer itself, or the Linear or convolution with which it begins."""
    first = dict(kind.model.named_modules()).get(f"{kind.layer}.0")
    return f"{kind.layer}.0" if isinstance(first, nn.Linear) else kind.layer


def checked(name):
    """Return the answer for each function; for LinearDistance that of the Linear in the layer."""
    kind = kind_of(name)
    answers = {answer.function: answer for answer in check(*kind[:3]).answers}
    linear = check(*kind_of(name)[:2], linear_of(kind))["LinearDistance"]
    return answers | {"LinearDistance": linear}


def outcome(function, name, is_steady):
    kind = kind_of(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            FUNCTIONS[function](kind, is_steady)
        except (ValueError, TypeError) as error:
            return "refused", str(error)
    seeded = any("draws random numbers" in str(warning.message) for warning in caught)
    return ("right with a seed" if seeded else "right"), ""


@pytest.mark.parametrize("name", KINDS)
def test_functions_do_what_check_says(name):
    found = checked(name)
    is_steady = name not in UNSTEADY
    said = {function: answer.verdict for function, answer in found.items()}
    done = {function: outcome(function, name, is_steady) for function in FUNCTIONS}
    assert {function: verdict for function, (verdict, _) in done.items()} == said, done
    for answer in found.values():
        assert bool(answer.why and answer.way_out) == (answer.verdict == "refused")


COLUMNS = {
    "record, fit_decoder": ("record", "fit_decoder"),
    "perturb": ("perturb",),
    "ablated": ("ablated",),
    "ablation_study, sensitivity_study": ("ablation_study", "sensitivity_study"),
    "LinearDistance": ("LinearDistance",),
    "AndOr": ("AndOr",),
    "SmoothHess, hessian": ("SmoothHess", "hessian"),
}


def table_of_kinds():
    """Return the table of kinds by functions, and the reasons that it names by number."""
    numbers, reasons = {}, []
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]

    def cell(answer):
        if answer.verdict != "refused":
            return "seed" if "seed" in answer.verdict else "right"
        if answer.way_out not in numbers:
            numbers[answer.way_out] = len(numbers) + 1
            must = answer.why.split(", but")[0].split(", not")[0]
            way_out = re.sub(r"class \w+\(.+?\)\[0\]", lambda code: f"`{code[0]}`", answer.way_out)
            reasons.append(f"{len(numbers)}. It {must}. {way_out}")
        return str(numbers[answer.way_out])

    for name in KINDS:
        answers = checked(name)
        # Where two functions of a column differ, both are said.
        cells = [
            "; ".join(dict.fromkeys(cell(answers[function]) for function in functions))
            for functions in COLUMNS.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *reasons])


def test_the_page_has_the_table():
    text = DOCS.read_text()
    before, mark, _ = text.partition("<!-- written by tests/network/contract/test_check.py -->\n")
    expected = f"{before}{mark}\n{table_of_kinds()}\n"
    if os.environ.get("NBINTERP_WRITE_DOCS") == "1":
        DOCS.write_text(expected)
    assert text == expected
