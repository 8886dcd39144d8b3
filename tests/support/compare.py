#!/usr/bin/env python3
"""Compares tables of two MariaDB/MySQL servers row by row. For tests; shares nothing with wherry's prover.

  compare.py --left A --right B (--table db.t[=db2.t2] | --database db[=db2])... [--definitions]
             [--zero-without-sign]

A and B are socket paths or HOST:PORT. `=` names the table (or database) on the right when it differs.
--database compares the sets of tables as well. --definitions compares columns, indexes and foreign keys.
Both servers must be quiet: each table is read by one statement a side. A password comes from MYSQL_PWD.
A name with a dot or an equals sign in it can only be reached through --database.

How: both sides render every column as text without loss (bytes in hexadecimal), sort by key on the
server, and stream it through the `mariadb` program; lines are compared one by one in bounded memory.
Exit code: 0 equal, 1 different, 2 could not compare.
"""
import argparse
import subprocess
import sys
import tempfile

NULL = b"~"       # no rendering contains these two
TOO_LARGE = b"!"  # the server could not render the value (longer than its packets)

INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"}
BYTES = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "binary", "varbinary", "tinyblob",
         "blob", "mediumblob", "longblob", "geometry", "point", "linestring", "polygon", "multipoint",
         "multilinestring", "multipolygon", "geometrycollection", "geomcollection"}
TEXTUAL = {"date", "datetime", "timestamp", "time", "decimal", "uuid", "inet4", "inet6"}


class CannotCompare(Exception):
    pass


class Side:
    """One server."""

    def __init__(self, name, where, user, zero_has_sign):
        self.name, self.zero_has_sign = name, zero_has_sign
        self.command = ["mariadb", "--no-defaults", "--batch", "--skip-column-names", "--raw", "--quick",
                        "--binary-mode", "--skip-reconnect", "--default-character-set=utf8mb4",
                        "--max-allowed-packet=1G", "--connect-timeout=20", "--user=" + user,
                        "--init-command=SET time_zone='+00:00', sql_mode='', max_sort_length=16384, "
                        "sort_buffer_size=16777216, net_write_timeout=3600"]
        if "/" in where:
            self.command.append("--socket=" + where)
        else:
            host, _, port = where.rpartition(":")
            self.command += ["--protocol=tcp", "--host=" + host, "--port=" + port]
        self.is_mariadb = b"MariaDB" in self.rows("VERSION()", "")[0][0].encode()

    def stream(self, sql):
        """Yields lines; raises unless the client ended well, so an early end is never taken for the end."""
        with tempfile.TemporaryFile() as errors:
            client = subprocess.Popen(self.command + ["--execute=" + sql], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=errors, bufsize=1 << 20)
            try:
                yield from client.stdout
                if client.wait() != 0:
                    errors.seek(0)
                    raise CannotCompare(f"{self.name}: {errors.read(2000).decode(errors='replace').strip()}")
            finally:
                client.stdout.close()
                if client.poll() is None:
                    client.kill()
                client.wait()

    def rows(self, columns, rest):
        """A small result, as tuples of text or None, whatever bytes are in it."""
        columns = columns.split(",")
        sql = "SELECT " + ",".join(f"IFNULL(HEX(CAST({c} AS CHAR)),'~')" for c in columns) + " " + rest
        found = []
        for line in self.stream(sql):
            cells = line.rstrip(b"\n").split(b"\t")
            found.append(tuple(None if c == NULL else bytes.fromhex(c.decode()).decode("utf-8", "surrogateescape")
                               for c in cells))
        return found

    def tables(self, database):
        return {row[0] for row in self.rows(
            "TABLE_NAME", f"FROM information_schema.TABLES WHERE TABLE_SCHEMA={text(database)} "
                          "AND TABLE_TYPE='BASE TABLE'")}


