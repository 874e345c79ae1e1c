"""What the gateway's benchmarks share: an nginx origin with a bare proxy, a gateway with everything on, CPU and memory.

The gateway under test is a process of its own on a fresh installation: keys, line-up, receipts, journal with fsync, metrics.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import yaml

from triplepoint.app import open_installation

_NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_TICK = os.sysconf("SC_CLK_TCK")
ANSWER = json.dumps(
    {
        "id": "chatcmpl-0001",
        "object": "chat.completion",
        "created": 1740000000,
        "model": "upstream-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": "A larger model answers more questions well. " * 5},
            }
        ],
        "usage": {
            "prompt_tokens": 412,
            "completion_tokens": 48,
            "total_tokens": 460,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }
)
_SYSTEM = "You are a careful assistant for a data-centre operations team. " * 12
_QUESTION = "Explain the trade-off between model size, inference cost and energy use. " * 21


def request_body(model: str, *, stream: bool = False) -> bytes:
    """Return a request of about 2.4 kB."""
    messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}]
    body = {"model": model, "messages": messages, "temperature": 0.2, "max_tokens": 128}
    return json.dumps({**body, "stream": True} if stream else body).encode()


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@dataclass(frozen=True)
class Target:
    """Something that answers chat completions."""

    name: str
    url: str
    model: str
    key: str
    pid: int
    """Its top process; its children are counted in."""


@contextlib.contextmanager
def nginx() -> Generator[tuple[Target, Target]]:
    """Run an nginx of one worker as the origin and, on another port, as a bare proxy in front of it: the floor."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    port, proxy_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        temporary = " ".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        Path(folder, "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_buffer_size 64k; {temporary}
  upstream origin {{ server 127.0.0.1:{port}; keepalive 128; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ default_type application/json; return 200 '{ANSWER}'; }} }}
  server {{ listen 127.0.0.1:{proxy_port} backlog=4096;
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
""")
        with subprocess.Popen([program, "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(proxy_port)
                base = f"http://127.0.0.1:{port}/v1"
                yield (
                    Target("origin", base, "m", "k", server.pid),
                    Target("nginx proxy", f"http://127.0.0.1:{proxy_port}/v1", "m", "k", server.pid),
                )
            finally:
                server.terminate()


@contextlib.contextmanager
def bare(origin_url: str) -> Generator[Target]:
    """Run a proxy of our two HTTP sides and nothing between them."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), origin_url.removesuffix("/v1")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield Target("bare python proxy", f"http://127.0.0.1:{port}/v1", "m", "k", process.pid)
        finally:
            process.terminate()


@contextlib.contextmanager
def gateway(origin_url: str) -> Generator[Target]:
    """Run a gateway with everything on, in front of an origin."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, port = Path(name), free_port()
        configure(folder, port, origin_url)
        with open_installation(folder) as installation:
            installation.access.ensure_first_key(installation.data / "first-key")
            key = (installation.data / "first-key").read_text().strip()
        command = [sys.executable, "-m", "triplepoint", "gateway", "--dir", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(port)
                yield Target("triplepoint", f"http://127.0.0.1:{port}/v1", "m", key, process.pid)
            finally:
                process.terminate()


ROUTER = {
    "kind": "rules",
    "rules": [
        {"when": {"tools": True}, "use": "l", "why": "tools are offered"},
        {"when": {"code": True}, "use": "l", "why": "holds code"},
        {"when": {"maths": True}, "use": "l", "why": "holds arithmetic"},
        {"when": {"max_input_tokens": 30}, "use": "s", "why": "a short question"},
    ],
    "default": "m",
}
"""Rules of which none holds for the request: all of them are tried."""
PLANS = {
    "default": "all",
    "plans": {
        "all": {
            "charge": {"kind": "at_cost", "margin_percent": 20},
            "rates": {"requests_per_minute": 10**9, "tokens_per_minute": 10**12},
            "quotas": {
                "week": {"unit": "messages", "limit": 10**11, "per": "week"},
                "money": {"unit": "charge_usd", "limit": 10**9, "per": "month"},
            },
        }
    },
}
"""A plan whose limits are all kept and all out of reach."""


def configure(folder: Path, port: int, origin_url: str) -> None:
    """Write the configuration of a gateway with everything on, in front of an origin."""
    fast = {"requests_per_minute_per_key": 10**9}  # the limit is enforced, and out of reach
    settings = {
        "lineup": "bench",
        "gateway": {"listen": f"127.0.0.1:{port}", **fast},
        "upstreams": {"origin": {"kind": "openai", "base_url": origin_url}},
    }
    target = {"upstream": "origin", "model": "upstream-model", "price": "bench/m"}
    model = {"context_tokens": 128000, "capabilities": ["chat", "tools"], "upstreams": [target]}
    lineup = {"lineup": "bench", "models": dict.fromkeys("sml", model), "router": ROUTER}
    price = {"model": "bench/m", "since": "2026-01-01", "input_usd_per_mtok": "0.15", "output_usd_per_mtok": "0.60"}
    prices = {"source": "made for the benchmark", "collected": "2026-01-01", "prices": [price]}
    files = {
        "triplepoint.yaml": settings,
        "plans.yaml": PLANS,
        "lineups/bench.yaml": lineup,
        "prices/bench.yaml": prices,
    }
    for path, value in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(yaml.safe_dump(value, sort_keys=False))


def family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found, queue = list[int](), [pid]
    while queue:
        one = queue.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                queue += map(int, (task / "children").read_text().split())
    return found


def cpu_s(pid: int) -> float:
    """Return user and system CPU seconds of a process and its descendants."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICK


def rss_mb(pid: int) -> float:
    """Return resident memory of a process and its descendants."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{one}/status").read_text())
            total += int(match[1]) if match else 0
    return total / 1024


@dataclass(frozen=True)
class Load:
    """What wrk says of a run."""

    requests: int
    rps: float
    p50_us: float
    p99_us: float
    errors: int


def wrk(target: Target, *, clients: int, seconds: int) -> Load:
    """Send the request again and again; wrk is a load generator that costs little."""
    with tempfile.TemporaryDirectory(prefix="wrk-") as name:
        body, script = Path(name, "body.json"), Path(name, "post.lua")
        body.write_bytes(request_body(target.model))
        script.write_text(
            f'wrk.method="POST"; wrk.body=io.open("{body}"):read("*a")\n'
            'wrk.headers["Content-Type"]="application/json"\n'
            f'wrk.headers["Authorization"]="Bearer {target.key}"\n'
        )
        command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script)]
        text = subprocess.run([*command, f"{target.url}/chat/completions"], capture_output=True, text=True, check=True).stdout
    return Load(
        requests=int(_found(r"(\d+) requests in", text)[0]),
        rps=float(_found(r"Requests/sec:\s+([\d.]+)", text)[0]),
        p50_us=_time_us(text, "50%"),
        p99_us=_time_us(text, "99%"),
        errors=int((re.findall(r"Non-2xx or 3xx responses: (\d+)", text) or ["0"])[0]),
    )


def _time_us(text: str, quantile: str) -> float:
    number, unit = re.findall(rf"{quantile}\s+([\d.]+)(us|ms|s)", text)[0]
    return float(number) * {"us": 1.0, "ms": 1e3, "s": 1e6}[unit]


def _found(pattern: str, text: str) -> list[str]:
    found = re.findall(pattern, text)
    return found or sys.exit(f"wrk said something else:\n{text}")
