"""How fast mail is sent, and at what price: `python -m tests.bench.send [MAILS] [SUBSCRIBERS]`, 20,000 and 1,000,000.

Each mail is a digest of some 41 KB, claimed, begun and ended in the books with a sync of the disk before each step that
promises one, over 10 connections to Debian's smtp-sink. Beside it: smtp-source (Postfix's own, of C), nodemailer's
pool, and the way most would do it. Budgets: >= 0.8 of smtp-source, <= 60 us of processor time a mail, >= 3 x
nodemailer with ready bytes and >= 8 x if it builds them, >= 30 x the plain way; with 20 ms of round trip >= 1.8 x
aiosmtplib over one connection; so many subscribers planned in <= 10 s, and <= 150 MB while they are sent to.

`... send morning [READERS]` sends to 5,000 through a relay that takes 14 a second: within 2 % of what that allows.
`... send one STORE RELAY CONNECTIONS RATE NOW` is the sender alone: it prints what it came to as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiosmtplib
import msgspec

from digest.app import App, opened
from digest.cli.sender import run_sender
from digest.config.settings import Settings, SiteSettings, SmtpSettings, StoreSettings
from digest.store.sqlstore import SqlStore
from digest.work.planning import plan
from digest.work.proving import proven
from digest.work.sending import send
from tests.crowd import Kind, join
from tests.factories import Clock
from tests.sinks import played, postfix, sink, source

DUE = datetime(2026, 11, 21, 7, tzinfo=UTC)
OCTETS, CONNECTIONS, DELAY, CAP = 41_000, 10, 20, 14
PAPERS = 10  # of our longest layout: some 41 KB


@contextmanager
def site(url: str, relay: str = "", now: datetime = DUE, **smtp: Any) -> Iterator[App]:
    settings = Settings(
        site=SiteSettings(url="https://papers.example", secret="s" * 32, contact="ed@papers.example"),
        store=StoreSettings(url=url),
        smtp=msgspec.structs.replace(SmtpSettings(url=relay, connections=CONNECTIONS), **smtp),
    )
    with opened(settings, now=Clock(now)) as app:
        yield app


def prepared(folder: str, readers: int) -> tuple[str, float]:
    """Make a site whose readers are all due. Returns its store's address, and how long planning took."""
    from tests.bench.mail import editions  # not for the sender alone, whose memory is measured

    url = f"sqlite:///{folder}/{readers}.db"
    with site(url, "smtp://localhost") as app:
        (edition,) = editions(1)
        app.store.put_topics([edition.topic])
        app.store.save_edition(msgspec.structs.replace(edition, picks=edition.picks[:PAPERS]))
        join(app, [Kind((edition.topic.id,))], readers, since=DUE - timedelta(days=1))
        began = time.perf_counter()
        (planned,) = plan(app)
        assert planned.readers == readers
        return url, time.perf_counter() - began


def one(url: str, relay: str, connections: int, rate: str, now: datetime) -> None:
    """Send all that is due, and print what it came to."""
    with site(url, relay, now, connections=connections, relay_rate=rate) as app:
        proven(app)
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        done = run_sender(lambda stop: send(app, stop=stop))
        took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found = {
        "sent": done.sent,
        "seconds": took,
        "cpu": cpu,
        "user": after.ru_utime - before.ru_utime,
        "peak": _peak(),
    }
    print(json.dumps(found))


def _peak() -> float:
    """Return the most memory in MB; what getrusage says is that of the process that started this one."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def sent(
    url: str, port: int, connections: int = CONNECTIONS, rate: str = "", *, now: datetime = DUE
) -> dict[str, float]:
    """Run a sender as a process of its own."""
    words = ["one", url, f"smtp://127.0.0.1:{port}", str(connections), rate, now.isoformat()]
    command = [sys.executable, "-m", "tests.bench.send", *words]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


POOL = """
const {createTransport} = require('nodemailer');
const [port, connections, count, octets, raw] = process.argv.slice(2).map(Number);
const pool = createTransport({host: '127.0.0.1', port, pool: true, maxConnections: connections, maxMessages: Infinity,
  ignoreTLS: true, logger: false});
