"""``triplepoint route``: why a request would go where it goes, how good routers are, and how often they are wrong."""

import typer

from triplepoint.cli.route_audits import audits, labels
from triplepoint.cli.route_calibrate import calibrate
from triplepoint.cli.route_evaluate import evaluate
from triplepoint.cli.route_explain import explain
from triplepoint.cli.route_train import train

app = typer.Typer(help="The router: why a request would go where it goes, and how good routers are.", no_args_is_help=True)

app.command()(explain)
app.command()(calibrate)
app.command()(evaluate)
app.command()(audits)
app.command()(labels)
app.command()(train)
