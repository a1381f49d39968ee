"""What is followed: one collection, whole or narrowed by namespace and selectors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """One collection, as the same for all who ask for the same."""

    kind: str
    namespace: str | None = None
    selector: str = ""
    field_selector: str = ""

    def parameters(self) -> dict[str, str]:
        """Return the selectors as a query string's fields."""
        fields = {"labelSelector": self.selector, "fieldSelector": self.field_selector}
        return {name: value for name, value in fields.items() if value}
