"""The page of the router in a real browser: it explains requests that nobody sends."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.console.conftest import Plants, Windows
from tests.console.plant import Plant
from tests.console.traffic import HOSTILE

from triplepoint.ledger.routed import CandidateRecord, RoutedRecord

AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")
FOCUSED = """
    (({ labels, textContent, ariaLabel }) => ariaLabel || labels?.[0]?.querySelector("span")?.textContent
      || labels?.[0]?.textContent.trim() || textContent)(document.activeElement)
"""
PROOF = "Prove that the square root of two is irrational."
FACT = "What is the capital of France?"
Picture = Callable[[Page, str], None]


def ask(page: Page, text: str) -> None:
    """Type a question, and have it explained."""
    page.locator(".enquiry textarea").fill(text)
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".enquiry [role=status]")).not_to_have_text(re.compile("Working|Nothing is sent to any"))


def test_a_request_is_explained(taught: Plant, windows: Windows, picture: Picture) -> None:
    """Chosen and why, each model with its numbers, what told them apart, what would lead elsewhere."""
    page = windows.open(taught, "/router")
    expect(page.locator(".says")).to_contain_text("worth most after what it costs, at thrift 40")
    ask(page, FACT)
    answer = page.locator(".answer")
    expect(answer.locator(".verdict")).to_contain_text("auto would be regular: worth most at thrift 40")
    expect(page.get_by_role("status").last).to_have_text("auto would be regular. Nothing was sent.")
    expect(answer.locator(".candidates tbody th")).to_have_text(["nano", "mini", "regular"])
    for text in ("Nothing was sent.", "'capital'", "could have been chosen", "mini would be chosen with thrift"):
        expect(answer).to_contain_text(text)
    page.set_viewport_size({"width": 1280, "height": 1240})
    picture(page, "console-router")


def test_what_is_entered_counts(taught: Plant, windows: Windows) -> None:
    """Dial, tags, customer, used quotas and the conversation's last answer change what is told."""
    page = windows.open(taught, "/router")
    verdict = page.locator(".verdict")
    page.get_by_label("Turn thrift").check()
    page.get_by_role("slider").fill("90")
    expect(page.locator(".enquiry output")).to_have_text("90")
    ask(page, FACT)
    expect(verdict).to_contain_text("auto would be nano")
    page.get_by_label("Last answer by").select_option("regular")
    ask(page, FACT)
    expect(verdict).to_contain_text("its conversation is with regular")
    page.get_by_label("Last answer by").select_option("")
    page.get_by_role("slider").fill("10")
    page.get_by_label("Tags").fill("task=maths")
    page.get_by_label("Customer").fill("acme")
    page.get_by_label("Of each quota used").fill("100")
    ask(page, PROOF)
    expect(page.locator(".decision")).to_contain_text("Groupmaths")
    expect(page.locator(".candidates")).to_contain_text("below the floor mini")
    expect(page.locator(".on-plan")).to_contain_text("mini would answer in place of regular.")
    page.get_by_label("It is").select_option("messages")
    ask(page, '{"max_tokens": 9, "messages": [{"role": "user", "content": "hello"}], "tools": [{"name": "f"}]}')
    expect(page.locator(".decision")).to_contain_text("tools")


def test_errors_are_told_in_words(taught: Plant, windows: Windows) -> None:
    """What cannot be explained says why, and the form can be used again."""
    page = windows.open(taught, "/router")
    refused = page.locator(".refused")
    page.get_by_label("Customer").fill("nobody")
    ask(page, FACT)
    expect(refused).to_contain_text("there is no such customer")
    page.get_by_label("Customer").fill("")
    page.get_by_label("Tags").fill("maths")
    ask(page, FACT)
    expect(refused).to_contain_text("write tags like task=maths")
    page.get_by_label("Tags").fill("")
    page.get_by_label("It is").select_option("chat")
    ask(page, "no JSON")
    expect(refused).to_contain_text("is not a JSON object")
    page.get_by_label("It is").select_option("")
    ask(page, "word " * 30_000)
    expect(refused).to_contain_text("context_length_exceeded")
    ask(page, FACT)
    expect(refused).to_have_count(0)
    expect(page.locator(".verdict")).to_be_visible()


def test_words_stay_words(taught: Plant, windows: Windows) -> None:
    """What somebody types runs nothing, wherever it comes back."""
    page = windows.open(taught, "/router")
    page.get_by_label("Tags").fill(f"task={HOSTILE.replace(',', ' ')}")
    ask(page, HOSTILE)
    expect(page.locator(".decision")).to_contain_text("task")
    page.get_by_label("Customer").fill(HOSTILE[:128])
    ask(page, HOSTILE)
    expect(page.locator(".refused")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0


def test_the_keyboard_is_enough(taught: Plant, windows: Windows) -> None:
    """From the text, Control and Enter ask; every field is reached by Tab, in order."""
    page = windows.open(taught, "/router")
    box = page.locator(".enquiry textarea")
    box.fill(FACT)
    box.focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".verdict")).to_be_visible()
    reached: list[str] = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [name[:8] for name in reached] == ["It is", "Customer", "Last ans", "Tags", "Turn thr", "Explain", "Models o"]


