"""The embedded family: llama.cpp on this machine, one process for each model, started and watched by us.

Three models come as data (`catalog`): **nano**, **mini** and **regular**, a real ladder of size, price and correctness. `pull`
fetches them once into the user's cache, piece by piece, and believes nothing but the SHA-256 of the whole file. `managed`
runs one of them, or any other GGUF file, as a server on loopback with a random key, and brings it back when it dies; the
gateway then talks to it as to any other OpenAI-compatible upstream::

    model = LocalModel("nano", settings, logs=data / "logs", clock=clock)
    await model.start()          # returns at once; the file may still be on its way
    model.state()                # "waiting for its model file", "starting", "ready"
    model.endpoint()             # Endpoint(base_url="http://127.0.0.1:40123/v1", …) once it is ready

The processes share few cores, so the family as a whole takes turns: `family_queue`.
"""
