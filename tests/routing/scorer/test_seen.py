"""A sketch tells what share of other prompts a scorer was trained on."""

import pytest

from triplepoint.routing.scorer.seen import KEPT, seen_share, sketch_of


def _prompts(begin: int, end: int) -> list[str]:
    return [f"What is {number} times seven?" for number in range(begin, end)]


@pytest.mark.parametrize("trained", [200, 20_000])
@pytest.mark.parametrize(("shared", "expected"), [(0, 0.0), (50, 0.25), (200, 1.0)])
def test_the_share_is_estimated(trained: int, shared: int, expected: float) -> None:
    """Exactly where the training is small; of 20,000 prompts one in twenty is looked up, so nearly."""
    others = _prompts(trained - shared, trained + 200 - shared)
    found = seen_share(sketch_of(_prompts(0, trained)), others)
    if trained < KEPT or expected in {0.0, 1.0}:
        assert found == expected
    else:
        assert 0 < found < 0.75


def test_many_prompts_are_estimated_well() -> None:
    """A third of 6,000 was seen among 20,000: one in twenty is looked up, so within eight points."""
    assert seen_share(sketch_of(_prompts(0, 20_000)), _prompts(18_000, 24_000)) == pytest.approx(1 / 3, abs=0.08)


def test_a_prompt_is_known_in_another_dress() -> None:
    """Case, spaces and punctuation do not make it another; a word does."""
    sketch = sketch_of(["What is the capital of France?"])
    assert seen_share(sketch, ["what is  the capital of france"]) == 1.0
    assert seen_share(sketch, ["what is the capital of Spain?"]) == 0.0


def test_nothing_is_seen_of_nothing() -> None:
    """Empty prompts are not told apart, and so are none."""
    assert sketch_of(["", "  "]) == ""
    assert seen_share("", ["hello"]) == 0.0
    assert seen_share(sketch_of(["hello"]), ["", " "]) == 0.0
    assert seen_share(sketch_of(["?!"]), ["?!"]) == 1.0


def test_a_sketch_is_small_and_has_no_words() -> None:
    """Eleven kilobytes at most, whatever it was made from."""
    assert len(sketch_of(_prompts(0, 5000))) == 4 * -(-KEPT * 8 // 3)
    assert sketch_of(_prompts(0, 5000)) == sketch_of(reversed(_prompts(0, 5000)))


def test_sketches_of_parts_are_the_sketch_of_the_whole() -> None:
    """Whether a model was added with more prompts or all were there at once."""
    assert sketch_of(_prompts(3000, 6000), onto=sketch_of(_prompts(0, 4000))) == sketch_of(_prompts(0, 6000))


@pytest.mark.parametrize("text", ["AAAA", "not base64!", "////////AAAAAAAAAAA="])
def test_what_is_no_sketch_is_refused(text: str) -> None:
    """A damaged card must not make labels look unseen."""
    with pytest.raises(ValueError, match=r"."):
        seen_share(text, ["hello"])
