"""The console in a real browser, on a control plane that runs as a process of its own."""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import nicegui
import pytest
from playwright.sync_api import Page, expect
from tests.console.conftest import Plants, Windows, admit, log_in
from tests.console.plant import NAME, PASSWORD, Plant
from tests.console.traffic import HOSTILE

from triplepoint.access.sessions import SESSION_COOKIE

ROWS = ".attempts tbody tr"
AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
Picture = Callable[[Page, str], None]
BEHIND_THE_DOOR = (
    "/",
    "/lineup",
    "/router",
    "/receipts/rcpt_1",
    "/nothing",
    "/favicon.ico",
    f"/_nicegui/{nicegui.__version__}/static/nicegui.js",
    f"/_nicegui/{nicegui.__version__}/libraries/none",
    "/_nicegui_ws/socket.io/?EIO=4&transport=polling",
)


def test_one_login_opens_console_and_api(plants: Plants, windows: Windows) -> None:
    """A wrong password is told and opens nothing; the right one leads to the page that was asked for, and to the admin API."""
    page = windows.stranger()
    page.goto(f"{plants.lively.url}/lineup")
    expect(page).to_have_url(f"{plants.lively.url}/login?next=/lineup")
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Not logged in: name or password is wrong.")
    assert page.context.cookies() == []
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{plants.lively.url}/lineup")
    cookie = next(cookie for cookie in page.context.cookies() if cookie.get("name") == SESSION_COOKIE)
    assert cookie.get("httpOnly") is True
    assert cookie.get("sameSite") == "Strict"
    page.goto(f"{plants.lively.url}/api/me")
    assert json.loads(page.inner_text("body"))["name"] == NAME


@pytest.mark.parametrize("path", BEHIND_THE_DOOR)
@pytest.mark.parametrize("cookie", ["", f"{SESSION_COOKIE}=forged"])
def test_nothing_is_served_without_a_session(plants: Plants, path: str, cookie: str) -> None:
    """Pages, assets and the socket of NiceGUI are refused to strangers, and the refusal says nothing of what is behind."""
    request = urllib.request.Request(plants.lively.url + path, headers={"cookie": cookie})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    with refused.value as answer:
        assert answer.code == 401
        assert json.loads(answer.read())["error"]["code"] == "not_authenticated"
        assert "default-src" in answer.headers["content-security-policy"]


def test_an_attempt_appears_as_it_is_made(plants: Plants, windows: Windows) -> None:
    """An attempt that is journalled stands on top within seconds as running, then with tokens, price and outcome."""
    page = windows.open(plants.lively, "/")
    expect(page.locator(ROWS).first).to_be_visible()
    opened = plants.lively.opened(asked_model="small", decision="alias small")
    plants.lively.write(opened)
    row = page.locator(ROWS).first
    expect(row).to_contain_text("small → nano")
    expect(row).to_contain_text("running")
    assert plants.lively.journal is not None
    plants.lively.journal.write(plants.lively.closed(opened))
    expect(row).to_contain_text("finished")
    expect(row).to_contain_text("42 + 48")
    expect(row).to_contain_text("$0.000005")


def test_a_receipt_opens_over_the_page(plants: Plants, windows: Windows, picture: Picture) -> None:
    """A row opens its receipt with all attempts under an address of its own; Escape closes it, back and forward lead there."""
    page = windows.open(plants.lively, "/")
    page.locator(ROWS, has_text="attempt 2").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(page).to_have_url(f"{plants.lively.url}/receipts/{plants.known['fallback']}")
    for text in ("2 attempts", "upstream_overloaded", "fallback: upstream mini", "reported by the upstream", "$0.0001704626"):
        expect(dialog).to_contain_text(text)
    for text in ("acme", "website", "team: search", "conv_7", "dropped: logit_bias", "qwen2.5-coder-0.5b-instruct@2026-01-01"):
        expect(dialog).to_contain_text(text)
    picture(page, "console-receipt")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(f"{plants.lively.url}/")
    page.go_back()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_a_receipt_has_an_address(plants: Plants, windows: Windows) -> None:
    """The address of a receipt shows it at once; one that does not exist says so, with status 404."""
    page = windows.open(plants.lively, f"/receipts/{plants.known['cut']}")
    expect(page.get_by_role("dialog")).to_contain_text("estimated, for the upstream reported none with o200k_base")
    answer = page.goto(f"{plants.lively.url}/receipts/rcpt_none")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("dialog")).to_contain_text("No such receipt")


