"""What the folders are called in which the files of a user's own data stand.

A file, a country or a column may be called anything. Its name here is the name of one
file or folder on any system, leads out of no folder, and is nobody else's.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection

from econnet.countries import all_countries

# What else stands in the folder of reports, and in that of one report.
BESIDE_FILES = ("ranking", "duel")
BESIDE_COUNTRIES = ("ranking", "csv")
DIGITS = 12
# A file system allows 255 bytes; what econnet adds to a name must fit too.
LONGEST_BYTES = 120


def of_file(stem: str) -> str:
    """Return the name for all that comes of a file, by the name of the file.

    A file that is called like a country's code is not taken for that country.
    """
    codes = [country.alpha3 for country in all_countries()]
    return as_name(stem, [*codes, *BESIDE_FILES])


def of_country(name: str, among: Collection[str] = ()) -> str:
    """Return the name for a country of a file, which holds those `among` which it is.

    Some systems hold two names for one that differ by case alone.
    """
    others = [other for other in among if other != name]
    return as_name(name, [*others, *BESIDE_COUNTRIES])


def as_name(text: str, taken: Collection[str] = ()) -> str:
    """Return the name of a file or folder for a text.

    What can be a name on every system, and is not taken, stays as it is. All else gets
    a digest of the text, so that two texts never have one place.

    Examples
    --------
    >>> as_name("North Rhine"), as_name("../North")
    ('North Rhine', 'North-ac66b7b7c2fd')
    """
    plain = text.casefold() not in {name.casefold() for name in taken}
    kept = "".join(c if c.isalnum() or c in "-_. " else "-" for c in text).strip(" -.")
    if plain and kept == text and _is_name(text):
        return text
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    # Windows takes `con.txt-...` for a device.
    cut = kept.replace(".", "-").encode()[:LONGEST_BYTES]
    short = cut.decode(errors="ignore").strip(" -")
    return f"{short}-{digest}" if short else digest


def _is_name(text: str) -> bool:
    """Say whether a text of plain letters is a name on every system."""
    return (
        0 < len(text.encode()) <= LONGEST_BYTES
        and text == unicodedata.normalize("NFC", text)
        and not DEVICE.fullmatch(text.partition(".")[0].strip())
        and not DIGESTED.search(text.casefold())
    )


# Devices of Windows, which are no files there under any ending.
DEVICE = re.compile(r"con|prn|aux|nul|com\w|lpt\w|conin\$|conout\$", re.I)
# What is called like a name with a digest could meet it.
DIGESTED = re.compile(r"(^|-)[0-9a-f]{12}$")
