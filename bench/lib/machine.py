"""What the benchmarks share about this machine: what is installed and built, what it is, its free ports."""

import os
import socket
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare(arguments):
    if arguments.build is None:
        subprocess.run([os.path.join(ROOT, "scripts", "install-deps"), "--build", "--test", "--bench"], check=True)
        subprocess.run([os.path.join(ROOT, "scripts", "build"), "release", "wherry", "wherry_gate", "bare_load"], check=True)
        arguments.build = os.path.join(ROOT, "build", "release")
    arguments.build = os.path.abspath(arguments.build)


def show():
    def told(command):
        return subprocess.run(command, shell=True, check=False, stdout=subprocess.PIPE, text=True).stdout.strip()
    print(f"{os.cpu_count()} cores, {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB; "
          + "; ".join(told(command) for command in (
              "grep -m1 'model name' /proc/cpuinfo | cut -d: -f2", "PATH=$PATH:/usr/sbin mariadbd --version | grep -o 'Ver [^ ]*'",
              "mydumper --version | cut -d, -f1", "pt-table-checksum --version", "sysbench --version",
              f"git -C {ROOT} describe --always --dirty")), flush=True)
