"""Statistics: pure functions from numbers to numbers, each with the source of its formula.

Nothing here knows of models, requests or releases. What must be fast or must hold at every look is numpy alone; what is worked
out now and then may ask for scipy, and says so.
"""
