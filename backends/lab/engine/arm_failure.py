"""Errors of Azure Resource Manager in the form the Azure SDK for Go prints them."""

from __future__ import annotations

import json

from backends.lab.engine.wire import Answer

_RULE = "-" * 80


class ArmFailure(Exception):
    """ARM refused, failed or was not reached; `text` is many lines long when it answered, and ends in a newline."""

    def __init__(self, text: str, status: int = 0, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.code = code


def refusal(answer: Answer) -> ArmFailure:
    """Return the failure of an answer: request line, status, error code and indented body between rules."""
    url = answer.url.partition("?")[0]
    code = _code(answer)
    lines = [
        f"{answer.method} {url}",
        _RULE,
        f"RESPONSE {answer.status}: {answer.status} {answer.reason}",
        f"ERROR CODE: {code}" if code else "ERROR CODE UNAVAILABLE",
        _RULE,
        _body(answer),
        _RULE,
    ]
    return ArmFailure("\n".join(lines) + "\n", answer.status, code)


def _code(answer: Answer) -> str:
    if header := answer.header("x-ms-error-code"):
        return header
    try:
        content = json.loads(answer.body)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    properties = content.get("properties")
    inner = properties.get("error") if isinstance(properties, dict) else None
    error = content.get("error") or inner or content
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _body(answer: Answer) -> str:
    if not answer.body:
        return "Response contained no body"
    try:
        return json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False)
    except ValueError:
        return answer.body.decode(errors="replace")
