"""How long nobody can write while a migration is switched over and back, and what is looked at again meanwhile."""

import json
import subprocess
import threading
import time

import pymysql

from lib.bars import Table
from lib.migration import Migration, at
from lib.servers import wait_until

GUARDS = 'cutover: {patience: 500 ms, guards: {accounts: ["app@%"], read_only: true}}\n'


class Writer:
    """One application: writes to the side that took its last write until that refuses, then tries the other."""

    def __init__(self, servers):
        self.servers, self.accepted, self.ended = servers, [], threading.Event()
        self.thread = threading.Thread(target=self._write)
        self.thread.start()

    def _write(self):
        side, cursor, number = 0, None, 0
        while not self.ended.is_set():
            try:
                if cursor is None:
                    cursor = pymysql.connect(host="127.0.0.1", port=self.servers[side].port, user="app", password="app",
                                             database="sb", autocommit=True, connect_timeout=1, read_timeout=5).cursor()
                cursor.execute("REPLACE INTO beat VALUES (1, %s)", (number,))
                self.accepted.append((time.monotonic(), side))
                number += 1
                time.sleep(0.002)
            except pymysql.MySQLError:
                cursor, side = None, 1 - side
                time.sleep(0.002)

    def longest_gap(self, since):
        """Between the last write that one side took and the first that the other did."""
        times = [moment for moment in self.accepted if moment[0] >= since]
        gaps = [later[0] - earlier[0] for earlier, later in zip(times, times[1:]) if earlier[1] != later[1]]
        return max(gaps) if gaps else None

    def close(self):
        self.ended.set()
        self.thread.join()


def load(bench, server):
    words = ["--mysql-host=127.0.0.1", f"--mysql-port={server.port}", "--mysql-user=app", "--mysql-password=app"]
    command = [word for word in server.sysbench("oltp_read_write", "--threads=4", "--time=0", "--rate=100", "run",
                                                tables=bench.tables, rows=bench.rows)
               if not word.startswith(("--mysql-socket", "--mysql-user"))]
    return subprocess.Popen(command[:2] + words + command[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prepare(bench):
    for server in (bench.source, bench.target):
        server.execute("CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY 'app'",
                       "GRANT SELECT, INSERT, UPDATE, DELETE, DROP ON sb.* TO app@'%'")
    bench.source.execute("DROP TABLE IF EXISTS sb.beat", "CREATE TABLE sb.beat (id INT PRIMARY KEY, n BIGINT)")


def ready(migration, command):
    def look():
        return subprocess.run(migration.command(command, "--dry-run"), check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
    return look


def switch(bench, migration, writer, command, active):
    """Seconds without a write, and the certificate."""
    clients = load(bench, active)
    wait_until(ready(migration, command), pause=0.2)
    time.sleep(2)
    began = time.monotonic()
    told = subprocess.run(migration.command(command, "--yes", "--json"), check=False, stdout=subprocess.PIPE, text=True)
    if told.returncode != 0:
        raise RuntimeError(f"{command}: {told.stdout}")
    time.sleep(1)
    clients.kill()
    clients.wait()
    return writer.longest_gap(began - 1), json.loads(told.stdout)["certificate"]


def switching(bench, bars):
    prepare(bench)
    migration = Migration(bench.program, bench.path("switch"), at(bench.source), at(bench.target), GUARDS)
    migration.start()
    wait_until(lambda: migration.is_following() and migration.status()["proof"]["all_proved"], most=3600, pause=0.5)
    writer = Writer([bench.source, bench.target])
    table = Table(f"Nobody can write, {bench.size}, oltp_read_write running", "s")
    keys = []
    try:
        for number in range(bench.runs):
            command, active = (("cutover", bench.source), ("rollback", bench.target))[number % 2]
            gap, certificate = switch(bench, migration, writer, command, active)
            table.add("from the last write on one side to the first on the other", gap)
            table.add("as the certificate says", certificate["downtime_seconds"])
            keys.append(certificate["keys_proved_again"])
            rows = certificate["rows_proved"]
    finally:
        writer.close()
        migration.stop()
    table.show()
    print(f"\nrows proved equal each time: {rows:,}; keys looked at again: {', '.join(map(str, keys))}")
    gaps = table.rows["from the last write on one side to the first on the other"]
    bars.at_most("unavailable_median_s", table.median("from the last write on one side to the first on the other"), 2)
    bars.at_most("unavailable_worst_s", max(gaps), 5)
    bars.at_most("keys_looked_at_again_per_row", max(keys) / rows, 0.01)
