"""``triplepoint`` on the command line: one file for each noun, all of them over the same services as the admin API.

Every command has ``--json``. Exit codes: 0 done, 1 refused or failed, 2 wrong usage or wrong files.
"""
