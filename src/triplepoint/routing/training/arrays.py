"""Names of arrays, and scipy's sparse matrices, which are loaded when training begins and not before."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from triplepoint.foundation.extras import load_extra

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]
Sparse = Any
"""A ``scipy.sparse.csr_array``; the package has no types."""


def sparse() -> Any:
    """Return ``scipy.sparse``.

    Raises: RequestInvalid: scipy is not installed; says how to get it.
    """
    return load_extra("scipy.sparse", "training a scorer needs scipy", extra="route")
