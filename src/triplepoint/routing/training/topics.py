"""The directions in which texts vary most."""

from typing import Final

import numpy as np

from triplepoint.routing.training.arrays import Matrix, Sparse

_MORE: Final = 10
"""Directions that are carried along beside those wanted."""
_ROUNDS: Final = 4


def find_directions(terms: Sparse, count: int, *, seed: int) -> Matrix:
    """Return the leading right singular vectors of prompts × terms; fewer than asked for where there are not so many.

    Returns: Terms × directions, each of length 1.
    Source: Halko, Martinsson and Tropp 2011, doi 10.1137/090771806, algorithm 4.4 (randomised subspace iteration).
    """
    prompts, columns = terms.shape
    size = min(count + _MORE, prompts, columns)
    if size <= 0:
        return np.zeros((columns, 0))
    transposed = terms.T.tocsr()
    basis = terms @ np.random.default_rng(seed).standard_normal((columns, size))
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(terms @ (transposed @ basis))[0]
    _left, _sizes, right = np.linalg.svd((transposed @ basis).T, full_matrices=False)
    return right[:count].T
