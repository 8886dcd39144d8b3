#include "tests/checker/schema.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace wherry::tests {

using enum ServerKind;

namespace {

using Generator = std::function<std::string(Random&)>;

struct Kind {
  std::string type;
  Generator value;
  std::vector<ServerKind> holders = {mariadb, mysql56, mysql57};

  bool held_by_all(const std::vector<ServerKind>& sides) const {
    return std::all_of(sides.begin(), sides.end(), [&](ServerKind side) {
      return std::find(holders.begin(), holders.end(), side) != holders.end();
    });
  }
};

std::string one_of(Random& random, const std::vector<std::string>& values) {
  return values[pick(random, static_cast<unsigned>(values.size()))];
}

std::string number(Random& random, unsigned most) { return std::to_string(pick(random, most)); }

std::string hex(Random& random, unsigned most_bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "X'";
  for (unsigned i = 2 * pick(random, most_bytes + 1); i != 0; --i) out += digits[pick(random, 16)];
  return out + "'";
}

std::string document(Random& random) {
  return one_of(
      random,
      {"'{}'", "'[]'", "'null'", "'0'", "'-0.5'", "'1e100'", "'18446744073709551615'", "'\"\"'",
       R"('{"b": 1, "a": [1, "ä😀", true, null, {"c": {}}]}')", R"('["\\n\\\"\\\\", "\\u0001"]')",
       "JSON_OBJECT('d', 1.50, 'e', DATE'2020-02-29', 'f', TIME'-11:00:00.5')",
       "JSON_ARRAY(9007199254740993, -1, 1.0, 'x', TIMESTAMP'2020-02-29 01:02:03')", "'not one'",
       "CONCAT('[', REPEAT('\"wide\",', " + number(random, 3000) + "), '1]')"});
}

std::string two_digits(Random& random) { return std::to_string(10 + pick(random, 90)); }

std::string fraction(Random& random) { return "." + std::to_string(pick(random, 1'000'000)); }

std::string day(Random& random) {
  if (pick(random, 20) == 0) return one_of(random, {"0000-00-00", "2020-00-00", "1000-01-01"});
  return std::to_string(1971 + pick(random, 60)) + "-" + std::to_string(1 + pick(random, 12)) +
         "-" + std::to_string(1 + pick(random, 28));
}

std::string hour(Random& random) {
  return number(random, 24) + ":" + number(random, 60) + ":" + number(random, 60);
}

std::string text(Random& random) {
  if (pick(random, 4) == 0) {
    return one_of(random,
                  {"''", "'NULL'", "'a'", "'A'", "'a '", "'ä'", "'Ä'", "'ß'", "'ss'", R"('\\')",
                   R"('\'')", "'\\0'", "'\\n\\t'", "'日本語'", "'😀'", "'e\u0301'"});
  }
  return "REPEAT('" + std::string(1, static_cast<char>('a' + pick(random, 26))) + "', " +
         number(random, 60) + ")";
}

