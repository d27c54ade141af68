# The public names and their packages: type checkers read this, and so does `__init__.py`.
from . import corex as corex
from . import datasets as datasets
from . import distance as distance
from . import interactions as interactions
from . import manifold as manifold
from . import network as network
from . import saving as saving
from . import views as views
from .corex import BioCorEx as BioCorEx
from .corex import ClusterFactors as ClusterFactors
from .corex import LinearCorEx as LinearCorEx
from .corex import LocalCorEx as LocalCorEx
from .corex import cluster_profile as cluster_profile
from .distance import LinearDistance as LinearDistance
from .distance import MahalanobisOOD as MahalanobisOOD
from .distance import SensitivityStudy as SensitivityStudy
from .distance import sensitivity_study as sensitivity_study
from .interactions import AndOr as AndOr
from .interactions import SmoothHess as SmoothHess
from .manifold import PHATE as PHATE
from .network import AblationStudy as AblationStudy
from .network import Decoder as Decoder
from .network import Perturbation as Perturbation
from .network import Recording as Recording
from .network import Subject as Subject
from .network import ablated as ablated
from .network import ablation_study as ablation_study
from .network import check as check
from .network import dropout_study as dropout_study
from .network import fit_decoder as fit_decoder
from .network import perturb as perturb
from .network import record as record
from .network import untrained as untrained
from .saving import load as load
from .saving import save as save
from .views import AblationChart as AblationChart
from .views import ClusterExplorer as ClusterExplorer
from .views import FactorImages as FactorImages
from .views import FactorSlider as FactorSlider
from .views import InteractionHeatmap as InteractionHeatmap
from .views import Workbench as Workbench
from .views import guide as guide
from .views import link as link

__version__: str

def load_ipython_extension(ipython: object) -> None: ...
