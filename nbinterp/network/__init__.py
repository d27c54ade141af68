"""Networks: record layers, decode and perturb activations, ablate nodes."""

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
from nbinterp.network.subject.fast_paths import fast_paths

__all__ = [
    "AblationStudy",
    "Decoder",
    "DropoutStudy",
    "Perturbation",
    "Recording",
    "ablated",
    "ablation_study",
    "dropout_study",
    "fast_paths",
    "fit_decoder",
    "perturb",
    "record",
]
