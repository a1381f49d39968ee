"""No widget of the console may read markup out of text that it did not write itself.

Textual parses `[...]` in every `str` that it is given to show: a pod named `[/x]` ends the app, and
`[@click=…]` makes a log line into a button. So a computed `str` goes through `plain()`, or with
`markup=False`, never straight into a widget.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from screens.plain import plain, plain_name
from tests.support.hostile import HARMFUL, PAYLOADS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for floor in ("screens", "console") for path in (ROOT / floor).rglob("*.py"))
SHOWS_TEXT = {"Static": 0, "Label": 0, "Button": 0, "Option": 0, "Checkbox": 0, "RadioButton": 0, "Collapsible": None}
METHODS = {"notify": 0, "update": 0, "add_option": 0}
KEYWORDS = {"label", "content", "title", "prompt", "message", "renderable"}
TITLES = {"border_title", "border_subtitle", "tooltip"}
SAFE_CALLS = {"plain", "plain_name", "escape"}


class Scope(ast.NodeVisitor):
    """Finds computed `str`s given to widgets in one file; what is of unknown type is given the benefit of the doubt."""

    def __init__(self, returns_str: set[str], without_markup: set[str]) -> None:
        self.returns_str = returns_str
        self.without_markup = without_markup
        self.names: list[dict[str, bool]] = [{}]
        self.found: list[tuple[int, str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.names.append({each.arg: _is_str_annotation(each.annotation) for each in arguments})
        self.generic_visit(node)
        self.names.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.names[-1][target.id] = self.is_computed_str(node.value)
            elif isinstance(target, ast.Attribute) and target.attr in TITLES and self.is_computed_str(node.value):
                self.found.append((node.lineno, ast.unparse(node)))

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = _called(node)
        if name not in SHOWS_TEXT and not (name in METHODS and isinstance(node.func, ast.Attribute)):
            return
        if _is_without_markup(node) or _selector_of_receiver(node) in self.without_markup:
            return
        shown = node.args[:1] + [keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS]
        if any(self.is_computed_str(value) for value in shown):
            self.found.append((node.lineno, ast.unparse(node)))

    def is_computed_str(self, node: ast.expr) -> bool:
        """Whether an expression is clearly a str that is not written in the source as it is."""
        match node:
            case ast.JoinedStr():
                return any(isinstance(part, ast.FormattedValue) for part in node.values)
            case ast.BinOp(left=left, op=ast.Add() | ast.Mod(), right=right):
                return self.is_computed_str(left) or self.is_computed_str(right) or _is_text(left) or _is_text(right)
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_computed_str(body) or self.is_computed_str(orelse)
            case ast.BoolOp(values=values):
                return any(self.is_computed_str(value) for value in values)
            case ast.Name(id=name):
                return next((scope[name] for scope in reversed(self.names) if name in scope), False)
            case ast.Call(func=ast.Attribute(value=owner, attr="join" | "format")):
                return _is_text(owner)
            case ast.Call():
                name = _called(node)
                return name == "str" or (name in self.returns_str and name not in SAFE_CALLS)
        return False


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_without_markup(node: ast.Call) -> bool:
    return any(
        keyword.arg == "markup" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        for keyword in node.keywords
    )


def _selector_of_receiver(node: ast.Call) -> str:
    """Return `#title` of `self.query_one("#title", Static).update(…)`."""
    match node.func:
        case ast.Attribute(
            value=ast.Call(func=ast.Attribute(attr="query_one"), args=[ast.Constant(value=str(text)), *_])
        ):
            return text
    return ""


def selectors_without_markup(tree: ast.Module) -> set[str]:
    """Selectors of the widgets that this file makes with `markup=False`, unless it also makes one with markup."""
    made: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in SHOWS_TEXT:
            for keyword in node.keywords:
                if keyword.arg in ("id", "classes") and isinstance(keyword.value, ast.Constant):
                    for name in str(keyword.value.value).split():
                        selector = f"{'#' if keyword.arg == 'id' else '.'}{name}"
                        made[selector] = made.get(selector, True) and _is_without_markup(node)
    return {selector for selector, is_without in made.items() if is_without}


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_str_annotation(node: ast.expr | None) -> bool:
    return node is not None and ast.unparse(node) in ("str", "str | None")


def functions(trees: Iterator[ast.Module]) -> set[str]:
    """Names of functions that return str wherever they are defined: one that returns something else clears the name."""
    found: dict[str, bool] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
                found[node.name] = found.get(node.name, True) and _is_str_annotation(node.returns)
    return {name for name, is_str in found.items() if is_str}


def offences(source: str, returns_str: set[str]) -> list[tuple[int, str]]:
    tree = ast.parse(source)
    scope = Scope(returns_str, selectors_without_markup(tree))
    scope.visit(tree)
    return scope.found


def test_no_computed_text_is_read_as_markup() -> None:
    texts = {path: path.read_text() for path in SOURCES}
    returns_str = functions(ast.parse(text) for text in texts.values())
    found = [
        f"{path.relative_to(ROOT)}:{line}: {code}"
        for path, text in texts.items()
        for line, code in offences(text, returns_str)
    ]
    assert not found, "wrap these in plain() or pass markup=False:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        'Static(f"{name} is down")',
        'self.notify("lost " + name)',
        "label.update(str(error))",
        "def f(name: str):\n    Label(name)",
        'def f(x):\n    text = ", ".join(x)\n    self.border_title = text',
        'Button(label="a %s" % name)',
        "def g() -> str: ...\nStatic(g())",
        'Static("", id="a")\nself.query_one("#a", Static).update(f"{name}")',
    ],
)
def test_the_check_finds(source: str) -> None:
    assert offences(source, functions(iter([ast.parse(source)])))


@pytest.mark.parametrize(
    "source",
    [
        'Static("fixed [b]text[/b]")',
        'Static(plain(f"{name} is down"))',
        'self.notify(f"{name} is down", markup=False)',
        "def f(name: Content):\n    Label(name)",
        "cells.update(rows)",
        "known.update({a: b})",
        "def g() -> Content: ...\nStatic(g())",
        'Static("", id="a", markup=False)\nself.query_one("#a", Static).update(f"{name}")',
    ],
)
def test_the_check_lets_pass(source: str) -> None:
    assert not offences(source, functions(iter([ast.parse(source)])))


async def test_plain_text_is_shown_as_it_is_and_inert() -> None:
    class Shown(App[None]):
        def compose(self) -> ComposeResult:
            for payload in PAYLOADS.values():
                yield Static(plain(f"{payload} <end>"))
                yield Static(plain_name(f"{payload} <end>"))

    app = Shown()
    async with app.run_test(size=(600, 3 * len(PAYLOADS))):
        drawn = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert drawn.count("<end>") == 2 * len(PAYLOADS)
        assert not HARMFUL.search(drawn)
        assert all(drawn.count(payload) >= 2 for payload in PAYLOADS.values() if payload.startswith("["))
