"""Choosing another theme while the console runs."""

from __future__ import annotations

from typing import Any

from textual.app import App

from screens.themes import THEMES, theme_named


class ThemeChoice(App[Any]):
    """Mixin for an App, before App in the bases: the next theme, or one by its name."""

    def action_next_theme(self) -> None:
        """Use the theme after the present one."""
        names = [theme.name for theme in THEMES]
        at = names.index(self.theme) if self.theme in names else -1
        self.action_use_theme(names[(at + 1) % len(names)])

    def action_use_theme(self, name: str) -> None:
        """Use a theme by name."""
        found = theme_named(name)
        if found is None:
            known = ", ".join(short_name(theme.name) for theme in THEMES)
            self.notify(f"no theme named {name}: {known}", severity="warning", markup=False)
            return
        self.theme = found.name
        self.notify(f"theme: {short_name(found.name)}", timeout=2, markup=False)


def short_name(name: str) -> str:
    """Return a theme's name without the product's."""
    return name.removeprefix("stampdeck-")
