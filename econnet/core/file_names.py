"""Names of files and folders for any text.

A file, a country or a column can have any name. The name given to it here is valid on
every system, contains no path, and is unique to that text.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection

DIGITS = 12
# A file system allows 255 bytes; what econnet adds to a name must fit too.
MAX_BYTES = 120


def as_name(text: str, taken: Collection[str] = ()) -> str:
    """Return the name of a file or folder for a text.

    A text that is a valid name on every system and is not `taken` is its own name. The
    name of any other contains a digest, so that two texts never share a name.

    >>> as_name("North Rhine"), as_name("../North")
    ('North Rhine', 'North-ac66b7b7c2fd')
    """
    free = text.casefold() not in {name.casefold() for name in taken}
    kept = "".join(c if c.isalnum() or c in "-_. " else "-" for c in text).strip(" -.")
    if free and kept == text and _is_name(text):
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    # Windows takes `con.txt-...` for a device.
    cut = kept.replace(".", "-").encode()[:MAX_BYTES]
    short = cut.decode(errors="ignore").strip(" -")
    return f"{short}-{digest}" if short else digest


def _is_name(text: str) -> bool:
    """Return whether a text of plain letters is a name on every system."""
    return (
        0 < len(text.encode()) <= MAX_BYTES
        and text == unicodedata.normalize("NFC", text)
        and not DEVICE.fullmatch(text.partition(".")[0].strip())
        and not DIGESTED.search(text.casefold())
    )


# Devices of Windows, which are not files there under any extension.
DEVICE = re.compile(r"con|prn|aux|nul|com\w|lpt\w|conin\$|conout\$", re.I)
# A text like a name with a digest could equal one.
DIGESTED = re.compile(r"(^|-)[0-9a-f]{12}$")
