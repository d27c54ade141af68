# The public names and their packages: type checkers read this, and so does `__init__.py`.
from nbinterp import datasets as datasets
from nbinterp.corex import BioCorEx as BioCorEx
from nbinterp.corex import ClusterFactors as ClusterFactors
from nbinterp.corex import LinearCorEx as LinearCorEx
from nbinterp.corex import LocalCorEx as LocalCorEx
from nbinterp.distance import LinearDistance as LinearDistance
from nbinterp.distance import MahalanobisOOD as MahalanobisOOD
from nbinterp.distance import SensitivityStudy as SensitivityStudy
from nbinterp.distance import sensitivity_study as sensitivity_study
from nbinterp.interactions import AndOr as AndOr
from nbinterp.interactions import SmoothHess as SmoothHess
from nbinterp.manifold import PHATE as PHATE
from nbinterp.network import AblationStudy as AblationStudy
from nbinterp.network import Decoder as Decoder
from nbinterp.network import Perturbation as Perturbation
from nbinterp.network import Recording as Recording
from nbinterp.network import ablated as ablated
from nbinterp.network import ablation_study as ablation_study
from nbinterp.network import dropout_study as dropout_study
from nbinterp.network import fit_decoder as fit_decoder
from nbinterp.network import perturb as perturb
from nbinterp.network import record as record
from nbinterp.saving import load as load
from nbinterp.saving import save as save
from nbinterp.views import AblationChart as AblationChart
from nbinterp.views import ClusterExplorer as ClusterExplorer
from nbinterp.views import FactorSlider as FactorSlider
from nbinterp.views import InteractionHeatmap as InteractionHeatmap
from nbinterp.views import Workbench as Workbench
from nbinterp.views import guide as guide
from nbinterp.views import link as link

__version__: str

def load_ipython_extension(ipython: object) -> None: ...
