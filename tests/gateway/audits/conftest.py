"""The gateway that most tests of audits share: it audits every request to auto."""

from collections.abc import Generator

import pytest
from tests.gateway.audits.auditing import audited_family
from tests.gateway.harness import Running, model


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run it; a test starts the family's servers itself."""
    folder = tmp_path_factory.mktemp("audited")
    upstream = {"retry": {"attempts": 2, "base": "1ms", "longest": "2ms"}}
    with audited_family(folder, upstream=upstream, models={"large": model("b", price="test/dear")}) as gateway:
        yield gateway