def text(value):
    """A string literal that no sql_mode or character set can misread."""
    return "CONVERT(0x" + value.encode("utf-8", "surrogateescape").hex() + " USING utf8mb4)" if value else "''"


def name(value):
    return "`" + value.replace("`", "``") + "`"


def rendering(column, kind, zero_has_sign):
    """An expression that is different for different values of this type, and the same on every server."""
    column = name(column)
    if kind in INTEGERS or kind in TEXTUAL:
        shown = f"CAST({column} AS CHAR)"
    elif kind in BYTES:
        shown = f"HEX({column})"
    elif kind in ("enum", "set"):  # the number as well (+0 would round that of a large set): '' may be a member or the mark of a wrong value
        shown = f"CONCAT(CAST({column} AS UNSIGNED),':',HEX({column}))"
    elif kind in ("float", "double"):  # *1e0 and not +0e0, which loses the sign of -0; never the column's own text
        shown = f"CAST({column}{'*1e0' if zero_has_sign else '+0e0'} AS CHAR)"
    elif kind == "bit":
        shown = f"CAST(CAST({column} AS UNSIGNED) AS CHAR)"
    elif kind == "json":
        shown = f"HEX(CAST({column} AS CHAR))"
    else:
        raise CannotCompare(f"no way to compare the type {kind}")
    return f"IF({column} IS NULL,'~',IFNULL({shown},'!'))"


class Table:
    """One table as one server has it."""

    def __init__(self, side, database, table):
        self.side, self.database, self.table = side, database, table
        self.place = f"WHERE TABLE_SCHEMA={text(database)} AND TABLE_NAME={text(table)}"
        self.columns = side.rows("COLUMN_NAME,DATA_TYPE",
                                 f"FROM information_schema.COLUMNS {self.place} ORDER BY ORDINAL_POSITION")
        primary = side.rows("COLUMN_NAME,SUB_PART", f"FROM information_schema.STATISTICS {self.place} "
                                                    "AND INDEX_NAME='PRIMARY' ORDER BY SEQ_IN_INDEX")
        self.key = [] if any(part for _, part in primary) else [column for column, _ in primary]

    def lines(self, key):
        """All rows. With an empty key, a digest of the whole row comes first and is what they are sorted by."""
        kinds = dict(self.columns)
        signed = self.side.zero_has_sign
        shown = [rendering(column, kind, signed) for column, kind in self.columns]
        if key:
            order = [name(c) if kinds[c] in INTEGERS else f"BINARY {rendering(c, kinds[c], signed)}" for c in key]
        else:
            shown.insert(0, "MD5(CONCAT_WS(',',%s))" % ",".join(shown))
            order = ["1"]
        return self.side.stream(f"SELECT {','.join(shown)} FROM {name(self.database)}.{name(self.table)} "
                                f"ORDER BY {','.join(order)}")


class Report:
    def __init__(self, limit):
        self.limit, self.differences = limit, 0

    def difference(self, message):
        self.differences += 1
        if self.differences <= self.limit:
            print("different:", message)


def cell(value):
    value = value.decode()
    return "NULL" if value == "~" else (value if len(value) <= 80 else f"{value[:80]}... ({len(value)} characters)")


