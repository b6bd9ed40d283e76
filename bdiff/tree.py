"""The branch tree: when, on the way from data to noise, classes become one.

Time t runs from 0 (data) to the horizon T (noise). A branch point (S, b) says that the classes in S
are told apart below time b and share one reverse process above it. The branch points of a tree are
nested or disjoint, their times grow towards the root, and they cut the rectangle of classes and
times into branches: a branch is a set of classes with a half-open interval

    start < t <= end        (the branches that start at 0 also hold t = 0),

so at a branch point the lower branch, the child, is in charge: it is the one that makes the next
reverse step. A binary tree of C classes has C - 1 branch points and 2 C - 1 branches.

On disk a branch point is a noise level, log_snr = log(alpha² / sigma²), because that is what
separates classes; `bdiff.tree_files` converts it to the time of the process a model uses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bdiff.data.checks import check_class_names, normalised


def class_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names in Unicode's form NFC, if they can be those of classes.

    Raises:
        ValueError: if they are not different, non-empty texts.
    """
    found = list(names)
    if not found or not all(isinstance(name, str) and name for name in found):
        raise ValueError(f"classes must be non-empty names, found {found}")
    found = [normalised(name) for name in found]
    if len(set(found)) < len(found):
        raise ValueError(f"class names must differ, found {found}")
    return tuple(found)


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", frozenset(map(normalised, self.classes)))
        object.__setattr__(self, "time", float(self.time))


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
        process: description (`to_dict`) of the process whose times these are, if known; a model
            with another process refuses the tree.

    Raises:
        ValueError: if the points are no tree over these classes; the message says which and why.
    """

    def __init__(
        self,
        classes: Sequence[str],
        points: Iterable[BranchPoint] = (),
        horizon: float = 1.0,
        process: dict[str, Any] | None = None,
    ):
        self.classes = class_names(classes)
        self.horizon = float(horizon)
        self.process = process
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
            ValueError: if the tree has no such class; the message names those it has.
        """
        name = normalised(name)
        if name not in self._codes:
            check_class_names([name], self.classes)
        return self._codes[name]

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.classes)}

    def _validate_points(self) -> None:
        largest = max((len(point.classes) for point in self.points), default=1)
        if largest < len(self.classes):
            raise ValueError(
                "the tree has no root: one branch point must hold all classes, "
                f"{list(self.classes)}"
            )
        for number, point in enumerate(self.points):
            if len(point.classes) < 2:
                raise ValueError(f"{_show(point)}: a branch point needs two or more classes")
            if not 0 < point.time < self.horizon:
                raise ValueError(
                    f"{_show(point)}: the time must lie strictly between 0 and {self.horizon:g}, "
                    "or a branch would have no length; give it another, or estimate with a min_time"
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
        """Index of the lowest of these points that holds all the names."""
        holding = [i for i, point in enumerate(points) if point.classes.issuperset(names)]
        return min(holding, key=lambda i: points[i].time, default=None)

    @cached_property
    def lineage(self) -> tuple[tuple[int, ...], ...]:
        """Indices of every branch and those it descends from, up to the root."""
        lines: dict[int, tuple[int, ...]] = {}
        for number, branch in enumerate(self.branches):  # parents come first
            above = () if branch.parent is None else lines[branch.parent]
            lines[number] = (number, *above)
        return tuple(lines.values())

    def path(self, name: str) -> tuple[int, ...]:
        """Indices of the branches that a class runs through, from data to noise."""
        return self.lineage[len(self.points) + self.index(name)]

    def children(self, number: int) -> tuple[int, ...]:
        """Indices of the branches that a branch parts into."""
        return tuple(i for i, branch in enumerate(self.branches) if branch.parent == number)

    @cached_property
    def table(self) -> tuple[np.ndarray, np.ndarray]:
        """The look-up table behind `branch_of`.

        Returns:
            bounds: (classes, depth - 1) float64, each class's branch times, ascending, then inf.
            paths: (classes, depth) int64, indices of the branches below them and of the root's.
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
        """Index of the branch that is in charge of each (class, time).

        Args:
            classes: N class names.
            times: (N,) in [0, horizon].

        Raises:
            ValueError: if the tree has no such class, or a time lies outside [0, horizon] or is no
                number.
        """
        times = np.asarray(times, dtype=np.float64)
        if not ((times >= 0) & (times <= self.horizon)).all():
            raise ValueError(f"times must lie in [0, {self.horizon:g}], found {times}")
        codes = np.array([self.index(name) for name in classes], dtype=np.int64)
        bounds, paths = self.table
        above = (bounds[codes] < times[:, None]).sum(axis=1)
        numbers: np.ndarray = paths[codes, above]
        return numbers

    def first_common_branch(self, *names: str) -> Branch:
        """The branch, first met on the way from data to noise, that all the named classes share."""
        if len(set(names)) == 1:
            return self.branches[len(self.points) + self.index(names[0])]
        if not names:
            raise ValueError("first_common_branch needs at least one class name")
        known = [self.classes[code] for code in self._positions(names)]
        number = self._smallest(known, self.points)
        assert number is not None  # the root holds all classes
        return self.branches[number]

    def branch_time(self, *names: str) -> float:
        """The time below which the named classes are told apart (0 for a single class)."""
        return self.first_common_branch(*names).start

    @property
    def total_length(self) -> float:
        """Sum of the branches' lengths: the time to be simulated to sample every class once."""
        return sum(branch.end - branch.start for branch in self.branches)

    @property
    def shared_cost(self) -> float:
        """Cost of sampling all classes with shared trunks, over that of doing so one by one.

        For steps that are even in t.
        """
        return self.total_length / (self.horizon * len(self.classes))

    def restrict(self, classes: Sequence[str]) -> "BranchTree":
        """The tree of some of the classes: others are dropped, and points that part none."""
        keep = frozenset(classes)
        self._positions(keep)  # an unknown class raises here
        lowest = {}
        for point in self.points:  # times fall along the way, so the lowest point comes last
            if len(point.classes & keep) > 1:
                lowest[point.classes & keep] = _with_classes(point, point.classes & keep)
        return self._with(lowest.values(), [c for c in self.classes if c in keep])

    def extend(self, name: str, beside: str, time: float) -> "BranchTree":
        """The tree with one more class, which parts from the class `beside` at the given time.

        Every old class keeps its branch times. A time at which `beside` parts from others already
        makes the new class one more child of that branch point.

        Raises:
            ValueError: if `beside` is no class of the tree, `name` is one already, or the time does
                not lie in (0, horizon).
        """
        if name in self._codes:
            raise ValueError(f"class {name!r} is in the tree already")
        host = frozenset(self.branches[self.branch_of([beside], np.array([time]))[0]].classes)
        points = [
            _with_classes(point, point.classes | {name}) if point.classes > host else point
            for point in self.points
        ]
        if not any(name in point.classes and point.time == time for point in points):
            points.append(BranchPoint(host | {name}, float(time)))
        return self._with(points, [*self.classes, name])

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
        return self._with(kept, self.classes)

    def _with(self, points: Iterable[BranchPoint], classes: Sequence[str]) -> "BranchTree":
        return BranchTree(classes, points, self.horizon, self.process)

    def __eq__(self, other: object) -> bool:
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


def merge_simultaneous(points: Iterable[BranchPoint]) -> list[BranchPoint]:
    """The points without those whose classes part already at a larger one of the same time."""
    points = list(points)
    return [
        point
        for point in points
        if not any(o.time == point.time and o.classes > point.classes for o in points)
    ]


def _with_classes(point: BranchPoint, classes: frozenset[str]) -> BranchPoint:
    """The point with other classes; the support of one set says nothing about another."""
    return point if classes == point.classes else BranchPoint(classes, point.time)


def _show(point: BranchPoint) -> str:
    return f"branch point {'/'.join(sorted(point.classes))} at t = {point.time:g}"
