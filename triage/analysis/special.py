"""Log-gamma functions on small arrays: scipy would cost more to import than a whole analysis takes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_lgamma = np.frompyfunc(math.lgamma, 1, 1)


def gammaln(x: ArrayLike) -> Array:
    """Natural log of the gamma function, element by element.

    >>> round(float(gammaln(5.0)), 6)
    3.178054
    """
    return np.asarray(_lgamma(x), dtype=float)


def betaln(a: ArrayLike, b: ArrayLike) -> Array:
    """Natural log of the beta function."""
    return gammaln(a) + gammaln(b) - gammaln(np.add(a, b))


def logsumexp(x: ArrayLike) -> float:
    """Log of the sum of exponentials, without overflow.

    >>> round(logsumexp([-1000.0, -1000.0]), 4)
    -999.3069
    """
    values = np.asarray(x, dtype=float)
    top = float(values.max()) if values.size else -math.inf
    if math.isinf(top):
        return top
    return top + math.log(float(np.exp(values - top).sum()))
