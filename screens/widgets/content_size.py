"""Growing content without laying out the whole screen for every line of it."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


def set_content_size(view: ScrollView, size: Size) -> None:
    """Tell a scrolling view how large its content is; a layout happens only when a scroll bar comes or goes."""
    old = view.virtual_size
    if size == old:
        return
    box = view.scrollable_content_region.size
    tall = view.show_vertical_scrollbar
    wide = view.show_horizontal_scrollbar
    if not view.is_mounted or (size.height > box.height) != tall or (size.width > box.width) != wide:
        view.virtual_size = size
        return
    view.set_reactive(Widget.virtual_size, size)
    if tall:
        view.vertical_scrollbar.window_virtual_size = size.height
    if wide:
        view.horizontal_scrollbar.window_virtual_size = size.width
    if size.height < old.height or size.width < old.width:
        view.scroll_to(
            x=min(view.scroll_x, max(0, size.width - box.width)),
            y=min(view.scroll_y, max(0, size.height - box.height)),
            animate=False,
            force=True,
            immediate=True,
        )