const line = 'x'.repeat(70) + '\\r\\n', body = line.repeat(Math.ceil(octets / line.length));
const half = body.slice(0, octets / 2);
const bytes = Buffer.from('From: a@b.example\\r\\nSubject: x\\r\\n\\r\\n' + body);
pool.on('connect', socket => socket.setNoDelay(true));
let begun = 0, done = 0;
const start = process.hrtime.bigint(), cpu = process.cpuUsage();
const next = () => {
  if (begun++ >= count) return;
  const to = 'r' + begun + '@example.org';
  const mail = raw ? {envelope: {from: 'a@b.example', to}, raw: bytes}
    : {from: 'a@b.example', to, subject: 'x', text: half, html: half};
  pool.sendMail(mail, error => {
    if (error) { console.error(error); process.exit(1); }
    if (++done === count) {
      const used = process.cpuUsage(cpu);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      console.log(JSON.stringify({seconds, cpu: (used.user + used.system) / 1e6}));
      process.exit(0);
    }
    next();
  });
};
for (let i = 0; i < connections * 2; i++) next();
"""


def nodemailer(port: int, mails: int, *, raw: bool) -> dict[str, float] | None:
    folder = Path(__file__).parents[1]
    if not (folder / "node_modules" / "nodemailer").is_dir():
        return None
    command = ["node", "-e", POOL, "", str(port), str(CONNECTIONS), str(mails), str(OCTETS), str(int(raw))]
    try:
        done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE)
    except (OSError, subprocess.CalledProcessError):
        return None
    found: dict[str, float] = json.loads(done.stdout)
    return found


def plain(port: int, mails: int) -> float:
    """Make each mail anew and send it over one of as many connections, as most would. Returns the seconds."""
    from tests.bench.mail import editions, ordinary

    (edition,) = editions(1)
    edition = msgspec.structs.replace(edition, picks=edition.picks[:PAPERS])

    async def connection(count: int) -> None:
        smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await smtp.connect()
        for _ in range(count):
            await smtp.sendmail("a@b.example", ["r@example.org"], ordinary(edition))
        await smtp.quit()

    async def run() -> None:
        await asyncio.gather(*(connection(mails // CONNECTIONS) for _ in range(CONNECTIONS)))

    began = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - began


def lockstep(port: int, mails: int) -> float:
    """Send ready bytes over one connection with aiosmtplib. Returns the seconds."""

    async def run() -> float:
        smtp = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await smtp.connect()
        began = time.perf_counter()
        for _ in range(mails):
            await smtp.sendmail("a@b.example", ["r@example.org"], b"x" * 70 + b"\r\n")
        took = time.perf_counter() - began
        await smtp.quit()
        return took

    return asyncio.run(run())


def bare(url: str, mails: int) -> float:
    """Return the processor time of two updates a mail, four mails in a commit, by sqlite3 and nothing else."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as db:
        db.execute("pragma synchronous = full")
        names = db.execute("select id from delivery order by id limit ?", (mails,)).fetchall()
        before = time.process_time()
        for start in range(0, mails, 4):
            db.execute("begin immediate")
            for state in ("in_data", "sent"):
                db.executemany(f"update delivery set state = '{state}' where id = ?", names[start : start + 4])
            db.execute("commit")
        return time.process_time() - before


def say(what: str, mails: float, seconds: float, *, cpu: float | None = None, more: str = "") -> float:
    rate = mails / seconds
    used = f"{cpu / mails * 1e6:8.0f} us of processor" if cpu is not None else " " * 24
    print(f"{what:34} {rate:8.0f} mails/s {used}  {more}", flush=True)
    return rate


