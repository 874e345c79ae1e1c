"""Reading the files that people write: strict YAML, every problem at once, each with file, line, key and fix.

``strict_yaml`` turns text into plain values and remembers the line of each; ``checked`` holds them against a pydantic type and
words what is wrong for the person who has to mend it; ``plain_secrets`` finds secrets that should be ``${NAME}``. Nothing here
knows what a line-up or a price is, so any room may read its own files with it::

    reading = read_file(folder / "lineups" / "spring.yaml", Lineup, name="lineups/spring.yaml")
    reading.value      # a Lineup, or None where it has problems
    reading.problems   # all of them
"""
