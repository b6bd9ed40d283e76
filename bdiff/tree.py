"""The branch tree: when, on the way from data to noise, classes become one.

Time t runs from 0 (data) to the horizon T (noise). A branch point (S, b) says that the classes in S
are told apart below time b and share one reverse process above it. The branch points of a tree are
nested or disjoint, their times grow towards the root, and they cut the rectangle of classes and
times into branches: a branch is a set of classes with a half-open interval

    start < t <= end        (the branches that start at 0 also hold t = 0),

so at a branch point the lower branch, the child, is in charge: it is the one that makes the next
reverse step. A binary tree of C classes has C - 1 branch points and 2 C - 1 branches.

On disk a branch point is a noise level, log_snr = log(alpha² / sigma²), because that is what
separates classes; `load_tree` converts it to the time of the process a model uses.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bdiff.files import atomic_write


@dataclass(frozen=True)
class BranchPoint:
    """Where the classes of one branch part.

    Args:
        classes: names of all classes below the point, two or more.
        time: t of the point, in (0, horizon).
        support: share of resampled trees that have this set of classes, in [0, 1], if known.
    """

    classes: frozenset[str]
    time: float
    support: float | None = None


class Branch(NamedTuple):
    """The shared reverse process of `classes` on start < t <= end; `parent` is an index or None."""

    classes: tuple[str, ...]
    start: float
    end: float
    parent: int | None


class BranchTree:
    """Classes and the branch points that divide them.

    Args:
        classes: names, in the order that fixes every integer code used inside the library.
        points: branch points in any order; one of them, the root, holds all classes (a tree of a
            single class has none).
        horizon: T, the largest time of the process.

    Raises:
        ValueError: if the points are no tree over these classes; the message says which and why.
    """

    def __init__(
        self, classes: Sequence[str], points: Iterable[BranchPoint] = (), horizon: float = 1.0
    ):
        self.classes = tuple(classes)
        self.horizon = float(horizon)
        self._validate_names()
        # Towards the root times grow, so sorting by time puts every parent before its children.
        self.points = tuple(
            sorted(points, key=lambda p: (-p.time, -len(p.classes), self._positions(p.classes)))
        )
        self._validate_points()

    def _positions(self, names: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted(self.index(name) for name in names))

    def index(self, name: str) -> int:
        """Integer code of a class.

        Raises:
            KeyError: if the tree has no such class; the message lists the classes.
        """
        try:
            return self._codes[name]
        except KeyError:
            raise KeyError(
                f"unknown class {name!r}; the classes are {list(self.classes)}"
            ) from None

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.classes)}

    def _validate_names(self) -> None:
        if not self.classes or not all(isinstance(name, str) and name for name in self.classes):
            raise ValueError(f"classes must be non-empty names, found {list(self.classes)}")
        if len(self._codes) < len(self.classes):
            raise ValueError(f"class names must differ, found {list(self.classes)}")

    def _validate_points(self) -> None:
        largest = max((len(point.classes) for point in self.points), default=1)
        if largest < len(self.classes):
            raise ValueError("the tree has no root: one branch point must hold all classes")
        for number, point in enumerate(self.points):
            if len(point.classes) < 2:
                raise ValueError(f"{_show(point)}: a branch point needs two or more classes")
            if not 0 < point.time < self.horizon:
                raise ValueError(
                    f"{_show(point)}: the time must lie strictly between 0 and {self.horizon:g}, "
                    "or a branch would have no length; set a minimum branch time"
                )
            for above in self.points[:number]:
                common = point.classes & above.classes
                if not common:
                    continue
                if not point.classes < above.classes:
                    raise ValueError(
                        f"{_show(point)} and {_show(above)} share {sorted(common)} but are not "
                        "nested: the later one must hold all classes of the earlier one, and more"
                    )
                if not point.time < above.time:
                    raise ValueError(
                        f"{_show(point)} lies below {_show(above)}, so its time must be smaller; "
                        "set a minimum branch length"
                    )

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """All branches: internal ones from the root down, then one leaf a class, in class order."""
        branches = []
        for number, point in enumerate(self.points):
            above = self._smallest(point.classes, self.points[:number])
            end = self.horizon if above is None else self.points[above].time
            names = tuple(self.classes[code] for code in self._positions(point.classes))
            branches.append(Branch(names, point.time, end, above))
        for name in self.classes:
            above = self._smallest({name}, self.points)
            end = self.horizon if above is None else self.points[above].time
            branches.append(Branch((name,), 0.0, end, above))
        return tuple(branches)

    @staticmethod
    def _smallest(names: Iterable[str], points: Sequence[BranchPoint]) -> int | None:
        """Number of the lowest of these points that holds all the names."""
        holding = [i for i, point in enumerate(points) if point.classes.issuperset(names)]
        return min(holding, key=lambda i: points[i].time, default=None)

    def path(self, name: str) -> tuple[int, ...]:
        """Numbers of the branches that a class runs through, from data to noise."""
        step: int | None = len(self.points) + self.index(name)
        path = []
        while step is not None:
            path.append(step)
            step = self.branches[step].parent
        return tuple(path)

    @cached_property
    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """The look-up table behind `branch_of`.

        Returns:
            bounds: (classes, depth - 1) float64, each class's branch times, ascending, then inf.
            paths: (classes, depth) int64, the branch below each of them and the root's.
        """
        paths = [self.path(name) for name in self.classes]
        depth = max(map(len, paths))
        bounds = np.full((len(paths), depth - 1), np.inf)
        numbers = np.zeros((len(paths), depth), dtype=np.int64)
        for row, path in enumerate(paths):
            bounds[row, : len(path) - 1] = [self.branches[step].end for step in path[:-1]]
            numbers[row] = path + (path[-1],) * (depth - len(path))
        return bounds, numbers

    def branch_of(self, classes: Sequence[str], times: np.ndarray) -> np.ndarray:
        """Number of the branch that is in charge of each (class, time).

        Args:
            classes: N class names.
            times: (N,) in [0, horizon].

        Raises:
            KeyError: if the tree has no such class.
            ValueError: if a time lies outside [0, horizon] or is no number.
        """
        times = np.asarray(times, dtype=np.float64)
        if not ((times >= 0) & (times <= self.horizon)).all():
            raise ValueError(f"times must lie in [0, {self.horizon:g}], found {times}")
        codes = np.array([self.index(name) for name in classes], dtype=np.int64)
        bounds, paths = self.table
        above = (bounds[codes] < times[:, None]).sum(axis=1)
        return paths[codes, above]

    def first_common_branch(self, *names: str) -> Branch:
        """The branch, first met on the way from data to noise, that all the named classes share."""
        if len(set(names)) == 1:
            return self.branches[len(self.points) + self.index(names[0])]
        if not names or not self._positions(names):  # an unknown class raises here
            raise ValueError("first_common_branch needs at least one class name")
        return self.branches[self._smallest(names, self.points)]

    def branch_time(self, *names: str) -> float:
        """The time below which the named classes are told apart (0 for a single class)."""
        return self.first_common_branch(*names).start

    @property
    def total_length(self) -> float:
        """Sum of the branches' lengths: the time to be simulated to sample every class once."""
        return sum(branch.end - branch.start for branch in self.branches)

    @property
    def shared_cost(self) -> float:
        """Cost of sampling all classes with shared trunks, over that of doing so one by one."""
        return self.total_length / (self.horizon * len(self.classes))

    def restrict(self, classes: Sequence[str]) -> "BranchTree":
        """The tree of some of the classes: others are dropped, and points that part none."""
        keep = frozenset(classes)
        self._positions(keep)  # an unknown class raises here
        lowest = {}
        for point in self.points:  # times fall along the way, so the lowest point comes last
            if len(point.classes & keep) > 1:
                lowest[point.classes & keep] = _with_classes(point, point.classes & keep)
        return BranchTree([c for c in self.classes if c in keep], lowest.values(), self.horizon)

    def extend(self, name: str, beside: str, time: float) -> "BranchTree":
        """The tree with one more class, which parts from the class `beside` at the given time.

        Every old class keeps its branch times. A time at which `beside` parts from others already
        makes the new class one more child of that branch point.

        Raises:
            KeyError: if `beside` is no class of the tree.
            ValueError: if `name` is one already, or the time does not lie in (0, horizon).
        """
        if name in self._codes:
            raise ValueError(f"class {name!r} is in the tree already")
        host = frozenset(self.branches[self.branch_of([beside], [time])[0]].classes)
        points = [
            _with_classes(point, point.classes | {name}) if point.classes > host else point
            for point in self.points
        ]
        if not any(name in point.classes and point.time == time for point in points):
            points.append(BranchPoint(host | {name}, float(time)))
        return BranchTree([*self.classes, name], points, self.horizon)

    def collapse(self, min_length: float) -> "BranchTree":
        """The tree without internal branches shorter than `min_length`: their children move up.

        Lengths are those to the next point above that is kept, so a chain of short branches does
        not collapse as a whole.
        """
        kept: list[BranchPoint] = []
        for point in self.points:  # parents come first
            above = self._smallest(point.classes, kept)
            if above is None or kept[above].time - point.time >= min_length:
                kept.append(point)
        return BranchTree(self.classes, kept, self.horizon)

    def newick(self) -> str:
        """The tree in Newick form, lengths in time, support (if known) as inner labels."""

        def node(number: int) -> str:
            branch = self.branches[number]
            length = f":{branch.end - branch.start:.6f}"
            if number >= len(self.points):
                return f"'{branch.classes[0].replace(chr(39), chr(39) * 2)}'{length}"
            below = (i for i, child in enumerate(self.branches) if child.parent == number)
            support = self.points[number].support
            label = "" if support is None else f"{support:.2f}"
            return f"({','.join(map(node, below))}){label}{length}"

        return node(0) + ";"

    def __eq__(self, other) -> bool:
        return isinstance(other, BranchTree) and (self.classes, self.points, self.horizon) == (
            other.classes,
            other.points,
            other.horizon,
        )

    def __hash__(self) -> int:
        return hash((self.classes, self.points, self.horizon))

    def __repr__(self) -> str:
        points = ", ".join(_show(point) for point in self.points)
        return f"BranchTree({len(self.classes)} classes: {points})"


