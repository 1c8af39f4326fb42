from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "network.md"


def test_mistakes_are_those_of_a_retyped_copy_and_nobody_is_named() -> None:
    """The page blamed five mistakes on an author whose notebook has two of them."""
    text = PAGE.read_text("utf-8")
    start = text.index("## Five common mistakes")
    section = text[start : text.find("\n## ", start + 1)]
    assert "A retyped copy of the tutorial had five mistakes." in section
    assert "his " not in section
    assert "author" not in section
    assert "book" not in section
