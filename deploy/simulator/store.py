"""What the simulator has taken and still has to post, in a file: a kill loses nothing it has answered for.

Numbers are kept as a mask and a keyed hash; the sender of a reply that is still to be posted is sealed.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, gateway_message_id TEXT NOT NULL,
    to_hash TEXT NOT NULL, to_masked TEXT NOT NULL, sender TEXT NOT NULL, text TEXT NOT NULL,
    segments INTEGER NOT NULL, submissions INTEGER NOT NULL, status TEXT NOT NULL, accepted_at TEXT NOT NULL,
    final_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS postings (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS ix_postings_due_at ON postings (due_at);
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message as it was taken; `status` is the fate it will meet."""

    id: str
    gateway_message_id: str
    to_hash: str
    to_masked: str
    sender: str
    text: str
    segments: int
    status: str
    accepted_at: str
    final_at: str


@dataclass(frozen=True, slots=True)
class Posting:
    """One thing to post, not before `due_at` (seconds since 1970)."""

    due_at: float
    kind: str
    body: str
    seq: int = 0
    attempts: int = 0


class Store:
    """A small SQLite file used from one thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(TABLES)

    def close(self) -> None:
        self._connection.close()

    def take(self, taken: Taken, postings: Iterable[Posting]) -> str:
        """Keep a message with its receipts; the same id again only counts. The gateway's id for it."""
        with self._transaction():
            known = self.message(taken.id)
            if known is not None:
                self._connection.execute(
                    "UPDATE messages SET submissions = submissions + 1 WHERE id = ?", [taken.id]
                )
                return str(known["gateway_message_id"])
            self._connection.execute(
                "INSERT INTO messages (id, gateway_message_id, to_hash, to_masked, sender, text, segments, submissions,"
                " status, accepted_at, final_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
                [
                    *(
                        taken.id,
                        taken.gateway_message_id,
                        taken.to_hash,
                        taken.to_masked,
                        taken.sender,
                        taken.text,
                    ),
                    *(taken.segments, taken.status, taken.accepted_at, taken.final_at),
                ],
            )
            self._add(postings)
        return taken.gateway_message_id

    def post_later(self, postings: Iterable[Posting]) -> None:
        with self._transaction():
            self._add(postings)

    def message(self, message_id: str) -> dict[str, Any] | None:
        row = self._connection.execute("SELECT * FROM messages WHERE id = ?", [message_id]).fetchone()
        return dict(row) if row else None

    def messages_after(self, seq: int, since: str, limit: int) -> list[dict[str, Any]]:
        """In the order in which they were taken."""
        query = "SELECT * FROM messages WHERE seq > ? AND accepted_at >= ? ORDER BY seq LIMIT ?"
        return [dict(row) for row in self._connection.execute(query, [seq, since, limit])]

    def due(self, now: float, limit: int) -> list[Posting]:
        query = "SELECT due_at, kind, body, seq, attempts FROM postings WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?"
        return [Posting(*row) for row in self._connection.execute(query, [now, limit])]

    def next_due(self) -> float | None:
        due: float | None = self._connection.execute("SELECT MIN(due_at) FROM postings").fetchone()[0]
        return due

    def posted(self, postings: Sequence[Posting]) -> None:
        with self._transaction():
            self._connection.executemany("DELETE FROM postings WHERE seq = ?", [[p.seq] for p in postings])

    def again(self, postings: Sequence[Posting], at: float) -> None:
        """Try these again at that moment."""
        with self._transaction():
            self._connection.executemany(
                "UPDATE postings SET due_at = ?, attempts = attempts + 1 WHERE seq = ?",
                [[at, p.seq] for p in postings],
            )

    def _add(self, postings: Iterable[Posting]) -> None:
        self._connection.executemany(
            "INSERT INTO postings (due_at, kind, body) VALUES (?, ?, ?)",
            [[p.due_at, p.kind, p.body] for p in postings],
        )

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)


class _Transaction:
    """BEGIN to COMMIT, or ROLLBACK when the block fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self._connection.execute("ROLLBACK" if kind else "COMMIT")
