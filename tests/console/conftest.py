"""A control plane with life in it, one without, and a real browser to look at both."""

import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.console.plant import NAME, PASSWORD, Ground, Plant, PlayedGateway, await_answer
from tests.console.traffic import write_day
from tests.routing.taught import teach

from triplepoint.access.sessions import SESSION_COOKIE
from triplepoint.cli.local import local_actor
from triplepoint.foundation.secret import Secret

CHROMIUM_VARIABLE = "TRIPLEPOINT_CHROMIUM"
PICTURES_VARIABLE = "TRIPLEPOINT_SCREENSHOTS"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_PICTURES = Path(__file__).parents[2] / "docs" / "images"


@dataclass(frozen=True)
class Plants:
    """Both control planes."""

    lively: Plant
    """A gateway answers, and the ledger has attempts of every kind."""
    quiet: Plant
    """No gateway, and nothing was ever asked."""
    known: dict[str, str]
    """Receipts in the lively ledger, by what they are about."""


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Generator[Plants]:
    """Start both."""
    ground = Ground(tmp_path_factory.mktemp("console"))
    try:
        lively, quiet = ground.grow("lively"), ground.grow("quiet")
        lively.gateway = PlayedGateway(lively.installation, lively.lineup_hash)
        for plant in (lively, quiet):
            await_answer(plant)
        yield Plants(lively, quiet, write_day(lively))  # after its start, so that it counts on both sides of a full hour
    finally:
        ground.clear()


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Generator[Plant]:
    """Start a control plane whose router has learnt, beside a gateway where all is up; acme is on the plan plus."""
    ground = Ground(tmp_path_factory.mktemp("taught"))
    try:
        plant = ground.grow("taught", lambda folder, port: teach(folder, port=port))
        plant.installation.plans.assignments.assign(local_actor(), "acme", "plus")
        plant.gateway = PlayedGateway(plant.installation, plant.lineup_hash, breaker="closed")
        await_answer(plant)
        yield plant
    finally:
        ground.clear()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Start Chromium."""
    path = os.environ.get(CHROMIUM_VARIABLE) or shutil.which("chromium")
    if path is None:
        pytest.fail(
            "the console is tested in a real browser, and there is no chromium here: on Debian and Ubuntu "
            f"`apt-get install chromium`; elsewhere set {CHROMIUM_VARIABLE} to the path of a Chromium or Chrome"
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Windows:
    """Opens windows, and keeps where they went and what went wrong in them.

    Windows that are logged in to the same control plane share a browser profile, and so its cache: each page loads the assets
    of NiceGUI, and most of the time of these tests would go into that.
    """

    browser: Browser
    profiles: dict[str, BrowserContext] = field(default_factory=dict[str, BrowserContext])
    strangers: list[BrowserContext] = field(default_factory=list[BrowserContext])
    requested: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])

    def open(self, plant: Plant, path: str | None = None, *, width: int = 1280, theme: str = "light") -> Page:
        """Open a window that is logged in.

        Args:
            plant: Whose console.
            path: Page to go to; None: none yet.
            width: Of the window.
            theme: Of the system: ``light`` or ``dark``.
        """
        if plant.url not in self.profiles:
            self.profiles[plant.url] = self._profile()
            admit(self.profiles[plant.url], plant)
        page = self.profiles[plant.url].new_page()
        page.set_viewport_size({"width": width, "height": 840})
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        if path is not None:
            page.goto(plant.url + path)
        return page

    def stranger(self) -> Page:
        """Open a window in a profile of its own, that nobody logged in with."""
        profile = self._profile()
        self.strangers.append(profile)
        return profile.new_page()

    def close(self) -> None:
        """Close all windows, and forget what pages have kept in the browser."""
        for profile in self.profiles.values():
            for page in profile.pages:
                page.evaluate("localStorage.clear()")
                page.close()
        while self.strangers:
            self.strangers.pop().close()

    def _profile(self) -> BrowserContext:
        profile = self.browser.new_context(viewport={"width": 1280, "height": 840}, color_scheme="light")
        profile.set_default_timeout(10_000)
        profile.on("request", lambda request: self.requested.append(request.url))
        profile.on("weberror", lambda fault: self.faults.append(str(fault.error)))
        return profile


@pytest.fixture(scope="module")
def profiles(browser: Browser) -> Generator[Windows]:
    """Keep the profiles of those who are logged in."""
    opened = Windows(browser)
    yield opened
    for profile in opened.profiles.values():
        profile.close()


@pytest.fixture
def windows(profiles: Windows) -> Generator[Windows]:
    """Give windows to a test; fails it where a page asked another host for anything, or a script failed."""
    expect.set_options(timeout=10_000)
    profiles.requested.clear()
    profiles.faults.clear()
    yield profiles
    profiles.close()
    assert [url for url in profiles.requested if not _is_here(url)] == [], "a page of the console asked another host"
    assert profiles.faults == [], "a script failed"


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob"} or parts.hostname == "127.0.0.1"


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Give what keeps a picture of a page for the documentation, where that is asked for."""

    def take(page: Page, name: str) -> None:
        if os.environ.get(PICTURES_VARIABLE):
            _PICTURES.mkdir(parents=True, exist_ok=True)
            page.wait_for_timeout(2500)  # until the sums of the last seconds stand
            page.screenshot(path=_PICTURES / f"{name}.png")

    return take


def admit(profile: BrowserContext, plant: Plant) -> None:
    """Log a browser profile in, without its login page."""
    profile.add_cookies([{"name": SESSION_COOKIE, "value": log_in(plant), "url": plant.url}])


def log_in(plant: Plant) -> str:
    """Open a session without a browser; returns what the cookie carries."""
    return plant.installation.access.sessions.login(NAME, Secret(PASSWORD), address="127.0.0.1").session_id.reveal()
