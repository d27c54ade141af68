"""See what the hidden nodes of a neural network do together, from a notebook."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbinterp import datasets
    from nbinterp.corex import BioCorEx, ClusterFactors, LinearCorEx, LocalCorEx
    from nbinterp.distance import LinearDistance, MahalanobisOOD, PerturbationStudy
    from nbinterp.distance.perturbation_study import perturbation_study
    from nbinterp.interactions import AndOr, SmoothHess
    from nbinterp.manifold import PHATE
    from nbinterp.network import AblationStudy, Decoder, Perturbation, Recording, ablated
    from nbinterp.network.ablation_study import ablation_study
    from nbinterp.network.dropout import dropout_study
    from nbinterp.network.fit_decoder import fit_decoder
    from nbinterp.network.perturb import perturb
    from nbinterp.network.record import record
    from nbinterp.saving import load, save
    from nbinterp.views import (
        AblationChart,
        ClusterExplorer,
        FactorSlider,
        InteractionHeatmap,
        Workbench,
    )
    from nbinterp.views.guide import guide
    from nbinterp.views.link import link

__version__ = "0.1.0"

__all__ = [
    "PHATE",
    "AblationChart",
    "AblationStudy",
    "AndOr",
    "BioCorEx",
    "ClusterExplorer",
    "ClusterFactors",
    "Decoder",
    "FactorSlider",
    "InteractionHeatmap",
    "LinearCorEx",
    "LinearDistance",
    "LocalCorEx",
    "MahalanobisOOD",
    "Perturbation",
    "PerturbationStudy",
    "Recording",
    "SmoothHess",
    "Workbench",
    "ablated",
    "ablation_study",
    "datasets",
    "dropout_study",
    "fit_decoder",
    "guide",
    "link",
    "load",
    "perturb",
    "perturbation_study",
    "record",
    "save",
]

# Where public names are looked up, the lightest first. They load when asked for: Jupyter Server
# imports this package for `nbinterp.server` and has no use for PyTorch and 400 MB.
_LOWER = ("manifold", "corex", "network", "interactions", "distance")
_HOMES = (*_LOWER, "datasets", "saving", "views")


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return import_module(f"nbinterp.{name}")
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"nbinterp.{home}")
            if hasattr(module, name):
                value = globals()[name] = getattr(module, name)
                return value
    raise AttributeError(f"module 'nbinterp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%workbench`` to IPython; it calls this at ``%load_ext nbinterp``."""
    from nbinterp.views.magics import register

    register(ipython)
