"""A declared share of decisions is left to chance, so that other routers can be scored on what comes of them.

One draw u, uniform in [0, 1), decides both whether and whom: below the share ε it is chance, and u/ε is uniform again and
points at one of the n models. So a model is served with probability ε/n if it is one of the n, and 1 − ε more if it is what the
policy would choose; that is the propensity, exactly, and it is the same for a model whether chance or policy chose it.
"""

from collections.abc import Sequence

import msgspec


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What is served, after chance had its share."""

    model: str
    propensity: float
    explored: bool


def explore(choice: str, among: Sequence[str], *, share: float, draw: float) -> Choice:
    """Let chance have its share.

    Args:
        choice: What the policy chooses.
        among: Models that chance may choose from, each alike; with fewer than two there is none.
        share: ε, of all decisions, 0…1.
        draw: u, uniform in [0, 1); at least the share: no chance.
    """
    count = len(among)
    if share <= 0 or count < 2:
        return Choice(choice, 1.0, explored=False)
    explored = draw < share
    model = among[min(int(draw / share * count), count - 1)] if explored else choice
    propensity = (share / count if model in among else 0.0) + (1 - share if model == choice else 0.0)
    return Choice(model, propensity, explored)
