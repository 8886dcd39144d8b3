"""Proving every row of both sides equal, against pt-table-checksum and checksums made in the servers."""

import subprocess
import threading
import time

from lib.bars import Table
from lib.following import start_replication
from lib.migration import Migration, at
from lib.servers import cpu_seconds, seconds, settle, wait_until


def proving(bench, bars):
    bench.target.empty()
    migration = Migration(bench.program, bench.path("prove"), at(bench.source), at(bench.target))
    seconds(migration.command("run", "--until", "proved"))
    migration.save("proved")
    for server in (bench.source, bench.target):
        server.stop()
        server.save("proved")
        server.start()
    table = Table(f"Prove {bench.size} equal on both sides")
    for _ in range(bench.runs):
        # pt-table-checksum writes statements to the source's log, which Wherry does not follow: what it did is undone each time.
        start_again(bench, migration)
        table.add("wherry verify", seconds(migration.command("verify")))
        table.add("MD5 of chunks in both servers", in_servers(bench))
        replicate(bench)
        table.add("pt-table-checksum", pt_table_checksum(bench))
        bench.target.execute("STOP SLAVE")
    table.show()
    ours = table.median("wherry verify")
    bars.at_most("prove_to_pt_table_checksum", ours / table.median("pt-table-checksum"), 0.5)
    bars.at_most("prove_to_md5_in_servers", ours / table.median("MD5 of chunks in both servers"), 0.7)
    start_again(bench, migration)
    quiet(bench, migration, bars)


def start_again(bench, migration):
    """Both servers and the journal as they were when all was proved, and their rows in memory."""
    migration.load("proved")
    for server in (bench.source, bench.target):
        server.stop()
        server.load("proved")
        server.start()
        for number in range(1, bench.tables + 1):
            server.execute(f"CHECKSUM TABLE sb.sbtest{number}")


def quiet(bench, migration, bars):
    """Processor time of Wherry and both servers while nothing is written."""
    migration.start()
    wait_until(lambda: migration.is_following() and migration.status()["proof"]["all_proved"], pause=0.2)
    time.sleep(5)
    processes = {"wherry": migration.process.pid, "source": bench.source.pid(), "target": bench.target.pid()}
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    time.sleep(bench.quiet_seconds)
    used = {name: (cpu_seconds(pid) - before[name]) / bench.quiet_seconds for name, pid in processes.items()}
    migration.stop()
    print("\n## Following a quiet source with all proofs kept\n\npart of a core: "
          + ", ".join(f"{name} {100 * part:.1f} %" for name, part in used.items()))
    bars.at_most("quiet_cores", sum(used.values()), 0.05)


def replicate(bench):
    """Makes the target a replica as well, which pt-table-checksum needs."""
    bench.source.execute("CREATE DATABASE IF NOT EXISTS percona")
    bench.target.execute("CREATE DATABASE IF NOT EXISTS percona", "SET GLOBAL slave_exec_mode='IDEMPOTENT'",
                         # Wherry writes there as well.
                         "SET GLOBAL gtid_strict_mode=0")
    settle()
    start_replication(bench, bench.source.execute("SELECT @@gtid_binlog_pos")[0][0])
    bench.source.execute(
        "CREATE TABLE percona.replicas (id INT AUTO_INCREMENT PRIMARY KEY, parent_id INT, dsn VARCHAR(255))",
        f"INSERT INTO percona.replicas (dsn) VALUES ('h=127.0.0.1,P={bench.target.port},u=follower,p=follower')")


def pt_table_checksum(bench):
    return seconds(["pt-table-checksum", f"--socket={bench.source.socket}", "--user=root", "--databases=sb",
                    "--no-check-binlog-format", "--recursion-method=dsn=D=percona,t=replicas", "--quiet"])


def in_servers(bench):
    """As data-diff tools do it: MD5 of each row, summed over chunks of 10,000 keys, both servers at the same time."""
    answers = {}

    def sums(server):
        cursor, found = server.connect().cursor(), []
        for table in range(1, bench.tables + 1):
            for first in range(0, bench.rows, 10_000):
                cursor.execute(
                    "SELECT COUNT(*), SUM(CAST(CONV(LEFT(MD5(CONCAT_WS('#',id,k,c,pad)),16),16,10) AS UNSIGNED)) "
                    f"FROM sb.sbtest{table} WHERE id>{first} AND id<={first + 10_000}")
                found.append(cursor.fetchone())
        answers[server.port] = found

    def both():
        threads = [threading.Thread(target=sums, args=(server,)) for server in (bench.source, bench.target)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    subprocess.run(["sync"], check=True)
    start = time.monotonic()
    both()
    taken = time.monotonic() - start
    if answers[bench.source.port] != answers[bench.target.port]:
        raise RuntimeError("the sides differ")
    return taken