// Types and what goes into them. A value that does not fit is the server's to refuse or to bend.
const std::vector<Kind>& kinds() {
  const auto integer = [](std::vector<std::string> edges) -> Generator {
    return [edges = std::move(edges)](Random& random) {
      return pick(random, 4) == 0 ? one_of(random, edges) : number(random, 100);
    };
  };
  const Generator real = [](Random& random) {
    if (pick(random, 3) == 0) {
      return one_of(random, {"16777217", "0.1", "1e-30", "3.4028234e38", "-0.0", "1.17549435e-38",
                             "1e300", "-2.2250738585072014e-308"});
    }
    return "(" + number(random, 1000000) + " - 500000) / 7";
  };
  const Generator datetime = [](Random& random) {
    return "'" + day(random) + " " + hour(random) + fraction(random) + "'";
  };
  // MariaDB makes of 1000-01-01 an instant before 1970-01-01 00:00:01, which MySQL cannot hold.
  const Generator timestamp = [datetime](Random& random) {
    const std::string out = datetime(random);
    return out.starts_with("'1000") ? "0" : out;
  };
  static const std::vector<Kind> all{
      {"TINYINT", integer({"-128", "127"})},
      {"TINYINT UNSIGNED", integer({"255"})},
      {"SMALLINT", integer({"-32768", "32767"})},
      {"MEDIUMINT UNSIGNED", integer({"16777215"})},
      {"INT", integer({"-2147483648", "2147483647"})},
      {"INT UNSIGNED", integer({"4294967295"})},
      {"BIGINT", integer({"-9223372036854775808", "9223372036854775807"})},
      {"BIGINT UNSIGNED", integer({"18446744073709551615", "9223372036854775808"})},
      {"DECIMAL(10,2)", [](Random& r) { return number(r, 100000) + "." + number(r, 100); }},
      {"DECIMAL(65,30)",
       [](Random& r) { return "-" + number(r, 1000000) + "." + number(r, 1000000000); }},
      {"FLOAT", real},
      {"DOUBLE", real},
      {"BIT(1)", [](Random& r) { return number(r, 2); }},
      {"BIT(64)", integer({"18446744073709551615", "9223372036854775808"})},
      {"DATE", [](Random& r) { return "'" + day(r) + "'"; }},
      {"DATETIME", datetime},
      {"DATETIME(6)", datetime},
      {"TIMESTAMP(3)", timestamp},
      {"TIME(6)",
       [](Random& r) {
         return (pick(r, 2) == 0 ? "'-" : "'") + number(r, 838) + ":" + number(r, 60) + ":" +
                number(r, 60) + fraction(r) + "'";
       }},
      {"YEAR", [](Random& r) { return std::to_string(1901 + pick(r, 255)); }},
      {"CHAR(10)", text},
      {"VARCHAR(60)", text},
      {"VARCHAR(60) CHARACTER SET latin1", text},
      {"VARCHAR(60) CHARACTER SET utf8 COLLATE utf8_bin", text},
      {"TEXT", text},
      {"LONGTEXT",
       [](Random& r) { return "REPEAT('" + number(r, 1000) + "ö', " + number(r, 3000) + ")"; }},
      {"BINARY(8)", [](Random& r) { return hex(r, 8); }},
      {"VARBINARY(30)", [](Random& r) { return hex(r, 30); }},
      {"BLOB", [](Random& r) { return hex(r, 300); }},
      {"ENUM('a','b','','d','NULL')", [](Random& r) { return number(r, 6); }},
      {"SET('a','b','c','d','e','f','g','h','i','j')", [](Random& r) { return number(r, 1024); }},
      {"GEOMETRY",
       [](Random& r) {
         return "ST_GeomFromText('" +
                one_of(r, {"POINT(1 -0.5)", "LINESTRING(0 0,1e-300 2)", "POINT(1e300 7)",
                           "GEOMETRYCOLLECTION(POINT(3 4))"}) +
                "', " + number(r, 2) + ")";
       }},
      {"JSON", document, {mariadb, mysql57}},
      {"TEXT COMPRESSED", text, {mariadb}},
      {"UUID",
       [](Random& r) { return "'00000000-0000-1000-8000-0000000000" + two_digits(r) + "'"; },
       {mariadb}},
      {"INET6", [](Random& r) { return "'::ff" + two_digits(r) + "'"; }, {mariadb}},
  };
  return all;
}

