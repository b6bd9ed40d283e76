"""Trees as text."""

from bdiff.tree import BranchTree


def draw(tree: BranchTree) -> str:
    """The tree from the root down, a line per branch point and per class.

    t = 0.62  0, 4, 9
    ├── 0
    └── t = 0.35  4, 9
        ├── 4
        └── 9
    """
    return "\n".join(_lines(tree, 0, "", ""))


def _lines(tree: BranchTree, number: int, first: str, others: str) -> list[str]:
    """Lines of a branch and those below it.

    Args:
        tree: the tree.
        number: of the branch.
        first, others: what stands before the first line and before the others.
    """
    branch = tree.branches[number]
    names = ", ".join(branch.classes)
    below = tree.children(number)
    if not below:
        return [first + names]
    lines = [f"{first}t = {branch.start:.3g}  {names}"]
    for child in below:
        last = child == below[-1]
        joint, space = ("└── ", "    ") if last else ("├── ", "│   ")
        lines += _lines(tree, child, others + joint, others + space)
    return lines
