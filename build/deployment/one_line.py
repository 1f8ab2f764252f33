"""Text from elsewhere as one line that no terminal takes for an order."""


def one_line(text: str) -> str:
    """The words of a text, without line breaks and control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
