from . import neighbors as neighbors
from . import pca as pca
from . import probes as probes
