"""Through a link of 40 ms round trip and 25 MB/s, made by the gate of tests/support."""

import subprocess
import os
import time

from lib.bars import Table
from lib.following import lags_under_load
from lib.migration import Migration, at

BYTES_PER_SECOND = 25_000_000
ONE_WAY_MS = 20


class Link:
    """The source, far away."""

    def __init__(self, bench, server):
        program = os.path.join(bench.build, "tests", "support", "wherry_gate")
        self.process = subprocess.Popen([program, "--to", f"127.0.0.1:{server.port}"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])
        self.order(f"delay {ONE_WAY_MS}")
        self.order(f"limit {BYTES_PER_SECOND}")

    def order(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        told = []
        while (answer := self.process.stdout.readline().strip()) != "ok":
            if not answer:
                raise RuntimeError("the gate has ended")
            told.append(answer)
        return told

    def passed(self):
        """Bytes to the server and from it."""
        words = self.order("passed")[0].split()
        return int(words[1]), int(words[2])

    def close(self):
        self.process.kill()
        self.process.wait()


def far(bench, bars):
    bench.target.empty()
    bench.source.execute("DROP TABLE IF EXISTS sb.beat", "CREATE TABLE sb.beat (id INT PRIMARY KEY, at DOUBLE)")
    link = Link(bench, bench.source)
    migration = Migration(bench.program, bench.path("far"),
                          f"user: follower, password_env: WHERRY_BENCH_PASSWORD, host: 127.0.0.1, port: {link.port}",
                          at(bench.target), "limits: {threads: 8}\nverify: {way: server}\n")
    start = time.monotonic()
    migration.start("--until", "copied")
    migration.wait()
    taken = time.monotonic() - start
    _, copied = link.passed()
    data = migration.status()["copy"]["bytes"]
    full = copied / taken / BYTES_PER_SECOND
    print(f"\n## Far away: 40 ms round trip, 25 MB/s\n\ncopy: {taken:.1f} s, {copied / 1e6:.0f} MB over the link for {data / 1e6:.0f} MB "
          f"of rows, the link {100 * full:.0f} % full")
    bars.at_least("far_copy_link_full", full, 0.85)
    before = sum(link.passed())
    subprocess.run(migration.command("verify"), check=True, stdout=subprocess.DEVNULL)
    proved = sum(link.passed()) - before
    print(f"prove: {proved / 1e6:.1f} MB over the link")
    bars.at_most("far_prove_bytes", proved / data, 0.01)
    lags = lags_under_load(bench, migration)
    table = Table("Lag far away, behind 1,000 writes/s", "ms")
    table.add("median", 1000 * lags[len(lags) // 2])
    table.add("most", 1000 * lags[-1])
    table.show()
    bars.at_most("far_lag_ms", 1000 * lags[-1], 1000)
    link.close()
