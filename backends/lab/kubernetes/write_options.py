"""CreateOptions, UpdateOptions and PatchOptions in the query of a write, checked as metav1 validates them."""

from __future__ import annotations

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.statuses import Cause, invalid

_KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_LONGEST_MANAGER = 128
_FIELD_VALIDATION_SINCE = 25
_VALIDATIONS = ("Ignore", "Strict", "Warn")


def check_write_options(call: Call, minor: int, *, applies: bool = False) -> None:
    """Raise 422 for what a server of v1.`minor` does not accept: dryRun that is not `All`, `force` without apply."""
    causes: list[Cause] = []
    if "force" in call.query and call.verb == "patch" and not applies:
        causes.append(Cause("force", "FieldValueForbidden", "may not be specified for non-apply patch"))
    if applies and not call.query.get("fieldManager"):
        causes.append(Cause("fieldManager", "FieldValueRequired", "is required for apply patch"))
    causes += _manager_causes(call.query.get("fieldManager", ""))
    dry_run = call.query.get("dryRun")
    if dry_run and dry_run != "All":
        text = f'[]string{{"{dry_run}"}}: supported values: "All"'
        causes.append(Cause("dryRun", "FieldValueNotSupported", text))
    validation = call.query.get("fieldValidation")
    if validation and minor >= _FIELD_VALIDATION_SINCE and validation not in _VALIDATIONS:
        text = f'"{validation}": supported values: "", "Ignore", "Strict", "Warn"'
        causes.append(Cause("fieldValidation", "FieldValueNotSupported", text))
    if causes:
        raise invalid(_KINDS.get(call.verb, "UpdateOptions"), "meta.k8s.io", "", causes)


def _manager_causes(manager: str) -> list[Cause]:
    if len(manager.encode()) > _LONGEST_MANAGER:
        return [Cause("fieldManager", "FieldValueTooLong", f"must have at most {_LONGEST_MANAGER} bytes")]
    for position, letter in enumerate(manager):
        if not letter.isprintable():
            text = f"{_quoted(manager)}: invalid character U+{ord(letter):04X} (at position {position})"
            return [Cause("fieldManager", "FieldValueInvalid", text)]
    return []


def _quoted(text: str) -> str:
    """Return a text as Go's %q writes it."""
    named = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}

    def shown(letter: str) -> str:
        number = ord(letter)
        escaped = f"\\x{number:02x}" if number < 128 else f"\\u{number:04x}"
        return named.get(number) or (letter if letter.isprintable() else escaped)

    return '"' + "".join(map(shown, text)) + '"'
