"""A migration by Wherry between two servers."""

import json
import os
import shutil
import signal
import subprocess


class Migration:
    def __init__(self, program, folder, source, target, lines=""):
        """`source`, `target`: how to reach them, as the config file says it. `lines`: more of it."""
        self.program, self.folder = program, folder
        self.config = os.path.join(folder, "wherry.yaml")
        self.journal = os.path.join(folder, "journal")
        self.log = os.path.join(folder, "wherry.log")
        self.process = None
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"name: bench\nsource: {{type: mysql, {source}}}\n"
                       f"target: {{type: mysql, {target}}}\n"
                       f"tables: {{include: [\"sb.*\"]}}\njournal: {self.journal}\n{lines}")

    def command(self, name, *options):
        return [self.program, name, "--config", self.config, *options]

    def start(self, *options, core=None):
        pin = [] if core is None else ["taskset", "-c", str(core)]
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(pin + self.command("run", *options), stdout=log, stderr=log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait() not in (0, 130):
            raise RuntimeError(f"wherry run ended with {self.process.returncode}, see {self.log}")

    def wait(self):
        if self.process.wait() != 0:
            raise RuntimeError(f"wherry run ended with {self.process.returncode}, see {self.log}")

    def status(self):
        answer = subprocess.run(self.command("status", "--json"), check=False, stdout=subprocess.PIPE, text=True)
        return json.loads(answer.stdout)

    def is_following(self):
        answer = self.status()
        return answer.get("running", False) and answer["state"] == "following"

    def save(self, name):
        """Keeps the journal as it is. Requires: not running."""
        shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
        shutil.copytree(self.journal, os.path.join(self.folder, name))

    def load(self, name):
        shutil.rmtree(self.journal, ignore_errors=True)
        shutil.copytree(os.path.join(self.folder, name), self.journal)


def at(server):
    """A server of ours over its socket."""
    return f"user: root, socket: {server.socket}"


def peak_memory(pid):
    """The most memory that a running process has had, in MB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} tells no VmHWM")
