"""What every room stands on: ids, money, units, usage, clock, errors. Pure: no I/O, imports nothing of ours."""
