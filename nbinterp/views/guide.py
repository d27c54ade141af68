"""A table of questions, the method that answers each, and a tutorial that shows it."""

import html
from dataclasses import dataclass
from typing import Any, NamedTuple

from nbinterp import _checks


class Entry(NamedTuple):
    """A question, the public name that answers it, a call, and the tutorial that shows it."""

    question: str
    name: str
    call: str
    tutorial: str = ""


ENTRIES = (
    Entry(
        "Why does my network do that, here? All steps in one widget.",
        "Workbench",
        "Workbench(model, data, y)",
        "600_workbench",
    ),
    Entry(
        "What can be done with my model, and why not?",
        "check",
        'check(model, data, "h1")',
        "300_networks",
    ),
    Entry(
        "What are the activations of the hidden nodes?",
        "record",
        'rec = record(model, data, layers=["h1"]); nodes = rec.concat("h1", output=True)',
        "000_start",
    ),
    Entry(
        "Which samples are similar, to the network or in a table?",
        "PHATE",
        "PHATE().fit_transform(nodes)",
        "220_mnist",
    ),
    Entry(
        "How many dimensions does the map need, to cluster in it?",
        "select_n_components",
        "select_n_components(nodes).best",
    ),
    Entry(
        "How many clusters are there, if any?",
        "select_n_clusters",
        "select_n_clusters(nodes, embedding=PHATE(10)).reason",
    ),
    Entry(
        "Which groups of nodes or columns vary together in one region?",
        "LocalCorEx",
        "local = LocalCorEx(n_clusters=20).fit(nodes); local.fit_selection(indices)",
        "200_local_corex",
    ),
    Entry(
        "What sets a cluster apart: which classes, which mean image, which columns?",
        "cluster_profile",
        "cluster_profile(table, local, y=y, images=images)",
    ),
    Entry(
        "Which pixels belong to each factor? See the factors as images.",
        "FactorImages",
        "FactorImages(local.clusters_[0], (28, 28))",
    ),
    Entry(
        "Which groups vary together over all samples of a table?",
        "LinearCorEx",
        "LinearCorEx(n_factors=10).fit(table)",
        "200_local_corex",
    ),
    Entry(
        "Which groups vary together where columns are binary, categorical or mixtures?",
        "BioCorEx",
        'BioCorEx(n_factors=2, marginals="discrete").fit(table)',
    ),
    Entry(
        "How many factors does a table support?",
        "select_n_factors",
        "select_n_factors(table, [2, 5, 10, 20]).best",
    ),
    Entry(
        "Which columns or nodes belong to a factor, and where do they end?",
        "scree",
        "scree(local.clusters_[0]).members(0)",
    ),
    Entry(
        "Where are my samples? See them as a map, and lasso some.",
        "ClusterExplorer",
        "ClusterExplorer(local, columns={...}, images=images)",
        "000_start",
    ),
    Entry(
        "Which nodes belong to a factor, and which outputs?",
        "InteractionHeatmap",
        "InteractionHeatmap(factors)",
        "000_start",
    ),
    Entry(
        "How do I link views, in a notebook and in a page without a kernel?",
        "link",
        'bound = link(explorer, heatmap, slider); bound.to_html("page.html")',
        "600_workbench",
    ),
    Entry(
        "How do the input and the output change if I move along a factor?",
        "perturb",
        'perturb(model, data, factors, layer="h1", decode=decoder)',
        "300_networks",
    ),
    Entry(
        "What does a layer keep of the input? Train a decoder and look.",
        "fit_decoder",
        'fit_decoder(model, data, layer="h1")',
        "300_networks",
    ),
    Entry(
        "Do these nodes matter more than as many random ones?",
        "ablation_study",
        'ablation_study(model, data, factors, layer="h1", y=y)',
        "300_networks",
    ),
    Entry(
        "Is that due to training? Compare with an untrained copy.",
        "untrained",
        'record(untrained(model), data, "h1")',
        "300_networks",
    ),
    Entry(
        "What does the network answer without some nodes?",
        "ablated",
        'with ablated(model, "h1", [3, 17]): model(x)',
        "300_networks",
    ),
    Entry(
        "What does dropout do to groups of nodes?",
        "dropout_study",
        "dropout_study(data, y, test_data, test_y)",
    ),
    Entry(
        "Which inputs interact as AND or OR, exactly? For few inputs.",
        "AndOr",
        "AndOr(groups=groups).explain(model, x)",
        "400_interactions",
    ),
    Entry(
        "Which inputs interact near a sample? For many inputs.",
        "SmoothHess",
        "SmoothHess(radius=1.0).explain(model, x, target=3)",
        "400_interactions",
    ),
    Entry(
        "Where are the hyperplanes of a layer's nodes in the data, and which cluster is each near?",
        "LinearDistance",
        'LinearDistance().explain(model, data, "h1.linear", clusters=labels)',
        "500_distance",
    ),
    Entry(
        "Does a network read the distance from a node's hyperplane, or the size of its activation?",
        "sensitivity_study",
        'sensitivity_study(model, data, layer="h1.norm", y=y)',
    ),
    Entry(
        "Is this sample unlike the training data?",
        "MahalanobisOOD",
        "MahalanobisOOD().fit(rec, labels).scores(record(model, new, layers))",
        "500_distance",
    ),
    Entry(
        "How do I save what I fitted, or share it?",
        "save",
        'save(local, "local.safetensors"); explorer.to_html("page.html")',
    ),
)

_TITLE = "Which method answers which question"


@dataclass(frozen=True)
class Guide:
    """A table of questions and methods, for a notebook or a terminal."""

    entries: tuple[Entry, ...]

    def __repr__(self) -> str:
        lines = [_TITLE]
        for question, name, call, tutorial in self.entries:
            where = f"  (tutorials/{tutorial}.ipynb)" if tutorial else ""
            lines += ["", question, f"  {name}: {call}{where}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            f'<td style="text-align:left;white-space:normal">{html.escape(question)}</td>'
            f'<td style="text-align:left"><b>{html.escape(name)}</b></td>'
            f'<td style="text-align:left"><code>{html.escape(call)}</code></td>'
            f'<td style="text-align:left">{html.escape(tutorial)}</td></tr>'
            for question, name, call, tutorial in self.entries
        )
        heads = "".join(
            f'<th style="text-align:left">{head}</th>'
            for head in ("question", "name", "how", "tutorial")
        )
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


@_checks.named
def guide(word: str = "") -> Any:
    """Return which method answers which question, as a table.

    Parameters
    ----------
    word : str
        Show only entries with this word in the question, the name or the call; all if empty.

    Returns
    -------
    Guide

    Raises
    ------
    ValueError
        If no entry has the word.

    Examples
    --------
    >>> guide("dropout")
    Which method answers which question
    <BLANKLINE>
    What does dropout do to groups of nodes?
      dropout_study: dropout_study(data, y, test_data, test_y)
    """
    _checks.require(
        isinstance(word, str),
        f"({_checks.show(word)})",
        "must be a word",
        "Call guide() for all entries.",
        TypeError,
    )
    found = tuple(entry for entry in ENTRIES if word.lower() in " ".join(entry).lower())
    _checks.require(
        len(found) > 0,
        f"({word!r})",
        "must be a word of a question, a name or a call",
        "Call guide() for all of them.",
    )
    return Guide(found)
