"""What a decision must know of a model beside what a scorer says: what its tokens cost, in money and in energy."""

import msgspec

USUAL_OUTPUT_TOKENS = 400.0
"""Expected length of an answer of which nothing was ever learnt: alike for every model, so that their prices alone tell them
apart."""

UNSTATED_CACHE_SHARE = 0.5
"""Part of the prompt's price that a warm prompt cache saves where the price says nothing of caches: vendors give half to nine
tenths, so this keeps a conversation at its model no more than the least of them would."""


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One model of a line-up, as its first upstream runs it; estimates, and so floats: nobody is charged by them.

    Of prices, the row's standard processing counts, at its shortest context and outside any hours.
    """

    input_usd_per_mtok: float | None = None
    """Price of a million tokens of prompt; None: not known, and then the model is never weighed as if it cost nothing."""
    output_usd_per_mtok: float | None = None
    """Price of a million tokens of answer; None: not known."""
    cached_usd_per_mtok: float | None = None
    """Price of a million tokens of prompt that are read from the upstream's cache; None: not known."""
    input_wh: float | None = None
    """Watt-hours for a token of prompt; None: not known."""
    output_wh: float | None = None
    """Watt-hours for a token of answer; None: not known."""
    context_tokens: int
    """Longest prompt and answer together."""
    usual_output_tokens: float = USUAL_OUTPUT_TOKENS
    """Expected length of an answer where the scorer knows none."""

    @property
    def has_price(self) -> bool:
        """Tell whether the cost of a request can be expected."""
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None

    def cost_usd(self, input_tokens: int, output_tokens: float) -> float | None:
        """Return what a request is expected to cost; None where a price is unknown."""
        if self.input_usd_per_mtok is None or self.output_usd_per_mtok is None:
            return None
        return (input_tokens * self.input_usd_per_mtok + output_tokens * self.output_usd_per_mtok) / 1e6

    def saved_usd_per_token(self) -> float:
        """Return what a token of prompt costs less where the upstream's cache still holds it; 0 without a price."""
        if self.input_usd_per_mtok is None:
            return 0.0
        if self.cached_usd_per_mtok is None:
            return self.input_usd_per_mtok * UNSTATED_CACHE_SHARE / 1e6
        return max(0.0, self.input_usd_per_mtok - self.cached_usd_per_mtok) / 1e6
