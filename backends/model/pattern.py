"""Regular expressions as people type them: whatever is wrong with one is a mistake, never a crash or a warning."""

from __future__ import annotations

import re
import warnings


class PatternError(ValueError):
    """Text that is no regular expression, and where (`position`, counted from 0)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def compile_pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a regular expression, PatternError when it is none or too large to be one."""
    try:
        with warnings.catch_warnings():
            # `[[` may mean something else one day; today it is what was typed.
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(text, flags)
    except re.error as error:
        raise PatternError(error.msg, min(error.pos or 0, len(text))) from None
    except (OverflowError, RecursionError):
        raise PatternError("larger than can be searched for", 0) from None
