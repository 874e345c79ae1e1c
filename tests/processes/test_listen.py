"""Where a process listens, and when it refuses to."""

import pytest

from triplepoint.access.secret import SECRET_VARIABLE
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.processes.listen import parse_listen, refuse_open_door


@pytest.mark.parametrize(
    ("listen", "bare_host", "port", "is_loopback"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080, True),
        ("127.0.0.2:1", "127.0.0.2", 1, True),
        ("localhost:80", "localhost", 80, True),
        ("[::1]:8080", "::1", 8080, True),
        ("0.0.0.0:8080", "0.0.0.0", 8080, False),
        ("[::]:8080", "::", 8080, False),
        ("10.0.0.7:8080", "10.0.0.7", 8080, False),
        ("gateway.example:443", "gateway.example", 443, False),
        ("localhost.example:443", "localhost.example", 443, False),
    ],
)
def test_an_address_is_taken_apart(listen: str, bare_host: str, port: int, is_loopback: bool) -> None:
    """Host and port as a socket takes them; only this machine's own addresses are loopback."""
    address = parse_listen(listen)
    assert (address.bare_host, address.port, address.is_loopback) == (bare_host, port, is_loopback)


def test_the_door_is_opened_only_with_a_chosen_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond loopback a secret must be set; the error names the setting and what to do. On loopback none is needed."""
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    refuse_open_door(parse_listen("127.0.0.1:1"), key="gateway.listen")
    with pytest.raises(SettingsInvalid) as refused:
        refuse_open_door(parse_listen("0.0.0.0:1"), key="gateway.listen")
    (problem,) = refused.value.problems
    assert (problem.file, problem.key) == ("triplepoint.yaml", "gateway.listen")
    assert SECRET_VARIABLE in problem.fix
    monkeypatch.setenv(SECRET_VARIABLE, "")
    with pytest.raises(SettingsInvalid):
        refuse_open_door(parse_listen("0.0.0.0:1"), key="gateway.listen")
    monkeypatch.setenv(SECRET_VARIABLE, "x" * 40)
    refuse_open_door(parse_listen("0.0.0.0:1"), key="gateway.listen")
