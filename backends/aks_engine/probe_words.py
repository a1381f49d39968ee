"""What a question asked from the helper VM found, in an operator's words: which step of it failed, and what to do."""

from __future__ import annotations

from backends.model.azure_stack import AzureStackAccess
from backends.model.engine.vm_facts import Probe
from backends.model.login_codes import login_meaning

_TARGETS = {
    "arm": "the stamp's Resource Manager",
    "login": "the login endpoint",
    "providers": "the stamp's Resource Manager",
    "kubernetes": "the Kubernetes API",
}
_NOT_REACHED = {
    "name": "its name is not found: look at the VM's DNS",
    "connect": "no connection: look at routes and firewalls",
    "timeout": "no answer in time: look at routes and firewalls",
    "tls": "its certificate is not trusted by the VM: install the stamp's CA there",
}


def probe_of(name: str, kind: str, status: int, detail: str, arm: AzureStackAccess | None) -> Probe | None:
    """Return the probe of a finding of probes.sh, None when it says that nothing could be asked."""
    target = _TARGETS.get(name)
    if target is None or kind in ("skipped", "no-tool"):
        return None
    if kind == "ok":
        return Probe(True, _well(name, status, detail, arm))
    if kind in _NOT_REACHED:
        said = f" ({detail})" if detail else ""
        what = f"{target} is not reached from the VM: {_NOT_REACHED[kind]}{said}"
        return Probe(False, f"{what}; aks-engine would end in a panic" if name == "arm" else what)
    if name == "login":
        return Probe(False, _refused_login(status, detail))
    if name == "providers":
        return Probe(False, _refused_providers(status, detail, arm))
    return Probe(False, f"{target} answers {_answer(status, detail)}")


def _well(name: str, status: int, detail: str, arm: AzureStackAccess | None) -> str:
    if name == "arm":
        return f"it names {detail} for logins" if status else detail
    if name == "login":
        return f"{_principal(arm)} logs in at {detail}"
    if name == "providers":
        return f"{_principal(arm)} may list the providers of the subscription"
    return f"{detail} answers {status}" if status else detail


def _refused_login(status: int, detail: str) -> str:
    meaning = login_meaning(detail)
    code = f"{status} {detail}".strip() if status else detail
    return f"the login is refused: {meaning} ({code})" if meaning else f"the login is refused: {code}"


def _refused_providers(status: int, detail: str, arm: AzureStackAccess | None) -> str:
    code = _answer(status, detail)
    if status == 403:
        return (
            f"{_principal(arm)} may not list the providers of the subscription: give it the role Contributor ({code})"
        )
    if status == 401:
        return f"the Resource Manager does not take its token: identity system or audience do not fit ({code})"
    return f"the providers of the subscription cannot be listed: {code}"


def _principal(arm: AzureStackAccess | None) -> str:
    return f"service principal {arm.engine.client_id}" if arm and arm.engine else "the service principal"


def _answer(status: int, detail: str) -> str:
    return f"{status} {detail}".strip()
