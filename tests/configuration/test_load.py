from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from triplepoint.configuration.load import load_configuration
from triplepoint.configuration.model import Configuration
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.secret import Secret

TODAY = date(2026, 11, 21)
PLANTED = "planted-7d1f0c"
ENVIRON = {"BIG_KEY": PLANTED, "UNUSED_KEY": "other"}


def load(folder: Path, environ: dict[str, str] = ENVIRON) -> Configuration:
    """Load a folder."""
    return load_configuration(folder, environ, TODAY)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Replace text in a file, which must be there."""
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def problems(folder: Path, environ: dict[str, str] = ENVIRON) -> list[Problem]:
    """Load a folder that is wrong and return its problems."""
    with pytest.raises(SettingsInvalid) as caught:
        load(folder, environ)
    return caught.value.problems


def test_a_right_folder_is_one_immutable_configuration(folder: Path):
    """Settings, line-ups, prices, names, hashes and secrets are there together."""
    configuration = load(folder)
    assert configuration.lineup.lineup == "spring"
    assert configuration.names.plain == ("small", "large", "quick", "auto")
    assert configuration.active.prices["ours/large"].input_usd_per_mtok == Decimal(1)
    assert len(configuration.active.hash) == 12
    assert set(configuration.files) == {"triplepoint.yaml", "lineups/spring.yaml", "prices/1.yaml"}
    assert configuration.warnings == ()
    assert configuration.data == folder / ".triplepoint"
    with pytest.raises(TypeError):
        configuration.lineups["x"] = configuration.active  # type: ignore[index]


def test_loading_twice_gives_the_same_hash(folder: Path):
    """The hash depends on what the files say, not on when they are read; a change of price changes it."""
    first = load(folder).active.digest
    assert load(folder).active.digest == first
    edit(folder, "prices/1.yaml", '"0.2"', '"0.3"')
    assert load(folder).active.digest != first


def test_secrets_are_resolved_and_hidden(folder: Path):
    """An upstream's key is found in the environment, and no print of the configuration shows it."""
    configuration = load(folder)
    key = configuration.api_key(configuration.settings.upstreams["big"])
    assert key == Secret(PLANTED)
    assert configuration.api_key(configuration.settings.upstreams["here"]) is None
    assert PLANTED not in repr(configuration)
    assert PLANTED not in str(configuration.secrets)


SPRING, SETTINGS, PRICES = "lineups/spring.yaml", "triplepoint.yaml", "prices/1.yaml"
LARGE, ROW = "models.large.upstreams[0]", "price: ours/large"
WHEN = "router.rules[0].when"
NONSENSE = "{min_input_tokens: 9, max_input_tokens: 2}"
OTHER = 'ours/large, since: 2026-01-01, input_usd_per_mtok: "1"}\n  - {model: ours/later, since: 2027'
LATER = "ours/later, since: 2027"

