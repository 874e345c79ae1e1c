"""How an answer is worded, whatever it says."""

import math
import re

_HEDGES = re.compile(
    r"\b(?:however|but|wait|assum\w*|approximately|round\w*|since you can't|cannot|not enough|unclear|actually|let's|note)\b"
)
_CONCLUDES = re.compile(r"\b(?:therefore|so|thus|hence)\b")
_SETS_UP = re.compile(r"\b(?:let|equation|solve|variable)\b")
_SENTENCE_ENDS = re.compile(r"[.!?]\s")
_NOTE = re.compile(r"<<[^<>=]{0,80}=([^<>]{0,40})>>\s*\$?([\d.,]*)")
"""A calculator's note, as GSM8K has taught models to write them: ``<<3*4=12>>12``."""


def manner_features(text: str) -> dict[str, float]:
    """Count what is in an answer's words.

    Args:
        text: As it was written.
    """
    lower, end = text.lower(), text.rstrip()
    has_hashes = "####" in text
    notes = _NOTE.findall(text)
    return {
        "chars": float(len(text)),
        "chars_log": math.log1p(len(text)),
        "lines": float(text.strip().count("\n")),
        "sentences": float(len(_SENTENCE_ENDS.findall(text))),
        "hedges": float(len(_HEDGES.findall(lower))),
        "conclusions": float(len(_CONCLUDES.findall(lower))),
        "sets_up": float(_SETS_UP.search(lower) is not None),
        "no_hashes": float(not has_hashes),
        "ends_open": float(not has_hashes and not end.endswith((".", "!", "?", ")"))),
        "note_open": float(end.rfind("<<") > end.rfind(">>")),
        "notes": float(len(notes)),
        "notes_differ": float(sum(_differ(said, follows) for said, follows in notes)),
    }


def _differ(said: str, follows: str) -> bool:
    return bool(follows) and said.strip().replace(",", "") != follows.rstrip(".,").replace(",", "")
