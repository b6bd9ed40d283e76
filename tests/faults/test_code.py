"""No file that is read is executed: neither by the code that stands here nor by what it calls."""

import ast
import hashlib
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from bdiff import checkpoint
from bdiff.checkpoint import CheckpointError, load_folder, save_folder
from bdiff.config import ConfigError, read_config
from bdiff.data.cell_files import read_cell_file
from bdiff.data.dataset import read_dataset
from bdiff.data.tables import read_table
from bdiff.sampling.files import read_samples
from bdiff.tree_files import load_tree

ROOT = Path(__file__).parents[2]
UNPICKLES = "bdiff/data/mnist.py"
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
CALLS = {"eval", "exec", "compile", "__import__"}
METHODS = {"yaml.load", "yaml.unsafe_load", "os.system", "os.popen", "torch.load", "pd.read_pickle"}
OPTIONS = {"shell": True, "allow_pickle": True, "weights_only": False}


def executes(source: str):
    """Lines of a program that execute, or may execute, what they read."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if MODULES & {name.split(".")[0] for name in names}:
                yield node.lineno
        elif isinstance(node, ast.Call):
            called, options = node.func, {k.arg: k.value for k in node.keywords}
            if isinstance(called, ast.Name) and called.id in CALLS:
                yield node.lineno
            if ast.unparse(called) in METHODS:
                yield node.lineno
            for name, wrong in OPTIONS.items():
                if name in options and getattr(options[name], "value", wrong) == wrong:
                    yield node.lineno


@pytest.mark.fault("S1")
@pytest.mark.parametrize("line", [
    "import pickle", "from pickle import load", "eval(text)", "exec(text)", "yaml.load(text)",
    "subprocess.run(text, shell=True)", "np.load(p, allow_pickle=True)", "os.system(text)",
    "torch.load(p)", "f(weights_only=False)", "run(c, shell=how)",
])  # fmt: skip
def test_what_executes_is_seen(line):
    assert list(executes(line)) == [1]
    assert not list(executes("model.eval()\nre.compile(x)\nnp.load(p, allow_pickle=False)"))


@pytest.mark.fault("S1")
def test_nothing_but_the_unpickler_of_mnist_executes(reached):
    files = [
        path for part in ("bdiff", "scripts", "benchmarks") for path in (ROOT / part).rglob("*.py")
    ]
    found = {}
    for path in files:
        if lines := list(executes(path.read_text(encoding="utf-8"))):
            found[str(path.relative_to(ROOT))] = lines
    text = (ROOT / UNPICKLES).read_text()
    lines = [text.splitlines()[line - 1] for line in found.pop(UNPICKLES)]
    reached(len(files) - len(found), len(files), "files of Python")
    assert found == {}
    assert lines == ["import pickle"]
    assert set(re.findall(r"pickle\.\w+", text)) == {"pickle.Unpickler", "pickle.UnpicklingError"}


@pytest.mark.fault("S1")
def test_no_rule_executes_what_it_reads():
    rules = [ROOT / "Snakefile", *(ROOT / "workflow").rglob("*.smk")]
    assert len(rules) > 5
    words = re.compile(r"pickle|\b(eval|exec)\(|yaml\.load|shell=True|os\.system")
    assert [path for path in rules if words.search(path.read_text(encoding="utf-8"))] == []


@pytest.fixture
def harmful(tmp_path):
    """What leaves a mark where it is executed, as a pickle and as YAML."""
    marker = tmp_path / "executed"

    class Harmful:
        def __reduce__(self):
            return Path.touch, (marker,)

    yield Harmful(), marker
    assert not marker.exists()


@pytest.mark.fault("F8")
def test_the_harmful_object_does_harm(tmp_path):
    class Harmful:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    pickle.loads(pickle.dumps(Harmful()))
    assert (tmp_path / "executed").exists()


READERS = {
    ".npz": lambda path: read_table(path=path),
    ".csv": lambda path: read_table(path=path),
    ".parquet": lambda path: read_table(path=path),
    ".h5ad": read_cell_file,
    " of a data set": read_dataset,
    " of samples": read_samples,
    ".json": load_tree,
}


@pytest.mark.fault("F8")
@pytest.mark.parametrize("ending", READERS)
def test_a_pickle_with_another_ending_is_not_executed(tmp_path, harmful, ending):
    path = tmp_path / f"file{ending}"
    path.write_bytes(pickle.dumps(harmful[0]))
    with pytest.raises(ValueError, match=str(path)):
        READERS[ending](path)


@pytest.mark.fault("F8")
@pytest.mark.parametrize("name", ["x", "y"])
def test_objects_in_an_npz_file_are_not_executed(tmp_path, harmful, name):
    arrays = {"x": np.zeros((4, 2)), "y": np.array(list("abab"))}
    arrays[name] = np.array([harmful[0]] * 4, dtype=object)
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(ValueError, match=f"{name} holds Python objects, which are not read"):
        read_table(path=tmp_path / "file.npz", label="y")


@pytest.mark.fault("F8")
@pytest.mark.parametrize("kind", ["apply", "new"])
def test_tags_of_yaml_are_not_executed(tmp_path, harmful, kind):
    path = tmp_path / "own.yaml"
    path.write_text(f"seed: !!python/object/{kind}:os.mknod ['{harmful[1]}']\n")
    with pytest.raises(ConfigError, match=r"own\.yaml is no YAML: could not determine"):
        read_config(path)


@pytest.mark.fault("S4")
@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a/b", ".."])
def test_a_manifest_cannot_name_files_elsewhere(tmp_path, name):
    """Whoever writes a manifest can make its hash fit."""
    save_folder(tmp_path / "c", {}, {})
    (tmp_path / "outside").write_text("text")
    file = tmp_path / "c" / "manifest.json"
    sha256 = hashlib.sha256(b"text").hexdigest()
    manifest = json.loads(file.read_text()) | {"files": {name: {"bytes": 4, "sha256": sha256}}}
    manifest["sha256"] = checkpoint._sha256_of(manifest)
    file.write_text(json.dumps(manifest, indent=2))
    with pytest.raises(CheckpointError, match=f"lists '{name}', which is no file of this folder"):
        load_folder(tmp_path / "c")
