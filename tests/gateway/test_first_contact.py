"""A request from end to end: through the gateway to an upstream and back, with its receipt."""

import anthropic
import openai
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running

from triplepoint.upstreams.simulated.model import Script


def _script(text: str) -> Script:
    return Script.model_validate({"answer": {"text": text}}, strict=False)


async def test_the_openai_client_gets_an_answer_and_its_receipt(gateway: Running, simulate: Simulate) -> None:
    """An answer bears the asked name, and its receipt says what served it, from which tokens, at what cost."""
    await simulate("a", _script("Paris, of course."))
    client = openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key)
    raw = await client.chat.completions.with_raw_response.create(
        model="small", messages=[{"role": "user", "content": "What is the capital of France?"}]
    )
    answer = raw.parse()
    assert answer.model == "small"
    assert answer.choices[0].message.content == "Paris, of course."
    receipt = await client.get(f"/receipts/{raw.headers['x-triplepoint-receipt']}", cast_to=dict[str, object])
    assert receipt["served_model"] == "chat"
    assert receipt["decision"] == "alias small"
    assert receipt["outcome"] == "finished"
    assert receipt["cost_usd"] is not None
    await client.close()


async def test_the_anthropic_client_streams_from_a_chat_upstream(gateway: Running, simulate: Simulate) -> None:
    """A caller that speaks messages gets a stream of messages from an upstream that speaks chat."""
    await simulate("a", _script("one two three"))
    async with (
        anthropic.AsyncAnthropic(base_url=gateway.root_url, api_key=gateway.key) as client,
        client.messages.stream(model="chat", max_tokens=50, messages=[{"role": "user", "content": "count"}]) as stream,
    ):
        text = "".join([piece async for piece in stream.text_stream])
        message = await stream.get_final_message()
    assert text == "one two three"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0
