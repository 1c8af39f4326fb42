"""How results look in a notebook: a plain table with a caption, all text escaped."""

from collections.abc import Iterable, Sequence
from html import escape


def html_table(
    caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> str:
    """Return a table as HTML.

    A float has three decimals, and a missing value is empty.

    >>> html_table("Scores", ["model", "Brier"], [("a<b", 0.12345)])
    '<table><caption>Scores</caption><thead><tr><th>model</th><th>Brier</th></tr>\
</thead><tbody><tr><td>a&lt;b</td><td>0.123</td></tr></tbody></table>'
    """
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_text(cell))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _text(cell: object) -> str:
    if cell is None or cell != cell:  # NaN
        return ""
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
