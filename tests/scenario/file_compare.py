#!/usr/bin/env python3
"""Compares two trees with nothing of the product's: file_compare.py <tree> <tree>. Prints each difference; exit code 1 if there is any.

Compared: names, kinds, contents, sizes, modes, owners (as root), times in nanoseconds, link targets, extended attributes with ACLs, which
names are hard links of each other, and that sparse files take no more than a little more room.
"""

import hashlib
import os
import stat
import sys


def content(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def facts(root):
    out, groups = {}, {}
    paths = [b"."]
    for folder, folders, files in os.walk(root):
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    for path in sorted(paths):
        full = os.path.join(root, path)
        is_ = os.lstat(full)
        one = {"kind": stat.S_IFMT(is_.st_mode), "time": is_.st_mtime_ns}
        if os.geteuid() == 0:
            one["owner"] = (is_.st_uid, is_.st_gid)
        if stat.S_ISLNK(is_.st_mode):
            one["link"] = os.readlink(full)
        else:
            one["mode"] = stat.S_IMODE(is_.st_mode)
            one["xattrs"] = {n: os.getxattr(full, n) for n in os.listxattr(full)}
        if not stat.S_ISDIR(is_.st_mode):
            one["names"] = groups.setdefault((is_.st_dev, is_.st_ino), path)
        if stat.S_ISREG(is_.st_mode):
            one["size"] = is_.st_size
            one["content"] = content(full)
            one["sparse"] = is_.st_size > (1 << 20) and is_.st_blocks * 512 < is_.st_size // 4
        out[path] = one
    return out


def main():
    left, right = (facts(os.fsencode(p)) for p in sys.argv[1:3])
    different = 0
    for path in sorted(set(left) | set(right)):
        a, b = left.get(path), right.get(path)
        if a == b:
            continue
        different += 1
        what = "only on one side" if a is None or b is None else [k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
        print(path, what, a, b)
    print(f"{len(left)} and {len(right)} compared, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
