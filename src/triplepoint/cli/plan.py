"""``triplepoint plan``: what is sold, to whom, and how much of it is used.

Commands with a file of their own are put onto `app` here, one line each.
"""

import typer

app = typer.Typer(help="Plans: what is sold, to whom, and how much of it is used.", no_args_is_help=True)


@app.callback()
def plans() -> None:
    """Hold the noun, whatever commands it has."""
