from .face.catalog import attribution_methods as attribution_methods
from .face.catalog import verbs as verbs
from .face.check import check as check
from .face.collection import collection as collection
from .face.load import load as load
from .face.model import Model as Model
from .face.record import record as record
from .types.control import Cancellation as Cancellation
from .types.golden import Golden as Golden
from .types.golden import read_golden as read_golden
from .types.results.maps import Maps as Maps
from .types.results.predictions import ClassScore as ClassScore
from .types.results.predictions import Prediction as Prediction
from .types.results.predictions import Predictions as Predictions
from .types.results.sweep import Sweep as Sweep
from .types.targets import Class as Class
from .types.targets import Combination as Combination
from .types.targets import Direction as Direction
from .types.targets import Element as Element
from .types.targets import Region as Region
from .types.targets import Unit as Unit

__all__: tuple[str, ...]
__version__: str