def compare_rows(left, right, label, report):
    names = [column for column, _ in left.columns]
    if not names or not right.columns:
        missing = left if not names else right
        report.difference(f"{label}: no such table on the {missing.side.name}")
        return 0
    if names != [column for column, _ in right.columns]:
        report.difference(f"{label}: columns are {names} and {[column for column, _ in right.columns]}")
        return 0
    key = left.key if left.key == right.key else []
    kinds = dict(left.columns), dict(right.columns)
    if any((kinds[0][c] in INTEGERS) != (kinds[1][c] in INTEGERS) for c in key):
        key = []
    places = [(names.index(c), kinds[0][c] in INTEGERS) for c in key] or [(0, False)]
    if not key:
        names = ["(row)"] + names

    def split(line):
        cells = line.rstrip(b"\n").split(b"\t")
        if len(cells) != len(names):
            raise CannotCompare(f"{label}: a row of {len(cells)} cells instead of {len(names)}")
        return cells, tuple(int(cells[i]) if number else cells[i] for i, number in places)

    def shown_key(cells):
        return ", ".join(f"{names[i]}={cell(cells[i])}" for i, _ in places)

    count = 0
    streams = left.lines(key), right.lines(key)
    try:
        a, b = next(streams[0], None), next(streams[1], None)
        while a is not None or b is not None:
            for line, table in ((a, left), (b, right)):
                if line is not None and TOO_LARGE in line:
                    raise CannotCompare(f"{label}: a value too long for the packets of the {table.side.name}")
            if a == b:
                count += 1
                a, b = next(streams[0], None), next(streams[1], None)
                continue
            left_cells, left_key = split(a) if a is not None else (None, None)
            right_cells, right_key = split(b) if b is not None else (None, None)
            if b is None or (a is not None and left_key < right_key):
                report.difference(f"{label}: only on the {left.side.name}: {shown_key(left_cells)}")
                count += 1
                a = next(streams[0], None)
            elif a is None or right_key < left_key:
                report.difference(f"{label}: only on the {right.side.name}: {shown_key(right_cells)}")
                b = next(streams[1], None)
            else:
                values = "; ".join(f"{n}: {cell(x)} and {cell(y)}"
                                   for n, x, y in zip(names, left_cells, right_cells) if x != y)
                report.difference(f"{label}: {shown_key(left_cells)}: {values}")
                count += 1
                a, b = next(streams[0], None), next(streams[1], None)
    finally:
        for stream in streams:
            stream.close()
    return count


def plain_default(value, is_mariadb):
    """A column default in one form: MariaDB quotes literals and writes current_timestamp()."""
    if value is None or (is_mariadb and value == "NULL"):
        return None
    if is_mariadb and len(value) >= 2 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'").replace("\\\\", "\\")
    if value.lower().startswith("current_timestamp"):
        value = value.lower().replace("()", "")
    return value


def definition(table, renamed):
    """What the server says about a table, as a set of facts in words that both kinds of server share."""
    side, place, facts = table.side, table.place, set()

    def utf8(value):
        return value and value.replace("utf8mb3", "utf8")

    for row in side.rows("ENGINE,TABLE_COLLATION,TABLE_COMMENT", f"FROM information_schema.TABLES {place}"):
        facts.add(("table", row[0], utf8(row[1]), row[2]))
    for row in side.rows("ORDINAL_POSITION,COLUMN_NAME,COLUMN_TYPE,IS_NULLABLE,COLUMN_DEFAULT,EXTRA,"
                         "CHARACTER_SET_NAME,COLLATION_NAME,COLUMN_COMMENT",
                         f"FROM information_schema.COLUMNS {place}"):
        extra = row[5].lower().replace("()", "").replace("persistent", "stored")
        facts.add(("column",) + row[:4] + (plain_default(row[4], side.is_mariadb), extra, utf8(row[6]),
                                           utf8(row[7]), row[8]))
    for row in side.rows("INDEX_NAME,NON_UNIQUE,SEQ_IN_INDEX,COLUMN_NAME,SUB_PART,INDEX_TYPE",
                         f"FROM information_schema.STATISTICS {place}"):
        facts.add(("index",) + row)
    constraints = place.replace("TABLE_SCHEMA", "CONSTRAINT_SCHEMA")
    for row in side.rows("CONSTRAINT_NAME,REFERENCED_TABLE_NAME,UPDATE_RULE,DELETE_RULE",
                         f"FROM information_schema.REFERENTIAL_CONSTRAINTS {constraints}"):
        # NO ACTION and RESTRICT are the same to InnoDB, and the servers print different ones for neither.
        facts.add(("foreign key",) + tuple("RESTRICT" if x == "NO ACTION" else x for x in row))
    for row in side.rows("CONSTRAINT_NAME,ORDINAL_POSITION,COLUMN_NAME,REFERENCED_TABLE_SCHEMA,"
                         "REFERENCED_TABLE_NAME,REFERENCED_COLUMN_NAME",
                         f"FROM information_schema.KEY_COLUMN_USAGE {place} AND REFERENCED_TABLE_NAME IS NOT NULL"):
        facts.add(("foreign key column",) + row[:3] + (renamed.get(row[3], row[3]),) + row[4:])
    return facts


