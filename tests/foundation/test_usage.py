import msgspec

from triplepoint.foundation.usage import Usage, UsageSource, in_full


def test_a_usage_is_short_in_the_journal_and_whole_for_who_sees_it() -> None:
    """Encoded it holds what is not its default, and comes back the same; in full it has every member."""
    usage = Usage(input_tokens=5, output_tokens=0, cache_read_tokens=2, source=UsageSource.REPORTED)
    encoded = msgspec.msgpack.encode(usage)
    assert msgspec.msgpack.decode(encoded, type=Usage) == usage
    assert set(msgspec.msgpack.decode(encoded)) == {"input_tokens", "output_tokens", "cache_read_tokens", "source"}
    assert tuple(in_full(usage)) == Usage.__struct_fields__
    assert in_full(usage) | {"source": "reported", "images": 0, "tokenizer": None} == in_full(usage)
