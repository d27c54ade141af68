"""Inside a network: record its layers, decode them."""

from nbinterp.network.ablation.context import ablated
from nbinterp.network.ablation.result import AblationStudy
from nbinterp.network.ablation.study import ablation_study
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.decoding.fit_decoder import fit_decoder
from nbinterp.network.dropout.result import DropoutStudy
from nbinterp.network.dropout.study import dropout_study
from nbinterp.network.perturbation.perturb import perturb
from nbinterp.network.perturbation.result import Perturbation
from nbinterp.network.recording.record import Recording, record

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
