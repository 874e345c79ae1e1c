"""The control-plane process: admin API, console, the drain from the journal into the ledger, and the look at audits."""

import asyncio
from pathlib import Path

import uvicorn

from triplepoint.admin.app import create_admin
from triplepoint.admin.ports import AdminServices
from triplepoint.app import Installation, load_today, open_installation
from triplepoint.configuration.current_book import CurrentBook
from triplepoint.console.mount import mount_console
from triplepoint.ledger.drain import Drainer
from triplepoint.processes.listen import parse_listen, refuse_open_door
from triplepoint.processes.parent import die_with_parent
from triplepoint.processes.serving import serve_until_asked
from triplepoint.processes.watchman import Watchman
from triplepoint.telemetry.logs import configure_logging

_DRAIN_S = 3
"""How long open pages may keep the process when it is asked to stop."""


def run_control(folder: Path) -> None:
    """Run the control plane of an installation in this process, until asked to stop.

    Raises: SettingsInvalid: the files are wrong, or it would listen beyond loopback without a secret.
    """
    die_with_parent()
    with open_installation(folder) as installation:
        configure_logging(installation.settings.telemetry.log_level)
        address = parse_listen(installation.settings.control.listen)
        refuse_open_door(address, key="control.listen")
        drainer = Drainer(installation.data, installation.ledger, meter=installation.meter)
        drainer.start()
        watchman = Watchman(installation.misroutes)
        watchman.start()
        try:
            app = create_admin(admin_services(installation))
            mount_console(app)
            config = uvicorn.Config(
                app,
                host=address.bare_host,
                port=address.port,
                loop="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_DRAIN_S,
            )
            asyncio.run(serve_until_asked(config))
        finally:
            watchman.stop()
            drainer.stop()


def admin_services(installation: Installation) -> AdminServices:
    """Return what the admin API works with."""
    return AdminServices(
        access=installation.access,
        plans=installation.plans,
        ledger=installation.ledger,
        gateway=installation.gateway,
        lineup=lambda: describe_lineup(installation.folder),
        statements=installation.statements,
        render_statement=installation.render_statement,
        earnings=installation.earnings,
        forecasts=installation.forecasts,
        models=installation.models,
        routing=installation.routing,
        misroutes=installation.misroutes,
        prices=CurrentBook(installation.folder),
    )


def describe_lineup(folder: Path) -> dict[str, object]:
    """Describe the line-up that the files name as active, with the prices in force and what somebody should know about it.

    Raises: SettingsInvalid: the files are wrong.
    """
    configuration = load_today(folder)
    active = configuration.active
    described: dict[str, object] = active.lineup.model_dump(mode="json", exclude_none=True)
    return {
        **described,
        "hash": active.hash,
        "digest": active.digest,
        "prices": {name: price.id for name, price in active.prices.items()},
        "rates": {name: price.row.model_dump(mode="json", exclude_none=True) for name, price in active.prices.items()},
        "warnings": [str(problem) for problem in configuration.warnings],
    }
