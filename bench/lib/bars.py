"""Figures of a benchmark: medians as a table, and a line a bar."""

import statistics


class Table:
    """Seconds (or whatever the unit says) of several ways of doing the same, run in turn."""

    def __init__(self, title, unit="s"):
        self.title, self.unit, self.rows = title, unit, {}

    def add(self, way, value):
        self.rows.setdefault(way, []).append(value)

    def median(self, way):
        return statistics.median(self.rows[way])

    def show(self):
        print(f"\n## {self.title}\n\n| way | median, {self.unit} | runs |\n|---|---:|---|")
        for way, values in self.rows.items():
            runs = " ".join(f"{value:.2f}" for value in values)
            print(f"| {way} | {self.median(way):.2f} | {runs} |", flush=True)


class Bars:
    """What was promised, and whether it holds."""

    def __init__(self):
        self.lines = []

    def at_most(self, name, value, bound):
        self._add(name, value, f"<={bound:g}", value <= bound)

    def at_least(self, name, value, bound):
        self._add(name, value, f">={bound:g}", value >= bound)

    def _add(self, name, value, bound, holds):
        self.lines.append(f"bar {name} {value:.3f} {bound} {'ok' if holds else 'short'}")

    def show(self):
        print()
        for line in self.lines:
            print(line, flush=True)
