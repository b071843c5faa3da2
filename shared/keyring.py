"""The key ring: every secret the house keeps, in one file that only its owner may read.

Phone keys carry ids so that they can be rotated; the index key stays, since changing it means re-indexing
every number. Secrets with a name are derived from the root unless the file states one.
"""

import base64
import fcntl
import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = 1
KEY_BYTES = 32

Jwk = Mapping[str, str]


class KeyRingUnusable(Exception):
    """The key file is missing, unreadable or not a key ring; the message is one line for the operator."""


@dataclass(frozen=True)
class KeyRing:
    """Phone keys by id, the key of the blind index, Ed25519 token keys and the root of named secrets."""

    current_phone_key: str
    phone_keys: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)
    token_keys: tuple[Jwk, ...] = field(repr=False)
    root: bytes = field(repr=False)
    named: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealing_since: datetime | None = field(default=None, repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A fresh ring in memory, with one key of each kind."""
        return cls(
            current_phone_key="k1",
            phone_keys={"k1": secrets.token_bytes(KEY_BYTES)},
            index_key=secrets.token_bytes(KEY_BYTES),
            token_keys=(_new_token_key(),),
            root=secrets.token_bytes(KEY_BYTES),
        )

    @classmethod
    def create(cls, path: Path) -> Self:
        """Write a fresh ring to `path` with mode 0600; refuses to replace a file that is already there."""
        ring = cls.generate()
        try:
            _write_new(path, ring.to_json())
        except FileExistsError:
            raise KeyRingUnusable(f"密钥文件 {path} 已存在，不会覆盖") from None
        except OSError as error:
            raise KeyRingUnusable(f"密钥文件 {path} 无法写入：{error.strerror}") from None
        return ring

    @classmethod
    def load(cls, path: Path) -> Self:
        """The ring kept in `path`."""
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise KeyRingUnusable(f"密钥文件 {path} 不存在，请先生成或从备份恢复") from None
        except OSError as error:
            raise KeyRingUnusable(f"密钥文件 {path} 无法读取：{error.strerror}") from None
        try:
            return cls._from_json(json.loads(content))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise KeyRingUnusable(f"密钥文件 {path} 内容不是有效的密钥环") from None

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The ring in `path`, made on first use; of two processes starting together one makes it."""
        if not path.exists():
            try:
                return cls.create(path)
            except KeyRingUnusable:
                if not path.exists():
                    raise
        return cls.load(path)

    def save(self, path: Path) -> None:
        """Replace `path` by this ring in one step, mode 0600: a reader sees the old ring or the new one."""
        draft = _draft_beside(path, self.to_json())
        draft.replace(path)

    @property
    def prepared_phone_key(self) -> str | None:
        """The key that every process already has and none seals with yet, if there is one."""
        newest = max(self.phone_keys, key=_number)
        return newest if _number(newest) > _number(self.current_phone_key) else None

    def with_prepared_phone_key(self) -> Self:
        """First half of a rotation where the file is copied about: a key that opens and does not seal."""
        if self.prepared_phone_key:
            return self
        key_id = f"k{max(map(_number, self.phone_keys)) + 1}"
        return replace(self, phone_keys={**self.phone_keys, key_id: secrets.token_bytes(KEY_BYTES)})

    def with_new_phone_key(self, now: datetime | None = None) -> Self:
        """Rotation: the prepared key, or a new one, seals from now on; the old ones still open what they sealed."""
        ring = self.with_prepared_phone_key()
        return replace(
            ring, current_phone_key=ring.prepared_phone_key or ring.current_phone_key, sealing_since=now
        )

    def without_phone_key(self, key_id: str) -> Self:
        """End of a rotation, once nothing sealed with `key_id` is left; the current key cannot be dropped."""
        if key_id == self.current_phone_key:
            raise ValueError("the current phone key cannot be dropped")
        return replace(self, phone_keys={k: v for k, v in self.phone_keys.items() if k != key_id})

    def with_new_token_key(self) -> Self:
        """Rotation: the new key signs, the older ones stay published while their tokens live."""
        return replace(self, token_keys=(_new_token_key(), *self.token_keys))

    @property
    def signing_key(self) -> Jwk:
        """The private JWK that signs tokens now."""
        return self.token_keys[0]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public half of every token key, as a JWK Set."""
        public = [{name: part for name, part in key.items() if name != "d"} for key in self.token_keys]
        return {"keys": public}

    def secret(self, name: str) -> str:
        """The secret called `name`: stated in the file, or else 32 bytes derived for that name (base64)."""
        stated = self.named.get(name)
        if stated is not None:
            return stated
        kdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=f"hall:{name}".encode())
        return base64.b64encode(kdf.derive(self.root)).decode()

    def with_secret(self, name: str, value: str) -> Self:
        """State a secret that another party chose, such as a gateway's."""
        return replace(self, named={**self.named, name: value})

    def to_json(self) -> bytes:
        """The key file's content. It is secret."""
        document = {
            "format": FORMAT,
            "phone": {
                "current": self.current_phone_key,
                "keys": {key_id: _b64(key) for key_id, key in self.phone_keys.items()},
                "since": self.sealing_since.isoformat() if self.sealing_since else None,
            },
            "phone_index": _b64(self.index_key),
            "tokens": [dict(key) for key in self.token_keys],
            "root": _b64(self.root),
            "secrets": dict(self.named),
        }
        return json.dumps(document, indent=2).encode() + b"\n"

    @classmethod
    def _from_json(cls, document: Any) -> Self:
        if document["format"] != FORMAT:
            raise ValueError("unknown format")
        since = document["phone"].get("since")
        ring = cls(
            current_phone_key=document["phone"]["current"],
            phone_keys={_key_id(key_id): _key(text) for key_id, text in document["phone"]["keys"].items()},
            index_key=_key(document["phone_index"]),
            token_keys=tuple(_token_key(key) for key in document["tokens"]),
            root=_key(document["root"]),
            named={str(name): str(value) for name, value in document.get("secrets", {}).items()},
            sealing_since=datetime.fromisoformat(since) if since else None,
        )
        if ring.current_phone_key not in ring.phone_keys or not ring.token_keys:
            raise ValueError("a key in use is missing")
        return ring


class KeyFile:
    """The file of a ring that another program may replace: looked at now and then, read when it is another one."""

    LOOKED_AT_EVERY = 5.0

    def __init__(self, path: Path) -> None:
        self._path, self._seen, self._looked_at = path, _identity(path), time.monotonic()

    def newer(self, *, at_once: bool = False) -> KeyRing | None:
        """The ring if the file was replaced since; None also when it cannot be read, since the old keys still work."""
        if not at_once and time.monotonic() - self._looked_at < self.LOOKED_AT_EVERY:
            return None
        self._looked_at, found = time.monotonic(), _identity(self._path)
        if found is None or found == self._seen:
            return None
        try:
            ring = KeyRing.load(self._path)
        except KeyRingUnusable:
            return None
        self._seen = found
        return ring


@contextmanager
def changing(path: Path) -> Iterator[KeyRing]:
    """The ring in `path`, nobody else's to change meanwhile; `save` what came of it inside the block."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError:
        raise KeyRingUnusable(f"密钥文件 {path} 不存在，请先生成或从备份恢复") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield KeyRing.load(path)
    finally:
        os.close(folder)


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _number(key_id: str) -> int:
    return int(key_id[1:])


def _new_token_key() -> Jwk:
    private = Ed25519PrivateKey.generate()
    public = _b64(private.public_key().public_bytes_raw())
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": _thumbprint(public),
        "x": public,
        "d": _b64(private.private_bytes_raw()),
    }


def _thumbprint(public: str) -> str:
    """RFC 7638: the hash of the required members in lexical order."""
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": public}, separators=(",", ":"))
    return _b64(hashlib.sha256(members.encode()).digest())


def _token_key(document: Any) -> Jwk:
    key = {str(name): str(part) for name, part in document.items()}
    Ed25519PrivateKey.from_private_bytes(_key(key["d"]))
    _key(key["x"])
    if key["crv"] != "Ed25519" or not key["kid"]:
        raise ValueError("not an Ed25519 key")
    return key


def _key_id(text: str) -> str:
    if not (text[:1] == "k" and text[1:].isascii() and text[1:].isdigit()):
        raise ValueError("phone key ids are k1, k2 …")
    return text


def _key(text: str) -> bytes:
    key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _write_new(path: Path, content: bytes) -> None:
    """Appear whole or not at all, and never over another ring: a link fails where a rename would replace."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_beside(path, content)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _draft_beside(path: Path, content: bytes) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