def test_words_of_callers_stay_words(plants: Plants, windows: Windows) -> None:
    """A model name, a tag or a notice with HTML in it is shown as it was written and runs nothing."""
    page = windows.open(plants.lively, "/")
    expect(page.locator(ROWS, has_text=HOSTILE)).to_be_visible()
    page.goto(f"{plants.lively.url}/receipts/{plants.known['hostile']}")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{HOSTILE} → nano")
    expect(dialog).to_contain_text(f"{HOSTILE}: {HOSTILE}")
    expect(dialog.locator(".sum")).to_have_text("finishedunknown")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_filters_and_pause(plants: Plants, windows: Windows) -> None:
    """The table narrows to a model or an outcome, and stands still while it is paused."""
    page = windows.open(plants.lively, "/")
    page.get_by_role("combobox", name="Model").select_option("mini")
    expect(page.locator(ROWS, has_text="nano")).to_have_count(0)
    expect(page.locator(ROWS, has_text="mini").first).to_be_visible()
    page.get_by_role("combobox", name="Model").select_option("")
    page.get_by_role("combobox", name="Outcome").select_option("trouble")
    expect(page.locator(ROWS, has_text="finished")).to_have_count(0)
    expect(page.locator(ROWS)).to_have_count(2)
    page.get_by_role("combobox", name="Outcome").select_option("running")
    expect(page.locator(".attempts")).to_contain_text("No attempt of this kind")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(ROWS).nth(3)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    opened = plants.lively.opened(served_model="mini", upstream="mini", decision="rule: a longer conversation")
    plants.lively.write(opened, plants.lively.closed(opened))
    page.wait_for_timeout(1200)
    assert page.locator(ROWS, has_text="a longer conversation").count() == 0
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(ROWS, has_text="a longer conversation")).to_be_visible()


def test_numbers_stand_for_what_happened(plants: Plants, windows: Windows, picture: Picture) -> None:
    """Tiles, shares and upstreams show what the ledger and the gateway say."""
    page = windows.open(plants.lively, "/")
    tiles = page.locator(".tiles")
    expect(tiles).to_contain_text(re.compile(r"Spend, hour\$0\.00\d+"))
    expect(tiles).to_contain_text("(1 unpriced)")
    expect(tiles).to_contain_text(re.compile(r"Requests / s[1-9]"))
    expect(page.get_by_role("img", name="Attempts by model: nano")).to_be_visible()
    upstreams = page.locator(".upstreams")
    expect(upstreams).to_contain_text("breaker open")
    expect(upstreams).to_contain_text("last error upstream_timeout")
    expect(page.locator(".strip")).to_contain_text(plants.lively.lineup_hash)
    picture(page, "console-now")


def test_dark_follows_the_system_and_can_be_chosen(plants: Plants, windows: Windows, picture: Picture) -> None:
    """The page is dark where the system is, light where that was chosen here, and remembers it."""
    page = windows.open(plants.lively, "/", theme="dark")
    expect(page.locator(ROWS).first).to_be_visible()
    assert _brightness(page) < 60
    picture(page, "console-now-dark")
    page.get_by_label("Theme").select_option("light")
    assert _brightness(page) > 200
    page.reload()
    expect(page.get_by_label("Theme")).to_have_value("light")
    assert _brightness(page) > 200


def test_a_narrow_window_is_enough(plants: Plants, windows: Windows, picture: Picture) -> None:
    """At the width of a phone nothing is cut off sideways, on any page."""
    page = windows.open(plants.lively, "/", width=390)
    expect(page.locator(ROWS).first).to_be_visible()
    heights = page.locator(ROWS).evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert max(heights[:20]) < 90, "a row is three lines"
    expect(page.locator(".attempts thead")).to_have_css("width", "1px")
    page.set_viewport_size({"width": 390, "height": 1560})
    picture(page, "console-now-narrow")
    for path in ("/", f"/receipts/{plants.known['fallback']}", "/lineup"):
        page.goto(plants.lively.url + path)
        page.wait_for_selector("dialog[open]" if "receipt" in path else f"{ROWS}, .models")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate("document.querySelector('dialog')?.scrollWidth ?? 0") <= 390, path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_keep_the_rules_of_accessibility(plants: Plants, windows: Windows, theme: str) -> None:
    """Names, labels, landmarks, headings, sizes and the contrast of every text hold on every page in both themes."""
    page = windows.open(plants.lively, theme=theme)
    for path in ("/", f"/receipts/{plants.known['fallback']}", "/lineup", "/nothing"):
        page.goto(plants.lively.url + path)
        page.wait_for_selector(f"{ROWS}, .models, main a")
        if "receipt" in path:
            page.wait_for_selector("dialog[open] .tries")
        assert page.evaluate(AUDIT) == [], path
    stranger = windows.stranger()
    stranger.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    stranger.goto(f"{plants.quiet.url}/login")
    assert stranger.evaluate(AUDIT) == []


