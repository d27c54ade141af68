# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .ablation.context import ablated
from .ablation.result import AblationStudy
from .ablation.study import ablation_study
from .contract.check import ModelCheck, check
from .decoding.decoder import Decoder
from .decoding.fit_decoder import fit_decoder
from .dropout.result import DropoutStudy
from .dropout.study import dropout_study
from .perturbation.perturb import perturb
from .perturbation.result import Perturbation
from .recording.record import Recording, record
from .subject.fast_paths import fast_paths
from .subject.subject import Subject
from .subject.untrained import untrained

__all__ = [
    "AblationStudy",
    "Decoder",
    "DropoutStudy",
    "ModelCheck",
    "Perturbation",
    "Recording",
    "Subject",
    "ablated",
    "ablation_study",
    "check",
    "dropout_study",
    "fast_paths",
    "fit_decoder",
    "perturb",
    "record",
    "untrained",
]
