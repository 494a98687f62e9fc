"""A strict look at a page's HTML: every tag closed in order, every id once, nothing inline that the policy forbids."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img"}
# In SVG these stand alone, closed by "/>".
_FOREIGN = {"path", "rect", "circle"}


class Page(HTMLParser):
    """What a page holds: `faults`, ids, links, headings and its language."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.headings: list[int] = []
        self.lang = ""
        self.title = ""
        self.tags: dict[str, int] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults.extend(f"<{tag}> is not closed" for tag in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in _FOREIGN:
            self.faults.append(f"<{tag}/> is not HTML")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:] or 'nothing'}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.title += data

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag}> has {name}")
            if name == "id":
                if value in self.ids:
                    self.faults.append(f"id {value} stands twice")
                self.ids.add(value or "")
            if name in {"href", "src", "action"} and value:
                self.links.append(value)
        if tag == "html":
            self.lang = dict(attrs).get("lang") or ""
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(int(tag[1]))
        if tag == "script" and "src" not in names:
            self.faults.append("a script stands inline")
