"""Stack traces that the engine prints with some of its errors: frames of its own and of the libraries below."""

from __future__ import annotations

from collections.abc import Sequence

_PACKAGE = "github.com/Azure/aks-engine-azurestack"
_COBRA = "/src/vendor/github.com/spf13/cobra/command.go"
_BELOW = (
    ("github.com/spf13/cobra.(*Command).execute", f"{_COBRA}:762"),
    ("github.com/spf13/cobra.(*Command).ExecuteC", f"{_COBRA}:852"),
    ("github.com/spf13/cobra.(*Command).Execute", f"{_COBRA}:800"),
    ("main.main", "/src/main.go:18"),
    ("runtime.main", "/usr/local/go/src/runtime/proc.go:290"),
    ("runtime.goexit", "/usr/local/go/src/runtime/asm_amd64.s:1771"),
)


def trace(frames: Sequence[tuple[str, str]]) -> str:
    """Return frames (`pkg/armhelpers.Function`, `pkg/armhelpers/file.go:12`), innermost first, and those below."""
    own = [(f"{_PACKAGE}/{function}", f"/src/{place}") for function, place in frames]
    return "\n".join(f"{function}\n\t{place}" for function, place in (*own, *_BELOW))