def beside(folder: str, mails: int) -> None:
    """Ours and the others, one after another, to the same sink."""
    url, _ = prepared(folder, mails)
    with sink() as port:
        source(port, mails=1000, connections=CONNECTIONS, octets=OCTETS)
        theirs = say("smtp-source -d", mails, source(port, mails=mails, connections=CONNECTIONS, octets=OCTETS))
        ours = sent(url, port)
        assert ours["sent"] == mails
        rate = say("ours, everything durable", mails, ours["seconds"], cpu=ours["cpu"])
        print(f"{'its books, by bare sqlite3':56}{bare(url, mails) / mails * 1e6:4.0f} us of processor")
        again = say("smtp-source -d, again", mails, source(port, mails=mails, connections=CONNECTIONS, octets=OCTETS))
        print(f"{'':34} {rate / max(theirs, again):8.2f} of smtp-source (>= 0.8)")
        for raw, goal in ((True, 3), (False, 8)):
            count = mails // (4 if raw else 10)
            found = nodemailer(port, count, raw=raw)
            name = f"nodemailer's pool, {'ready bytes' if raw else 'builds'}"
            if found is None:
                print(f"{name:34} not there")
                continue
            other = say(name, count, found["seconds"], cpu=found["cpu"])
            print(f"{'':34} {rate / other:8.1f} times as fast (>= {goal})")
        count = max(CONNECTIONS, mails // 100)
        other = say("the plain way", count, plain(port, count))
        print(f"{'':34} {rate / other:8.1f} times as fast (>= 30)")


def far_away(folder: str) -> None:
    """With a round trip of 20 ms, over one connection."""
    mails = 300
    url, _ = prepared(folder, mails)
    with sink() as port, played("delay", str(port), str(DELAY / 2)) as proxy:
        theirs = say(f"aiosmtplib, 1 connection, {DELAY} ms", mails, lockstep(proxy, mails))
        ours = sent(url, proxy, 1)
        rate = say(f"ours, 1 connection, {DELAY} ms", mails, ours["seconds"], cpu=ours["cpu"])
        print(f"{'':34} {rate / theirs:8.2f} times as fast (>= 1.8)")


def many(folder: str, readers: int) -> None:
    """Plan a slot for so many, send to a tenth of them, and see how much memory that takes."""
    url, took = prepared(folder, readers)
    print(f"{readers} subscribers planned in {took:.1f} s (<= 10 for a million)", flush=True)
    with site(url) as app:
        assert isinstance(app.store, SqlStore)
        app.store._db.run(
            "update delivery set next_try = :later where id >= :first",
            later=DUE + timedelta(hours=1),
            first=f"{readers // 10:016}",
        )
    with sink() as port:
        ours = sent(url, port)
    say(
        f"{ours['sent']} of them",
        ours["sent"],
        ours["seconds"],
        cpu=ours["cpu"],
        more=f"{ours['peak']:.0f} MB at most (<= 150)",
    )


def morning(folder: str, readers: int) -> None:
    """Send to a relay that takes 14 a second and no more, 20 ms away, and defers what comes faster."""
    url, _ = prepared(folder, readers)
    with played("capped", str(CAP), str(DELAY)) as port:
        ours = sent(url, port, rate=f"{CAP}/s")
    least = (readers - 1) / CAP
    print(
        f"{ours['sent']} of {readers} in {ours['seconds']:.2f} s: {ours['seconds'] / least:.3f} of the least (<= 1.02)"
    )


def main(mails: int, readers: int) -> None:
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"mails of some {OCTETS} bytes, {CONNECTIONS} connections"
    )
    if postfix() is None:
        return print("smtp-sink is not there: install postfix, or let apt-get download it")
    with TemporaryDirectory() as folder:
        beside(folder, mails)
        far_away(folder)
        many(folder, readers)
    return None


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], datetime.fromisoformat(sys.argv[6]))
    elif sys.argv[1:2] == ["morning"]:
        with TemporaryDirectory() as own:
            morning(own, int((sys.argv[2:] or ["5000"])[0]))
    else:
        main(*([int(word) for word in sys.argv[1:]] + [20_000, 1_000_000][len(sys.argv) - 1 :]))
