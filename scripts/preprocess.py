"""Make the data set that all later stages read, from raw files or from what is embedded."""

import argparse

from bdiff.data.dataset import write_dataset
from bdiff.data.preprocess import preprocess
from bdiff.script import json_object, run


def main(argv=None):
    """Read the raw files, scale, split and choose classes, write one parquet file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--settings",
        required=True,
        type=json_object,
        help='JSON, such as {"source": "letters", "classes": ["A", "V", "Y"], '
        '"held_out": "official", "name": "letters_avy"}',
    )
    parser.add_argument("--raw", help="folder of raw files; omit for embedded letters and digits")
    parser.add_argument("--output", required=True, help="parquet file to write")
    arguments = parser.parse_args(argv)
    dataset = preprocess(arguments.raw, **arguments.settings)
    write_dataset(dataset, arguments.output)
    test = len(dataset.select("test"))
    print(
        f"{arguments.output}: {dataset.title}, {len(dataset) - test:,} training and {test:,} "
        f"held-out objects of {len(dataset.classes)} classes, shape {dataset.shape}"
    )


if __name__ == "__main__":
    run(main)
