"""Names of the classes of the known data sets, in the order of their codes.

This module imports nothing, so the configuration knows the names without the data's libraries.
"""

DIGITS = tuple("0123456789")
GARMENTS = (
    *("T-shirt", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
PBMC = (
    *("CD14+ Monocyte", "Dendritic", "CD56+ NK", "CD19+ B", "CD34+"),
    *("CD8+ Cytotoxic T", "CD8+/CD45RA+ Naive Cytotoxic", "CD4+/CD25 T Reg"),
    *("CD4+/CD45RO+ Memory", "CD4+/CD45RA+/CD25- Naive T"),
)
SIMULATED_CELLS = (
    *("Classical monocytes", "CD16+ NK cells", "Tem/Temra cytotoxic T", "Naive B cells"),
    *("Tcm/Naive helper T", "Megakaryocytes/platelets", "Tem/Effector helper T"),
    *("Non-classical monocytes", "Tem/Trm cytotoxic T"),
)
# By source; those of molecules by what decides the class, see `bdiff.molecule_classes`.
CLASSES = {
    "mnist": DIGITS,
    "fashion_mnist": GARMENTS,
    "garments": GARMENTS,
    "letters": LETTERS,
    "digits": DIGITS,
    "pbmc": PBMC,
    "simulated_cells": SIMULATED_CELLS,
}
MOLECULE_CLASSES = {
    "rings": ("acyclic", "one ring"),
    "halogen": ("no halogen", "halogen"),
    "aromatic": ("not aromatic", "aromatic"),
    "heteroaromatic": ("carboaromatic", "heteroaromatic"),
    "bicyclic": ("not bicyclic", "bicyclic"),
    "non_aromatic_ring": ("no non-aromatic ring", "non-aromatic ring"),
}
