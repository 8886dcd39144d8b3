"""What copying costs the clients of the source: the rate that is held, and the 95th percentile of their latency."""

import re
import subprocess

from lib.bars import Table
from lib.migration import Migration, at
from lib.servers import RELAXED


def gentle(bench, bars):
    bench.source.restart(core=0)
    bench.target.restart(RELAXED, core=1)
    most, _ = load(bench, [])
    rate = int(most / 2)
    latency = Table(f"95th percentile of oltp_read_write at {rate} transactions/s, source and target on a core each", "ms")
    held = Table("The rate that was held", "transactions/s")
    for _ in range(bench.runs):
        for way in ("alone", "while wherry copies"):
            bench.target.empty()
            migration = Migration(bench.program, bench.path("gentle"), at(bench.source), at(bench.target))
            if way != "alone":
                migration.start(core=1)
            done, p95 = load(bench, [f"--rate={rate}"])
            if way != "alone":
                migration.stop()
            held.add(way, done)
            latency.add(way, p95)
    held.show()
    latency.show()
    bars.at_least("rate_held", held.median("while wherry copies") / held.median("alone"), 0.98)
    bars.at_most("p95_ratio", latency.median("while wherry copies") / latency.median("alone"), 1.5)
    bench.source.restart()
    bench.target.restart()


def load(bench, options):
    """Transactions a second and the 95th percentile in ms."""
    told = subprocess.run(bench.source.sysbench("oltp_read_write", "--threads=8", f"--time={bench.load_seconds}",
                                                *options, "run", tables=bench.tables, rows=bench.rows),
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return (float(re.search(r"transactions: .*\((\d+\.\d+) per sec", told).group(1)),
            float(re.search(r"95th percentile: +(\d+\.\d+)", told).group(1)))
