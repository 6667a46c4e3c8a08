"""Look inside exported CNNs where they really run.

`inspector.load(path)` needs the engine (`pip install 'onnx-inspector[cpu]'` or `'onnx-inspector[gpu]'`);
`inspector.client.Client(address)` needs only the base install. Names are imported when first used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
