"""Opens the counters that the settings name."""

from collections.abc import Mapping

from triplepoint.configuration.model import variable_name
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import Problem, SettingsInvalid
from triplepoint.foundation.secret import Secret
from triplepoint.plans.counters.memory import MemoryCounters
from triplepoint.plans.counters.ports import Counters
from triplepoint.plans.counters.valkey import ValkeyCounters
from triplepoint.settings import SETTINGS_FILE, CounterKind, CounterSettings


def open_counters(settings: CounterSettings, environ: Mapping[str, str], clock: Clock) -> Counters:
    """Open the counters of quotas and rates.

    Args:
        environ: Where the ``${NAME}`` of the server's URL is looked up.
    Raises: SettingsInvalid: the URL is not set, or the client is not installed.
    """
    if settings.kind is CounterKind.MEMORY:
        return MemoryCounters()
    name = variable_name(settings.url) if settings.url is not None else None
    url = environ.get(name) if name is not None else None
    if not url:
        fix = f"set {name}, such as valkey://HOST:6379/0" if name else 'write url: "${TRIPLEPOINT_VALKEY_URL}" and set it'
        raise SettingsInvalid([Problem(str(SETTINGS_FILE), 0, "counters.url", "names no server", fix)])
    return ValkeyCounters(Secret(url), clock=clock)
