"""Certificates are looked up by reference and group, survive JSON, and allow nothing that they do not cover."""

import datetime

import msgspec
import pytest

from triplepoint.routing.guarantee.model import (
    POOLED,
    Certificate,
    Certificates,
    decode_certificates,
    encode_certificates,
    risk,
)


def _certificate(group: str = "maths", threshold: float | None = 0.2, **changes: object) -> Certificate:
    plain = Certificate(
        misroute=0.05,
        confidence=0.95,
        reference="large",
        models=("nano", "mini"),
        group=group,
        threshold=threshold,
        labels=400,
        misroutes=12,
        bound=0.048,
        downgraded=0.4,
        data="d" * 64,
        scorer="5" * 64,
        date=datetime.date(2026, 11, 26),
    )
    return msgspec.structs.replace(plain, **changes)


_POOLED = _certificate(POOLED, 0.1, groups=("law", "history"))


def _threshold(*entries: Certificate, group: str, lapsed: tuple[tuple[str, str], ...] = ()) -> float | None:
    return Certificates(entries).promised(misroute=0.05, confidence=0.95, lapsed=lapsed).threshold("large", group)


def test_a_group_has_its_own_certificate_and_a_small_one_the_pooled() -> None:
    """The pooled certificate serves the groups that it names, and no others."""
    entries = (_certificate(), _POOLED)
    found = [_threshold(*entries, group=group) for group in ("maths", "law", "history", "never seen", "")]
    assert found == [0.2, 0.1, 0.1, None, None]
    assert Certificates(entries).promised(misroute=0.05, confidence=0.95).threshold("mini", "maths") is None


def test_requests_of_no_group_are_pooled_where_they_were_calibrated() -> None:
    """A scorer without groups has one certificate, for the group without a name."""
    assert _threshold(_certificate(POOLED, 0.3, groups=("",)), group="") == 0.3


def test_a_group_that_could_not_be_certified_does_not_fall_back() -> None:
    """Else the pooled threshold would send it down exactly where its own labels forbid it."""
    pooled = _certificate(POOLED, 0.1, groups=("law", "maths"))
    assert _threshold(_certificate(threshold=None), pooled, group="maths") is None


@pytest.mark.parametrize(
    ("lapsed", "expected"),
    [(("large", "maths"), [None, 0.1]), (("large", POOLED), [0.2, None]), (("mini", POOLED), [0.2, 0.1])],
)
def test_what_has_lapsed_promises_nothing(lapsed: tuple[str, str], expected: list[float | None]) -> None:
    """A lapse hits one certificate: a group's own, or the pooled one with all its groups."""
    entries = (_certificate(), _POOLED)
    assert [_threshold(*entries, group=group, lapsed=(lapsed,)) for group in ("maths", "law")] == expected


def test_a_stricter_certificate_keeps_a_laxer_promise_and_not_the_other_way() -> None:
    """The laxest of those that keep the promise is used, for it allows most."""
    strict = _certificate(threshold=0.05, misroute=0.02)
    lax = _certificate(threshold=0.4, misroute=0.1)
    sure = _certificate(threshold=0.15, confidence=0.99)
    entries = (lax, sure, _certificate(), strict)
    assert _threshold(*entries, group="maths") == 0.2
    assert _threshold(sure, strict, group="maths") == 0.15
    assert _threshold(strict, lax, group="maths") == 0.05
    assert _threshold(lax, group="maths") is None


def test_only_covered_models_at_a_known_risk_are_allowed() -> None:
    """The threshold itself is allowed; more, NaN, another model or no threshold is not."""
    certificate = _certificate(threshold=0.25)
    assert certificate.allows("mini", 0.25)
    assert not certificate.allows("mini", 0.2500001)
    assert not certificate.allows("mini", float("nan"))
    assert not certificate.allows("other", 0.0)
    assert not _certificate(threshold=None).allows("mini", 0.0)


def test_risk_is_that_of_a_good_reference_beside_a_bad_answer() -> None:
    """It is 0 where the reference cannot help, and where the weaker model cannot fail."""
    assert risk(0.8, 0.25) == pytest.approx(0.6)
    assert risk(0.0, 0.1) == 0.0
    assert risk(0.9, 1.0) == 0.0


def test_calibrating_again_replaces_only_the_same_promise_and_reference() -> None:
    """Certificates of other promises and plans stay; of the renewed one nothing old is left, also of groups that are gone."""
    old = (_certificate(), _certificate("gone"), _certificate(misroute=0.02), _certificate(reference="mini"))
    fresh = _certificate(threshold=0.3)
    assert Certificates(old).replacing([fresh]).entries == (*old[2:], fresh)


def test_certificates_survive_json_bit_for_bit() -> None:
    """What a scorer's file holds is what was calibrated; what is no certificate is refused with its place."""
    certificates = Certificates((_certificate(threshold=0.1 + 0.2), _certificate("law", None), _POOLED))
    assert decode_certificates(encode_certificates(certificates)) == certificates
    with pytest.raises(msgspec.ValidationError, match=r"entries\[0\]"):
        decode_certificates('{"entries": [{"misroute": "5 %"}]}')
