"""The store's tables: entries, balances, refusals, events, and the head that every writer locks first."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import ConfigDict
from sqlmodel import Field, SQLModel

from ledger.entry import WHOLE, Entry

_IS_LICENSE = sa.text("license_no <> ''")
_REVERSES = sa.text("reverses_seq is not null")


class Posted(Entry, table=True):
    """One entry as it is kept, for ever: append-only, hashed, chained. Table `entry`."""

    __tablename__ = "entry"
    __table_args__ = (
        sa.UniqueConstraint("request_id", "request_part"),
        sa.UniqueConstraint("prev_hash", name="entry_no_fork"),
        sa.CheckConstraint("tpp > 0", name="entry_tpp_positive"),
        sa.CheckConstraint("approver <> actor", name="entry_two_people"),
        sa.Index(
            "entry_reversed_once",
            "reverses_seq",
            unique=True,
            sqlite_where=_REVERSES,
            postgresql_where=_REVERSES,
        ),
        {"sqlite_strict": True},
    )
    model_config = ConfigDict(frozen=False)

    seq: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    recorded_at: str = Field(sa_type=sa.Text)
    request_id: str = Field(sa_type=sa.Text)
    request_part: int = Field(sa_type=WHOLE)
    body_hash: str | None = Field(default=None, sa_type=sa.Text)
    group_id: str | None = Field(default=None, sa_type=sa.Text)
    regime: str = Field(sa_type=sa.Text)
    quota: str = Field(sa_type=sa.Text)
    holder: str = Field(sa_type=sa.Text)
    tpp: int = Field(sa_type=WHOLE)
    actor: str = Field(sa_type=sa.Text)
    approver: str | None = Field(default=None, sa_type=sa.Text)
    headroom_after_tpp: int = Field(sa_type=WHOLE)
    hash_v: int = Field(default=1, sa_type=WHOLE)
    prev_hash: str = Field(sa_type=sa.Text)
    hash: str = Field(sa_type=sa.Text)


class Balance(SQLModel, table=True):
    """One row an account, one column a bucket, in whole TPP; the rows of a quota sum to zero.

    `license_no` is empty for the quota's own account, which holds regime, headroom, blocked and what was
    exported without a license; each license holds what it may still ship and what it shipped. The CHECKs
    are the second guard behind `rules`: only an approved overdraft may take headroom below zero.
    """

    __tablename__ = "balance"
    __table_args__ = (
        sa.CheckConstraint("headroom_tpp >= 0 or overdraft_approver is not null", name="balance_headroom"),
        sa.CheckConstraint("licensed_tpp >= 0", name="balance_licensed"),
        sa.CheckConstraint("exported_tpp >= 0", name="balance_exported"),
        sa.CheckConstraint("blocked_tpp >= 0", name="balance_blocked"),
        sa.CheckConstraint(
            "license_no = '' or (regime_tpp = 0 and headroom_tpp = 0 and blocked_tpp = 0)",
            name="balance_license",
        ),
        sa.Index(
            "balance_one_license",
            "license_no",
            unique=True,
            sqlite_where=_IS_LICENSE,
            postgresql_where=_IS_LICENSE,
        ),
        {"sqlite_strict": True, "sqlite_with_rowid": False},
    )
    quota: str = Field(primary_key=True, sa_type=sa.Text)
    license_no: str = Field(primary_key=True, sa_type=sa.Text)
    regime_tpp: int = Field(sa_type=WHOLE)
    headroom_tpp: int = Field(sa_type=WHOLE)
    licensed_tpp: int = Field(sa_type=WHOLE)
    exported_tpp: int = Field(sa_type=WHOLE)
    blocked_tpp: int = Field(sa_type=WHOLE)
    issued_on: str | None = Field(default=None, sa_type=sa.Text)
    expires_on: str | None = Field(default=None, sa_type=sa.Text)
    closed_by_seq: int | None = Field(default=None, sa_type=WHOLE)
    closed_reason: str | None = Field(default=None, sa_type=sa.Text)
    overdraft_approver: str | None = Field(default=None, sa_type=sa.Text)


class Refusal(SQLModel, table=True):
    """One refused submission: what was asked and the answer, so that a repeat gets the same one."""

    __tablename__ = "refusal"
    __table_args__ = ({"sqlite_strict": True, "sqlite_with_rowid": False},)
    request_id: str = Field(primary_key=True, sa_type=sa.Text)
    attempt: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    body_hash: str | None = Field(default=None, sa_type=sa.Text)
    problem: str = Field(sa_type=sa.Text)
    refused_at: str = Field(sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)


class Head(SQLModel, table=True):
    """The one row that every writer locks first: the last entry, and what this ledger is.

    `origin` names the ledger for ever, `salt_key` (64 hexadecimal characters) makes the salts of the tree's
    leaves, `tree` is the tree's right edge as a JSON array of hashes, `shared` is 1 where people have roles.
    """

    __tablename__ = "head"
    __table_args__ = (sa.CheckConstraint("one = 1", name="head_one_row"), {"sqlite_strict": True})
    one: int = Field(default=1, primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=WHOLE)
    hash: str = Field(sa_type=sa.Text)
    recorded_at: str = Field(sa_type=sa.Text)
    regime: str = Field(sa_type=sa.Text)
    schema_version: int = Field(sa_type=WHOLE)
    origin: str = Field(sa_type=sa.Text)
    salt_key: str = Field(sa_type=sa.Text)
    shared: int = Field(sa_type=WHOLE)
    tree: str = Field(sa_type=sa.Text)


class Event(SQLModel, table=True):
    """One thing that somebody did around the ledger and that moves no TPP: append-only, hashed, chained.

    `topic` and `subject` say what it is about (person NAME, proposal ID, break FINGERPRINT, ...), `action`
    what was done, `detail` the rest as canonical JSON. What stands now is the fold over these rows.
    """

    __tablename__ = "event"
    __table_args__ = (
        sa.UniqueConstraint("prev_hash", name="event_no_fork"),
        sa.Index("event_of", "topic", "subject", "seq"),
        {"sqlite_strict": True},
    )
    seq: int = Field(primary_key=True, sa_type=WHOLE, sa_column_kwargs={"autoincrement": False})
    recorded_at: str = Field(sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)
    topic: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=sa.Text)
    action: str = Field(sa_type=sa.Text)
    detail: str = Field(sa_type=sa.Text)
    prev_hash: str = Field(sa_type=sa.Text)
    hash: str = Field(sa_type=sa.Text)


ENTRY: sa.Table = Posted.__table__  # type: ignore[attr-defined]  # SQLModel adds it at run time
REFUSAL: sa.Table = Refusal.__table__  # type: ignore[attr-defined]  # likewise
EVENT: sa.Table = Event.__table__  # type: ignore[attr-defined]  # likewise
