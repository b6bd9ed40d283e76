"""What transmutation keeps of molecules, and the quality of generated ones."""

import argparse
from pathlib import Path

from bdiff.data.dataset import read_facts
from bdiff.figures.molecule_quality import molecule_quality
from bdiff.figures.molecule_transmutation import molecule_transmutation
from bdiff.figures.style import save_figure
from bdiff.files import read_rows
from bdiff.paper import paper_numbers
from bdiff.script import run


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="data set (parquet)")
    parser.add_argument("--quality", required=True, help="quality of the samples (CSV)")
    parser.add_argument("--transmuted", required=True, help="what transmuted molecules are (CSV)")
    parser.add_argument("--groups", required=True, help="functional groups they kept (CSV)")
    parser.add_argument("--paper", required=True, help="the paper's numbers (CSV)")
    parser.add_argument("--output", required=True, type=Path, help="folder of the figures")
    args = parser.parse_args(argv)
    title, paper = read_facts(args.data)["title"], paper_numbers(args.paper)
    measured, molecules, quality = map(read_rows, (args.transmuted, args.groups, args.quality))
    figures = {
        "F19_molecule_transmutation": molecule_transmutation(measured, molecules, paper, title),
        "F19b_molecule_quality": molecule_quality(quality, title),
    }
    for name, figure in figures.items():
        save_figure(figure, args.output / f"{name}.svg")


if __name__ == "__main__":
    run(main)
