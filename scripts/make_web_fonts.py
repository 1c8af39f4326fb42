"""Make the fonts that the HTML report embeds: Inter with the letters of Latin scripts.

Run `python scripts/make_web_fonts.py` after the fonts in `econnet/report/fonts` change;
it needs the extra `dev`. A page embeds both weights, so that it looks the same
everywhere and asks nobody for them; other scripts fall back to what the reader's system
has.
"""

from pathlib import Path

from fontTools import subset

FONTS = Path(__file__).parent.parent / "econnet" / "report" / "fonts"
NAMES = ("Inter-Regular", "Inter-SemiBold")

# Basic Latin to Latin Extended-B, and the signs that the report uses.
LETTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x250),
    *map(ord, "\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201c\u201d"),
    *map(
        ord, "\u2022\u2026\u20ac\u2190\u2191\u2192\u2193\u2212\u2248\u2264\u2265\ufffd"
    ),
]
FEATURES = ["case", "ccmp", "kern", "liga", "locl", "mark", "mkmk", "tnum"]


def main() -> None:
    """Write both fonts beside those that they are made of."""
    for name in NAMES:
        options = subset.Options(
            flavor="woff2",
            layout_features=FEATURES,
            name_IDs=["*"],
            recalc_timestamp=False,
        )
        font = subset.load_font(FONTS / f"{name}.otf", options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=LETTERS)
        subsetter.subset(font)
        subset.save_font(font, FONTS / f"{name}.woff2", options)
        print(f"{name}.woff2: {(FONTS / f'{name}.woff2').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