BROKEN = [
    (SPRING, "upstream: big", "upstream: bigg", 12, f"{LARGE}.upstream", "no upstream bigg", "did you mean big?"),
    (SPRING, ROW, "price: ours/larg", 12, f"{LARGE}.price", "has no price", "did you mean ours/large?"),
    (SPRING, ROW, "price: x/y", 12, f"{LARGE}.price", "has no price", "{model: x/y, since: 2026-11-21"),
    (SPRING, ROW, "price: ours/later", 12, f"{LARGE}.price", "before 2027-01-01", "add a row"),
    (SPRING, ROW, "price: ours/embedder", 12, f"{LARGE}.price", "no price for output", "output_usd_per_mtok"),
    (SPRING, "lineup: spring", "lineup: autumn", 1, "lineup", "not the file's name", "lineup: spring"),
    (SPRING, "quick: small", "quick: smal", 13, "aliases.quick", "no model smal", "did you mean small?"),
    (SPRING, "quick: small", "quick: small, fast: quick", 13, "aliases.fast", "an alias itself", "fast: small"),
    (SPRING, "quick: small", "small: large", 13, "aliases.small", "a model already", "otherwise"),
    (SPRING, "quick: small", "auto: small", 13, "aliases.auto", "router's name", "otherwise"),
    (SPRING, "default: small", "default: quick", 19, "router.default", "is an alias", "write the model: small"),
    (SPRING, "use: large, why: code", "use: huge, why: x", 17, "router.rules[0].use", "no model huge", "models: small"),
    (SPRING, "{code: true}", "{images: true}", 17, "router.rules[0].use", "asks for images", "capabilities"),
    (SPRING, "{code: true}", "{}", 18, "router.rules[1]", "never reached", "before rule 1"),
    (SPRING, "{code: true}", NONSENSE, 17, "router.rules[0]", "never hold", "correct"),
    (SPRING, "{code: true}", "{min_turns: 3, max_turns: 2}", 17, "router.rules[0]", "least is above", "min_turns or max"),
    (SPRING, "{code: true}", "{earlier_hard: true, max_turns: 1}", 17, "router.rules[0]", "never hold", "max_turns: 2"),
    (SPRING, "{code: true}", "{language: German}", 17, f"{WHEN}.language", "'German' is no code", "write de"),
    (SPRING, "{code: true}", "{language: zh_Hant}", 17, f"{WHEN}.language", "'zh_Hant' is no code", "write zh"),
    (SPRING, "{code: true}", "{language: mixd}", 17, f"{WHEN}.language", "not possible", "did you mean mixed?"),
    (SPRING, "{code: true}", "{request_class: titel}", 17, f"{WHEN}.request_class", "not possible", "did you mean title?"),
    (SPRING, "{code: true}", "{task: ''}", 17, f"{WHEN}.task", "is empty", "tag"),
    (SPRING, "tokens: 512", "tokens: 4096", 5, "models.small.max_output_tokens", "longer", "at most 2048"),
    (SPRING, "tokens: 2048", "tokens: 4096", 7, "models.small.upstreams[0].upstream", "context of 2048", "tokens: 2048"),
    (SPRING, "[chat, tools]", "[]", 10, "models.large.capabilities", "is empty", "chat"),
    (SETTINGS, "lineup: spring", "lineup: sprin", 1, "lineup", "no lineups/sprin.yaml", "did you mean spring?"),
    (SETTINGS, "${BIG_KEY}", "${GONE_KEY}", 6, "upstreams.big.api_key", "no GONE_KEY", "export GONE_KEY"),
    (SETTINGS, "https://big", "https://u:p@big", 5, "upstreams.big.base_url", "refused", "${NAME}"),
    (SETTINGS, "  big:", "  big:\n    headers: {x: '${Y}'}", 4, "upstreams.big.headers.x", "as written", "api_key"),
    (SETTINGS, "lineup: ", "control: {listen: 127.0.0.1:8080}\nlineup: ", 1, "control.listen", "gateway's", "port"),
    (SETTINGS, "lineup: ", "database: ${NO_DB}\nlineup: ", 1, "database", "no NO_DB", "export NO_DB"),
    (SETTINGS, "lineup: ", "database: db.example\nlineup: ", 1, "database", "plain text", "${NAME}"),
    (SETTINGS, "lineup: ", "counters: {kind: valkey}\nlineup: ", 1, "counters.kind", "has no url", "add 'url: ${"),
    (SETTINGS, "lineup: ", "counters: {url: '${BIG_KEY}'}\nlineup: ", 1, "counters.url", "nobody asks", "kind: valkey"),
    (SETTINGS, "lineup: ", "counters: {kind: redis}\nlineup: ", 1, "counters.kind", "", "memory"),
    (SETTINGS, "lineup: ", "gateway: {workers: 2}\nlineup: ", 1, "gateway.workers", "for themselves", "kind: valkey"),
    (PRICES, LATER, OTHER, 7, "prices[3].since", "another price", "later day"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "key", "message", "fix"), BROKEN, ids=[f"{row[4]}-{row[5]}" for row in BROKEN]
)
def test_each_fault_is_named(folder: Path, name: str, old: str, new: str, line: int, key: str, message: str, fix: str):
    """A fault is refused with its file, line, key, what is wrong and how to mend it."""
    edit(folder, name, old, new)
    found = {problem.key: problem for problem in problems(folder)}
    assert key in found, found
    assert (found[key].file, found[key].line) == (name, line)
    assert message in found[key].message
    assert fix in found[key].fix


