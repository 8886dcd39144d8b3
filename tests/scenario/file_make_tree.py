#!/usr/bin/env python3
"""Makes a tree with everything a file store has to carry: file_make_tree.py <folder> <seed> <files>."""

import os
import random
import struct
import sys


def acl(user, rights):
    no_id = 0xFFFFFFFF
    entries = [(1, 6, no_id), (2, rights, user), (4, 4, no_id), (16, rights | 4, no_id), (32, 0, no_id)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def main():
    root, seed, count = os.fsencode(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    draw = random.Random(seed)
    os.makedirs(root, exist_ok=True)
    folders = [b""]
    awkward = [bytes([b]) + b"x" for b in range(1, 256) if b != 0x2F]
    for i in range(max(8, count // 40)):
        above = draw.choice(folders)
        name = draw.choice([b"d%d" % i, b"d %d" % i, b"d\xff%d" % i, b"d-%d.d" % i, "ö%d".encode() % i])
        folders.append(above + b"/" + name if above else name)
        os.mkdir(os.path.join(root, folders[-1]))
    made = []
    for i in range(count):
        folder = draw.choice(folders)
        name = awkward[i] if i < len(awkward) else b"f%d" % i
        path = os.path.join(root, folder, name)
        size = draw.choice([0, 1, 100, 4096, 5000, 70000])
        with open(path, "wb") as out:
            out.write(draw.randbytes(size))
        os.chmod(path, draw.choice([0o600, 0o644, 0o755, 0o400, 0o000, 0o4755, 0o2750]))
        made.append(path)
    for i in range(count // 20):
        os.link(draw.choice(made), os.path.join(root, draw.choice(folders), b"hard%d" % i))
    for i in range(count // 20):
        target = draw.choice([b"../somewhere", b"/etc/passwd", b"\xff\xfe", b"f1", b"."])
        os.symlink(target, os.path.join(root, draw.choice(folders), b"soft%d" % i))
    os.symlink(b"x", os.path.join(root, b"soft-a"))
    os.link(os.path.join(root, b"soft-a"), os.path.join(root, b"soft-b"), follow_symlinks=False)
    for i in range(10):
        os.mkdir(os.path.join(root, draw.choice(folders), b"empty%d" % i))
    for i in range(5):
        with open(os.path.join(root, draw.choice(folders), b"sparse%d" % i), "wb") as out:
            out.seek(draw.randrange(1 << 20, 1 << 24))
            out.write(b"in the middle")
            out.truncate(1 << 25)
    with open(os.path.join(root, b"big"), "wb") as out:
        for _ in range(24):
            out.write(draw.randbytes(1 << 20))
    for path in draw.sample(made, min(len(made), 100)):
        os.setxattr(path, b"user.note", draw.randbytes(draw.randrange(0, 40)))
    for path in draw.sample(made, min(len(made), 50)):
        os.setxattr(path, b"system.posix_acl_access", acl(draw.randrange(1, 60000), draw.randrange(8)))
    os.setxattr(os.path.join(root, folders[1]), b"system.posix_acl_default", acl(4321, 5))
    if os.geteuid() == 0:
        for path in draw.sample(made, min(len(made), 200)):
            mode = os.lstat(path).st_mode & 0o7777
            os.lchown(path, draw.randrange(1, 60000), draw.randrange(1, 60000))
            os.chmod(path, mode)
    every = []
    for folder, names, files in os.walk(root):
        every += [os.path.join(folder, n) for n in names + files]
    for path in sorted(every, reverse=True):
        stamp = draw.randrange(-10**9, 2 * 10**9) * 10**9 + draw.randrange(10**9)
        os.utime(path, ns=(stamp, stamp), follow_symlinks=False)
    for folder in folders[1:]:
        os.chmod(os.path.join(root, folder), draw.choice([0o755, 0o700, 0o555, 0o3777]))
    os.utime(root, ns=(1234567891, 1234567891))


if __name__ == "__main__":
    main()
