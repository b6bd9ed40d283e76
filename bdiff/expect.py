"""The first check of a public function: is an argument what it takes?"""


def expect(value: object, kind: type | tuple[type, ...], name: str, fix: str) -> None:
    """Refuse an argument of another type.

    Args:
        value: what was given.
        kind: type, or types, that it may have.
        name: of the argument.
        fix: how to get what is expected.

    Raises:
        TypeError: naming what was given, what is expected, and the fix.
    """
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join("None" if k is type(None) else k.__name__ for k in kinds)
        raise TypeError(f"{name} is {_shown(value)}, expected {wanted}: {fix}")


def _shown(value: object) -> str:
    """A short name for what was given."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself"
    text = repr(value)
    return text if len(text) <= 40 else f"of type {type(value).__name__}"
