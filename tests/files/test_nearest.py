from triplepoint.files.nearest import nearest, suggest


def test_the_most_similar_comes_first():
    """The likeliest name leads, the others keep their order."""
    assert nearest("first_byt", ["connect", "first_byte", "idle"]) == ["first_byte", "connect", "idle"]


def test_a_guess_is_only_made_when_it_is_near():
    """A name that resembles none gets the list and no guess; with nothing known it says so."""
    assert suggest("zzz", ["nano", "mini"], "models") == "models: nano, mini"
    assert suggest("nanno", ["mini", "nano"], "models").startswith("did you mean nano?")
    assert suggest("x", [], "models") == "there are no models yet"
    assert "… (40 in all)" in suggest("zzz", [f"m{n}" for n in range(40)], "models")
