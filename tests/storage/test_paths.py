"""Paths in stores, as far as they are like those of this machine."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.arrays import growing_array, load_array, map_array, open_array, write_array
from pipeline.files import open_ipc, remove_tree, write_ipc, write_json
from pipeline.schema import SCHEMA, make_batch
from pipeline.storage import StorePath, place
from tests.storage.stores import Store, memory_store, s3_store


@pytest.fixture(scope="module", params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with memory_store({}) if request.param == "memory" else s3_store({}) as empty:
        yield empty


@pytest.fixture(params=["local", "store"])
def folder(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Path:
    """An empty folder."""
    return tmp_path / "f" if request.param == "local" else place(store.url(f"paths/{tmp_path.name}"))


def test_parts_of_a_path_are_those_of_a_local_one() -> None:
    """The address stays whole on the way through names, parents, suffixes and pickling."""
    path = place("s3://bucket/out/documents/part-00000.parquet")
    assert isinstance(path, StorePath)
    assert (path.name, path.stem, path.parent.name) == ("part-00000.parquet", "part-00000", "documents")
    assert str(path.parent.parent / "manifest.json") == "s3://bucket/out/manifest.json"
    assert str(path.with_suffix(".arrow")) == "s3://bucket/out/documents/part-00000.arrow"
    assert path.relative_to(place("s3://bucket/out")).as_posix() == "documents/part-00000.parquet"
    assert pickle.loads(pickle.dumps(path)) == path == place(str(path))
    assert str(pickle.loads(pickle.dumps(path))) == str(path)


def test_a_path_of_this_machine_is_one_of_pathlib(tmp_path: Path) -> None:
    """Also as file://."""
    assert place("data/out") == Path("data/out")
    assert place(f"file://{tmp_path}/a%20b") == tmp_path / "a b"
    assert not isinstance(place("data"), StorePath)


def test_what_only_this_machine_can_do_is_refused() -> None:
    """So that no code takes a URL for the name of a file."""
    for wrong in (open, Path.stat, Path.touch, Path.rmdir):
        with pytest.raises(TypeError, match="s3://bucket/a: is in a store"):
            wrong(place("s3://bucket/a"))  # type: ignore[operator]


def grow(path: Path, *parts: np.ndarray) -> None:
    with growing_array(path, 3, np.uint16) as add:
        for part in parts:
            add(part)


@pytest.mark.parametrize("sizes", [[], [0], [3, 0, 1], [1000] * 11])
def test_an_array_grows_by_rows(sizes: list[int], folder: Path) -> None:
    """Its number of rows stands before them, and numpy's own writer makes the same bytes."""
    parts = [np.arange(3 * size, dtype=np.uint16).reshape(size, 3)[::-1] for size in sizes]
    grow(folder / "grown.npy", *parts)
    rows = np.concatenate([np.empty((0, 3), np.uint16), *parts])
    np.testing.assert_array_equal(load_array(folder / "grown.npy"), rows)
    write_array(folder / "whole.npy", rows)
    assert (folder / "grown.npy").read_bytes() == (folder / "whole.npy").read_bytes()


@pytest.mark.parametrize("wrong", [np.zeros((1, 2), np.uint16), np.zeros((1, 3), np.uint8)])
def test_an_array_that_did_not_grow_to_its_end_is_absent(wrong: np.ndarray, folder: Path) -> None:
    """Rows of another shape or type are what its beginning would deny."""
    with pytest.raises(AssertionError):
        grow(folder / "grown.npy", np.zeros((2, 3), np.uint16), wrong)
    assert not (folder / "grown.npy").exists()


def test_files_and_folders_are_told(folder: Path) -> None:
    """What there is, and what there is not."""
    assert not folder.exists()
    assert not folder.is_dir()
    for name in ("a.json", "b.txt.json", "deep/c.json"):
        write_json(folder / name, {"name": name})
    assert folder.is_dir()
    assert not folder.is_file()
    assert (folder / "a.json").is_file()
    assert (folder / "a.json").exists()
    assert not (folder / "a").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["a.json", "b.txt.json", "deep"]
    assert sorted(path.name for path in folder.glob("*.txt.*")) == ["b.txt.json"]
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json")) == [
        "a.json",
        "b.txt.json",
        "deep/c.json",
    ]
    assert (folder / "deep" / "c.json").read_text(encoding="utf-8") == '{\n  "name": "deep/c.json"\n}\n'


def test_what_is_removed_is_gone(folder: Path) -> None:
    """A file, a file that is not there, a folder, one that is not there."""
    for name in ("a.json", "b.json", "deep/c.json"):
        write_json(folder / name, {})
    (folder / "a.json").unlink()
    (folder / "a.json").unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        (folder / "a.json").unlink()
    with pytest.raises(FileNotFoundError):
        (folder / "a.json").read_text(encoding="utf-8")
    (folder / "b.json").replace(folder / "moved.json")
    assert sorted(path.name for path in folder.iterdir()) == ["deep", "moved.json"]
    remove_tree(folder / "deep")
    remove_tree(folder / "nowhere")
    assert [path.name for path in folder.iterdir()] == ["moved.json"]


def test_a_bucket_is_never_removed(store: Store) -> None:
    """Whatever folder a run file names."""
    with pytest.raises(ValueError, match="whole bucket"):
        remove_tree(place(store.root))


def test_a_file_that_is_written_anew_is_read_anew(folder: Path) -> None:
    """Nothing remembers the old one."""
    for text in ("one", "two"):
        write_json(folder / "a.json", text)
        write_array(folder / "a.npy", np.array([ord(letter) for letter in text]))
        assert (folder / "a.json").read_text(encoding="utf-8") == f'"{text}"\n'
        assert map_array(folder / "a.npy").tolist() == load_array(folder / "a.npy").tolist() == [ord(letter) for letter in text]


@pytest.mark.parametrize("dtype", [np.uint16, np.int64, np.bool_])
@pytest.mark.parametrize("shape", [(0,), (7,), (3, 0), (3, 5), (1, 4)])
def test_parts_of_arrays_are_read(folder: Path, shape: tuple[int, ...], dtype: type) -> None:
    """As numpy cuts them, empty ones too."""
    array = (np.arange(np.prod(shape)) % 251).astype(dtype).reshape(shape)
    write_array(folder / "a.npy", array)
    found = open_array(folder / "a.npy")
    assert (len(found), found.shape, found.dtype) == (len(array), shape, array.dtype)
    for start, stop in ((0, shape[0]), (1, 3), (2, 2), (0, 10**6)):
        np.testing.assert_array_equal(found[start:stop], array[start:stop])
        if len(shape) == 2:
            np.testing.assert_array_equal(found[:, start:stop], array[:, start:stop])
    if shape[0]:
        np.testing.assert_array_equal(found[shape[0] - 1], array[-1])
    np.testing.assert_array_equal(map_array(folder / "a.npy"), array)


def test_columns_of_shards_are_read(folder: Path) -> None:
    """With the batches as they are."""
    batches = [make_batch({"doc_id": [f"{n}", f"{n}b"], "text": ["word " * 500] * 2}) for n in range(3)]
    write_ipc(folder / "shard.arrow", batches, SCHEMA)
    some, all_of_them = open_ipc(folder / "shard.arrow", ["cluster_size", "doc_id"]), open_ipc(folder / "shard.arrow")
    assert some.schema.names == ["doc_id", "cluster_size"]
    assert some.read_all()["doc_id"].equals(all_of_them.read_all()["doc_id"])
    assert [some.get_batch(n).num_rows for n in range(3)] == [2, 2, 2]
