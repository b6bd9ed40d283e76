"""Reading a configuration, or saying everything that is wrong with it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from bdiff.config.checks import problems
from bdiff.config.config import Config
from bdiff.config.errors import ConfigError, explain


def load_config(mapping: Mapping[str, Any]) -> Config:
    """The configuration that a mapping describes, as read from YAML; all defaults are filled in.

    Single values are checked first; where they are all right, so is how they fit together.

    Raises:
        ConfigError: listing every error with its place, the value found, what is allowed, and the
            nearest valid name.
    """
    mapping = dict(mapping)
    sections: dict[int, type] = {}
    try:
        config = Config.model_validate(mapping, context=sections)
    except ValidationError as error:
        raise ConfigError(explain(error, mapping, sections)) from None
    found = problems(config)
    if found:
        raise ConfigError(found)
    return config
