"""What the bytes mean: OpenAI chat completions, OpenAI responses, Anthropic messages.

Chat is the hub. A caller and an upstream of the same dialect exchange bytes, of which we change the model's name and what
policy demands; otherwise an `Exchange` carries one request over and its answer back, whole or as events. Two translations
chain: responses → chat → messages.
"""
