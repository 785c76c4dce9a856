"""English as a reader sees it who takes its UTF-8 for another charset and loses what is a control character there."""

WAYS = ("latin-1", "latin-1 marked", "cp1252", "cp1252 marked")


def damaged(text: str, way: str) -> tuple[str, str]:
    """The damaged text, and for each of its characters the one that it comes from. Marked: byte 9D becomes `?`."""
    charset, _, marked = way.partition(" ")
    out, came_from = "", ""
    for character in text:
        seen = character if character.isascii() else "".join(_seen(byte, charset, bool(marked)) for byte in character.encode())
        out += seen
        came_from += character * len(seen)
    return out, came_from


def _seen(byte: int, charset: str, marked: bool) -> str:
    if marked and byte == 0x9D:
        return "?"
    if charset == "latin-1":
        return chr(byte) if byte >= 0xA0 else ""
    return bytes([byte]).decode("cp1252", "ignore")
