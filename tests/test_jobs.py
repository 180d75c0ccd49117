"""What a night needs around it: a lock, one message that arrives or waits, metrics, and units that load."""

from __future__ import annotations

import ast
import base64
import errno
import hmac
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from configparser import ConfigParser
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ledger import jobs, schema, webhook
from ledger.errors import Busy, Misconfigured, Unreachable
from ledger.jobs import Delivery, Message

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
AT = 1_795_000_000.0
EXAMPLES = schema.folder("fixtures") / "sample" / "jobs"


def message(name: str = "reconcile-20261121-0200") -> Message:
    return Message(
        name,
        "reconciliation.breaks",
        "PROVISIONAL: 1 critical break (SA).",
        "2026-11-21T02:00:00Z",
        {"run": name},
    )


# --- the lock -------------------------------------------------------------------------------------


def test_a_second_run_finds_the_first_ones_lock(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with jobs.locked(out), pytest.raises(Busy, match="another run holds"), jobs.locked(out):
        raise AssertionError
    with jobs.locked(tmp_path / "out"):
        pass


def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from ledger import jobs\n"
        "with jobs.locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    top = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=top, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy), jobs.locked(tmp_path):
            raise AssertionError
        other.kill()
    with jobs.locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Misconfigured, match="cannot be written"), jobs.locked(tmp_path / "file"):
        raise AssertionError


def test_a_folder_on_a_disk_that_is_full_may_be_locked_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    said = (
        "out cannot be written: No space left on device; make room there, or name another folder with --out"
    )
    with pytest.raises(Unreachable, match=said), jobs.locked(tmp_path / "out"):
        raise AssertionError


# --- messages -------------------------------------------------------------------------------------


