#!/usr/bin/env python3
"""Runs every benchmark of a binary for an instant: it must end well, and each that it lists must have been run.

    run_once.py BINARY
"""

import json
import subprocess
import sys

binary = sys.argv[1]


def output(*arguments):
    return subprocess.run([binary, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


listed = output("--benchmark_list_tests").split()
runs = json.loads(output("--benchmark_min_time=0.001", "--benchmark_format=json"))["benchmarks"]
done = [run["name"] for run in runs if not run.get("error_occurred") and run["items_per_second"] > 0]
missing = [name for name in listed if name not in done]
print(f"{len(done)} of {len(listed)} benchmarks ran", *missing)
sys.exit(1 if missing or not listed else 0)
