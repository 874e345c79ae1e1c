import pytest

from triplepoint.files.checked import check_text
from triplepoint.files.plain_secrets import looks_secret
from triplepoint.settings import Settings

SECRET = "sk-proj-planted0123456789abcdef"
UPSTREAM = "lineup: a\nupstreams:\n  a: {{kind: openai, base_url: {base_url}, headers: {{{header}}}}}\n"
GOOD_URL = "https://x.example/v1"


@pytest.mark.parametrize(
    ("base_url", "header"),
    [
        ("https://user:hunter2hunter2@x.example/v1", ""),
        (GOOD_URL, f"x-team: {SECRET}"),
        (GOOD_URL, "Authorization: hunter2hunter2"),
        (GOOD_URL, "api-key: hunter2hunter2"),
        (GOOD_URL, 'X-Api-Key: "${X}"'),
        (GOOD_URL, "x-client-secret: hunter2hunter2"),
        (GOOD_URL, "x-note: Bearer hunter2hunter2"),
    ],
)
def test_secrets_outside_their_field_are_found_and_not_shown(base_url: str, header: str):
    """A key in a header or in an address is refused with the way to do it, and the problem does not repeat it."""
    reading = check_text(UPSTREAM.format(base_url=base_url, header=header), Settings, name="f")
    (problem,) = reading.problems
    assert problem.line == 3
    assert "refused" in problem.message
    assert "${NAME}" in problem.fix
    assert "hunter2" not in str(problem)
    assert SECRET not in str(problem)


def test_a_secret_in_any_wrong_place_is_not_repeated():
    """Where a key is written into a number, a choice or an unknown key, the problem hides it as well."""
    text = f"lineup: a\ngateway: {{max_connections: {SECRET}, keep: {SECRET}}}\njournal: {{fsync: {SECRET}}}\nupstreams: {{}}\n"
    reading = check_text(text, Settings, name="f")
    assert len(reading.problems) >= 3
    assert not any(SECRET in str(problem) for problem in reading.problems)


@pytest.mark.parametrize(
    "text", ["gpt-4o-mini-2024-07-18", "sk-learn", "a-b-c", "pk", "https://x.example/v1", "claude-sonnet-4-5-20250929"]
)
def test_names_are_not_secrets(text: str):
    """Names of models and addresses are not taken for keys."""
    assert not looks_secret(text)


@pytest.mark.parametrize(
    "text", ["tp-" + "a" * 43, "sk-ant-api03-" + "x" * 40, "gsk_" + "b" * 40, "AIza" + "c" * 35, "tpo-" + "d" * 30]
)
def test_known_forms_of_keys_are_secrets(text: str):
    """Keys of the usual vendors, and ours, are recognised by their form."""
    assert looks_secret(f"note {text} end")
