"""Collections of vectors: the domain, its stores, nearest neighbors, principal components, linear probes.

`neighbors`, `pca` and `probes` need scikit-learn, whose import takes longer than all else; they are imported at first
use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
