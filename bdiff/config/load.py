"""Reading a configuration, or saying everything that is wrong with it."""

from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from bdiff.config.checks import problems
from bdiff.config.config import Config
from bdiff.config.errors import ConfigError, explain
from bdiff.config.overlay import lay_over


def load_config(mapping: Mapping[str, Any]) -> Config:
    """The configuration that a mapping describes, as read from YAML; all defaults are filled in.

    Single values are checked first; where they are all right, so is how they fit together.

    Raises:
        ConfigError: listing every error with its place, the value found, what is allowed, and the
            nearest valid name.
    """
    mapping = dict(mapping)
    sections: dict[int, type[BaseModel]] = {}
    try:
        config = Config.model_validate(mapping, context=sections)
    except ValidationError as error:
        raise ConfigError(explain(error, mapping, sections)) from None
    found = problems(config)
    if found:
        raise ConfigError(found)
    return config


def read_config(
    path: str | Path, *overlays: str | Path, last: Mapping[str, Any] | None = None
) -> Config:
    """The configuration of a file with overlays laid over it, see `bdiff.config.overlay`.

    Args:
        path: YAML or JSON file of the whole configuration.
        overlays: files that are laid over it, one after the other.
        last: an overlay that comes after those of the files.

    Raises:
        FileNotFoundError: if there is no such file.
        ConfigError: as `load_config`, or if a file is no YAML or holds no keys with values.
    """
    return load_config(reduce(lay_over, [*map(read_mapping, [path, *overlays]), last or {}]))


def read_mapping(path: str | Path) -> dict[str, Any]:
    """The keys and values of a YAML or JSON file, unchecked; raises as `read_config`."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}, looked for from {Path.cwd()}")
    try:
        mapping = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path} is no YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(mapping, dict):
        found = "nothing" if mapping is None else repr(mapping)[:60]
        raise ConfigError([f"{path}: found {found}; should be keys with values, as in config.yaml"])
    return mapping
