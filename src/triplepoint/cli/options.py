"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    Path, typer.Option("--dir", "-C", help="Folder of triplepoint.yaml.", file_okay=False, show_default="the current folder")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]
