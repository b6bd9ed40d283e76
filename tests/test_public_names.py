"""The names that bdiff offers: loaded when they are used, and known to type checkers."""

import ast
import importlib
import subprocess
import sys
from importlib.resources import files

import pytest

import bdiff


def imports_for_type_checkers():
    """Name -> module, of the imports in bdiff/__init__.py that only type checkers make."""
    tree = ast.parse(files(bdiff).joinpath("__init__.py").read_text(encoding="utf-8"))
    statements = [part for node in tree.body if isinstance(node, ast.If) for part in node.body]
    # `import x as x` offers a name to others, `import x` does not (PEP 484, stub files).
    return {
        name.asname: statement.module
        for statement in statements
        if isinstance(statement, ast.ImportFrom)
        for name in statement.names
        if name.name == name.asname
    }


def test_type_checkers_see_the_names_that_there_are():
    assert imports_for_type_checkers() == bdiff._HOME
    assert files(bdiff).joinpath("py.typed").is_file()


@pytest.mark.parametrize("name", bdiff.__all__)
def test_a_name_is_that_of_its_module(name):
    assert getattr(bdiff, name) is getattr(importlib.import_module(bdiff._HOME[name]), name)


def test_importing_bdiff_loads_nothing():
    code = "import sys, bdiff; print([name for name in sys.modules if name.startswith('bdiff.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="module 'bdiff' has no attribute 'nothing'"):
        bdiff.nothing  # noqa: B018
