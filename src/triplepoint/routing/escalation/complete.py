"""Is there an answer, and is it whole?"""

from triplepoint.routing.answers.model import Said


def why_incomplete(said: Said | None) -> str | None:
    """Say why an answer is not whole; None where it is.

    Args:
        said: None: what came cannot be read as an answer, or broke off.
    """
    if said is None:
        return "it broke off"
    if said.is_empty and not said.refused:
        return "it was empty"
    if said.is_cut:
        return "it ended for want of room"
    return None
