"""What Entra ID and AD FS mean by their codes when they refuse a service principal.

Sources: Microsoft's list of Entra ID authentication error codes, and AD FS's event texts.
"""

from __future__ import annotations

import re

_MEANINGS = {
    "AADSTS7000215": "the client secret is wrong",
    "AADSTS7000222": "the client secret has expired: make a new one",
    "AADSTS700016": "the application is not in this directory: wrong client ID or tenant",
    "AADSTS700027": "the certificate is not registered with the application, or its key is another's",
    "AADSTS700024": "the signed statement is out of its time: look at the clock",
    "AADSTS700030": "the certificate is not registered with the application, or has expired",
    "AADSTS7000112": "the application is disabled",
    "AADSTS90002": "the tenant does not exist",
    "AADSTS900023": "the tenant is not written as one",
    "AADSTS500011": "the stamp's Resource Manager is not known to this directory",
    "AADSTS53003": "a conditional access policy forbids it",
    "MSIS9607": "AD FS does not know the resource: identity system and audience do not fit",
    "MSIS9612": "the client is not known to AD FS, or its proof is wrong",
    "MSIS9629": "the client secret is wrong",
    "MSIS9631": "the client is not known to AD FS",
}
_CODE = re.compile(r"(?:AADSTS|MSIS)\d+")


def login_code(text: str) -> str:
    """Return the first code of Entra ID or AD FS in a text, empty when there is none."""
    found = _CODE.search(text)
    return found[0] if found else ""


def login_meaning(text: str) -> str:
    """Return what the first code in a text means, empty when it is not known here."""
    return _MEANINGS.get(login_code(text), "")
