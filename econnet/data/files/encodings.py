"""The encoding of a text file, from its first bytes."""

import re
from pathlib import Path

import charset_normalizer

from econnet.core.errors import DataError
from econnet.data.files import areas


def encoding_of(path: Path, head: bytes, *, is_whole: bool) -> str:
    """Return the encoding of a file that begins with some bytes.

    Raises
    ------
    DataError
        The bytes are not text.
    """
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = head[:4000].count(0)
    if zeros:
        even, odd = head[0:4000:2].count(0), head[1:4000:2].count(0)
        for encoding, few, many in (("utf-16-le", even, odd), ("utf-16-be", odd, even)):
            if few == 0 and many > 0.3 * len(head[:4000]) / 2:
                return encoding
        raise DataError(f"{path.name} is not a text file: {KINDS_OF_FILES}")
    try:
        head[: len(head) - 4 if not is_whole else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 4 or is_whole:
            return _other_encoding(path, head)
    return "utf-8-sig"


def _other_encoding(path: Path, head: bytes) -> str:
    """Return the encoding of text that is not Unicode."""
    controls = sum(head[:4000].count(code) for code in range(32) if code not in SPACES)
    if controls > 0.02 * len(head[:4000]):
        raise DataError(f"{path.name} is not a text file: {KINDS_OF_FILES}")
    # Only lines with characters beyond ASCII are informative.
    lines = [line for line in head.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:20_000]
    likely = _likely_encoding(sample)
    named = {encoding: _n_countries(sample, encoding) for encoding in ENCODINGS}
    if named[likely] < max(named.values()):
        return max(named, key=lambda encoding: named[encoding])
    return "latin-1" if likely == "cp1252" and not _decodes(head, likely) else likely


def _likely_encoding(sample: bytes) -> str:
    """Return the encoding of text that is not Unicode, by its letters."""
    if _is_shift_jis(sample):
        return "shift_jis"
    best = charset_normalizer.from_bytes(sample, cp_isolation=ENCODINGS).best()
    is_short = len(sample) < MIN_SAMPLE_BYTES and not _is_of_pairs(sample)
    if best is None or is_short or _is_western(sample):
        return _western_encoding(sample)
    return str(best.encoding)


def _n_countries(sample: bytes, encoding: str) -> int:
    """Return how many cells beyond ASCII name countries if read in an encoding."""
    text = sample.decode(encoding, errors="replace")
    cells = {cell.strip() for cell in re.split(r'[,;|"\t\n]', text)}
    return sum(_is_accented(cell) and areas.is_country(cell) for cell in cells)


def _is_accented(cell: str) -> bool:
    """Return whether a cell is a name whose characters beyond ASCII are letters.

    Without its other characters, a wrong reading such as `f„r` would be the code FR.
    """
    beyond = [each for each in cell if not each.isascii() and each != APOSTROPHE]
    return bool(beyond) and all(map(str.isalpha, beyond)) and len(cell) > LONGEST_CODE


def _western_encoding(sample: bytes) -> str:
    """Return the encoding in which bytes within words are the usual small letters.

    Those of Windows, MS-DOS and the Macintosh give the same letters other bytes.
    """
    inner = re.findall(rb"(?<=[A-Za-z\x80-\xff])[\x80-\xff](?=[a-z\x80-\xff])", sample)

    def n_usual(encoding: str) -> int:
        letters = [byte.decode(encoding, errors="replace") for byte in inner]
        return sum(letter in USUAL_LETTERS for letter in letters)

    return max(WESTERN_ENCODINGS, key=n_usual)


def _is_shift_jis(sample: bytes) -> bool:
    """Return whether bytes beyond ASCII are Japanese words, however few.

    Read as Japanese, the quotation marks of Western text are single characters, and
    its accented letters begin characters that are rare in Japanese.
    """
    try:
        text = sample.decode("cp932")
    except UnicodeDecodeError:
        return False
    words = re.findall(r"[^\x00-\x7f]+", text)
    long = sum(len(word) > 1 for word in words)
    first = b"".join(word.encode("cp932")[::2] for word in words)
    usual = sum(0x81 <= byte <= 0x9F for byte in first)
    return (
        long >= 0.5 * len(words)
        and usual >= 0.7 * len(first)
        and all(map(JAPANESE.fullmatch, words))
    )


def _is_western(sample: bytes) -> bool:
    """Return whether bytes beyond ASCII are single accented letters between others.

    Cyrillic or Japanese text has several in a row.
    """
    runs = re.findall(rb"[\x80-\xff]+", sample)
    single = sum(len(run) == 1 and run >= b"\xc0" for run in runs)
    single += len(re.findall(rb"(?<=[A-Za-z])[\x80-\xbf](?=[a-z])", sample))
    return bool(single >= 0.8 * len(runs))


def _is_of_pairs(sample: bytes) -> bool:
    """Return whether bytes beyond ASCII come in pairs, as in Korean and Chinese."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    return len(runs) > 2 and all(len(run) % 2 == 0 for run in runs)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


KINDS_OF_FILES = (
    "econnet reads CSV, TSV, JSON, Parquet, Stata and workbooks (xlsx, xls, xlsb, ods)"
)
MIN_SAMPLE_BYTES = 40
# Kana, Chinese characters, and full-width letters, marks and digits.
JAPANESE = re.compile("[\u2010-\u22ff\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]+")
SPACES = frozenset(b"\t\n\r\x0b\x0c")
ENCODINGS = [
    *("cp1252", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1250"),
    *("cp1251", "cp1253", "cp1254", "koi8_r", "cp866", "cp850", "mac_roman"),
]
WESTERN_ENCODINGS = ("cp1252", "cp1250", "cp850", "mac_roman")
LONGEST_CODE = 3
APOSTROPHE = "\u2019"
USUAL_LETTERS = frozenset(APOSTROPHE + "àáâãäåæçèéêíñóôõöøúüß" + "ąćęłńśżčěřšůž")
