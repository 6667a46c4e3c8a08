from . import neighbors as neighbors
from . import pca as pca