def test_the_keyboard_is_enough(plants: Plants, windows: Windows) -> None:
    """The first stop skips the bar, what has the focus is marked, and Enter on a row opens its receipt."""
    page = windows.open(plants.lively, "/")
    expect(page.locator(ROWS).first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody') !== null"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_empty_and_away_are_said(plants: Plants, windows: Windows) -> None:
    """Without a gateway and without attempts the page says both, and what to do."""
    page = windows.open(plants.quiet, "/")
    expect(page.get_by_role("alert")).to_contain_text("No gateway answers.")
    expect(page.locator(".attempts")).to_contain_text("Nothing has been asked yet.")
    expect(page.locator(".tiles")).to_contain_text("no answer yet")
    page.goto(f"{plants.quiet.url}/lineup")
    expect(page.locator(".lineup")).to_contain_text("No gateway answers.")


def test_the_lineup_is_shown_whole(plants: Plants, windows: Windows) -> None:
    """Models in order, with upstreams and prices, aliases, the router's rules and the hash."""
    page = windows.open(plants.lively, "/lineup")
    expect(page.locator(".models h3")).to_have_text(["nano", "mini", "regular"])
    for text in ("0.0406", "local/smollm2-135m-instruct@2026-01-01#", "at least 1,200 input tokens", plants.lively.lineup_hash):
        expect(page.locator(".lineup")).to_contain_text(text)
    expect(page.locator(".alarm")).to_have_count(0)


def test_wrong_files_are_told(plants: Plants, windows: Windows) -> None:
    """Where the files are wrong, the page of the line-up shows each problem with its place."""
    settings = plants.quiet.installation.folder / "triplepoint.yaml"
    before = settings.read_text("utf-8")
    settings.write_text(before.replace("lineup: embedded", "lineup: embeded"), "utf-8")
    try:
        page = windows.open(plants.quiet, "/lineup")
        expect(page.locator(".alarm")).to_contain_text("The files are wrong.")
        expect(page.locator(".alarm")).to_contain_text("triplepoint.yaml:")
    finally:
        settings.write_text(before, "utf-8")


def test_a_session_that_ends_closes_open_pages(plants: Plants, windows: Windows) -> None:
    """Log out ends the session for good, and a page left open elsewhere goes to the login within seconds."""
    page = windows.stranger()
    admit(page.context, plants.lively)
    page.goto(plants.lively.url)
    other = page.context.new_page()
    other.goto(f"{plants.lively.url}/lineup")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{plants.lively.url}/login")
    expect(other).to_have_url(re.compile("/login"))
    other.goto(f"{plants.lively.url}/lineup")
    expect(other).to_have_url(f"{plants.lively.url}/login?next=/lineup")


def test_a_thousand_requests_a_second_do_not_reach_the_browser(plants: Plants, windows: Windows) -> None:
    """Under a flood a browser gets at most two frames a second and 200 rows, and answers at once."""
    page = windows.open(plants.lively)
    shown: list[float] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: _note_frame(data, shown)))
    page.goto(f"{plants.lively.url}/")
    expect(page.locator(ROWS).first).to_be_visible()
    begun = time.monotonic()
    _flood(plants.lively, 3000)
    shown.clear()
    page.wait_for_timeout(2500)
    seconds = time.monotonic() - begun
    assert 1 <= len(shown) <= 2 * seconds + 2
    expect(page.locator(ROWS)).to_have_count(200)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=1000)


@pytest.mark.parametrize(("origin", "status"), [("http://127.0.0.1:9", 403), ("https://example.com", 403), (None, 101)])
def test_a_socket_is_opened_from_our_own_pages_only(plants: Plants, origin: str | None, status: int) -> None:
    """A page of another port on this machine has the cookie sent with its socket, and is refused all the same."""
    headers = {
        "Cookie": f"{SESSION_COOKIE}={log_in(plants.lively)}",
        "Origin": origin or plants.lively.url,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    connection = http.client.HTTPConnection(plants.lively.url.removeprefix("http://"), timeout=5)
    with closing(connection):
        connection.request("GET", "/_nicegui_ws/socket.io/?EIO=4&transport=websocket", headers=headers)
        assert connection.getresponse().status == status


def _brightness(page: Page) -> float:
    channels = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).slice(0, 3).map(Number)")
    return sum(channels) / 3


def _flood(plant: Plant, count: int) -> None:
    for index in range(count):
        opened = plant.opened(asked_model=f"flood-{index}")
        plant.write(opened, plant.closed(opened))


def _note_frame(data: str | bytes, shown: list[float]) -> None:
    if b'"show"' in (data.encode() if isinstance(data, str) else data).replace(b"\\", b""):
        shown.append(time.monotonic())
