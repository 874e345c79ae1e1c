"""The candidates in line-up order: the one door to every decision."""

from collections.abc import Container

from triplepoint.foundation.errors import NotEntitled


def in_order(models: tuple[str, ...], candidates: Container[str]) -> tuple[str, ...]:
    """Return the candidates in line-up order, weakest first.

    Raises: NotEntitled: there is none.
    """
    available = tuple([model for model in models if model in candidates])
    if not available:
        raise NotEntitled(
            "no model of this line-up may and can answer this request; ask for one by name to learn what stands against it",
            param="model",
        )
    return available


def nearest(wanted: str, models: tuple[str, ...], available: tuple[str, ...]) -> str:
    """Return the candidate that stands nearest to a model in line-up order; of two alike the stronger."""
    place = models.index(wanted)
    return min(available, key=lambda model: (abs(models.index(model) - place), -models.index(model)))