def _with_classes(point: BranchPoint, classes: frozenset[str]) -> BranchPoint:
    """The point with other classes; the support of one set says nothing about another."""
    return point if classes == point.classes else BranchPoint(classes, point.time)


def _show(point: BranchPoint) -> str:
    return f"branch point {'/'.join(sorted(point.classes))} at t = {point.time:g}"


def tree_from_branches(
    rows: Iterable[tuple[Iterable[str], float, float]],
    classes: Sequence[str] | None = None,
    horizon: float = 1.0,
    min_time: float = 0.0,
) -> BranchTree:
    """The tree that a list of branches (classes, start, end) describes, as the paper prints them.

    Args:
        rows: the branches, in any order.
        classes: names in the order wanted; by default the order of the leaves.
        horizon: T.
        min_time: branch points below this time are lifted to it; lists made without a minimum can
            hold leaves of length 0.

    Raises:
        ValueError: if the branches of a class overlap, leave a gap, do not gain classes on the way
            to the horizon, or do not meet those of other classes at branch points.
    """
    rows = [(frozenset(names), float(start), float(end)) for names, start, end in rows]
    if classes is None:
        classes = [next(iter(names)) for names, start, _ in rows if len(names) == 1 and start == 0]
    known = sorted(frozenset().union(*(names for names, _, _ in rows)))
    for name in dict.fromkeys([*classes, *known]):
        below, bound = frozenset(), 0.0
        own = sorted((row for row in rows if name in row[0]), key=lambda row: row[1:])
        for names, start, end in own:
            text = "/".join(sorted(names))
            if start != bound:
                fault = "overlap" if start < bound else "leave a gap"
                raise ValueError(
                    f"the branches of class {name!r} {fault} between {min(start, bound):g} and "
                    f"{max(start, bound):g}: {text} starts at {start:g}"
                )
            if not below < names or (not below and len(names) > 1):
                raise ValueError(
                    f"the branches of class {name!r} must start with one of its own and gain "
                    f"classes with time, found {text} above {'/'.join(sorted(below)) or 'none'}"
                )
            below, bound = names, end
        if bound != horizon:
            raise ValueError(f"the branches of class {name!r} end at {bound:g}, not at {horizon:g}")
    points = [
        BranchPoint(names, max(start, min_time)) for names, start, _ in rows if len(names) > 1
    ]
    return BranchTree(classes, points, horizon)


