"""The one alias of arrays, whose shapes and dtypes docstrings give."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
