"""One look at the helper VM: what a run needs there, and what aks-engine would meet when it asks from there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from backends.aks_engine.commands import environment_lines
from backends.aks_engine.probe_words import probe_of
from backends.aks_engine.remote import RunsCommands, run_script
from backends.aks_engine.vm_paths import from_home, shell_word
from backends.clock import Clock
from backends.errors import Malformed
from backends.model import inert
from backends.model.azure_stack import AzureStackAccess, EngineCredentials, IdentitySystem
from backends.model.engine.vm_facts import Probe, VmFacts
from backends.model.redact import Redactor

_TIMEOUT_S = 55.0
"""Every question has 10 s; five of them follow one another at most."""

Said = Sequence[tuple[str, str]]

_CREDENTIAL_WORDS = {
    "missing": "{what} {path} is not there",
    "closed": "{what} {path} cannot be read by this account",
    "open": "{what} {path} can be read by others: chmod 600 it",
    "no-certificate": "{what} {path} is no certificate in PEM",
    "ended": "{what} {path} has ended: aks-engine cannot log in with it",
    "ends": "{what} {path} ends within 30 days",
}
_CREDENTIALS = {"certificate": "the certificate", "key": "the private key", "secret": "the client secret's file"}


async def look_at(vm: RunsCommands, arm: AzureStackAccess | None, clock: Clock, *, probe: bool) -> VmFacts:
    """Look at the VM by one command there, which changes nothing; foreign engines are not part of it."""
    lines = [*_settings(vm, arm), _script("look.sh")]
    if probe:
        lines.append(_script("probes.sh"))
    lines += ["clock", "echo end"]
    before = clock.now()
    ran = await run_script(vm, lines, what="the helper VM could not be looked at", timeout_s=_TIMEOUT_S)
    after = clock.now()
    said = [_split(line) for line in ran.output.decode("utf-8", "replace").splitlines()]
    if not said or said[-1][0] != "end":
        raise Malformed(
            "the helper VM could not be looked at",
            why=f"the script ended early (status {ran.status}): {ran.errors or 'nothing said'}"[:300],
            stamp=vm.stamp,
        )
    return VmFacts(
        missing=tuple(inert.name(value) for value in _all(said, "missing")),
        free_bytes=_least_free(said),
        skew_s=_skew(said, before, after),
        boot_id=inert.name(_one(said, "boot")),
        kills_left_processes=_yes(said, "kills"),
        locks_work=_yes(said, "locks"),
        credential_modes=(*map(_credential, _all(said, "credential")), *_shown_secret(said, arm)),
        proc_hidden=_yes(said, "hidden"),
        probes=_probes(said, arm),
    )


def _settings(vm: RunsCommands, arm: AzureStackAccess | None) -> list[str]:
    credentials = (arm.engine if arm else None) or EngineCredentials("")
    by_certificate = bool(credentials.certificate)
    values = {
        "model": vm.access.api_model and from_home(vm.access.api_model),
        "certificate": credentials.certificate and from_home(credentials.certificate),
        "private_key": credentials.private_key and from_home(credentials.private_key),
        "secret_file": "" if by_certificate or not credentials.secret_file else from_home(credentials.secret_file),
        "management": arm.management if arm else "",
        "subscription": arm.subscription if arm else "",
        "tenant": arm.tenant if arm else "",
        "identity": arm.identity_system.value if arm else IdentitySystem.AZURE_AD.value,
        "client_id": credentials.client_id,
    }
    return [
        'cd -- "$HOME"',
        *environment_lines(vm.access),
        *(f"{name}={shell_word(value)}" for name, value in values.items()),
    ]


def _probes(said: Said, arm: AzureStackAccess | None) -> dict[str, Probe]:
    found = {}
    for value in _all(said, "probe"):
        name, kind, status, detail = (*value.split(" ", 3), "", "", "", "")[:4]
        detail = inert.line(Redactor().line(detail.strip()))
        probe = probe_of(name, kind, int(status) if status.isdigit() else 0, detail, arm)
        if probe is not None:
            found[name] = probe
    return found


def _credential(value: str) -> str:
    kind, what, path = (*value.split(" ", 2), "", "", "")[:3]
    words = _CREDENTIAL_WORDS.get(kind, "{what} {path}: " + inert.name(kind))
    return words.format(what=_CREDENTIALS.get(what, "the file"), path=inert.name(path))


def _shown_secret(said: Said, arm: AzureStackAccess | None) -> list[str]:
    """Return the warning that a client secret deserves where processes show their arguments to everybody."""
    engine = arm.engine if arm else None
    if engine is None or engine.certificate or not engine.secret_file or _yes(said, "hidden"):
        return []
    return [
        "while aks-engine runs, its command line shows the client secret to every account of the VM: "
        "log in by certificate, or mount /proc with hidepid=2"
    ]


def _least_free(said: Said) -> int | None:
    """Return the bytes free where there are the fewest: the api model's folder, the home directory, the temporary."""
    found = [
        int(blocks) * 1024 for blocks, _, _ in (each.partition(" ") for each in _all(said, "free")) if blocks.isdigit()
    ]
    return min(found, default=None)


def _skew(said: Said, before: float, after: float) -> float | None:
    """Return how far the VM's clock is ahead: its first and last time lie between ours, whatever the way took."""
    times = []
    for each in _all(said, "clock"):
        try:
            # A date without nanoseconds (busybox) leaves `.N` as it is.
            times.append(float(each.removesuffix(".%N").removesuffix(".N")))
        except ValueError:
            return None
    if len(times) != 2:
        return None
    most, least = times[0] - before, times[1] - after
    return 0.0 if least <= 0.0 <= most else min((most, least), key=abs)


def _yes(said: Said, key: str) -> bool | None:
    value = _one(said, key)
    return {"yes": True, "no": False}.get(value)


def _one(said: Said, key: str) -> str:
    return next((value for name, value in said if name == key), "")


def _all(said: Said, key: str) -> list[str]:
    return [value for name, value in said if name == key]


def _split(line: str) -> tuple[str, str]:
    key, _, value = line.partition(" ")
    return key, value


@cache
def _script(name: str) -> str:
    return files("backends.aks_engine").joinpath(name).read_text("utf-8")
