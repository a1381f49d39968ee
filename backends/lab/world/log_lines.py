"""What containers write: a line at a time, in the format of the program that runs in them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

from backends.lab.objects import Object

LineMaker = Callable[[random.Random, float], str]
"""Makes the line written at a moment (seconds since the epoch)."""

_PATHS = ("/", "/healthz", "/api/items", "/items/1", "/items/2", "/items/5", "/items/9", "/static/app.js", "/ratings")
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "curl/7.81.0")
_STATUSES = (200,) * 60 + (304,) * 6 + (404,) * 2 + (499,)


def line_maker(pod: Object, container: str) -> tuple[LineMaker, float]:
    """Return how a container of a pod writes, and its share: lines per user request of its pod, or per second
    as a negative number when users have nothing to do with it."""
    app = (pod["metadata"].get("labels") or {}).get("app", "")
    if app == "nginx-ingress":
        return _ingress_line, 0.10
    if app == "ratings-web":
        return _web_line, 0.06
    if app == "ratings-api":
        return _api_line, 0.08
    if app == "ratings-mongodb":
        return _mongo_line, 0.01
    if container in (
        "kube-proxy",
        "azure-ip-masq-agent",
        "kube-apiserver",
        "kube-scheduler",
        "kube-controller-manager",
    ):
        return _klog_line, -0.05
    return _plain_line, -0.2


def start_lines(pod: Object, container: str) -> list[str]:
    """Return what a container writes when it starts."""
    app = (pod["metadata"].get("labels") or {}).get("app", "")
    return _START.get(app) or [f"starting {container}"]


_START = {
    "ratings-api": [
        "> ratings-api@1.0.0 start /usr/src/app",
        "> node ./server.js",
        "Connected to MongoDB",
        "Listening on port 3000",
    ],
    "ratings-web": [
        "> ratings-web@1.0.0 start /usr/src/app",
        "using API http://ratings-api",
        "Listening on port 8080",
    ],
    "ratings-mongodb": [
        "MongoDB starting : pid=1 port=27017 dbpath=/bitnami/mongodb/data/db 64-bit",
        "waiting for connections on port 27017",
    ],
}


def last_lines(pod: Object) -> list[str]:
    """Return what a crashing container writes last."""
    app = (pod["metadata"].get("labels") or {}).get("app", "")
    if app.startswith("ratings"):
        return [
            "MongoNetworkError: failed to connect to server [ratings-mongodb:27017] on first connect",
            "    at Pool.<anonymous> (/usr/src/app/node_modules/mongodb-core/lib/topologies/server.js:431:11)",
            "npm ERR! code ELIFECYCLE",
            "npm ERR! errno 1",
        ]
    return ["panic: runtime error: invalid memory address or nil pointer dereference", "goroutine 1 [running]:"]


def _ingress_line(dice: random.Random, at: float) -> str:
    path, status = dice.choice(_PATHS), dice.choice(_STATUSES)
    took = dice.expovariate(60)
    upstream = f"10.244.{dice.randrange(4)}.{dice.randrange(2, 250)}:8080"
    return (
        f'{_address(dice)} - - [{_apache(at)}] "GET {path} HTTP/1.1" {status} {dice.randrange(120, 9000)} "-" '
        f'"{dice.choice(_AGENTS)}" {dice.randrange(200, 900)} {took:.3f} [default-ratings-web-80] [] {upstream} '
        f"{dice.randrange(120, 9000)} {took:.3f} {status} {dice.getrandbits(128):032x}"
    )


def _web_line(dice: random.Random, at: float) -> str:
    took, size = dice.expovariate(0.08), dice.randrange(90, 4000)
    return f"GET {dice.choice(_PATHS)} {dice.choice(_STATUSES)} {took:.3f} ms - {size}"


def _api_line(dice: random.Random, at: float) -> str:
    level = "warn" if dice.random() < 0.01 else "info"
    took = dice.expovariate(0.15)
    text = "slow query" if level == "warn" else "GET /api/items 200"
    request = f"{dice.getrandbits(64):016x}"
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f'{{"time":"{stamp}","level":"{level}","msg":"{text}","ms":{took:.1f},"request":"{request}"}}'


def _mongo_line(dice: random.Random, at: float) -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    number = dice.randrange(100, 9999)
    return (
        f"{stamp} I  NETWORK  [conn{number}] received client metadata from 10.244.1.{dice.randrange(2, 250)}:"
        f'{dice.randrange(30000, 60000)} conn{number}: {{ driver: {{ name: "nodejs", version: "3.1.8" }} }}'
    )


def _klog_line(dice: random.Random, at: float) -> str:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%m%d %H:%M:%S.%f")
    line, took = dice.randrange(300, 1600), dice.randrange(20, 90)
    return f'I{stamp}       1 proxier.go:{line}] "Syncing iptables rules" took={took}ms'


def _plain_line(dice: random.Random, at: float) -> str:
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f"{stamp} INFO handled batch={dice.randrange(10**6)} items={dice.randrange(1, 500)} ms={dice.randrange(1, 900)}"
    )


def _apache(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _address(dice: random.Random) -> str:
    return f"203.0.113.{dice.randrange(1, 255)}"
