"""Reading the text of a configuration file."""

from __future__ import annotations

from pathlib import Path

from backends.errors import ConfigurationError


def read_text(file: Path, named_by: str = "") -> str:
    """Return the file's text; ConfigurationError says why it cannot be had and what to do."""
    by = f" (named by {named_by})" if named_by else ""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"no configuration at {file}{by}",
            todo="write one with `stampdeck init`, name one with --config, or try the lab with `stampdeck demo`",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 text", why=f"byte {error.start} is not") from None
    except OSError as error:
        raise ConfigurationError(f"{file}{by} cannot be read", why=error.strerror or str(error)) from None
