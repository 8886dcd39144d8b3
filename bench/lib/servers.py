"""Servers of our own on the loopback, started by tests/support, with the same settings for all."""

import os
import shutil
import subprocess
import time

import pymysql

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUPPORT = os.path.join(ROOT, "tests", "support", "servers")

# How hard a commit is made to last.
RELAXED = ["--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"]
DURABLE = ["--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1"]
SETTINGS = ["--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G", "--innodb-flush-method=O_DIRECT",
            "--performance-schema=0"]


class Server:
    """A MariaDB in a folder. `options` are added at each start."""

    def __init__(self, folder, name, port, number):
        self.folder, self.port, self.number = os.path.join(folder, name), port, number
        self.socket = os.path.join(self.folder, "s.sock")

    def start(self, options=RELAXED, core=None):
        pin = [] if core is None else ["taskset", "-c", str(core)]
        command = [os.path.join(SUPPORT, "start-mariadb"), self.folder, str(self.port), str(self.number),
                   "--owner", str(os.getpid()), "--", *SETTINGS, *options]
        subprocess.run(pin + command, check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        subprocess.run([os.path.join(SUPPORT, "stop"), self.folder], check=True)

    def restart(self, options=RELAXED, core=None):
        self.stop()
        self.start(options, core)

    def pid(self):
        with open(os.path.join(self.folder, "pid"), encoding="ascii") as file:
            return int(file.read())

    def connect(self, **options):
        return pymysql.connect(unix_socket=self.socket, user="root", autocommit=True, **options)

    def execute(self, *statements):
        """Returns the rows of the last statement."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()

    def client(self):
        return ["-uroot", "-S", self.socket]

    def save(self, name):
        """Keeps its data as they are. Requires: stopped."""
        copy_tree(os.path.join(self.folder, "data"), os.path.join(self.folder, name))

    def load(self, name, other=None):
        """Takes back what this server, or another, has saved. Requires: stopped."""
        copy_tree(os.path.join((other or self).folder, name), os.path.join(self.folder, "data"))

    def sysbench(self, test, *options, tables, rows):
        return ["sysbench", test, "--db-driver=mysql", f"--mysql-socket={self.socket}", "--mysql-user=root",
                "--mysql-db=sb", f"--tables={tables}", f"--table-size={rows}", *options]

    def fill(self, tables, rows):
        self.execute("CREATE DATABASE sb")
        subprocess.run(self.sysbench("oltp_write_only", "--threads=2", "prepare", tables=tables, rows=rows),
                       check=True, stdout=subprocess.DEVNULL)

    def empty(self):
        """Drops what a move has put there, and begins a new log."""
        self.execute("DROP DATABASE IF EXISTS sb", "DROP DATABASE IF EXISTS _wherry")
        if self.execute("SELECT @@log_bin")[0][0]:
            self.execute("RESET MASTER")


def copy_tree(origin, copy):
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", origin, copy], check=True)


def settle():
    """Lets the machine write out what earlier runs left, so that the next does not pay for it."""
    subprocess.run(["sync"], check=True)
    time.sleep(1)


def seconds(*commands):
    """Runs these one after the other; each is a list of words or a text for bash."""
    settle()
    start = time.monotonic()
    for command in commands:
        words = ["bash", "-o", "pipefail", "-c", command] if isinstance(command, str) else command
        ended = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ended.returncode != 0:
            raise RuntimeError(f"{command} ended with {ended.returncode}:\n{ended.stdout[-4000:]}")
    return time.monotonic() - start


def cpu_seconds(pid):
    """What a process has used of the processors so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until(holds, most=600.0, pause=0.002):
    """Seconds until it held."""
    start = time.monotonic()
    while not holds():
        if time.monotonic() - start > most:
            raise TimeoutError(f"not within {most:.0f} s")
        time.sleep(pause)
    return time.monotonic() - start
