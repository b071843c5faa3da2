"""What access needs from outside: something that hashes passwords slowly, without holding up the others."""

from typing import Protocol


class SecretHasher(Protocol):
    """Hash and verify; `verify` takes as long for no hash as for a wrong one."""

    async def hash(self, secret: str) -> str: ...

    async def verify(self, hashed: str | None, secret: str) -> bool: ...