// Small domains, so that several clients meet in one row.
const std::vector<Kind>& key_kinds() {
  static const std::vector<Kind> all{
      {"INT", [](Random& r) { return number(r, 500); }},
      {"BIGINT UNSIGNED",
       [](Random& r) { return std::to_string(18446744073709551615U - pick(r, 500)); }},
      {"VARCHAR(20) COLLATE utf8mb4_general_ci",
       [](Random& r) {
         return "'" +
                one_of(r, {"a", "A", "ä", "b", "B", "zz", "ZZ", "Zz", "o", "ö", "ss", "ß", ""}) +
                one_of(r, {"", " ", "x", "X", "1", "2", "3", "4"}) + "'";
       }},
      {"VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
       [](Random& r) {
         return "'" + one_of(r, {"k", "K", "ü", "y", "v", "w"}) + number(r, 30) + "'";
       }},
      {"VARCHAR(20) COLLATE utf8mb4_bin",
       [](Random& r) {
         return "'" + one_of(r, {"k", "K", "ü", "", "日"}) + number(r, 60) + "'";
       }},
      {"BINARY(4)",
       [](Random& r) {
         return one_of(r, {"X''", "X'00'", "X'01'", "X'0100'", "X'010001'", "X'ff000000'"});
       }},
      {"VARBINARY(4)",
       [](Random& r) {
         return one_of(r, {"X''", "X'00'", "X'0000'", "X'01'", "X'0100'", "X'ff'"});
       }},
      {"ENUM('z','y','x','w')", [](Random& r) { return std::to_string(1 + pick(r, 4)); }},
      {"DECIMAL(8,2)", [](Random& r) { return number(r, 30) + "." + number(r, 4); }},
      {"DATETIME(3)",
       [](Random& r) { return "'2024-02-0" + number(r, 9) + " 00:00:00.00" + number(r, 9) + "'"; }},
      {"DATE", [](Random& r) { return "'2024-0" + std::to_string(1 + pick(r, 9)) + "-01'"; }},
      {"SET('r','q','p')", [](Random& r) { return number(r, 8); }},
      {"BIT(9)", [](Random& r) { return number(r, 512); }},
      {"TIME(2)",
       [](Random& r) {
         return "'" + one_of(r, {"", "-"}) + number(r, 30) + ":00:00." + number(r, 3) + "'";
       }},
      {"TIMESTAMP",
       [](Random& r) { return "'2024-03-31 0" + number(r, 9) + ":" + two_digits(r) + ":00'"; }},
      {"YEAR", [](Random& r) { return std::to_string(1950 + pick(r, 60)); }},
      {"INET6", [](Random& r) { return "'::ff" + two_digits(r) + "'"; }, {mariadb}},
  };
  return all;
}

const Generator& generator_of(const std::vector<Kind>& of, const std::string& type) {
  return std::find_if(of.begin(), of.end(), [&](const Kind& kind) { return kind.type == type; })
      ->value;
}

const std::string& some_type(Random& random, const std::vector<Kind>& of,
                             const SchemaOptions& options) {
  for (;;) {
    const Kind& kind = of[pick(random, static_cast<unsigned>(of.size()))];
    if (kind.held_by_all(options.sides)) return kind.type;
  }
}

std::string names(const Table& table, const std::vector<std::size_t>& columns) {
  std::string out;
  for (const std::size_t at : columns) {
    out += (out.empty() ? "" : ", ") + in_backticks(table.columns[at].name);
  }
  return out;
}

}  // namespace

unsigned pick(Random& random, unsigned most) { return static_cast<unsigned>(random() % most); }

const Column* Table::column(const std::string& of_name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const Column& c) { return c.name == of_name; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::size_t> Table::written() const {
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    if (columns[at].generated.empty()) out.push_back(at);
  }
  return out;
}

std::string in_backticks(const std::string& name) {
  std::string out = "`";
  for (const char c : name) out += c == '`' ? "``" : std::string(1, c);
  return out + "`";
}

Column random_column(Random& random, const std::string& name, const Table& table,
                     const SchemaOptions& options) {
  Column out{name, some_type(random, kinds(), options), pick(random, 4) != 0};
  // No partitioned table has any.
  if (out.type == "GEOMETRY" && table.partitions != 0) out.type = "INT";
  // Without a value MySQL leaves an empty one, which no client can write.
  if (out.type == "GEOMETRY") out.nullable = true;
  return out;
}

std::optional<Column> generated_column(Random& random, const Table& table,
                                       const SchemaOptions& options) {
  constexpr std::array<std::string_view, 6> sources{"INT",    "BIGINT", "VARCHAR",
                                                    "BINARY", "ENUM",   "DATE"};
  const Column& of = table.columns.front();
  const bool held =
      std::find(options.sides.begin(), options.sides.end(), mysql56) == options.sides.end();
  const bool plain = std::any_of(sources.begin(), sources.end(), [&](std::string_view type) {
    return of.type.starts_with(type) && !of.type.starts_with("DATETIME");
  });
  if (!held || !plain) return std::nullopt;
  const char* kind = pick(random, 2) == 0 ? ") STORED" : ") VIRTUAL";
  return Column{"g0", "INT", true, "AS (LENGTH(" + in_backticks(of.name) + ")" + kind};
}

