"""Error messages: the place in the YAML file, the value, what is allowed and the nearest name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from bdiff.expect import nearest

Sections = Mapping[int, type[BaseModel]]  # id of each mapping -> the model that read it

# What pydantic says of types, in the words of the YAML file.
PLAIN = {
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
}


class ConfigError(ValueError):
    """A configuration that cannot be used.

    Args:
        errors: one line for each thing that is wrong.
    """

    def __init__(self, errors: Sequence[str]):
        self.errors = tuple(errors)
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
        super().__init__("\n  ".join([f"the configuration has {count}:", *errors]))


def explain(error: ValidationError, mapping: Mapping[str, Any], sections: Sections) -> list[str]:
    """One line for each error that pydantic found.

    Args:
        mapping: what was validated.
        sections: of each mapping within it.
    """
    found = error.errors(include_url=False)
    return [_line(each, mapping, sections) for each in found if not _is_echo(each, found)]


def _is_echo(details: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a list or mapping is too short only because entries of it are wrong."""
    place = details["loc"]
    return details["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in found
    )


def _line(details: Mapping[str, Any], mapping: Mapping[str, Any], sections: Sections) -> str:
    """The path, then what is wrong with what stands there."""
    kind, context = details["type"], details.get("ctx", {})
    steps = _steps(details["loc"], mapping, may_lack_last=kind == "missing")
    path = ".".join(str(key) for _, key in steps)
    about = _description(steps, sections)
    match kind:
        case "missing":
            return f"{path}: missing; expected {about}"
        case "extra_forbidden":
            container, key = steps[-1]
            known = list(sections[id(container)].model_fields)
            return (
                f"{path}: unknown key (with the value {_short(details['input'])}); known keys: "
                f"{', '.join(known)}{nearest(key, known)}"
            )
        case "union_tag_not_found":
            key = context["discriminator"].strip("'")
            if not isinstance(details["input"], Mapping):
                return f"{path}: found {_short(details['input'])}; expected {about}"
            return f"{path}.{key}: missing; expected {about}"
        case "union_tag_invalid":
            key = context["discriminator"].strip("'")
            names = _quoted(context["expected_tags"])
            return (
                f"{path}.{key}: found {context['tag']!r}; should be one of {', '.join(names)}"
                f"{nearest(context['tag'], names)}"
            )
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{path}: found {_short(details['input'])}; should be keys with values, {about}"
    expected = _expected(details, about)
    hint = (
        nearest(details["input"], _quoted(context["expected"])) if kind == "literal_error" else ""
    )
    about = f" ({about})" if about else ""
    return f"{path}: found {_short(details['input'])}; {expected}{hint}{about}"


def _expected(details: Mapping[str, Any], about: str) -> str:
    """What should stand there, in the words of the YAML file."""
    kind, found = details["type"], details["input"]
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    if kind == "tuple_type":
        # Lists of pairs and of sections show their form in their description.
        if re.search(r"[\[{]", about) or not (is_number or isinstance(found, str)):
            return "should be a list"
        return "should be a list: " + (f'["{found}"]' if is_number else f"[{found}]")
    if kind == "string_type" and isinstance(found, bool):
        return "should be text; quote it, since YAML reads yes, no, on and off as true or false"
    if kind == "string_type":
        return "should be text" + (f'; quote it: "{found}"' if is_number else "")
    text = re.sub("^(Input|Value error,|String|Tuple|Dictionary) ", "", details["msg"])
    return PLAIN.get(kind, text.replace(" after validation", ""))


def _steps(location: Sequence[Any], mapping: Any, may_lack_last: bool) -> list[tuple[Any, Any]]:
    """The containers and keys on the way to a value.

    Pydantic's location also holds the names of union members and marks such as "[key]", which do
    not stand in the file; they are left out.
    """
    steps, here = [], mapping
    for place, key in enumerate(location):
        inside = isinstance(here, Mapping) and key in here
        inside |= isinstance(here, Sequence) and isinstance(key, int) and key < len(here)
        if inside:
            steps.append((here, key))
            here = here[key]
        elif may_lack_last and place == len(location) - 1:
            steps.append((here, key))
    return steps


def _description(steps: Sequence[tuple[Any, Any]], sections: Sections) -> str:
    """What the innermost field on the way says of itself."""
    for container, key in reversed(steps):
        section = sections.get(id(container))
        if section and key in section.model_fields:
            return section.model_fields[key].description or ""
    return ""


def _quoted(text: str) -> list[str]:
    """The names in "'a', 'b' or 'c'"."""
    return re.findall("'([^']*)'", text)


def _short(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
