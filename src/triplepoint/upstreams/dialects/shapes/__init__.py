"""The three dialects as typed shapes: only the members that a translation must understand.

A shape reads as leniently as compatible servers write (null for absent, members in any order, unknown members skipped)
and writes exactly what its vendor documents: members that are `UNSET` are left out, None is written as null. Content that is
only carried (a tool's schema, its input, log probabilities) stays `msgspec.Raw`, so it is neither parsed nor written anew;
the base64 text of an image is moved as text and never decoded.
"""
