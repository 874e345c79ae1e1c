"""How much the model reasons: OpenAI's effort as Anthropic's thinking.

Claude 4.6 and later decide themselves how long they think (``adaptive``), guided by ``output_config.effort``; the newest
refuse a budget. Older ones know only the budget. The model's name says which it is. The vendor ties thinking to conditions,
and where the request breaks one, the wish to think yields, with a notice, because all else in the request is more definite:

- a tool call that is forced,
- a budget under 1,024 tokens, where the limit on the answer leaves no more,
- with a budget, a turn that goes on after tool calls: its thinking would have to be handed back, and chat has lost its
signature.

Thinking in turn excludes a temperature and ``top_k``; these are dropped with a notice.
"""

import re
from typing import Final

from msgspec import Struct

from triplepoint.upstreams.dialects.shapes import messages

_BUDGET_ONLY: Final = re.compile(r"claude-(?:instant|[23]|(?:opus|sonnet|haiku)-4(?:-[015])?(?:$|[-@:]20|[@:]))")
_BUDGETS: Final = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}
"""Ours: the vendors state no equivalence."""
_LEAST_BUDGET: Final = 1024


class Thoughtfulness(Struct):
    """What a request says about thinking."""

    thinking: messages.Thinking | None = None
    effort: str | None = None
    hindrance: str = ""
    """Why the model does not think although the caller asked for it."""

    @property
    def is_on(self) -> bool:
        """Whether the model may think."""
        return self.thinking is not None and self.thinking.type != "disabled"


class Wish(Struct):
    """What decides whether a wish to think can be met."""

    upstream_model: str
    """Decides between budget and effort."""
    max_tokens: int
    """Limit of the answer, thinking included; at most half of it is thought."""
    is_call_forced: bool
    """The tool choice leaves no way but a call."""
    goes_on_after_calls: bool
    """The last turn brings results of tools."""


def thoughtfulness(effort: str, wish: Wish) -> Thoughtfulness:
    """Translate an effort, one of ``reasoning_effort``'s words."""
    if effort == "none":
        return Thoughtfulness(messages.Thinking(type="disabled"))
    if not _BUDGET_ONLY.search(wish.upstream_model):
        told = "low" if effort == "minimal" else effort
        if wish.is_call_forced:
            return Thoughtfulness(None, told, "a tool call is forced")
        return Thoughtfulness(messages.Thinking(type="adaptive"), told)
    if wish.is_call_forced:
        return Thoughtfulness(hindrance="a tool call is forced")
    if wish.goes_on_after_calls:
        return Thoughtfulness(hindrance="the turn goes on after tool calls")
    budget = min(_BUDGETS[effort], wish.max_tokens // 2)
    if budget < _LEAST_BUDGET:
        return Thoughtfulness(hindrance="the limit on the answer leaves no room to think")
    return Thoughtfulness(messages.Thinking(type="enabled", budget_tokens=budget))