def compare_definitions(left, right, label, renamed, report):
    ours, theirs = definition(left, renamed), definition(right, {})
    for fact in sorted(ours ^ theirs, key=repr):
        report.difference(f"{label}: only on the {(left if fact in ours else right).side.name}: {fact}")


def pair(word):
    ours, _, theirs = word.partition("=")
    return ours, theirs or ours


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--left", required=True, metavar="A")
    parser.add_argument("--right", required=True, metavar="B")
    parser.add_argument("--left-user", default="root")
    parser.add_argument("--right-user", default="root")
    parser.add_argument("--table", action="append", default=[], metavar="DB.T[=DB2.T2]")
    parser.add_argument("--database", action="append", default=[], metavar="DB[=DB2]")
    parser.add_argument("--exclude", action="append", default=[], metavar="DB.T", help="of --database")
    parser.add_argument("--definitions", action="store_true")
    parser.add_argument("--zero-without-sign", action="store_true", help="-0.0 and 0.0 are equal")
    parser.add_argument("--show", type=int, default=20, metavar="N", help="differences to print")
    options = parser.parse_args()
    if not options.table and not options.database:
        parser.error("name at least one --table or --database")

    report = Report(options.show)
    left = Side("left", options.left, options.left_user, not options.zero_without_sign)
    right = Side("right", options.right, options.right_user, not options.zero_without_sign)
    pairs, renamed = [], {}
    for word in options.table:
        ours, theirs = (part.split(".", 1) for part in pair(word))
        if len(ours) != 2 or len(theirs) != 2:
            raise CannotCompare(f"not a table name: {word}")
        renamed[ours[0]] = theirs[0]
        pairs.append((ours, theirs))
    for word in options.database:
        ours, theirs = pair(word)
        renamed[ours] = theirs
        excluded = {t.split(".", 1)[1] for t in options.exclude if t.split(".", 1)[0] == ours}
        left_tables, right_tables = left.tables(ours) - excluded, right.tables(theirs) - excluded
        if not left_tables:
            raise CannotCompare(f"no tables in {ours} on the left")
        for table in sorted(left_tables - right_tables):
            report.difference(f"{ours}.{table}: only on the left")
        for table in sorted(right_tables - left_tables):
            report.difference(f"{theirs}.{table}: only on the right")
        pairs += [((ours, table), (theirs, table)) for table in sorted(left_tables & right_tables)]

    rows = 0
    for ours, theirs in pairs:
        label = ".".join(ours)
        left_table, right_table = Table(left, *ours), Table(right, *theirs)
        if not left_table.columns and not right_table.columns:
            raise CannotCompare(f"{label}: no such table on either side")
        if options.definitions:
            compare_definitions(left_table, right_table, label, renamed, report)
        rows += compare_rows(left_table, right_table, label, report)
    if report.differences > report.limit:
        print(f"... and {report.differences - report.limit} more")
    print(f"{'different' if report.differences else 'equal'}: {len(pairs)} tables, {rows} rows on the left, "
          f"{report.differences} differences")
    return 1 if report.differences else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotCompare as error:
        print("could not compare:", error, file=sys.stderr)
    except SystemExit:
        raise
    except BaseException as error:  # any fault of ours must not look like an answer
        print(f"could not compare: {type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(2)
