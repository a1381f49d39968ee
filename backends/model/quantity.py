"""Kubernetes quantities: `250m`, `1536Mi`, `2G`, `1e3` (the grammar of apimachinery's resource.Quantity)."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?", re.ASCII)

_FACTORS = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6,
    "G": Decimal(10) ** 9,
    "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10,
    "Mi": Decimal(2) ** 20,
    "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40,
    "Pi": Decimal(2) ** 50,
    "Ei": Decimal(2) ** 60,
}


def parse(text: str) -> Decimal:
    """Return the plain number a quantity stands for; ValueError when it is not a quantity."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a quantity: {text!r}")
    number, suffix, exponent = found.groups()
    if exponent is not None:
        return Decimal(number).scaleb(int(exponent))
    return Decimal(number) * _FACTORS[suffix or ""]


def cpu_millicores(text: str) -> int:
    """Return CPU in thousandths of a core, rounded up as Kubernetes does; ValueError when not a quantity."""
    return int((parse(text) * 1000).to_integral_value(ROUND_CEILING))


def memory_bytes(text: str) -> int:
    """Return memory in bytes, rounded up; ValueError when not a quantity."""
    return int(parse(text).to_integral_value(ROUND_CEILING))


def format_cpu(millicores: int) -> str:
    """Write CPU as `kubectl top` does: `250m`."""
    return f"{millicores}m"


def format_memory(size_bytes: int) -> str:
    """Write memory as `kubectl top` does: whole mebibytes, `1536Mi`."""
    return f"{size_bytes // 2**20}Mi"


def format_memory_short(size_bytes: int) -> str:
    """Write memory for a headline, three digits at most: `812Mi`, `1.5Gi`, `31Gi`."""
    size = float(size_bytes)
    for unit in ("Ki", "Mi", "Gi", "Ti"):
        size /= 1024
        if size < 1000 or unit == "Ti":
            break
    return f"{size:.1f}{unit}" if size < 10 and unit not in ("Ki", "Mi") else f"{size:.0f}{unit}"


def format_cores(millicores: int) -> str:
    """Write CPU for a headline: `250m` below one core, `3.5` or `12` cores above."""
    if millicores < 1000:
        return f"{millicores}m"
    cores = millicores / 1000
    return f"{cores:.1f}" if cores < 10 else f"{cores:.0f}"
