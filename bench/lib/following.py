"""Catching up with a backlog, against native replication, and the lag behind 1,000 writes a second."""

import statistics
import subprocess
import threading
import time

from lib.bars import Table
from lib.migration import Migration, at
from lib.servers import DURABLE, RELAXED, seconds, settle, wait_until


def following(bench, bars):
    migration = Migration(bench.program, bench.path("follow"), at(bench.source), at(bench.target))
    prepare(bench, migration)
    # Durable commits take native replication minutes, at one pace: a quarter of the backlog tells it.
    for name, durability, bound, parts in (("relaxed", RELAXED, 2, 1), ("durable", DURABLE, 4, 4)):
        table = Table(f"Catch up with {bench.backlog} transactions of oltp_write_only, {name} commits",
                      "transactions/s")
        for _ in range(bench.runs):
            for threads in (0, 4):
                table.add(f"native replication, slave_parallel_threads={threads}",
                          replicate(bench, durability, threads, bench.backlog // parts))
            table.add("wherry run", bench.backlog / follow(bench, migration, durability))
        table.show()
        ours = table.median("wherry run")
        native = max(table.median(way) for way in table.rows if way != "wherry run")
        bars.at_least(f"follow_{name}", ours / native, bound)
    lag(bench, migration, bars)


def prepare(bench, migration):
    """Leaves a target and a journal that hold all rows, a copy of the source's data, and then a backlog."""
    bench.source.execute("DROP TABLE IF EXISTS sb.beat", "CREATE TABLE sb.beat (id INT PRIMARY KEY, at DOUBLE)")
    bench.target.empty()
    seconds(migration.command("run", "--until", "copied"))
    migration.save("copied")
    bench.target.stop()
    bench.target.save("copied")
    bench.source.stop()
    bench.source.save("copied")
    bench.source.start()
    subprocess.run(bench.source.sysbench("oltp_write_only", "--threads=4", "--time=0", f"--events={bench.backlog}",
                                         "run", tables=bench.tables, rows=bench.rows),
                   check=True, stdout=subprocess.DEVNULL)
    bench.source.execute("INSERT INTO sb.beat VALUES (0, 0)")


def arrived(server, number):
    """Whether that row of sb.beat is there; asked over one connection."""
    cursor = server.connect().cursor()

    def look():
        cursor.execute("SELECT 1 FROM sb.beat WHERE id=%s", (number,))
        return cursor.fetchone() is not None
    return look


def replicate(bench, durability, threads, transactions):
    """The first so many transactions of the backlog, a second."""
    bench.target.stop()
    bench.target.load("copied", bench.source)
    bench.target.start(durability + [f"--slave-parallel-threads={threads}", "--slave-parallel-mode=optimistic",
                                     "--skip-slave-start"])
    # Its log ends where the copy ended: from there on it takes what the source did since.
    position = bench.target.execute("SELECT @@gtid_binlog_pos")[0][0]
    domain_and_server, number = position.rsplit("-", 1)
    last = f"{domain_and_server}-{int(number) + transactions}"
    settle()
    start = time.monotonic()
    start_replication(bench, position)
    if bench.target.execute(f"SELECT MASTER_GTID_WAIT('{last}', 600)")[0][0] != 0:
        raise TimeoutError("not within 600 s")
    taken = time.monotonic() - start
    bench.target.execute("STOP SLAVE", "RESET SLAVE ALL")
    return transactions / taken


def start_replication(bench, position):
    bench.target.execute(
        "RESET MASTER", f"SET GLOBAL gtid_slave_pos='{position}'",
        f"CHANGE MASTER TO master_host='127.0.0.1', master_port={bench.source.port}, master_user='follower', "
        "master_password='follower', master_use_gtid=slave_pos", "START SLAVE")


def follow(bench, migration, durability):
    bench.target.stop()
    bench.target.load("copied")
    bench.target.start(durability)
    migration.load("copied")
    settle()
    start = time.monotonic()
    migration.start()
    wait_until(arrived(bench.target, 0))
    taken = time.monotonic() - start
    migration.stop()
    return taken


def lag(bench, migration, bars):
    follow(bench, migration, RELAXED)
    lags = lags_under_load(bench, migration)
    print(f"\n## Lag behind 1,000 writes/s\n\nmedian {1000 * statistics.median(lags):.0f} ms, "
          f"95 % {1000 * lags[int(0.95 * len(lags))]:.0f} ms, most {1000 * lags[-1]:.0f} ms of {len(lags)} rows")
    bars.at_most("lag_ms", 1000 * statistics.median(lags), 200)


def lags_under_load(bench, migration):
    """Seconds from the commit of a row on the source to its commit on the target, while 1,000 others a second are written; sorted."""
    migration.start()
    wait_until(migration.is_following, most=60, pause=0.2)
    load = subprocess.Popen(bench.source.sysbench("oltp_update_non_index", "--threads=4", "--rate=1000",
                                                  f"--time={bench.lag_seconds + 5}", "run", tables=bench.tables,
                                                  rows=bench.rows), stdout=subprocess.DEVNULL)
    time.sleep(3)
    lags = beats(bench, bench.lag_seconds)
    load.wait()
    migration.stop()
    return sorted(lags)


def beats(bench, duration):
    """Lags in seconds of a row each 50 ms."""
    sent, lags, ended = {}, [], threading.Event()
    connection = bench.source.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT COALESCE(MAX(id), 0) FROM sb.beat")
    first = cursor.fetchone()[0] + 1

    def watch():
        seen = bench.target.connect().cursor()
        last = first - 1
        while not ended.is_set() or last + 1 in sent:
            seen.execute("SELECT MAX(id) FROM sb.beat")
            newest, now = seen.fetchone()[0] or 0, time.monotonic()
            while last < newest:
                last += 1
                # A row may be seen before the source has answered its writer.
                if (at_source := sent.get(last)) is not None:
                    lags.append(max(0.0, now - at_source))
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start, number = time.monotonic(), first
    while time.monotonic() - start < duration:
        cursor.execute("INSERT INTO sb.beat VALUES (%s, 0)", (number,))
        sent[number] = time.monotonic()
        number += 1
        time.sleep(0.05)
    ended.set()
    watcher.join()
    return lags