def test_faults_of_all_files_come_at_once(folder: Path):
    """Settings, line-up and prices wrong together are one error, ordered by file and line."""
    edit(folder, "triplepoint.yaml", "kind: openai", "kind: opnai")
    edit(folder, "lineups/spring.yaml", "default: small", "default: nobody")
    edit(folder, "lineups/spring.yaml", "price: ours/large", "price: ours/none")
    edit(folder, "prices/1.yaml", '"0.02"', "0.02")
    found = problems(folder)
    places = [(problem.file, problem.line) for problem in found]
    assert places == sorted(places)
    assert {problem.file for problem in found} == {"triplepoint.yaml", "lineups/spring.yaml", "prices/1.yaml"}
    assert {"upstreams.big", "router.default", "models.large.upstreams[0].price", "prices[2].input_usd_per_mtok"} <= {
        p.key for p in found
    }


def test_an_unused_upstream_without_its_key_is_only_a_warning(folder: Path):
    """A missing variable stops the start only where the active line-up needs it."""
    (warning,) = load(folder, {"BIG_KEY": "x"}).warnings
    assert warning.key == "upstreams.unused.api_key"
    assert "UNUSED_KEY" in warning.message
    assert [problem.key for problem in problems(folder, {"BIG_KEY": "", "UNUSED_KEY": "x"})] == ["upstreams.big.api_key"]


def test_pins_reach_other_lineups(folder: Path):
    """A second line-up that resolves serves its pins; the active one serves plain names."""
    text = (folder / "lineups/spring.yaml").read_text(encoding="utf-8")
    (folder / "lineups/winter.yaml").write_text(text.replace("lineup: spring", "lineup: winter"), encoding="utf-8")
    configuration = load(folder)
    resolved = configuration.names.resolve("large@winter")
    assert resolved is not None
    assert (resolved.lineup, resolved.model) == ("winter", "large")
    assert configuration.lineups["winter"].digest != configuration.active.digest


def test_another_lineup_that_does_not_resolve_is_set_aside(folder: Path):
    """An old line-up whose upstream is gone is a warning and its pins are unknown; a fault in its own text stops the start."""
    text = (folder / "lineups/spring.yaml").read_text(encoding="utf-8").replace("lineup: spring", "lineup: winter")
    (folder / "lineups/winter.yaml").write_text(text.replace("upstream: big", "upstream: gone"), encoding="utf-8")
    configuration = load(folder)
    assert [warning.file for warning in configuration.warnings] == ["lineups/winter.yaml"]
    assert configuration.names.resolve("large@winter") is None
    (folder / "lineups/winter.yaml").write_text(text.replace("default: small", "default: gone"), encoding="utf-8")
    assert [(problem.file, problem.key) for problem in problems(folder)] == [("lineups/winter.yaml", "router.default")]


def test_scripts_of_simulated_upstreams_are_checked(folder: Path):
    """A script that is missing or wrong is a problem where the active line-up uses it."""
    edit(
        folder,
        "triplepoint.yaml",
        "  here: {kind: local, gguf: nano, context_tokens: 2048}",
        "  here: {kind: simulated, script: s.yaml}",
    )
    assert [problem.key for problem in problems(folder)] == ["upstreams.here.script"]
    (folder / "s.yaml").write_text("cases: 5\n", encoding="utf-8")
    assert ("s.yaml", 1, "cases") in [(problem.file, problem.line, problem.key) for problem in problems(folder)]


def test_keys_in_clear_text_are_warned_of(folder: Path):
    """A key over plain http to another machine is a warning; on loopback it is not."""
    edit(folder, "triplepoint.yaml", "https://big.example", "http://big.example")
    assert [warning.key for warning in load(folder).warnings] == ["upstreams.big.base_url"]
    edit(folder, "triplepoint.yaml", "http://big.example", "http://127.0.0.1:9000")
    assert load(folder).warnings == ()


def test_an_empty_folder_says_what_to_do(tmp_path: Path):
    """Without settings there is one problem, which names the command that writes them."""
    (problem,) = problems(tmp_path)
    assert problem.file == "triplepoint.yaml"
    assert "triplepoint init" in problem.fix


def test_the_shipped_configuration_is_right():
    """What ships needs no environment at all, has no warning, and offers the embedded family."""
    configuration = load(seed_folder(), {})
    assert configuration.warnings == ()
    assert configuration.names.plain == ("nano", "mini", "regular", "small", "medium", "large", "auto")
