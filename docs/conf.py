"""Configuration of Sphinx; ``make docs`` builds the pages with warnings as errors."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "polyarena"
author = "The polyarena authors"
project_copyright = author
release = installed("polyarena")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "extension"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "plugin"]
templates_path: list[str] = []
language = "en"

html_theme = "furo"
html_title = f"polyarena {release}"
html_static_path = ["_static"]
html_copy_source = False
html_show_sphinx = False
# Formulas become MathML when the pages are built: no script is fetched when they are read.
html_math_renderer = "mathml"

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_default_options = {
    "members": True,
    "member-order": "bysource",
    "exclude-members": "model_config, model_post_init",
}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
# Types stand in the signatures; a pydantic constraint in a list of attributes would be read as markup.
napoleon_attr_annotations = False
