"""Download the raw files of a data set from the first source that answers, and verify them."""

import argparse

from bdiff.data.download import download
from bdiff.data.sources import TABLE
from bdiff.script import run


def main(argv=None):
    """Fill a raw folder; sources, their order and their hashes stand in data/sources.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="data set of the table, such as mnist")
    parser.add_argument("--output", required=True, help="folder to fill, such as data/raw/mnist")
    parser.add_argument("--table", default=TABLE, help="table of sources (default: %(default)s)")
    arguments = parser.parse_args(argv)
    download(arguments.source, arguments.output, arguments.table)


if __name__ == "__main__":
    run(main)
