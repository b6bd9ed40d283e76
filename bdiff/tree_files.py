"""Branch trees on disk: JSON to be read again, Newick for other programs.

A branch point is stored as noise level, log_snr = log(alpha² / sigma²), since that is what
separates classes, and as the time at which the process it was made for has that level. A model with
another process gets the times of its own process.

In discrete time that is the first step with that level or more noise, where the classes may share a
process as well; so it is 1 or more, however early they part. Branch points of one lineage that fall
on the same step become one: where all its classes part at once, those below have nothing to part.
"""

import json
from pathlib import Path
from typing import Any

from bdiff.files import to_json, write_text
from bdiff.process import Process, process_from
from bdiff.tree import BranchPoint, BranchTree, merge_simultaneous

FORMAT = "bdiff.tree/1"


def tree_to_dict(tree: BranchTree, process: Process) -> dict[str, Any]:
    """A JSON-able description of a tree and the process it was made for."""
    return {
        "format": FORMAT,
        "process": process.to_dict(),
        "classes": list(tree.classes),
        "branch_points": [
            {
                "classes": [name for name in tree.classes if name in point.classes],
                "log_snr": float(process.log_snr(point.time)),
                "time": point.time,
                "support": point.support,
            }
            for point in tree.points
        ],
    }


def tree_from_dict(description: dict[str, Any], process: Process) -> BranchTree:
    """The described tree, in the time of `process`; see the module for discrete time.

    Raises:
        ValueError: if the description is not one of a tree, or if a branch point is noisier than
            anything the process reaches, or than all but its last step.
    """
    if description.get("format") != FORMAT:
        raise ValueError(
            f"expected a tree of format {FORMAT!r}, found {description.get('format')!r}"
        )
    own = process_from(description["process"])
    points = []
    for point in description["branch_points"]:
        time = point["time"] if own == process else float(process.time_of(point["log_snr"]))
        if abs(float(own.log_snr(point["time"])) - point["log_snr"]) > 1e-6:
            raise ValueError(
                f"the branch point of {'/'.join(point['classes'])} has log-SNR "
                f"{point['log_snr']:.6f}, but at its time {point['time']:g} {own} has "
                f"{float(own.log_snr(point['time'])):.6f}: it was edited or is damaged"
            )
        if time >= process.horizon:
            short = " or one step before it" if process.discrete else ""
            raise ValueError(
                f"the branch point of {'/'.join(point['classes'])} has log-SNR "
                f"{point['log_snr']:.3f}, but {process} ends at log-SNR "
                f"{float(process.log_snr(process.horizon)):.3f}: its classes are still apart at "
                f"the terminal noise{short}; use a process with more noise or another tree"
            )
        points.append(BranchPoint(frozenset(point["classes"]), time, point.get("support")))
    points = points if own == process else merge_simultaneous(points)
    return BranchTree(description["classes"], points, process.horizon, process.to_dict())


def convert_tree(tree: BranchTree, made_for: Process, process: Process) -> BranchTree:
    """The same noise levels in the time of another process; errors as in `tree_from_dict`."""
    return tree_from_dict(tree_to_dict(tree, made_for), process)


def save_tree(tree: BranchTree, path: str | Path, process: Process | None = None) -> None:
    """Write the tree as JSON, and beside it as Newick (.nwk).

    Args:
        tree: the tree.
        path: of the JSON file.
        process: whose times the tree's are, by default the one that the tree names.

    Raises:
        ValueError: if the process is not known.
    """
    if process is None and tree.process is None:
        raise ValueError("the tree does not say whose times it has; give the process as well")
    process = process or process_from(tree.process or {})
    path = Path(path)
    text = to_json(tree_to_dict(tree, process), indent=2, ensure_ascii=False)
    for target, content in ((path.with_suffix(".nwk"), to_newick(tree)), (path, text)):
        write_text(target, content + "\n")


def to_newick(tree: BranchTree) -> str:
    """The tree in Newick form, lengths in time, support (if known) as inner labels."""

    def node(number: int) -> str:
        branch = tree.branches[number]
        length = f":{branch.end - branch.start:.6f}"
        if number >= len(tree.points):
            return f"'{branch.classes[0].replace(chr(39), chr(39) * 2)}'{length}"
        support = tree.points[number].support
        label = "" if support is None else f"{support:.2f}"
        return f"({','.join(map(node, tree.children(number)))}){label}{length}"

    return node(0) + ";"


def load_tree(path: str | Path, process: Process | None = None) -> BranchTree:
    """Read a tree written by `save_tree`.

    Args:
        path: the JSON file.
        process: in whose time the tree is wanted, by default that of the process it was made for.

    Raises:
        ValueError: naming the file, if it holds no valid tree.
    """
    try:
        description = json.loads(Path(path).read_text(encoding="utf-8"))
        return tree_from_dict(description, process or process_from(description["process"]))
    except KeyError as error:
        raise ValueError(f"{path} is no tree: {error.args[0]} is missing or unknown") from error
    except (AttributeError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is empty or no tree ({error}); make it again") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
