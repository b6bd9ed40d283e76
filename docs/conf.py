"""The documentation site, `make docs`: made, and read, without a network."""

import importlib.metadata

from docutils.nodes import SkipNode, math, math_block
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

project = "bdiff"
author = "the bdiff authors"
release = importlib.metadata.version("bdiff")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_argparse_cli"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
# In docstrings single backticks are code, and a link where a page has what they name.
default_role = "py:obj"
highlight_language = "none"

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "bdiff"
html_copy_source = False
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_theme_options = {
    # The blue of the branched model in every figure.
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
html_math_renderer = "mathml"


def show_formula(translator: HTML5Translator, node: math | math_block) -> None:
    """A formula as MathML, which browsers show by themselves."""
    display = "block" if isinstance(node, math_block) else "inline"
    translator.body.append(convert(node.astext(), display=display))
    raise SkipNode


def escape_stars(app, kind, name, obj, options, lines: list[str]) -> None:
    """In docstrings the shape (N, *shape) is no beginning of emphasis."""
    lines[:] = [line.replace("*shape", r"\*shape") for line in lines]


def hide_factories(app, kind, name, obj, options, signature, returns) -> tuple[str, str] | None:
    """The default <factory> of a dataclass is no Python, and Sphinx gives up on all types."""
    return signature and (signature.replace("<factory>", "..."), returns)


def setup(app: Sphinx) -> None:
    # Before napoleon, which takes the sections apart.
    app.connect("autodoc-process-docstring", escape_stars, priority=400)
    app.connect("autodoc-process-signature", hide_factories)
    app.add_html_math_renderer("mathml", (show_formula, None), (show_formula, None))
