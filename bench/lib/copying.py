"""Copying all rows: Wherry, mydumper and myloader, mariadb-dump, and the bare load."""

import os
import re
import subprocess

from lib.bars import Table
from lib.migration import Migration, at
from lib.servers import RELAXED, seconds, settle


def copying(bench, bars):
    for log in ("on", "off"):
        table = Table(f"Copy {bench.size}, the target's binary log {log}")
        target_options = RELAXED + ([] if log == "on" else ["--skip-log-bin", "--skip-log-slave-updates"])
        bench.target.restart(target_options)
        for _ in range(bench.runs):
            table.add("wherry run --until copied", wherry(bench))
            table.add("mydumper + myloader, 2 threads", mydumper(bench, log))
            if log == "on":
                table.add("mariadb-dump | mariadb", dump(bench))
                for way, taken in bare_load(bench).items():
                    table.add(f"the bare load, {way}", taken)
        table.show()
        ours = table.median("wherry run --until copied")
        peer = table.median("mydumper + myloader, 2 threads")
        if log == "off":
            bars.at_most("copy_to_mydumper_no_log", ours / peer, 0.8)
            continue
        bars.at_most("copy_to_mydumper", ours / peer, 0.65)
        bars.at_most("copy_to_dump", ours / table.median("mariadb-dump | mariadb"), 0.35)
        fastest = min(table.median(way) for way in table.rows if way.startswith("the bare load"))
        bars.at_most("copy_to_bare_load", ours / fastest, 1.2)
    bench.target.restart()
    bench.target.empty()


def wherry(bench):
    bench.target.empty()
    migration = Migration(bench.program, bench.path("copy"), at(bench.source), at(bench.target))
    return seconds(migration.command("run", "--until", "copied"))


def mydumper(bench, log):
    bench.target.empty()
    dumped = bench.path("dump")
    subprocess.run(["rm", "-rf", dumped], check=True)
    return seconds(
        ["mydumper", "-u", "root", "-S", bench.source.socket, "-B", "sb", "-t", "2", "-o", dumped],
        ["myloader", "-u", "root", "-S", bench.target.socket, "-d", dumped, "-t", "2", "-B", "sb"]
        + (["--enable-binlog"] if log == "on" else []))


def dump(bench):
    bench.target.empty()
    bench.target.execute("CREATE DATABASE sb")
    origin, copy = bench.source.socket, bench.target.socket
    return seconds(f"mariadb-dump -uroot -S {origin} --single-transaction sb | "
                   f"mariadb -uroot -S {copy} sb")


def bare_load(bench):
    """Rows from memory by 2 threads, the secondary index afterwards; reading them first is not counted."""
    bench.target.empty()
    settle()
    told = subprocess.run([os.path.join(bench.build, "bench", "bare_load"), bench.source.socket,
                           bench.target.socket, "sb", str(bench.tables)],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return {way: float(taken) for way, taken in re.findall(r"(\w+) (\d+\.\d+) s", told)}
