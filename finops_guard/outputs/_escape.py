r"""Text of strangers, made harmless for where it goes. Tag values and names are written by anybody.

What cannot be seen is written visibly, as Python would: ESC becomes `\x1b`, a newline `\n`, a right-to-left override
`\u202e`. So no output holds a control byte, and nothing hides.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

_UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: cursor, colour, clipboard, window title
    "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # bidi, zero width, separators
    "\ud800-\udfff"  # lone surrogates: no encoding carries them
    "\U000e0000-\U000e007f"  # tag characters: invisible text
    "]"
)
_FORMULA = re.compile(r"(?:^\s*|;\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_MARKDOWN = re.compile(r"[\\`*_\[\]~]")
_BLOCK = re.compile(r"^[#+=\-]|(?<=^\d)[.)](?=\s|$)")  # a heading, a list: only at the start of a line
_AUTOLINK = re.compile(r"://|www\.", re.IGNORECASE)
_MENTION = re.compile(r"@|#(?=\w)|(?<=\bGH)-(?=\d)", re.IGNORECASE)
_BREAK = "\u200b"


def visible(text: str) -> str:
    """Every character that steers a terminal or cannot be seen, as an escape sequence in plain letters."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def fitted(text: str, encoding: str, errors: str = "backslashreplace") -> str:
    """Text that the encoding can carry; the rest is written in plain letters, the way `errors` names."""
    return text.encode(encoding, errors).decode(encoding)


def encoding_of(out: TextIO) -> str:
    """The encoding of a stream, UTF-8 where it has none."""
    return getattr(out, "encoding", None) or "utf-8"


def terminal(text: str, encoding: str = "utf-8") -> str:
    """Text for a terminal or a log in that encoding."""
    return fitted(visible(text), encoding)


def markdown(text: str) -> str:
    """Text for one line or one table cell of GitHub-flavoured Markdown: no markup, HTML, link, mention or reference.

    GitHub looks for mentions and references after it has decoded entities and escapes; only a zero-width space stops
    it there.
    """
    shown = _MARKDOWN.sub(r"\\\g<0>", visible(text).strip())
    shown = _BLOCK.sub(r"\\\g<0>", shown)
    shown = html.escape(shown, quote=False).replace("|", "&#124;")
    shown = _AUTOLINK.sub(lambda found: found[0].replace(":", "&#58;").replace(".", "&#46;"), shown)
    return _mentions(shown)


def cell(text: str) -> str:
    """Text for a CSV cell: a spreadsheet must not run it.

    A formula character gets an apostrophe before it at the start and after a semicolon, which spreadsheets take for the
    separator where the comma is decimal (the Netherlands). Quoting is left to the csv module (RFC 4180).
    """
    return _FORMULA.sub(lambda found: f"{found[0]}'", visible(text))


def command_data(text: str) -> str:
    """Text for the message of a workflow command of GitHub Actions, which ends with the line."""
    return visible(text).replace("%", "%25")


def command_property(text: str) -> str:
    """Text for a property of a workflow command, which ends with a comma or two colons."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def xml(text: str) -> str:
    """Text for the content or a quoted attribute of XML 1.0, which has no place for two code points at all."""
    shown = visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    return html.escape(shown, quote=True)


def _mentions(text: str) -> str:
    parts = re.split(r"(&#\d+;)", text)
    return "".join(
        part if place % 2 else _MENTION.sub(lambda found: f"{found[0]}{_BREAK}", part)
        for place, part in enumerate(parts)
    )