def tree_to_dict(tree: BranchTree, process) -> dict:
    """A JSON-able description; `process` has log_snr(t), time_of(log_snr), horizon, to_dict()."""
    return {
        "format": "bdiff.tree/1",
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


def tree_from_dict(description: dict, process) -> BranchTree:
    """The described tree, in the time of `process`.

    Raises:
        ValueError: if the description is not one of a tree, or if a branch point is noisier than
            anything the process reaches.
    """
    if description.get("format") != "bdiff.tree/1":
        raise ValueError(
            f"expected a tree of format 'bdiff.tree/1', found {description.get('format')!r}"
        )
    same = description["process"] == process.to_dict()
    points = []
    for point in description["branch_points"]:
        time = point["time"] if same else float(process.time_of(point["log_snr"]))
        if time >= process.horizon:
            raise ValueError(
                f"the branch point of {'/'.join(point['classes'])} has log-SNR "
                f"{point['log_snr']:.3f}, but {process} ends at log-SNR "
                f"{float(process.log_snr(process.horizon)):.3f}: its classes are still apart at "
                "the terminal noise; use a process with more noise or another tree"
            )
        points.append(BranchPoint(frozenset(point["classes"]), time, point.get("support")))
    return BranchTree(description["classes"], points, process.horizon)


def save_tree(tree: BranchTree, path: str | Path, process) -> None:
    """Write the tree as JSON, and beside it as Newick (.nwk)."""
    path = Path(path)
    text = json.dumps(tree_to_dict(tree, process), indent=2, ensure_ascii=False)
    for target, content in ((path.with_suffix(".nwk"), tree.newick()), (path, text)):
        with atomic_write(target) as temporary:
            temporary.write_text(content + "\n", encoding="utf-8")


def load_tree(path: str | Path, process) -> BranchTree:
    """Read a tree written by `save_tree`, in the time of `process`; see `tree_from_dict`.

    Raises:
        ValueError: naming the file, if it holds no valid tree.
    """
    try:
        return tree_from_dict(json.loads(Path(path).read_text(encoding="utf-8")), process)
    except KeyError as error:
        raise ValueError(f"{path} is no tree: {error.args[0]} is missing or unknown") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
