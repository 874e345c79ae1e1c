"""Finds the configuration that ships with Triplepoint: the embedded family, the price book and the schemas.

In a wheel it lies inside the package; in an editable checkout it is the root of the repository. One copy either way.
"""

from pathlib import Path

import triplepoint
from triplepoint.foundation.errors import NotFound
from triplepoint.settings import SETTINGS_FILE


def seed_folder() -> Path:
    """Return the folder with ``triplepoint.yaml``, ``lineups/``, ``prices/`` and ``schemas/``.

    Raises: NotFound: the installation is incomplete.
    """
    package = Path(triplepoint.__file__).parent
    for folder in (package / "_seed", package.parent.parent):
        if (folder / SETTINGS_FILE).is_file() and (folder / "schemas").is_dir():
            return folder
    raise NotFound("the seed configuration is missing from this installation; install the package again")
