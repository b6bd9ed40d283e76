"""Generated objects on disk: one parquet schema for samples, hybrids and transmutations.

A row is one object x with what is known of it::

    label    class it was generated as, or shows; "a/b" for a hybrid of a and b
    role     "sample" (a finished object), "hybrid" (the state at the branch point of two classes),
             "original" (a real object, labelled with the class it is to become) or "noised" (an
             original after the forward process)
    origin   class of the real object, or the hybrid ("a/b"), that it came from; "" if none
    time     t of the state; 0 for finished objects
    index    number within its job; rows of one pair with the same index belong together

x is in the units of the model, which are those of the data set's file. Of a table, every feature
stands also in raw units, those of the data before they were scaled, as the column raw_<feature>
(raw_x0, raw_x1, ... where features have no names); it is null for states that are not finished,
t > 0. Objects of more than one dimension are brought back by `Dataset.unscale`.

How they were made (model, process, solver, seed, ...) is JSON in the schema's metadata, and so are
the data set's feature_names and scaling.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bdiff.data.checks import normalised
from bdiff.data.scaling import unscale
from bdiff.files import atomic_write, check_ending, to_json

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("sample", "hybrid", "original", "noised")
FORMAT = "bdiff.samples/1"
OF_DATA = ("feature_names", "scaling")  # facts about the data set


@dataclass(frozen=True, repr=False)
class Samples:
    """Objects and what is known of each; `bdiff.sampling.files` tells what the columns mean.

    Args:
        x: (N, *shape) float32.
        label, role, origin: (N,) arrays of str.
        time: (N,) float64 in [0, T].
        index: (N,) int32.
        meta: JSON-able facts about all of them.

    Raises:
        ValueError: if the columns differ in length, a role is unknown, or a value is not finite;
            the message names the first such object.
    """

    x: np.ndarray
    label: np.ndarray
    role: np.ndarray
    origin: np.ndarray
    time: np.ndarray
    index: np.ndarray
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        dtypes = {"x": np.float32, "label": str, "role": str, "origin": str}
        dtypes |= {"time": np.float64, "index": np.int32}
        for name, dtype in dtypes.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype))
        lengths = {name: len(getattr(self, name)) for name in dtypes}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"all columns need one value per object, found lengths {lengths}")
        if unknown := sorted(set(self.role.tolist()) - set(ROLES)):
            raise ValueError(f"unknown roles {unknown}; a role is one of {list(ROLES)}")
        finite = np.isfinite(self.x).all(axis=tuple(range(1, self.x.ndim)))
        if len(broken := np.flatnonzero(~finite)):
            row = broken[0]
            raise ValueError(
                f"{len(broken)} of {len(self)} objects hold values that are not finite; first "
                f"number {self.index[row]} of class '{self.label[row]}' ({self.role[row]}): "
                "the solver diverged; use more steps, or train the model longer"
            )

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        kinds = Counter(zip(self.role.tolist(), self.label.tolist(), strict=True))
        counts = ", ".join(f"{n:,} {role} {label}" for (role, label), n in kinds.items())
        return f"Samples({len(self):,} of shape {self.x.shape[1:]}: {counts})"

    def to_pandas(self) -> "pd.DataFrame":
        """A row per object: label, role, origin, time, index, then its values, in the units of the
        data where they are known; those of an image by number. A feature whose name is one of these
        five is called raw_NAME."""
        import pandas as pd

        known = {key: getattr(self, key) for key in ("label", "role", "origin", "time", "index")}
        return pd.DataFrame(known | values_by_feature(self, taken=known))

    def where(
        self, label: str | None = None, role: str | None = None, origin: str | None = None
    ) -> np.ndarray:
        """The objects, (n, *shape), that have all the given values, in the order of their index.

        Raises:
            ValueError: if there is no such role.
        """
        if role is not None and role not in ROLES:
            raise ValueError(f"no role {role!r}; there are {list(ROLES)}")
        chosen = np.ones(len(self), dtype=bool)
        for column, value in ((self.label, label), (self.role, role), (self.origin, origin)):
            if value is not None:
                chosen &= column == normalised(value)
        rows = np.flatnonzero(chosen)
        return self.x[rows[np.argsort(self.index[rows], kind="stable")]]


def values_by_feature(samples: Samples, taken: Collection[str] = ()) -> dict[str, np.ndarray]:
    """Every value, in the units of the data where they are known: name of the feature -> (N,).

    Features without names are called by their number, x0, x1, ...; one whose name is `taken`, by
    another column, is called raw_NAME.
    """
    scaling, names = samples.meta.get("scaling", {}), samples.meta.get("feature_names", [])
    x = unscale(samples.x, scaling) if "offset" in scaling else samples.x
    values = x.reshape(len(x), -1).T
    if len(names) != len(values):
        names = [f"x{number}" for number in range(len(values))]
    columns: dict[str, np.ndarray] = {}
    for name, value in zip(names, values, strict=True):
        while name in taken or name in columns:
            name = f"raw_{name}"
        columns[name] = value
    return columns


class Part(NamedTuple):
    """Objects that go into `Samples` together, (n, *shape), numbered from `first` on."""

    x: np.ndarray
    label: str
    role: str = "sample"
    origin: str = ""
    time: float = 0.0
    first: int = 0


def collected(parts: Sequence[Part], meta: dict[str, Any]) -> Samples:
    """All parts as one table, in their order."""
    sizes = [len(part.x) for part in parts]
    x, label, role, origin, time, first = zip(*parts, strict=True)
    return Samples(
        x=np.concatenate(x),
        label=np.repeat(label, sizes),
        role=np.repeat(role, sizes),
        origin=np.repeat(origin, sizes),
        time=np.repeat(time, sizes),
        index=np.concatenate([f + np.arange(size) for f, size in zip(first, sizes, strict=True)]),
        meta=meta,
    )


def write_samples(
    samples: Samples,
    path: str | Path,
    more: Mapping[str, pa.Array] | None = None,
) -> None:
    """Write the objects as parquet, whole or not at all.

    Args:
        samples: the objects.
        path: of the file.
        more: further columns by name, such as shares of genes; `read_samples` passes over them.

    Raises:
        ValueError: if the name does not end with .parquet.
    """
    check_ending(path, ".parquet")
    flat = samples.x.reshape(len(samples), int(np.prod(samples.x.shape[1:], dtype=int)))
    columns = {
        "x": pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1]),
        "label": pa.array(samples.label.tolist(), pa.string()).dictionary_encode(),
        "role": pa.array(samples.role.tolist(), pa.string()).dictionary_encode(),
        "origin": pa.array(samples.origin.tolist(), pa.string()).dictionary_encode(),
        "time": pa.array(samples.time),
        "index": pa.array(samples.index),
    }
    meta = samples.meta | {"format": FORMAT, "shape": list(samples.x.shape[1:])}
    columns |= _raw_columns(samples) | dict(more or {})
    text = to_json(meta, sort_keys=True, ensure_ascii=False)
    table = pa.table(columns).replace_schema_metadata({"bdiff": text})
    with atomic_write(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _raw_columns(samples: Samples) -> dict[str, pa.Array]:
    """A column in the units of the data per feature of a table, where these are known."""
    if samples.x.ndim != 2 or "offset" not in samples.meta.get("scaling", {}):
        return {}
    noised = samples.time > 0
    values = values_by_feature(samples)
    return {f"raw_{name}": pa.array(value, mask=noised) for name, value in values.items()}


def read_samples(path: str | Path) -> Samples:
    """Read what `write_samples` wrote.

    Raises:
        ValueError: if the file is parquet of another kind.
    """
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is damaged or no parquet file ({error}); make it again") from None
    meta = json.loads((table.schema.metadata or {}).get(b"bdiff", b"{}"))
    if meta.get("format") != FORMAT:
        raise ValueError(
            f"{path}: expected samples of format {FORMAT!r}, found {meta.get('format')!r}; "
            "make the file anew with the sampling script"
        )
    flat = table["x"].combine_chunks().flatten().to_numpy()
    text = {name: table[name].to_pylist() for name in ("label", "role", "origin")}
    return Samples(
        x=flat.reshape(len(table), *meta["shape"]),
        time=table["time"].to_numpy(),
        index=table["index"].to_numpy(),
        meta=meta,
        **text,
    )
