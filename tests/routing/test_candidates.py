"""What a request needs is one rule, whether it is asked for a decision, for an explanation or for a model by name."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.gateway.request import parse_request
from triplepoint.lineups.model import Capability
from triplepoint.routing import candidates
from triplepoint.routing.candidates import needs_in, needs_of
from triplepoint.routing.signals import images, json_output, tools
from triplepoint.routing.signals.read import read_request
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import mentions_images

TYPES = ["image", "image_url", "input_image", "text", "tool_result", "json_object", "json_schema", "function"]
words = st.sampled_from([*TYPES, '{"type": "image_url"}', "tools", "imag\u0435"]) | st.text(max_size=5)
parts: st.SearchStrategy[Any] = st.recursive(
    st.fixed_dictionaries({"type": words}, optional={"text": words}),
    lambda inner: st.fixed_dictionaries({"type": words}, optional={"content": st.lists(inner, max_size=2) | words}),
    max_leaves=6,
)
messages: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool"]), "content": words | st.lists(parts, max_size=3)}
    ),
    max_size=3,
)
formats: st.SearchStrategy[Any] = st.none() | st.fixed_dictionaries(
    {}, optional={"type": words, "format": parts, "json_schema": parts}
)
bodies: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"model": st.just("auto")},
    optional={
        "messages": messages,
        "input": messages | words,
        "tools": st.none() | st.lists(parts, max_size=2) | words,
        "functions": st.none() | st.lists(parts, max_size=2),
        **dict.fromkeys(("response_format", "text", "output_config", "output_format"), formats),
    },
)


def escape_letters(body: bytes) -> bytes:
    """Write every i and j as an escape, which no parser minds."""
    return body.replace(b"i", b"\\u0069").replace(b"j", b"\\u006a").replace(b"\\u0069mag", b"\\u0069ma\\u0067")


@given(bodies, st.sampled_from(list(Dialect)), st.booleans(), st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")]))
def test_gateway_and_explanation_agree(body: dict[str, Any], dialect: Dialect, escaped: bool, signs: tuple[str, str]) -> None:
    """However a request is written, what the gateway asks of a model is what the signals say, and so the explanation."""
    data = json.dumps(body, ensure_ascii=escaped, separators=signs).encode()
    if escaped:
        data = b"{" + re.sub(rb'(?<=: ")[a-z_]+|(?<=:")[a-z_]+', lambda found: escape_letters(found.group()), data[1:])
    request = parse_request(data, dialect, "/v1")
    explained = needs_of(read_request(request.fields, dialect).signals)
    assert needs_in(request.fields, dialect, mentions_images=request.mentions_images) == explained
    assert needs_in(request.fields, dialect) == explained


@pytest.mark.parametrize(
    ("dialect", "member", "value", "needed"),
    [
        (Dialect.CHAT, "tools", [{"type": "function"}], Capability.TOOLS),
        (Dialect.CHAT, "response_format", {"type": "json_schema"}, Capability.JSON),
        (Dialect.RESPONSES, "text", {"format": {"type": "json_object"}}, Capability.JSON),
        (Dialect.MESSAGES, "output_config", {"format": {"type": "json_schema"}}, Capability.JSON),
        (Dialect.CHAT, "messages", [{"role": "user", "content": [{"type": "image_url"}]}], Capability.IMAGES),
        (Dialect.MESSAGES, "messages", [{"role": "user", "content": [{"type": "image"}]}], Capability.IMAGES),
        (Dialect.RESPONSES, "input", [{"role": "user", "content": [{"type": "input_image"}]}], Capability.IMAGES),
        (Dialect.CHAT, "response_format", {"type": "text", "json_schema": None}, None),
        (Dialect.CHAT, "output_config", {"format": {"type": "json_schema"}}, None),
        (Dialect.CHAT, "tools", [], None),
        (Dialect.CHAT, "messages", [{"role": "user", "content": '{"type":"image_url"}'}], None),
        (Dialect.MESSAGES, "messages", [{"role": "user", "content": [{"type": "x", "input": {"image_url": 1}}]}], None),
    ],
)
def test_needs(dialect: Dialect, member: str, value: Any, needed: Capability | None) -> None:
    """Each capability is needed where its own dialect asks for it, not where words or another dialect's members are alike."""
    fields = {member: msgspec.Raw(json.dumps(value).encode())}
    assert needs_in(fields, dialect) == {Capability.CHAT, needed} - {None}


def test_an_image_by_escapes_is_an_image() -> None:
    """Letters written as escapes hide nothing from us that an upstream would see."""
    body = rb'{"model": "a", "messages": [{"role": "user", "content": [{"type": "\u0069mage_url"}]}]}'
    request = parse_request(body, Dialect.CHAT, "/v1/chat/completions")
    assert request.mentions_images
    assert Capability.IMAGES in needs_in(request.fields, Dialect.CHAT, mentions_images=request.mentions_images)
    assert not mentions_images(rb'{"content": "caf\u00e9"}')


def test_the_usual_case_looks_at_every_member_that_the_readers_look_at() -> None:
    """The list that spares most requests the readers names all members that these read."""
    source = "".join(Path(module.__file__ or "").read_text() for module in (images, json_output, tools))
    read = set(re.findall(r'fields\["(\w+)"\]|_offers\(fields, "(\w+)"\)', source))
    assert {name for names in read for name in names if name} == set(candidates.TELLING)
