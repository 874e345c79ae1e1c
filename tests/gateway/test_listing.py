import email.utils
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import get, post, question
from tests.gateway.speaking import MESSAGES, RESPONSES, says, user

from triplepoint.gateway.retirement import compile_ending
from triplepoint.lineups.model import Retirement

DAYS = st.dates(date(1990, 1, 1), date(2900, 1, 1))
DAY_US = 86_400_000_000


async def listed(gateway: Running, *lines: str, key: str = "") -> Any:
    """Fetch the list."""
    return (await get(gateway, "/v1/models", *lines, key=key)).json()


async def test_the_list_has_models_then_aliases_then_auto(gateway: Running) -> None:
    """Models come in line-up order, weakest first, then aliases, then ``auto``; each says what it serves and can do."""
    entries = (await listed(gateway))["data"]
    names = [entry["id"] for entry in entries]
    assert names.index("chat") < names.index("native") < names.index("small") < names.index("auto")
    small = entries[names.index("small")]
    assert (small["serves"], small["lineup"], small["object"], small["owned_by"]) == ("chat", "test", "model", "triplepoint")
    assert small["context_tokens"] == 128000
    assert "tools" in small["capabilities"]
    assert "serves" not in entries[-1]


async def test_anthropics_client_gets_anthropics_list(gateway: Running) -> None:
    """With ``anthropic-version`` the list is a page of Anthropic's, first and last id included."""
    page = await listed(gateway, "anthropic-version: 2023-06-01")
    names = [entry["id"] for entry in page["data"]]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (names[0], names[-1], False)
    assert all(entry["type"] == "model" for entry in page["data"])


async def test_a_key_of_nothing_sees_nothing(gateway: Running) -> None:
    """A key whose models are not on offer gets an empty list, and 404 for what others may call."""
    narrow = gateway.issue("listing", "model-of-another-lineup")
    assert (await listed(gateway, key=narrow))["data"] == []
    assert (await get(gateway, "/v1/models/chat", key=narrow)).status == 404
    assert (await listed(gateway, "anthropic-version: 2023-06-01", key=narrow))["first_id"] is None


async def test_the_list_needs_a_key(gateway: Running) -> None:
    """Who has no key sees no list."""
    assert (await get(gateway, "/v1/models", key="tp-wrong")).status == 401


async def test_a_pin_is_shown_but_not_listed(gateway: Running) -> None:
    """A pinned name can be looked up; the list would only repeat itself with it."""
    assert (await get(gateway, "/v1/models/small@test")).json()["serves"] == "chat"
    assert not [entry for entry in (await listed(gateway))["data"] if "@" in entry["id"]]


async def test_a_retired_model_is_gone(gateway: Running, simulate: Simulate) -> None:
    """After its end a model is not listed, and calls to it, its pin and its page are 410 that name the successor."""
    server = await simulate("a", says())
    assert "gone" not in [entry["id"] for entry in (await listed(gateway))["data"]]
    calls = [
        await get(gateway, "/v1/models/gone"),
        await post(gateway, question(model="gone")),
        await post(gateway, question(model="gone@test", stream=True)),
        await post(gateway, json.dumps({"model": "gone", "input": "x"}).encode(), path=RESPONSES),
    ]
    for answer in calls:
        assert (answer.status, answer.json()["error"]["code"]) == (410, "model_retired")
        assert answer.json()["error"]["message"] == "The model gone was retired on 2026-01-01; use chat."
    message = json.dumps({"model": "gone", "max_tokens": 9, "messages": user()}).encode()
    answer = await post(gateway, message, path=MESSAGES)
    assert (answer.status, answer.json()["error"]["type"]) == (410, "not_found_error")
    assert len(server.seen) == 0


async def test_before_its_notice_a_model_says_nothing(gateway: Running, simulate: Simulate) -> None:
    """A retirement that is decided but not announced is in no header and no list."""
    await simulate("a", says())
    headers = (await post(gateway, question(model="staying"))).headers
    assert not {"deprecation", "sunset", "link", "x-triplepoint-notice"} & headers.keys()
    entry = (await get(gateway, "/v1/models/staying")).json()
    assert (entry["status"], entry["retires_at"], entry["successor"]) == ("active", None, None)


@given(DAYS, st.integers(1, 4000), st.integers(-(10**6), 10**6))
def test_an_ending_turns_at_midnight(notice: date, days: int, offset_us: int) -> None:
    """Callers are told from the midnight (UTC) of the notice on, and refused from that of the end on; headers say both."""
    ending = compile_ending("old", Retirement(notice=notice, on=notice + timedelta(days=days)))
    begin_us = int(datetime(notice.year, notice.month, notice.day, tzinfo=UTC).timestamp()) * 1_000_000
    assert ending.is_told(begin_us + offset_us) is (offset_us >= 0)
    assert ending.is_over(begin_us + days * DAY_US + offset_us) is (offset_us >= 0)
    headers = dict(ending.headers)
    assert headers[b"deprecation"] == b"@%d" % (begin_us // 1_000_000)
    sunset = email.utils.parsedate_to_datetime(headers[b"sunset"].decode())
    assert sunset.date() == notice + timedelta(days=days)


@pytest.mark.parametrize(("name", "target"), [("small", b"small"), ("meta/llama:8b", b"meta%2Fllama:8b")])
def test_a_link_names_the_successor(name: str, target: bytes) -> None:
    """The successor's link is one path segment, whatever its name holds."""
    ending = compile_ending("old", Retirement(notice=date(2026, 1, 1), on=date(2026, 2, 1), successor=name))
    assert dict(ending.headers)[b"link"] == b"</v1/models/" + target + b'>; rel="successor-version"'
