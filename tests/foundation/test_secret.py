import copy
import json
import pickle

import msgspec
import pytest

from triplepoint.foundation.secret import Secret

TEXT = "planted-9f2c1e7a"


def test_only_reveal_gives_the_text():
    """Every way to print a secret hides it; reveal alone shows it."""
    secret = Secret(TEXT)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        " ".join(map(str, [secret])),
        repr([secret]),
        repr({"a": secret}),
    ]
    assert secret.reveal() == TEXT
    assert not any(TEXT in text for text in shown)


@pytest.mark.parametrize("dump", [pickle.dumps, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.msgpack.encode])
def test_no_encoder_takes_a_secret(dump: "object"):
    """A secret cannot be pickled, copied or written as JSON by accident, and the error does not tell it."""
    assert callable(dump)
    with pytest.raises(TypeError) as caught:
        dump(Secret(TEXT))
    assert TEXT not in str(caught.value)


def test_secrets_compare_by_text():
    """Two secrets are equal when their texts are, so a reload can tell whether a key changed."""
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    assert len({Secret(TEXT), Secret(TEXT)}) == 1
    assert not Secret("")
