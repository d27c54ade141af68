"""Read files of nbinterp 0.1.0, which contain names of classes and private attributes."""

from typing import Any

# For each class of 0.1.0: its kind, and new names of renamed fields. None: drop the field.
_CLASSES: dict[str, tuple[str, dict[str, str | None]]] = {
    "LinearCorEx": ("linear_corex", {"_columns": "columns", "_seen": "moments"}),
    "BioCorEx": ("bio_corex", {"_columns": "columns", "_model": "model"}),
    "LocalCorEx": (
        "local_corex",
        {"_embedder": "fitted_embedding", "_map": "map", "_centers": "centers"},
    ),
    "PHATE": (
        "phate",
        {
            "_graph": "graph",
            "_walk": "walk",
            "_points": "points",
            "_package": "package",
            "_keys": "cache_keys",
        },
    ),
    "ClusterFactors": ("cluster_factors", {"_columns": "columns", "_estimator": "estimator"}),
    "AndOrInteractions": ("and_or_interactions", {}),
    "SmoothHessian": (
        "smooth_hessian",
        {"_function": None, "_rows": "rows", "_slopes": "gradients", "_wide": "low_rank"},
    ),
    "AndOr": ("and_or", {}),
    "BioColumns": ("bio_columns", {}),
    "Model": ("bio_model", {"relative": None}),  # a cached property
    "Columns": ("column_scores", {"way": "method"}),
    "DiffusionOperator": ("diffusion_operator", {}),
    "LowRank": ("low_rank_matrix", {}),
    "Graph": ("phate_graph", {}),
    "Walk": ("phate_walk", {}),
    "Players": ("players", {}),
    "Reduction": ("reduction", {}),
    "RunningMoments": ("running_moments", {}),
}


def modern(tree: Any) -> Any:
    """Return the tree of a 0.1.0 file with kinds and fields of version 1."""
    if isinstance(tree, list):
        return [modern(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if "class" not in tree:
        return {name: modern(part) for name, part in tree.items()}
    kind, names = _CLASSES[tree["class"]]
    old = dict(tree["state"])
    if kind == "local_corex" and "_fitted" in old:
        fit = old.pop("_fitted")["state"]
        old |= {"data": fit["data"], "feature_names": fit["feature_names"]}
        old["fitted_corex"] = fit["corex"]
    new = {names.get(name, name): modern(part) for name, part in old.items()}
    new.pop(None, None)
    return {"kind": kind, "version": 1, "state": new}
