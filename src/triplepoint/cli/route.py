"""``triplepoint route``: why a request would go where it goes, and how good routers are."""

import typer

from triplepoint.cli.route_calibrate import calibrate
from triplepoint.cli.route_evaluate import evaluate
from triplepoint.cli.route_explain import explain

app = typer.Typer(help="The router: why a request would go where it goes, and how good routers are.", no_args_is_help=True)

app.command()(explain)
app.command()(calibrate)
app.command()(evaluate)
