"""Mobile numbers: normalised, masked, sealed and indexed. A clear number lives between edge and seal.

Sealed text is `k1.<base64url>`: key id, then nonce and AES-GCM ciphertext. The index is a keyed hash.
"""

import base64
import binascii
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Invalid, Unavailable
from shared.keyring import KeyFile, KeyRing

NONCE_BYTES = 12
LONGEST_INPUT = 64
HIDDEN = "*" * 11

_NATIONAL = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_E164 = re.compile(r"\+861[3-9][0-9]{9}")
_KEY_ID = re.compile(r"k[0-9]{1,9}")
_SEALED = re.compile(r"k[0-9]{1,9}\.[A-Za-z0-9_-]{38,}")
_IGNORED = ("Z", "Pd", "Cf", "Cc")
# Ids and hashes are left alone: their digits may look like a number, and a masked id finds nothing.
_NUMBER_IN_TEXT = re.compile(
    r"(?P<id>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,}\b)"
    r"|(?<!\d)(?:(?:\+|00)?86[-\s]?)?(?P<first>[1１][3-9３-９]\d)[-\s]?\d{4}[-\s]?\d{4}(?!\d)"
)


class InvalidPhone(Invalid):
    """The text is not a mobile number of the mainland."""

    code = "invalid-phone"
    title = "手机号码无效"
    detail = "手机号码应为 11 位数字，以 13 至 19 开头"


class SealBroken(ValueError):
    """A sealed number cannot be opened: unknown key, or altered text."""


class KeyUnknown(Unavailable, SealBroken):
    """The seal looks sound, its key is not in this machine's ring: after a rotation the file may be on its way."""

    code = "key-unknown"
    title = "暂时无法解开号码"
    detail = "解开这个号码的密钥还没有到这台机器上，请稍后再试；若仍不行，请联系管理员分发密钥文件。"


@dataclass(frozen=True)
class SealedPhone:
    """What is kept of a number: the sealed text, the blind index, and the mask that may be shown."""

    enc: str = field(repr=False)
    index: str
    masked: str


def normalise(text: str) -> str:
    """The E.164 form of a number as people write it: full width, with blanks, hyphens, +86, 0086 or 86."""
    match = _NATIONAL.fullmatch(_bare(text)) if len(text) <= LONGEST_INPUT else None
    if match is None:
        raise InvalidPhone
    return f"+86{match[1]}"


def mask(e164: str) -> str:
    """The form shown everywhere: three digits and eight stars, `139********`."""
    return f"{e164[3:6]}********" if _E164.fullmatch(e164) else HIDDEN


def hide_numbers(text: str) -> str:
    """`text` with every mobile number in it masked, for logs and for words that customers wrote."""
    return _NUMBER_IN_TEXT.sub(_hidden, text)


class PhoneBook:
    """Seals, opens and indexes numbers with the keys of one ring; given its file, also with keys that come later."""

    def __init__(self, keyring: KeyRing, file: KeyFile | None = None) -> None:
        self._file, self._index_key = file, keyring.index_key
        self._take(keyring)

    def seal(self, text: str) -> SealedPhone:
        """Normalise and seal; InvalidPhone when `text` is no mobile number."""
        e164 = normalise(text)
        return SealedPhone(enc=self._seal(e164), index=self._index(e164), masked=mask(e164))

    def seal_text(self, text: str) -> str:
        """Seal what is no number but as secret: an unreadable cell of a sheet, a code. `open` gives it back."""
        return self._seal(text)

    def open(self, enc: str) -> str:
        """The clear E.164 number. Only dispatch and the audited reveal have reason to call this."""
        key_id, _, body = enc.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None and _KEY_ID.fullmatch(key_id) and self._look(at_once=True):
            cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyUnknown if _SEALED.fullmatch(enc) else SealBroken("this is no sealed number")
        try:
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], key_id.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise SealBroken("the sealed number was altered") from None

    def index(self, text: str) -> str:
        """The blind index of a number as typed, to look it up by."""
        return self._index(normalise(text))

    @property
    def current_key(self) -> str:
        """The id of the key that seals now."""
        return self._current

    def reseal(self, enc: str) -> str:
        """The same number under the current key; unchanged when it already is."""
        return enc if enc.startswith(f"{self._current}.") else self._seal(self.open(enc))

    def _take(self, ring: KeyRing) -> None:
        self._current = ring.current_phone_key
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.phone_keys.items()}

    def _look(self, *, at_once: bool = False) -> bool:
        """Take over a ring that replaced ours. One with another index key is another house's and is left alone."""
        ring = self._file.newer(at_once=at_once) if self._file else None
        if ring is None or not hmac.compare_digest(ring.index_key, self._index_key):
            return False
        self._take(ring)
        return True

    def _seal(self, e164: str) -> str:
        self._look()
        nonce = os.urandom(NONCE_BYTES)
        raw = nonce + self._ciphers[self._current].encrypt(nonce, e164.encode(), self._current.encode())
        return f"{self._current}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    def _index(self, e164: str) -> str:
        return hmac.digest(self._index_key, e164.encode(), "sha256").hex()


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if not unicodedata.category(char).startswith(_IGNORED))


def _hidden(match: re.Match[str]) -> str:
    return match[0] if match["id"] else f"{unicodedata.normalize('NFKC', match['first'])}********"
