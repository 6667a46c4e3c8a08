"""How ONNX Runtime is used: devices, sessions, the cache, tensors that stay on a device.

Its telemetry is off: from before it is imported, since it opens files and starts a thread as it comes up, and for the
processes that this one starts.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
