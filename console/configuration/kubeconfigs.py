"""What a kubeconfig file shows without being used: its contexts and its mode.

Reads the YAML itself: the Kubernetes client that really uses the file costs 0.35 s to import, which checking
a configuration or completing a word should not pay.
"""

from __future__ import annotations

import stat
from pathlib import Path

import yaml

from backends.errors import ConfigurationError


def contexts_of(file: Path) -> tuple[str, ...]:
    """Return the names of a kubeconfig's contexts in its order. ConfigurationError says why they cannot be had."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"kubeconfig {file} does not exist", todo="copy it from the helper VM") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"kubeconfig {file} cannot be read", why=_why(error)) from None
    try:
        document = yaml.safe_load(text)
        found = [str(each["name"]) for each in (document.get("contexts") or ())]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        raise ConfigurationError(f"{file} is not a kubeconfig", todo="name the file kubectl uses") from None
    if not found:
        raise ConfigurationError(f"kubeconfig {file} has no contexts", todo="name the file kubectl uses")
    return tuple(found)


def mode_risk(file: Path) -> str:
    """Return what is risky about a credential file's mode, empty when only its owner can use it."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return ""
    others = [who for who, bits in (("its group", 0o060), ("everybody", 0o006)) if mode & bits]
    if not others:
        return ""
    return (
        f"{file} is open to {' and '.join(others)} (mode {mode:04o}): who reads it has all its rights, and the admin "
        "kubeconfig of aks-engine is a cluster-admin certificate valid for 30 years that cannot be revoked alone"
    )


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
