"""Inside a network: record its layers, decode them."""

from nbinterp.network.ablate import ablated
from nbinterp.network.ablation import AblationStudy
from nbinterp.network.ablation_study import ablation_study
from nbinterp.network.decoder import Decoder
from nbinterp.network.dropout import dropout_study
from nbinterp.network.dropout_result import DropoutStudy
from nbinterp.network.fit_decoder import fit_decoder
from nbinterp.network.perturb import perturb
from nbinterp.network.perturbation import Perturbation
from nbinterp.network.record import Recording, record

__all__ = [
    "AblationStudy",
    "Decoder",
    "DropoutStudy",
    "Perturbation",
    "Recording",
    "ablated",
    "ablation_study",
    "dropout_study",
    "fit_decoder",
    "perturb",
    "record",
]
