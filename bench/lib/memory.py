"""Wherry's own memory: from small to large tables, and with one large transaction."""

import time

from lib.bars import Table
from lib.following import arrived
from lib.migration import Migration, at, peak_memory
from lib.servers import wait_until

FILL = ("INSERT INTO many SELECT seq, seq % 1000, REPEAT(CHAR(97 + seq % 26), {width}) FROM seq_{first}_to_{last}")


def memory(bench, bars):
    table = Table("The most memory Wherry had", "MB")
    bench.source.execute("DROP DATABASE IF EXISTS sb", "CREATE DATABASE sb")
    for rows in [10_000, 100_000, 1_000_000, 10_000_000]:
        if rows > bench.most_rows:
            continue
        bench.source.execute("DROP TABLE IF EXISTS sb.many",
                             "CREATE TABLE sb.many (id INT PRIMARY KEY, k INT, pad VARCHAR(2000), KEY (k))")
        for first in range(1, rows + 1, 100_000):
            bench.source.execute("USE sb", FILL.format(width=100, first=first, last=min(rows, first + 99_999)))
        table.add(f"copy and prove {rows:,} rows", peak_of(bench, ["--until", "proved"]))
    if bench.most_rows >= 1_000_000:
        table.add("follow a transaction of 1,000,000 rows", peak_of_transaction(bench, 1_000_000, 100))
    if bench.most_rows >= 10_000_000:
        table.add("follow a transaction of 2 GB", peak_of_transaction(bench, 1_050_000, 2000))
    table.show()
    bars.at_most("memory_mb", max(table.median(way) for way in table.rows), 256)


def peak_of(bench, options):
    bench.target.empty()
    migration = Migration(bench.program, bench.path("memory"), at(bench.source), at(bench.target))
    migration.start(*options)
    most = 0.0
    while migration.process.poll() is None:
        try:
            most = peak_memory(migration.process.pid)
        except (RuntimeError, FileNotFoundError, ProcessLookupError):
            pass  # it has just ended
        time.sleep(0.02)
    migration.wait()
    return most


def peak_of_transaction(bench, rows, width):
    bench.target.empty()
    bench.source.execute("DROP TABLE IF EXISTS sb.many", "DROP TABLE IF EXISTS sb.beat",
                         "CREATE TABLE sb.many (id INT PRIMARY KEY, k INT, pad VARCHAR(2000), KEY (k))",
                         "CREATE TABLE sb.beat (id INT PRIMARY KEY)")
    migration = Migration(bench.program, bench.path("memory"), at(bench.source), at(bench.target))
    migration.start()
    wait_until(migration.is_following, most=60, pause=0.2)
    bench.source.execute("USE sb", FILL.format(width=width, first=1, last=rows), "INSERT INTO beat VALUES (1)")
    wait_until(arrived(bench.target, 1), most=1200, pause=0.05)
    most = peak_memory(migration.process.pid)
    migration.stop()
    return most
