"""The themes: a dark default, a light one, one of high contrast, and one for eyes that confuse red and green."""

from __future__ import annotations

from textual.theme import Theme

_DARK = Theme(
    name="stampdeck-dark",
    primary="#5fa8f5",
    secondary="#7d8fb3",
    accent="#4fd0e0",
    success="#5ecb8b",
    warning="#f0b44c",
    error="#f2727f",
    foreground="#d9dee8",
    background="#11151c",
    surface="#171c25",
    panel="#1f2632",
    variables={"block-cursor-background": "#2f5f96", "block-cursor-foreground": "#ffffff", "border": "#39445a"},
)
_LIGHT = Theme(
    name="stampdeck-light",
    primary="#1d5fae",
    secondary="#5a6c8c",
    accent="#6b3fa0",
    success="#1c7a44",
    warning="#8f5b00",
    error="#b3243b",
    foreground="#1d2430",
    background="#fbfbf9",
    surface="#f2f3f1",
    panel="#e4e7ea",
    dark=False,
    variables={"block-cursor-background": "#1d5fae", "block-cursor-foreground": "#ffffff", "border": "#a9b2be"},
)
_CONTRAST = Theme(
    name="stampdeck-contrast",
    primary="#7fd1ff",
    secondary="#c0c0c0",
    accent="#00ffff",
    success="#00ff7f",
    warning="#ffd700",
    error="#ff6b6b",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    variables={"block-cursor-background": "#ffffff", "block-cursor-foreground": "#000000", "border": "#ffffff"},
)
# Blue for well, orange for warning, vermilion with its own glyph and word for bad: Okabe and Ito's palette
# (2008), whose members stay apart in protanopia, deuteranopia and tritanopia.
_COLOUR_BLIND = Theme(
    name="stampdeck-colour-blind",
    primary="#56b4e9",
    secondary="#8fa3b8",
    accent="#f0e442",
    success="#56b4e9",
    warning="#e69f00",
    error="#ff7a33",
    foreground="#e6e6e6",
    background="#101318",
    surface="#161a21",
    panel="#20262f",
    variables={"block-cursor-background": "#0072b2", "block-cursor-foreground": "#ffffff", "border": "#46505f"},
)

THEMES = (_DARK, _LIGHT, _CONTRAST, _COLOUR_BLIND)
"""In the order the theme key goes through them; the first is the default."""


def theme_named(name: str) -> Theme | None:
    """Return a theme by its full or short name: `stampdeck-light`, `light`; None when there is none."""
    for theme in THEMES:
        if name in (theme.name, theme.name.removeprefix("stampdeck-")):
            return theme
    return None
