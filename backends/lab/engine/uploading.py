"""Files put into a storage container by an address with a signature."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

_TIMEOUT_S = 300.0


class UploadFailure(Exception):
    """The container did not take the file. The signature is never part of the message."""


def upload(path: Path, address: str) -> None:
    """Put a file as a block blob of its own name; raises `UploadFailure`."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("https", "http"):
        raise UploadFailure("uploading to storage account: the address is not one of HTTP")
    url = urllib.parse.urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{path.name}"))
    request = urllib.request.Request(  # noqa: S310  (the scheme is checked above)
        url, path.read_bytes(), {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2017-11-09"}, method="PUT"
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        with error:
            raise UploadFailure(f"uploading to storage account: {error.code} {error.reason}") from error
    except OSError as error:
        raise UploadFailure(f"uploading to storage account: {error}") from error
