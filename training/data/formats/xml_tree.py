"""XML as a small tree that knows its lines; nothing in it can reach outside or unfold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from belisha.errors import DatasetError
from training.data.formats.sources import read_bytes

MAX_XML_BYTES = 1024**3
MAX_DEPTH = 30
MAX_TEXT = 1_000_000
"""Characters directly inside an element; they are joined piece by piece, which must stay cheap."""


@dataclass(eq=False, slots=True)
class Element:
    """An element.

    Attributes:
        tag: its name.
        attributes: by name.
        line: where it begins, from 1 on.
        text: all characters directly inside.
        children: in order.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """The children of a name."""
        return (child for child in self.children if child.tag == tag)

    def find(self, *path: str) -> Element | None:
        """The first descendant along a path of names."""
        element: Element | None = self
        for tag in path:
            element = next(element.all(tag), None) if element else None
        return element

    def words(self, *path: str) -> str:
        """The text of the first descendant along a path; empty if there is none."""
        element = self.find(*path)
        return element.text.strip() if element else ""


def read_xml(path: Path, root: str) -> Element:
    """The root of an XML file.

    Args:
        path: of the file.
        root: the name that it must have.

    Raises:
        DatasetError: absent, too long, not XML, with a DOCTYPE, or of another kind.
    """
    data = read_bytes(path, MAX_XML_BYTES)
    builder = _Builder(path)
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DatasetError(f"{path}:{error.lineno}: not valid XML: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that Python does not have
        raise DatasetError(f"{path}: not valid XML: {error}") from error
    found = builder.top.children[0]
    if found.tag != root:
        raise DatasetError(f"{path}:{found.line}: expected <{root}>, got <{found.tag}>")
    return found


class _Builder:
    """Makes the tree of the parser's events."""

    def __init__(self, path: Path) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.top = Element("", {}, 0)
        self._path, self._open = path, [self.top]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if len(self._open) > MAX_DEPTH:
            raise DatasetError(f"{self._path}:{line}: nested deeper than {MAX_DEPTH} levels")
        element = Element(tag, attributes, line)
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        element = self._open[-1]
        element.text += text
        if len(element.text) > MAX_TEXT:
            line = self.parser.CurrentLineNumber
            raise DatasetError(
                f"{self._path}:{line}: expected at most {MAX_TEXT} characters in <{element.tag}>"
            )

    def _refuse(self, name: str, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise DatasetError(
            f"{self._path}:{line}: expected no <!DOCTYPE {name}>: it can unfold without end or "
            "read other files; remove it"
        )
