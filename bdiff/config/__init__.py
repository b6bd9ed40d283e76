"""The configuration: what config.yaml may say, and what each stage of the workflow gets from it.

Each section is a pydantic model; together they make workflow/schemas/config.schema.json:

    python -m bdiff.config > workflow/schemas/config.schema.json
    python -m bdiff.config my.yaml          checks config.yaml with my.yaml laid over it

`load_config` reads a mapping into a `Config`, or lists everything that is wrong with it;
`read_config` reads files, of which all but the first are overlays (`bdiff.config.overlay`).
`Config.section` gives the settings of one stage as text that changes only when the settings do.
"""

from bdiff.config.config import Config
from bdiff.config.errors import ConfigError
from bdiff.config.load import load_config, read_config

__all__ = ["Config", "ConfigError", "load_config", "read_config"]