Table random_table(Random& random, const std::string& name, const SchemaOptions& options) {
  Table table;
  table.name = name;
  const bool has_key = !options.tables_without_key || pick(random, 6) != 0;
  if (has_key) {
    for (unsigned i = 0; i <= pick(random, 3); ++i) {
      table.key.push_back(table.columns.size());
      table.columns.push_back(
          {"k" + std::to_string(i), some_type(random, key_kinds(), options), false});
    }
    table.key_is_primary = pick(random, 5) != 0;
  }
  if (pick(random, 2) == 0) {
    table.unique.push_back(table.columns.size());
    table.columns.push_back({"u", some_type(random, key_kinds(), options), true});
    table.unique_prefix = table.columns.back().type.starts_with("VARCHAR") && pick(random, 3) == 0;
  }
  // MySQL leaves such a table damaged for good, if it is killed while it changes one.
  const bool may_be_parted = std::all_of(options.sides.begin(), options.sides.end(),
                                         [](ServerKind side) { return side == mariadb; });
  const bool one_key = may_be_parted && has_key && table.unique.empty() && table.key_is_primary;
  table.partitions = one_key && pick(random, 6) == 0 ? 3 : 0;
  const unsigned more = 1 + pick(random, 8);
  for (unsigned i = 0; i < more; ++i) {
    Column column = random_column(random, "c" + std::to_string(i), table, options);
    table.columns.push_back(std::move(column));
  }
  if (pick(random, 3) == 0) {
    if (auto column = generated_column(random, table, options)) {
      table.columns.push_back(std::move(*column));
    }
  }
  return table;
}

Table parent_of_children(const std::string& name) {
  Table table;
  table.name = name;
  table.columns = {{"k0", "INT", false}, {"c0", "VARCHAR(60)", true}};
  table.key = {0};
  return table;
}

Table random_child(Random& random, const std::string& name, const std::string& parent) {
  Table table = parent_of_children(name);
  table.columns.insert(table.columns.begin() + 1, {"kp", "INT", true});
  const std::string on_delete = one_of(random, {"CASCADE", "SET NULL", "RESTRICT"});
  const std::string on_update = one_of(random, {"CASCADE", "SET NULL", "RESTRICT"});
  table.foreign_key = "FOREIGN KEY (`kp`) REFERENCES " + in_backticks(parent) +
                      " (`k0`) ON DELETE " + on_delete + " ON UPDATE " + on_update;
  return table;
}

std::string declaration(const Column& column) {
  if (!column.generated.empty()) {
    return in_backticks(column.name) + " " + column.type + " " + column.generated;
  }
  const std::string out =
      in_backticks(column.name) + " " + column.type + (column.nullable ? " NULL" : " NOT NULL");
  // Without a default it means different things by a setting that no log tells.
  return out + (column.type.starts_with("TIMESTAMP") ? " DEFAULT 0" : "");
}

std::string create(const Table& table) {
  std::string out = "CREATE TABLE " + in_backticks(table.name) + " (";
  for (const Column& c : table.columns) {
    out += declaration(c) + ", ";
  }
  if (!table.key.empty()) {
    out += (table.key_is_primary ? "PRIMARY KEY (" : "UNIQUE KEY `the key` (") +
           names(table, table.key) + "), ";
    out += "KEY `late` (" + names(table, table.key) + "), ";  // not there while rows are copied
  }
  if (!table.unique.empty()) {
    out += "UNIQUE KEY `u` (" + names(table, table.unique) + (table.unique_prefix ? "(2)" : "") +
           "), ";
  }
  if (!table.foreign_key.empty()) out += table.foreign_key + ", ";
  out.resize(out.size() - 2);
  out += ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
  if (table.partitions != 0) {
    out += " PARTITION BY KEY (" + names(table, {table.key[0]}) + ") PARTITIONS " +
           std::to_string(table.partitions);
  }
  return out;
}

std::string random_value(Random& random, const Column& column) {
  if (column.nullable && pick(random, 8) == 0) return "NULL";
  return generator_of(kinds(), column.type)(random);
}

std::string random_value(Random& random, const Table& table, std::size_t column) {
  const Column& c = table.columns[column];
  const auto within = [&](const std::vector<std::size_t>& key) {
    return std::find(key.begin(), key.end(), column) != key.end();
  };
  if (!within(table.key) && !within(table.unique)) return random_value(random, c);
  if (c.nullable && pick(random, 8) == 0) return "NULL";
  return generator_of(key_kinds(), c.type)(random);
}

}  // namespace wherry::tests