def test_evidence_is_shown(taught: Plant, windows: Windows) -> None:
    """Certificates with their state, calibration by model and slice, and what the scorer was made from."""
    page = windows.open(taught, "/router")
    certificates = page.locator(".certificates tbody tr")
    expect(certificates).to_have_count(3)
    expect(certificates.first).to_contain_text(re.compile(r"regular\s*maths\s*≤ 5 %, 95 %\s*0\.300\s*2,000\s*74\s*4\.51 %"))
    expect(page.locator(".certificates .chip")).to_have_text(["holds", "holds", "unused"])
    evidence = page.locator(".evidence")
    for text in (
        "2 % of the requests to auto are answered a second time",
        "No audit has been made yet.",
        "facts has 210 labels",
        "0.018",
        "Apache-2.0 (class A)",
        "made by hand",
    ):
        expect(evidence).to_contain_text(text)
    page.get_by_text("By slice (2)").click()
    expect(page.get_by_role("region", name="Calibration by slice").locator("tbody tr")).to_have_count(6)
    expect(page.get_by_role("link", name="This router as JSON")).to_have_attribute("href", "/api/routing")


def test_rules_are_explained(plants: Plants, windows: Windows) -> None:
    """Without a scorer the rules that were tried are told; there is no dial, and nothing is claimed to be learnt."""
    page = windows.open(plants.lively, "/router")
    expect(page.get_by_role("slider")).to_have_count(0)
    ask(page, "Write a Python script")
    expect(page.locator(".verdict")).to_contain_text("auto would be nano: rule: a short question.")
    expect(page.locator(".trials")).to_contain_text("holds, but regular is no candidate")
    expect(page.locator(".candidates")).to_contain_text("resting after failures")
    expect(page.locator(".evidence")).to_contain_text("It has learnt nothing")


def test_files_that_are_wrong(plants: Plants, windows: Windows) -> None:
    """Each problem stands with its place, and nothing can be asked until they are right."""
    settings = plants.quiet.installation.folder / "triplepoint.yaml"
    before = settings.read_text("utf-8")
    settings.write_text(before.replace("lineup: embedded", "lineup: embeded"), "utf-8")
    try:
        page = windows.open(plants.quiet, "/router")
        expect(page.locator(".alarm")).to_contain_text("The files are wrong.")
        expect(page.locator(".enquiry")).to_have_count(0)
    finally:
        settings.write_text(before, "utf-8")
    page.reload()
    expect(page.locator(".alarm")).to_contain_text("No gateway answers.")
    ask(page, FACT)
    expect(page.locator(".verdict")).to_be_visible()


@pytest.fixture(params=[("light", 1280), ("dark", 1280), ("light", 390)], ids=["light", "dark", "narrow"])
def looked_at(request: pytest.FixtureRequest, taught: Plant, windows: Windows) -> Page:
    """Give the page with an answer, in each look."""
    theme, width = request.param
    page = windows.open(taught, "/router", width=width, theme=theme)
    ask(page, PROOF)
    return page


def test_the_page_keeps_the_rules_of_accessibility(looked_at: Page) -> None:
    """Names, labels, headings, sizes and contrast hold, and nothing is cut off sideways at the width of a phone."""
    assert looked_at.evaluate(AUDIT) == []
    width = looked_at.viewport_size
    assert width is not None
    assert looked_at.evaluate("document.documentElement.scrollWidth") <= width["width"]
    heights = looked_at.locator("tbody tr").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert max(heights) < 80, "a row is a few lines"


def test_a_receipt_leads_to_the_router(taught: Plant, windows: Windows) -> None:
    """A receipt tells the decision in the same table, also on a phone, and links to what would be decided now."""
    candidates = (
        CandidateRecord("nano", 0.61, 48.0, 0.0000123, 0.02, None, -0.0004, "dominated by mini", is_allowed=False),
        CandidateRecord("mini", 0.83, 52.0, 0.00002, 0.05, None, 0.0081),
        CandidateRecord("regular", why_not="resting after failures", is_allowed=False),
    )
    routed = RoutedRecord("learned", "0123456789ab", "maths", 40, 0.98, False, True, candidates, {"maths": True})
    opened = taught.opened(served_model="mini", decision="worth most", routed=routed)
    receipt = taught.write(opened, taught.closed(opened))
    page = windows.open(taught, width=390)
    dialog = page.get_by_role("dialog")
    for _ in range(20):  # until the journal has reached the ledger
        page.goto(f"{taught.url}/receipts/{receipt}")
        expect(dialog).to_be_visible()
        if dialog.locator(".candidates").count():
            break
        page.wait_for_timeout(500)
    expect(dialog.locator(".candidates tbody th strong")).to_have_text(["mini"])
    expect(dialog).to_contain_text("dominated by mini")
    assert page.evaluate(AUDIT) == []
    assert page.evaluate("document.querySelector('dialog').scrollWidth") <= 390
    dialog.get_by_role("link", name="The router, and what it would do now").click()
    expect(page.locator(".says")).to_be_visible()
