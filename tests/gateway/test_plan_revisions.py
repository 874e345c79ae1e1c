"""What a gateway puts in force of plans.yaml is kept, for bills of the past."""

from pathlib import Path

from tests.gateway.harness import model, openai_upstream, start_gateway, write_configuration

from triplepoint.app import open_installation

PLANS = "default: plus\nplans:\n  plus: {fee_usd: FEE}\n"


def test_each_change_of_plans_is_kept_once(tmp_path: Path) -> None:
    """Start, another fee and the end of all plans are kept with their moments; a wrong file, or no change, is not."""
    file = tmp_path / "plans.yaml"
    file.write_text(PLANS.replace("FEE", "20"), "utf-8")
    port = write_configuration(tmp_path, upstreams={"a": openai_upstream(9)}, models={"chat": model("a")})
    with start_gateway(tmp_path, port), open_installation(tmp_path) as installation:
        for text in ("20", "no number", "25", "25"):
            file.write_text(PLANS.replace("FEE", text), "utf-8")
            published = installation.gateway.publish()
            assert published is not None
            assert published.ok is (text != "no number")
        file.unlink()
        installation.gateway.publish()
        kept = installation.revisions.all()
    fees = [None if one.schedule is None else one.schedule.fees["plus"].usd for one in kept]
    assert fees == ["20", "25", None]
    assert [one.since_us for one in kept] == sorted({one.since_us for one in kept})
