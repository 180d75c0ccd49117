"""The guards of a store: there word for word, or named as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger import Ledger, Misconfigured, guards
from ledger.checkup import Check, check
from ledger.cli import run
from ledger.database import Database
from ledger.store import Store
from tests.clock import Clock
from tests.outside import connected, drop_guards
from tests.postgres import Postgres
from tests.shared import create


def found(url: str) -> list[tuple[str, str]]:
    store = Store(Database(url, 10))
    rows = [(name, definition) for name, definition in store.read("guards")]
    store.close()
    return rows


def guarded(url: str) -> Check:
    """What `db check` says of the guards."""
    (said,) = (each for each in check(Database(url, 10)) if each.check == "guards")
    return said


def dialect(url: str) -> str:
    return url.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]


def test_a_new_ledger_has_every_guard_word_for_word(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    assert guards.missing(dialect(store_url), found(store_url)) == []


def test_each_guard_that_is_away_or_changed_is_named(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    there = found(store_url)
    for name, definition in there:
        others = [each for each in there if each[0] != name]
        assert guards.missing(dialect(store_url), others) == [name]
        assert guards.missing(dialect(store_url), [*others, (name, definition + " ")]) == [name]


def test_what_else_is_there_is_nobodys_fault_unless_it_acts_by_itself(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(store_url) as owner:
        owner.exec_driver_sql("create index theirs on entry (country)")
        owner.exec_driver_sql(
            "create table their_notes (seq bigint unique references entry (seq), check (seq < 9))"
        )
        owner.exec_driver_sql("create unique index theirs_too on their_notes (seq)")
        owner.exec_driver_sql("create view their_view as select seq from entry")
        owner.commit()
    Ledger.open(store_url).close()
    assert guards.amiss(dialect(store_url), found(store_url)) is None


STRANGE = {
    "sqlite": "create trigger quiet before insert on event begin select raise(ignore); end",
    "postgresql": "create trigger quiet before insert on event for each row execute function quiet()",
    "a rule": "create rule quiet as on insert to event where new.topic = 'audit' do instead nothing",
}


@pytest.mark.parametrize("strange", STRANGE)
def test_a_trigger_or_rule_that_is_none_of_ours_is_named(
    postgres: Postgres, tmp_path: Path, strange: str
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}" if strange == "sqlite" else postgres.create()
    Ledger.init(url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(url) as owner:
        if strange == "postgresql":
            owner.exec_driver_sql(
                "create function quiet() returns trigger language plpgsql as 'begin return null; end'"
            )
        owner.exec_driver_sql(STRANGE[strange])
        owner.commit()
    with pytest.raises(Misconfigured, match=r"quiet is not one of the ledger's own triggers .* drop it"):
        Ledger.open(url)
    assert (guarded(url).state, guarded(url).advice[:7]) == ("fail", "drop it")


REFUSING = {
    "a unique index": "create unique index quiet on entry (reference)",
    "a check": "alter table entry add constraint quiet check (length(license_no) < 12)",
    "a check of what is new": (
        "alter table entry add constraint quiet check (length(license_no) < 12) not valid"
    ),
    "a key": "alter table refusal add constraint quiet unique (request_id)",
    "a key elsewhere": (
        "create table their_countries (code text primary key); "
        "alter table entry add constraint quiet foreign key (country) references their_countries"
    ),
    "an exclusion": "alter table event add constraint quiet exclude (recorded_at with =)",
}


@pytest.mark.parametrize(
    ("sort", "refusing"), [("sqlite", "a unique index"), *(("postgresql", each) for each in REFUSING)]
)
def test_a_key_or_check_that_is_none_of_ours_is_named_until_it_is_dropped(
    postgres: Postgres, tmp_path: Path, sort: str, refusing: str
) -> None:
    url = f"sqlite:///{tmp_path / 'tppq.db'}" if sort == "sqlite" else postgres.create()
    Ledger.init(url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(url) as owner:
        owner.exec_driver_sql(REFUSING[refusing])
    name = "quiet" if refusing == "a unique index" else "constraint quiet"
    with pytest.raises(Misconfigured) as refused:
        Ledger.open(url)
    assert refused.value.detail == (
        f"{refused.value.store} is not append-only: {name} is none of the ledger's own keys and checks and "
        "may refuse what is right; drop it"
    )
    assert guarded(url).advice == "drop it"
    with connected(url) as owner:
        if name == "quiet":
            owner.exec_driver_sql("drop index quiet")
        else:
            table = REFUSING[refusing].partition("alter table ")[2].partition(" ")[0]
            owner.exec_driver_sql(f"alter table {table} drop constraint quiet")
    Ledger.open(url).close()


def test_a_unique_index_that_a_key_elsewhere_refers_to_is_named_too(postgres: Postgres) -> None:
    url = postgres.create()
    Ledger.init(url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(url) as owner:
        owner.exec_driver_sql("create unique index quiet on entry (hash)")
        owner.exec_driver_sql("create table theirs (hash text references entry (hash))")
    assert guarded(url).found.startswith("quiet is none of the ledger's own")
    postgres.drop(url)


def test_row_security_that_hides_what_was_written_is_named_until_it_is_off(postgres: Postgres) -> None:
    url = postgres.create()
    writer = create(url, Clock("2026-02-01"))
    with connected(url) as owner:
        for table in ("entry", "event"):
            owner.exec_driver_sql(f"alter table {table} enable row level security, force row level security")
    with pytest.raises(Misconfigured, match=r"security hides rows of public\.entry, public\.event; run as"):
        Ledger.open(writer, actor="maria", clock=Clock("2026-02-01"))
    what, _, statements = guarded(writer).advice.partition(": ")
    assert what == "run as the superuser"
    with connected(url) as owner:
        owner.exec_driver_sql(statements)
    Ledger.open(writer, actor="maria", clock=Clock("2026-02-01")).close()
    postgres.drop(url)


def test_where_row_security_hides_the_head_nobody_says_that_there_is_no_ledger(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    writer = create(url, Clock("2026-02-01"))
    with connected(url) as owner:
        owner.exec_driver_sql("alter table head enable row level security")
    (only,) = check(Database(writer, 10))
    assert only[:3] == ("guards", "fail", "row-level security hides rows of public.head")
    with pytest.raises(Misconfigured, match=r"no ledger is to be seen .*hides rows of public\.head; run as"):
        Ledger.open(writer, actor="maria", clock=Clock("2026-02-01"))
    postgres.drop(url)


def test_without_any_all_are_named_in_order() -> None:
    assert guards.missing("postgresql", []) == [
        "balance_one_license",
        *("constraint balance_blocked", "constraint balance_exported", "constraint balance_headroom"),
        *("constraint balance_license", "constraint balance_licensed", "constraint entry_no_fork"),
        "constraint entry_request_id_request_part_key",
        *("constraint entry_tpp_positive", "constraint entry_two_people", "constraint event_no_fork"),
        "constraint head_one_row",
        "entry_append_only",
        "entry_continues",
        "entry_reversed_once",
        "event_append_only",
        "event_continues",
        "event_of",
        "head_goes_forward",
        "head_stays",
        "refusal_append_only",
    ]
    assert guards.missing("sqlite", []) == [
        "balance_one_license",
        "entry_continues",
        "entry_no_delete",
        "entry_no_update",
        "entry_reversed_once",
        "event_continues",
        "event_no_delete",
        "event_no_update",
        "event_of",
        "head_goes_forward",
        "head_is_one",
        "head_no_delete",
        "refusal_continues",
        "refusal_no_delete",
        "refusal_no_update",
        *("table balance", "table entry", "table event", "table head", "table refusal"),
    ]


def test_a_ledger_without_guards_is_not_opened_until_init_puts_them_back(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    drop_guards(store_url)
    with pytest.raises(Misconfigured, match="is not append-only: entry_"):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    Ledger.open(store_url).close()


def test_guards_that_are_off_where_roles_are_kept_apart_are_put_back_by_what_is_advised(
    postgres: Postgres,
) -> None:
    url = postgres.create()
    writer = create(url, Clock("2026-02-01"))
    with connected(url) as owner:
        owner.exec_driver_sql("alter table entry disable trigger all")
    with pytest.raises(Misconfigured, match="; run tppq db init as the superuser to put them back"):
        Ledger.open(writer, actor="maria")
    assert run(["db", "init", "--ledger", url], clock=Clock("2026-02-01"), actor="root") == 0
    with Ledger.open(writer, actor="ines", clock=Clock("2026-02-01")) as ledger:
        assert ledger.verify().rows() == []
    postgres.drop(url)


def test_a_ledger_without_one_of_its_keys_is_not_opened_and_init_puts_it_back(store_url: str) -> None:
    Ledger.init(store_url, opening=False, clock=Clock("2026-02-01")).close()
    with connected(store_url) as connection:
        connection.exec_driver_sql("drop index entry_reversed_once")
    with pytest.raises(
        Misconfigured, match="entry_reversed_once missing, changed or disabled; run tppq init"
    ):
        Ledger.open(store_url)
    Ledger.init(store_url, opening=False).close()
    Ledger.open(store_url).close()
