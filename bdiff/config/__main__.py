"""Print the JSON schema of config.yaml."""

import json

from bdiff.config.config import Config


def main():
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    print(json.dumps(schema | Config.model_json_schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
