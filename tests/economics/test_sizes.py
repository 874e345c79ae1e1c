import pytest

from triplepoint.economics.sizes import Size, size_in_name


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("meta-llama/Llama-3.1-70B-Instruct", Size(70, 70)),
        ("qwen3-30b-a3b-instruct", Size(3, 30)),
        ("qwen2.5-coder-1.5b-instruct", Size(1.5, 1.5)),
        ("smollm2-135m-instruct", Size(0.135, 0.135)),
        ("gpt-oss-120b", Size(120, 120)),
        ("model_7b_q4", Size(7, 7)),
    ],
)
def test_a_name_says_the_size_by_custom(name: str, size: Size):
    """Billions or millions, with the active part where it is named."""
    assert size_in_name(name) == pytest.approx(size)


@pytest.mark.parametrize(
    "name", ["gpt-5-mini", "claude-3-5-haiku", "o3", "mixtral-8x7b", "llama-4-17b-128e", "speculative-1b-for-70b", ""]
)
def test_a_name_that_does_not_say_is_not_guessed(name: str):
    """No size is read from a version, a mixture that shares parts, or two sizes at once."""
    assert size_in_name(name) is None
