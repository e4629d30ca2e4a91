"""Elements of HTML and SVG, built as a tree: the standard library escapes every text and attribute that it writes."""

from __future__ import annotations

from typing import Union
from xml.etree import ElementTree

from azext_aksegress.render.terminal import clean

Child = Union[ElementTree.Element, str, None]


def element(tag: str, *children: Child, **attributes: str) -> ElementTree.Element:
    """An element with attributes and children; None is left out. `class_` is `class`, and `data_x` is `data-x`."""
    names = {key.rstrip("_").replace("_", "-"): clean(value) for key, value in attributes.items()}
    made = ElementTree.Element(tag, names)
    for child in children:
        append(made, child)
    return made


def append(parent: ElementTree.Element, child: Child) -> None:
    """Add a child to an element; a text is cleaned of what hides or turns its direction."""
    if child is None:
        return
    if isinstance(child, ElementTree.Element):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + clean(child)
    else:
        parent.text = (parent.text or "") + clean(child)
