"""The key file: made once, read by its owner, whole or not at all."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey
from standardwebhooks import Webhook

from shared import clock
from shared.keyring import KeyRing, KeyRingUnusable, changing


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_new_ring_is_written_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keyring.json"
    ring = KeyRing.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing.load(path) == ring
    assert [file.name for file in path.parent.iterdir()] == ["keyring.json"]


def test_a_ring_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    ring = KeyRing.create(path)
    with pytest.raises(KeyRingUnusable, match="已存在"):
        KeyRing.create(path)
    assert KeyRing.load(path) == ring
    assert len(list(tmp_path.iterdir())) == 1


def test_processes_that_start_together_share_one_ring(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    with ThreadPoolExecutor(16) as pool:
        rings = list(pool.map(lambda _: KeyRing.load_or_create(path), range(64)))
    assert all(ring == rings[0] for ring in rings)


def test_saving_replaces_the_file_and_keeps_it_private(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    rotated = KeyRing.create(path).with_new_phone_key().with_new_token_key().with_secret("kannel", "s3cret")
    rotated.save(path)
    assert KeyRing.load(path) == rotated
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{",
        b'{"format": 2}',
        b'{"format": 1, "phone": {"current": "k1", "keys": {}}}',
        b"[" * 100_000,
    ],
)
def test_a_file_that_is_no_key_ring_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keyring.json"
    path.write_bytes(content)
    with pytest.raises(KeyRingUnusable) as failure:
        KeyRing.load(path)
    assert str(failure.value) == f"密钥文件 {path} 内容不是有效的密钥环"


@pytest.mark.parametrize(
    "spoil",
    [
        {"phone": {"current": "k9", "keys": {"k1": "A" * 43}}},
        {"phone": {"current": "k1", "keys": {"k1": "AAAA"}}},
        {"phone": {"current": "x", "keys": {"x": "A" * 43}}},
        {"tokens": []},
        {"tokens": [{"kty": "OKP"}]},
        {"root": 7},
        {"phone_index": "!" * 43},
    ],
)
def test_a_ring_with_a_damaged_key_is_refused_whole(tmp_path: Path, spoil: dict[str, object]) -> None:
    path = tmp_path / "keyring.json"
    KeyRing.create(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | spoil))
    with pytest.raises(KeyRingUnusable, match="不是有效的密钥环"):
        KeyRing.load(path)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(KeyRingUnusable, match="不存在") as failure:
        KeyRing.load(tmp_path / "none.json")
    assert "\n" not in str(failure.value)


def test_a_folder_instead_of_a_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(KeyRingUnusable, match="无法读取"):
        KeyRing.load(tmp_path)


def test_nothing_secret_shows_when_a_ring_is_printed() -> None:
    ring = KeyRing.generate()
    assert repr(ring) == "KeyRing(current_phone_key='k1')"


def test_phone_keys_are_numbered_on_and_the_current_one_cannot_be_dropped() -> None:
    ring = KeyRing.generate().with_new_phone_key().with_new_phone_key()
    assert ring.current_phone_key == "k3"
    assert sorted(ring.without_phone_key("k1").phone_keys) == ["k2", "k3"]
    with pytest.raises(ValueError, match="current"):
        ring.without_phone_key("k3")


def test_what_a_token_key_signed_is_verified_by_its_public_half_after_a_rotation() -> None:
    old = KeyRing.generate()
    signature = Ed25519PrivateKey.from_private_bytes(raw(old.signing_key["d"])).sign(b"token")
    published = old.with_new_token_key().jwks()["keys"]
    assert len(published) == 2
    assert all("d" not in key for key in published)
    public = next(key["x"] for key in published if key["kid"] == old.signing_key["kid"])
    Ed25519PublicKey.from_public_bytes(raw(public)).verify(signature, b"token")


def test_key_ids_are_the_keys_thumbprints() -> None:
    key = KeyRing.generate().signing_key
    assert OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key["x"]}).thumbprint() == key["kid"]


def test_named_secrets_are_stable_distinct_and_can_be_stated() -> None:
    ring = KeyRing.generate()
    assert ring.secret("session") == ring.secret("session") != ring.secret("gateway.simulator")
    assert len(base64.b64decode(ring.secret("session"))) == 32
    assert ring.with_secret("gateway.kannel", "given").secret("gateway.kannel") == "given"
    assert KeyRing.generate().secret("session") != ring.secret("session")


def test_a_named_secret_signs_webhooks() -> None:
    hook = Webhook(KeyRing.generate().secret("gateway.simulator"))
    now = clock.now()
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": hook.sign("m1", now, "{}"),
    }
    assert hook.verify("{}", headers) == {}


def test_a_rotation_keeps_the_old_key_and_notes_since_when_the_new_one_seals(tmp_path: Path) -> None:
    path, at = tmp_path / "keyring.json", clock.now()
    ring = KeyRing.create(path)
    with changing(path) as known:
        known.with_new_phone_key(at).save(path)
    rotated = KeyRing.load(path)
    assert (rotated.current_phone_key, set(rotated.phone_keys)) == ("k2", {"k1", "k2"})
    assert (rotated.sealing_since, rotated.phone_keys["k1"]) == (at, ring.phone_keys["k1"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["keyring.json"]


def test_a_prepared_key_opens_and_does_not_seal_until_it_is_made_current() -> None:
    prepared = KeyRing.generate().with_prepared_phone_key()
    assert (prepared.current_phone_key, prepared.prepared_phone_key) == ("k1", "k2")
    assert prepared.with_prepared_phone_key() is prepared
    current = prepared.with_new_phone_key(clock.now())
    assert (current.current_phone_key, current.prepared_phone_key) == ("k2", None)
    assert current.phone_keys == prepared.phone_keys


def test_of_many_who_change_the_ring_at_once_nobody_loses_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    KeyRing.create(path)

    def rotate(_number: int) -> None:
        with changing(path) as known:
            known.with_new_phone_key(clock.now()).save(path)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rotate, range(16)))
    ring = KeyRing.load(path)
    assert (ring.current_phone_key, len(ring.phone_keys)) == ("k17", 17)


def test_changing_a_ring_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(KeyRingUnusable, match="不存在"), changing(tmp_path / "none" / "keyring.json"):
        pass
