"""What is wrong with the metadata of an object: its name, labels, annotations and finalizers."""

from __future__ import annotations

import re
from typing import Any

from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation.causes import required, wrong

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_NAME_PART_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
_ANY_NAME = ("roles.", "rolebindings.", "clusterroles.", "clusterrolebindings.")


def validate_metadata(resource: str, meta: dict[str, Any]) -> list[Cause]:
    """Return what is wrong with a name, labels, annotations or finalizers."""
    name = meta.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    pattern, text = _SUBDOMAIN, _SUBDOMAIN_TEXT
    if resource == "services":
        pattern, text = _SERVICE, _SERVICE_TEXT
    elif resource == "namespaces":
        pattern, text = LABEL, LABEL_TEXT
    causes: list[Cause] = []
    if not resource.startswith(_ANY_NAME) and (not pattern.fullmatch(name) or len(name) > 253):
        causes.append(wrong("metadata.name", name, text))
    for key, value in (meta.get("labels") or {}).items():
        causes += _qualified_causes("metadata.labels", key)
        if len(str(value)) > 63 or (value and not _QUALIFIED.fullmatch(str(value))):
            causes.append(wrong("metadata.labels", value, _LABEL_VALUE_TEXT))
    for key in meta.get("annotations") or {}:
        causes += _qualified_causes("metadata.annotations", key.lower())
    for index, each in enumerate(meta.get("finalizers") or ()):
        if each not in _STANDARD_FINALIZERS and "/" not in each:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(wrong(f"metadata.finalizers[{index}]", each, text))
    return causes


def _qualified_causes(field: str, key: str) -> list[Cause]:
    """Return what is wrong with the key of a label or annotation: `[PREFIX/]NAME`."""
    prefix, slash, name = key.rpartition("/")
    if slash and not _SUBDOMAIN.fullmatch(prefix):
        return [wrong(field, key, f"prefix part {_SUBDOMAIN_TEXT}")]
    if len(name) > 63:
        return [wrong(field, key, "name part must be no more than 63 characters")]
    return [] if _QUALIFIED.fullmatch(name) else [wrong(field, key, f"name part {_NAME_PART_TEXT}")]
