"""Machine clients and their secrets, users, and the count of failures behind each door."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.access.errors import LockedOut
from services.customer.access.rules import PENDING_LASTS, LockPolicy
from services.customer.tables import Table
from shared.columns import Timestamp


class MachineClient(Table, table=True):
    """A program that calls the APIs: a hall's POS, an SMS gateway, the regional office's importer."""

    __tablename__ = "clients"

    client_id: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=120)
    role: str = Field(max_length=32)
    county: str | None = Field(default=None, max_length=20)
    hall: str | None = Field(default=None, max_length=16)
    created_at: datetime = Field(sa_type=Timestamp)
    disabled_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def disable(self, now: datetime) -> None:
        self.disabled_at = self.disabled_at or now

    def enable(self) -> None:
        self.disabled_at = None


class ClientSecret(Table, table=True):
    """The hash of one secret; two may be valid at once while a client changes over."""

    __tablename__ = "client_secrets"
    __table_args__ = (sa.Index("ix_client_secrets_client_id", "client_id"),)

    id: UUID = Field(primary_key=True)
    client_id: str = Field(foreign_key="clients.client_id", max_length=64)
    secret_hash: str = Field(max_length=200)
    created_at: datetime = Field(sa_type=Timestamp)
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)

    def is_valid(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def expire_at(self, at: datetime) -> None:
        """Never later than it would have ended anyway."""
        self.expires_at = at if self.expires_at is None else min(at, self.expires_at)


class User(Table, table=True):
    """A person who signs in; `staff_no` ties them to the directory where they work as a clerk."""

    __tablename__ = "users"

    username: str = Field(primary_key=True, max_length=64)
    password_hash: str = Field(max_length=200)
    role: str = Field(max_length=32)
    county: str | None = Field(default=None, max_length=20)
    hall: str | None = Field(default=None, max_length=16)
    staff_no: str | None = Field(default=None, max_length=20)
    display: str = Field(max_length=60)
    created_at: datetime = Field(sa_type=Timestamp)
    password_changed_at: datetime = Field(sa_type=Timestamp)
    disabled_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @property
    def subject(self) -> str:
        """How tokens and records name this person: the staff number where there is one."""
        return self.staff_no or self.username

    def disable(self, now: datetime) -> None:
        self.disabled_at = self.disabled_at or now

    def enable(self) -> None:
        self.disabled_at = None

    def change(self, changes: Mapping[str, Any]) -> bool:
        """Whether anything became different: role, place, name, staff number."""
        different = {name: value for name, value in changes.items() if getattr(self, name) != value}
        for name, value in different.items():
            setattr(self, name, value)
        return bool(different)

    def change_password(self, password_hash: str, now: datetime) -> None:
        self.password_hash, self.password_changed_at = password_hash, now


class SignInFailures(Table, table=True):
    """Failures in a row behind one door (a hashed user name, client or address) and attempts not yet decided."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (sa.Index("ix_sign_in_failures_last_at", "last_at"),)

    door: str = Field(primary_key=True, max_length=80)
    failures: int = 0
    pending: int = 0
    last_at: datetime = Field(sa_type=Timestamp)
    locked_until: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def of(cls, door: str, now: datetime) -> Self:
        return cls(door=door, last_at=now)

    def begin(self, policy: LockPolicy, now: datetime) -> None:
        """Take a place for one attempt, or raise `LockedOut`."""
        self._forget(policy, now)
        self.refuse_while_locked(now)
        if not policy.has_room(self.failures, self.pending):
            raise LockedOut(retry_after=1)
        self.pending += 1
        self.last_at = now

    def refuse_while_locked(self, now: datetime) -> None:
        if self.locked_until is not None and now < self.locked_until:
            raise LockedOut(retry_after=ceil((self.locked_until - now) / timedelta(seconds=1)))

    def succeed(self, policy: LockPolicy) -> None:
        self.pending = max(0, self.pending - 1)
        if policy.success_clears:
            self.failures, self.locked_until = 0, None

    def fail(self, policy: LockPolicy, now: datetime) -> None:
        """Count one more failure and shut the door when they are too many."""
        self._forget(policy, now)
        self.pending, self.failures, self.last_at = max(0, self.pending - 1), self.failures + 1, now
        if pause := policy.pause_after(self.failures):
            self.locked_until = now + pause

    def _forget(self, policy: LockPolicy, now: datetime) -> None:
        if now - self.last_at >= PENDING_LASTS:
            self.pending = 0  # whoever had taken these places crashed
        if now - self.last_at >= policy.forget:
            self.failures, self.locked_until = 0, None