class Hook(ThreadingHTTPServer):
    """A webhook that keeps what it is sent, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status = 204
        self.elsewhere: str | None = None
        self.taken: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # as http.server calls it
        hook = self.server
        assert isinstance(hook, Hook)
        body = self.rfile.read(int(self.headers["content-length"]))
        hook.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(hook.status)
        if hook.elsewhere is not None:
            self.send_header("location", hook.elsewhere)
        self.end_headers()

    def do_GET(self) -> None:  # where a redirect leads: a page that anybody may see
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_message_is_signed_as_standard_webhooks_has_it(hook: Hook, tmp_path: Path) -> None:
    assert jobs.tell(message(), Delivery(tmp_path, hook.url, KEY), lambda: AT) == []
    ((headers, body),) = hook.taken
    assert headers["webhook-id"] == "reconcile-20261121-0200"
    assert headers["webhook-timestamp"] == str(int(AT))
    signed = hmac.new(KEY, b"reconcile-20261121-0200.1795000000." + body, sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
    told = json.loads(body)
    assert (told["type"], told["data"]["subject"]) == ("reconciliation.breaks", message().subject)


def test_the_published_example_of_standard_webhooks_verifies() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert webhook.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_message_that_was_sent_is_not_sent_again(hook: Hook, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, hook.url, KEY)
    jobs.tell(message(), delivery)
    assert jobs.tell(None, delivery) == []
    assert len(hook.taken) == 1
    assert [path.name for path in (tmp_path / "sent").iterdir()] == ["reconcile-20261121-0200.json"]


def test_a_message_that_was_not_taken_waits_for_the_next_night(hook: Hook, tmp_path: Path) -> None:
    delivery = Delivery(tmp_path, hook.url, None)
    hook.status = 503
    (failed,) = jobs.tell(message(), delivery)
    assert "could not be sent and waits for the next run" in failed
    hook.status = 200
    assert jobs.tell(message("reconcile-20261122-0200"), delivery) == []
    sent = [headers["webhook-id"] for headers, _ in hook.taken[1:]]
    assert sent == ["reconcile-20261121-0200", "reconcile-20261122-0200"]
    assert "webhook-signature" not in hook.taken[-1][0]


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("elsewhere", ["/login", "file:///etc/passwd", None])
def test_a_webhook_that_sends_elsewhere_took_nothing(
    status: int, elsewhere: str | None, hook: Hook, tmp_path: Path
) -> None:
    hook.status, hook.elsewhere = status, elsewhere
    (failed,) = jobs.tell(message(), Delivery(tmp_path, hook.url, None))
    assert f"it answered {status}, to go elsewhere: name the address itself" in failed
    assert [path.name for path in tmp_path.iterdir()] == ["reconcile-20261121-0200.json"]
    assert len(hook.taken) == 1


def test_what_was_sent_and_cannot_be_put_away_is_said(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "sent").write_text("", encoding="ascii")
    (failed,) = jobs.tell(message(), Delivery(tmp_path, hook.url, None))
    assert failed == (
        f"{tmp_path}/reconcile-20261121-0200.json cannot be written: File exists; "
        "name another folder with TPPQ_OUTBOX"
    )


def test_what_the_outbox_does_not_take_is_sent_all_the_same(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    box = tmp_path / "file" / "box"
    unkept = f"{box} cannot be written: Not a directory; name another folder with TPPQ_OUTBOX"
    assert jobs.tell(message(), Delivery(box, hook.url, KEY)) == [unkept]
    assert [headers["webhook-id"] for headers, _ in hook.taken] == ["reconcile-20261121-0200"]
    hook.status = 503
    first, second = jobs.tell(message(), Delivery(box, hook.url, KEY))
    assert (first, "could not be sent, and does not wait" in second) == (unkept, True)
    assert jobs.tell(message(), Delivery(box)) == [unkept]


def test_a_webhook_that_is_not_there_keeps_nobody_waiting(tmp_path: Path) -> None:
    (failed,) = jobs.tell(message(), Delivery(tmp_path, "http://127.0.0.1:1/", None))
    assert "Connection refused" in failed
    assert (tmp_path / "reconcile-20261121-0200.json").exists()


def test_without_a_webhook_messages_lie_in_the_outbox(tmp_path: Path) -> None:
    assert jobs.tell(message(), Delivery(tmp_path / "outbox")) == []
    told = json.loads((tmp_path / "outbox" / "reconcile-20261121-0200.json").read_text(encoding="utf-8"))
    assert told["data"]["subject"] == message().subject


# --- where they go --------------------------------------------------------------------------------


def test_where_messages_go_is_said_by_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n", encoding="ascii")
    around = {"TPPQ_WEBHOOK_URL": "https://example.org/", "TPPQ_WEBHOOK_SECRET_FILE": str(secret)}
    found = Delivery.of(around | {"TPPQ_METRICS_FILE": "m.prom"}, tmp_path)
    assert found == Delivery(tmp_path / "outbox", "https://example.org/", KEY, Path("m.prom"))
    assert Delivery.of({"TPPQ_OUTBOX": "box"}, tmp_path) == Delivery(Path("box"))


@pytest.mark.parametrize(
    ("around", "why"),
    [
        ({"TPPQ_WEBHOOK_URL": "file:///etc/passwd"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "http://.example.com/x"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "http://[::1/x"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "https://"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "https://example.org:x/"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "https://a:password@example.org/"}, "without a user and a password"),
        ({"TPPQ_WEBHOOK_URL": "hooks.example.org/password"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "http://a b/x"}, "is no address"),
        ({"TPPQ_WEBHOOK_URL": "https://example.org/caf\u00e9"}, "is no address"),
        ({"TPPQ_WEBHOOK_SECRET": "whsec_!"}, "is not base64"),
        ({"TPPQ_WEBHOOK_SECRET": "whsec_AAAA"}, "has 3 bytes; it takes 24 to 64"),
        ({"TPPQ_WEBHOOK_SECRET_FILE": "/nowhere"}, "cannot be read"),
    ],
)
def test_what_cannot_be_right_is_refused_before_the_night(
    around: dict[str, str], why: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match=why) as refused:
        Delivery.of({"TPPQ_WEBHOOK_URL": "https://example.org/"} | around, tmp_path)
    assert ":password@" not in refused.value.detail
    assert "org/password" not in refused.value.detail


@pytest.mark.parametrize(
    ("outbox", "metrics", "why"),
    [
        ("file", None, "file cannot be written: Not a directory; name another folder with TPPQ_OUTBOX"),
        ("file/a/box", None, "box cannot be written: Not a directory; name another folder with TPPQ_OUTBOX"),
        ("box", "no/a.prom", "No such file or directory; name another file with TPPQ_METRICS_FILE"),
        ("box", "file/a.prom", "Not a directory; name another file with TPPQ_METRICS_FILE"),
        ("box", "folder", "folder cannot be written: Is a directory; name another file with TPPQ_METRICS"),
        ("box", "/", "/ cannot be written: Is a directory; name another file with TPPQ_METRICS_FILE"),
    ],
)
def test_what_cannot_be_written_is_found_before_the_night_and_nothing_is_left_of_the_trial(
    outbox: str, metrics: str | None, why: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Misconfigured, match=re.escape(why)):
        jobs.try_out(Delivery(tmp_path / outbox, metrics=None if metrics is None else tmp_path / metrics))
    jobs.try_out(Delivery(tmp_path / "made" / "later", metrics=tmp_path / "folder" / "a.prom"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


# --- metrics --------------------------------------------------------------------------------------

FOUND = {
    "lines": [{"code": "QUANTITY", "severity": "major", "open": 3, "gross_tpp": 158_320}],
    "counted": [
        {"code": "QUANTITY", "severity": "major", "open": 2},
        {"code": "QUANTITY", "severity": "minor", "open": 1},
    ],
    "matched": {"declarations K1": 999},
}


def test_metrics_are_what_prometheus_reads(tmp_path: Path) -> None:
    path = tmp_path / "tppq.prom"
    jobs.metrics(path, FOUND, status=1, at=AT, seconds=1.5)
    text = path.read_text(encoding="utf-8")
    assert 'tppq_breaks_open{code="QUANTITY",severity="major"} 2\n' in text
    assert 'tppq_breaks_open{code="QUANTITY",severity="minor"} 1\n' in text
    assert 'tppq_breaks_open_tpp{code="QUANTITY"} 158320\n' in text
    assert 'tppq_reconcile_rows_matched{source="declarations",key="K1"} 999\n' in text
    assert f"tppq_reconcile_last_success_timestamp_seconds {AT}\n" in text
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+]+')
    assert all(line.startswith("# ") or sample.fullmatch(line) for line in text.splitlines())


def test_metrics_begin_anew_where_there_were_none(tmp_path: Path) -> None:
    path = tmp_path / "tppq.prom"
    path.write_bytes(b"\xff\xfe")
    jobs.metrics(path, {}, status=69, at=AT, seconds=1)
    assert "tppq_reconcile_exit_status 69\n" in path.read_text(encoding="utf-8")


def test_metrics_make_no_folder_whose_name_may_be_a_slip(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"tppq\.prom cannot be written: No such file or directory"):
        jobs.metrics(tmp_path / "tpyo" / "tppq.prom", {}, status=0, at=AT, seconds=1)
    assert list(tmp_path.iterdir()) == []


def test_the_last_success_is_remembered_while_runs_fail(tmp_path: Path) -> None:
    path = tmp_path / "tppq.prom"
    jobs.metrics(path, FOUND, status=0, at=AT, seconds=1)
    jobs.metrics(path, {}, status=69, at=AT + 86_400, seconds=1)
    text = path.read_text(encoding="utf-8")
    assert f"tppq_reconcile_last_success_timestamp_seconds {AT}\n" in text
    assert "tppq_reconcile_exit_status 69\n" in text
    path.write_text("tppq_reconcile_last_success_timestamp_seconds x\n", encoding="utf-8")
    jobs.metrics(path, {}, status=69, at=AT, seconds=1)
    assert "last_success_timestamp_seconds 1" not in path.read_text(encoding="utf-8")


# --- examples -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tppq-reconcile.service", "tppq-reconcile.timer", "tppq-serve.service"])
def test_a_unit_is_one_that_systemd_takes(name: str, tmp_path: Path) -> None:
    unit = ConfigParser(strict=False, interpolation=None, comment_prefixes="#")
    unit.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's names have capitals
    unit.read_string((EXAMPLES / name).read_text(encoding="utf-8"))
    assert {"Unit", "Service" if name.endswith("service") else "Timer"} <= set(unit.sections())
    if (analyze := shutil.which("systemd-analyze")) is not None:
        for each in EXAMPLES.glob("tppq-*"):
            shutil.copy(each, tmp_path / each.name)
        done = subprocess.run(
            [analyze, "verify", str(tmp_path / name)], capture_output=True, text=True, check=False
        )
        assert "Unknown" not in done.stderr
        assert "ailed to parse" not in done.stderr


def test_the_service_knows_every_exit_status() -> None:
    text = (EXAMPLES / "tppq-reconcile.service").read_text(encoding="utf-8")
    found = {
        int(each) for line in text.splitlines() if "ExitStatus=" in line for each in re.findall(r"\d+", line)
    }
    assert found == {1, 3, 65, 69, 70, 75, 77, 78}


def test_a_crontab_line_has_five_times_a_user_and_a_command() -> None:
    lines = (EXAMPLES / "tppq-reconcile.cron").read_text(encoding="utf-8").splitlines()
    jobs_ = [line for line in lines if line and not line.startswith("#") and not re.match(r"[A-Z_]+=", line)]
    assert len(jobs_) == 1
    *times, user, command = jobs_[0].split(None, 6)
    assert times == ["0", "2", "*", "*", "*"]
    assert user == "tppq"
    assert not re.search(r"(?<!\\)%", command), "cron takes a bare % for the end of the line"
    checked = subprocess.run(
        ["sh", "-n", "-c", command.replace("\\%", "%")], capture_output=True, check=False
    )
    assert checked.returncode == 0


def test_the_dag_compiles_and_never_reads_an_answer_as_skipped() -> None:
    text = (EXAMPLES / "tppq_reconcile_dag.py").read_text(encoding="utf-8")
    compile(ast.parse(text), "tppq_reconcile_dag.py", "exec")
    assert "check=False" in text


def test_cron_systemd_and_airflow_ask_for_the_feeds_of_the_day_before() -> None:
    """`ds` of Airflow is that day only with a data interval; with a cron string it is the day of the run."""
    for name in ("tppq-reconcile.cron", "tppq-reconcile.service"):
        assert "feeds/$(date -u -d yesterday +" in (EXAMPLES / name).read_text(encoding="utf-8")
    tree = ast.parse((EXAMPLES / "tppq_reconcile_dag.py").read_text(encoding="utf-8"))
    (schedule,) = [
        each.value for each in ast.walk(tree) if isinstance(each, ast.keyword) and each.arg == "schedule"
    ]
    assert ast.unparse(schedule) == "CronDataIntervalTimetable('0 2 * * *', timezone='UTC')"
