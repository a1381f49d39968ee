"""The actions that every screen has."""

from __future__ import annotations

from screens.actions import Action

COMMON = (
    Action(
        "common.command", "colon", "Command", "go anywhere: :pods, :po kube-system, :dp @all, :fleet, :q", "General"
    ),
    Action("common.back", "escape", "Back", "close the prompt, clear the filter or the marks, or go back", "General"),
    Action("common.leave", "q", "Leave", "go back; on the fleet screen, quit", "General"),
    Action(
        "common.quit",
        "ctrl+q,ctrl+c",
        "Quit",
        "quit, from anywhere; asked once more while changes are going on",
        "General",
        priority=True,
        call="app.quit",
    ),
    Action("common.earlier", "left_square_bracket", "Earlier place", "go to where you were before", "General"),
    Action("common.later", "right_square_bracket", "Later place", "go forward again", "General"),
    Action(
        "common.arm",
        "W",
        "Arm writing",
        "allow changes for a while, or forbid them again; the top line shows how long",
        "General",
    ),
    Action("common.history", "U", "History", "what was changed, by whom and how it ended: :history", "General"),
    Action("common.theme", "T", "Theme", "next theme: dark, light, high contrast, colour-blind safe", "General"),
    Action(
        "common.help",
        "question_mark",
        "Help",
        "every key of this screen, as it is configured",
        "General",
        footer="help",
    ),
)
"""What every screen can do."""
PALETTE = Action("common.palette", "ctrl+p", "Palette", "find any action by name", "General", call="command_palette")
"""Bound by the application: Textual adds its own key for the palette unless the application has one."""
