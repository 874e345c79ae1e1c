"""``python -m triplepoint`` is the command ``triplepoint``."""

from triplepoint.cli.main import main

if __name__ == "__main__":
    main()
