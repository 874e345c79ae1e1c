import os
from pathlib import Path

from tests.economics.making import row

from triplepoint.economics.current import CurrentMeter
from triplepoint.files.checked import read_file
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import AttemptRow
from triplepoint.settings import Settings

TEXT = """\
lineup: spring
upstreams:
  big: {kind: openai, base_url: https://big.example/v1, energy: {gpu: H100}}
"""
ROW = row(Usage(input_tokens=100, output_tokens=100))


def metered(folder: Path, meter: CurrentMeter, text: str, at_s: int) -> AttemptRow:
    """Write the settings as of a moment, and meter a row."""
    path = folder / "triplepoint.yaml"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at_s, at_s))
    return meter(ROW)


def test_it_follows_the_file(tmp_path: Path):
    """A change of the settings is in the next row; a broken or missing file leaves what it said last."""
    path = tmp_path / "triplepoint.yaml"
    path.write_text(TEXT, encoding="utf-8")
    settings = read_file(path, Settings, name="triplepoint.yaml").value
    assert settings is not None
    meter = CurrentMeter(tmp_path, settings)
    tabled = meter(ROW)
    assert tabled.energy_grade == "tabled"
    changed = metered(tmp_path, meter, TEXT.replace("gpu: H100", "gpu: L40S"), 1_000)
    assert changed.energy_grade == "modelled"
    assert metered(tmp_path, meter, "lineup: [", 2_000) == changed
    path.unlink()
    assert meter(ROW) == changed
    assert metered(tmp_path, meter, TEXT, 3_000) == tabled
