"""What is wrong on this machine, and what to do about it.

Each check is one small function that looks at one thing and returns findings: *ok*, *warning* (it works, but worse than it
could) or *problem* (something will not work), the last two with a fix. `machine` reads the facts, `machine_checks` and
`installation_checks` judge them, `examine` runs all of them. A check that itself fails is a finding, not a crash: a doctor is
called when things are broken. Nothing is changed, and nothing is sent but the opening of a TCP connection::

    for finding in examine(Examination(Path("."), environ=os.environ, machine=ThisMachine(), now_us=…)):
        print(finding.level, finding.what, finding.fix)
"""
