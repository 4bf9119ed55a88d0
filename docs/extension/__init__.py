"""What these pages need of Sphinx beyond its own: tables made from the code, MathML, short signatures."""

from __future__ import annotations

from typing import Any

from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from extension import mathml
from extension.content import CONTENTS
from extension.signatures import shorten


class Generated(SphinxDirective):
    """The directive ``generated``: inserts what a function of :mod:`extension.content` says at build time.

    Its argument is the name of the function, followed by arguments of the function if it takes any.
    """

    required_arguments = 1
    optional_arguments = 10

    def run(self) -> list[Node]:
        """Return the content as if it stood in the page."""
        name, *arguments = self.arguments
        if name not in CONTENTS:
            raise self.error(f"nothing generates {name!r}; there are {', '.join(sorted(CONTENTS))}")
        return self.parse_text_to_nodes(CONTENTS[name](*arguments))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive, the renderer and the hook."""
    app.add_directive("generated", Generated)
    app.connect("autodoc-process-signature", shorten)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(mathml.visit_inline, None), block_renderers=(mathml.visit_block, None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
