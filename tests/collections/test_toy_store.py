"""A second store, in this file alone: SQLite fills the seam, and the contract, the domain and the face take it."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from threading import RLock

import numpy as np

from inspector.collections.binding import Binding
from inspector.collections.store import (
    Block,
    Header,
    HeaderChangedError,
    IdsTakenError,
    ItemBatch,
    StoredItem,
    Summary,
)
from inspector.face.collection import collection as collection_of
from tests.collections.contract import StoreContract

ROWS = 512


class SqliteStore:
    """One connection, one lock."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)  # newer Pythons warn of what is left open
        self._lock = RLock()
        self._db.executescript(
            "CREATE TABLE collection (name TEXT PRIMARY KEY, header TEXT);"
            "CREATE TABLE item (key TEXT, place INT, id TEXT, vector BLOB, attributes TEXT,"
            " PRIMARY KEY (key, place), UNIQUE (key, id));"
        )

    def info(self, name: str) -> Summary | None:
        with self._lock:
            for (text,) in self._db.execute("SELECT header FROM collection WHERE name = ?", (name,)):
                given = json.loads(text)
                header = Header(**given | {"binding": Binding(**given["binding"])})
                last = self._db.execute("SELECT max(place) FROM item WHERE key = ?", (header.key,))
                return Summary(header=header, item_count=last.fetchone()[0] + 1)
        return None

    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(name for (name,) in self._db.execute("SELECT name FROM collection ORDER BY name"))

    def append(self, batch: ItemBatch, *, header: Header, replacing: Header | None) -> Summary:
        with self._lock, self._db:
            found = self.info(header.name)
            if (None if found is None else found.header) != replacing:
                raise HeaderChangedError
            if taken := self._find(header.key, batch.ids):
                raise IdsTakenError([one for one in batch.ids if one in taken])
            first = 0 if found is None else found.item_count
            self._db.execute(
                "INSERT OR REPLACE INTO collection VALUES (?, ?)", (header.name, json.dumps(asdict(header)))
            )
            self._db.executemany(
                "INSERT INTO item VALUES (?, ?, ?, ?, ?)",
                [
                    (header.key, first + row, str(one), batch.vectors[row].tobytes(), json.dumps(said))
                    for row, (one, said) in enumerate(zip(batch.ids, batch.attributes, strict=True))
                ],
            )
            return Summary(header=header, item_count=first + len(batch.ids))

    def vectors(self, name: str, ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        with self._lock:
            found = self.info(name)
            return {} if found is None else self._find(found.header.key, ids)

    def blocks(self, name: str) -> Generator[Block, None, None]:
        found = self.info(name)
        if found is None:
            return
        for first in range(0, found.item_count, ROWS):
            with self._lock:
                rows = self._db.execute(
                    "SELECT id, vector FROM item WHERE key = ? AND place >= ? AND place < ? ORDER BY place",
                    (found.header.key, first, min(first + ROWS, found.item_count)),
                ).fetchall()
            if not rows:
                return
            matrix = np.frombuffer(b"".join(vector for _, vector in rows), np.float32).reshape(len(rows), -1)
            yield Block(first=first, ids=tuple(one for one, _ in rows), vectors=matrix)

    def items(self, name: str, indices: Sequence[int]) -> Mapping[int, StoredItem]:
        with self._lock:
            found = self.info(name)
            key = found.header.key if found else ""
            query = "SELECT place, id, attributes FROM item WHERE key = ? AND place = ?"
            rows = [row for index in indices for row in self._db.execute(query, (key, index))]
        return {place: StoredItem(id=one, attributes=json.loads(said)) for place, one, said in rows}

    def delete(self, name: str) -> bool:
        with self._lock, self._db:
            found = self.info(name)
            if found is None:
                return False
            self._db.execute("DELETE FROM item WHERE key = ?", (found.header.key,))
            self._db.execute("DELETE FROM collection WHERE name = ?", (name,))
            return True

    def _find(self, key: str, ids: Sequence[str]) -> dict[str, np.ndarray]:
        query = "SELECT id, vector FROM item WHERE key = ? AND id = ?"
        rows = [row for one in ids for row in self._db.execute(query, (key, str(one)))]
        return {one: np.frombuffer(vector, np.float32) for one, vector in rows}


class TestSqliteStore(StoreContract):
    def make(self) -> SqliteStore:
        return SqliteStore()


def test_the_face_takes_another_store() -> None:
    store = SqliteStore()
    collection = collection_of("points", store=store)
    collection.add(
        vectors={"a": np.asarray([0, 0], np.float32), "b": np.asarray([3, 4], np.float32)},
        attributes={"b": {"file": "b.png"}},
    )
    ((first, second),) = collection_of("points", store=store).neighbors(items=["a"], metric="euclidean")
    assert (first.id, second.id, second.distance, second.attributes) == ("a", "b", 5.0, {"file": "b.png"})
    assert collection.pca(components=1).ids == ("a", "b")
    collection.delete()
    assert store.names() == ()
