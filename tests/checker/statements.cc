#include "tests/checker/statements.h"

#include <array>

namespace wherry::tests {

namespace {

std::string some(Random& random, unsigned most) { return std::to_string(1 + pick(random, most)); }

std::size_t some_column(Random& random, const Table& table) {
  return pick(random, static_cast<unsigned>(table.columns.size()));
}

std::size_t some_written_column(Random& random, const Table& table) {
  const auto written = table.written();
  return written[pick(random, static_cast<unsigned>(written.size()))];
}

std::string name_of(const Table& table, std::size_t column) {
  return in_backticks(table.columns[column].name);
}

std::string where(Random& random, const Table& table) {
  const bool by_key = !table.key.empty() && pick(random, 4) != 0;
  const std::size_t at = by_key ? table.key[pick(random, static_cast<unsigned>(table.key.size()))]
                                : some_column(random, table);
  const std::string how = by_key ? " = " : (pick(random, 2) == 0 ? " <=> " : " > ");
  std::string out = " WHERE " + name_of(table, at) + how + random_value(random, table, at);
  if (pick(random, 3) == 0) {
    out += " ORDER BY " + name_of(table, some_column(random, table)) +
           (pick(random, 2) == 0 ? " DESC" : "");
  }
  return out + " LIMIT " + some(random, by_key ? 5 : 20);
}

std::string set(Random& random, const Table& table) {
  std::string out;
  for (unsigned i = 0; i <= pick(random, 3); ++i) {
    const std::size_t at = some_written_column(random, table);
    out += (i == 0 ? "" : ", ") + name_of(table, at) + " = " + random_value(random, table, at);
  }
  return out;
}

std::string update(Random& random, const Table& table) {
  return "UPDATE " + std::string(pick(random, 4) == 0 ? "IGNORE " : "") + in_backticks(table.name) +
         " SET " + set(random, table) + where(random, table);
}

// Many rows trade the values of a key along a chain, each free just before the next one needs it.
std::string shift_of_keys(Random& random, const Table& table) {
  const auto& key = table.unique.empty() ? table.key : table.unique;
  const std::string column = name_of(table, key[pick(random, static_cast<unsigned>(key.size()))]);
  const bool up = pick(random, 2) == 0;
  return "UPDATE IGNORE " + in_backticks(table.name) + " SET " + column + " = " + column +
         (up ? " + 1" : " - 1") + " ORDER BY " + column + (up ? " DESC" : "") + " LIMIT " +
         some(random, 60);
}

}  // namespace

std::string column_list(const Table& table) {
  std::string out;
  for (const std::size_t at : table.written()) {
    out += (out.empty() ? "" : ", ") + name_of(table, at);
  }
  return out;
}

std::string random_row(Random& random, const Table& table) {
  std::string out;
  for (const std::size_t at : table.written()) {
    out += (out.empty() ? "(" : ", ") + random_value(random, table, at);
  }
  return out + ")";
}

std::string random_insert(Random& random, const Table& table, unsigned rows) {
  constexpr std::array<const char*, 4> ways{"INSERT INTO", "INSERT INTO", "INSERT IGNORE INTO",
                                            "REPLACE INTO"};
  std::string out = std::string(ways[pick(random, 4)]) + " " + in_backticks(table.name) + " (" +
                    column_list(table) + ") VALUES ";
  for (unsigned i = 0; i < rows; ++i) out += (i == 0 ? "" : ", ") + random_row(random, table);
  return out;
}

std::string random_write(Random& random, const Table& table) {
  const std::string name = in_backticks(table.name);
  switch (pick(random, 12)) {
    case 0:
    case 1:
      return random_insert(random, table, 1 + pick(random, 4));
    case 2:
    case 3: {
      std::string out = random_insert(random, table, 1 + pick(random, 3));
      if (!out.starts_with("INSERT INTO")) return out;
      return out + " ON DUPLICATE KEY UPDATE " + set(random, table);
    }
    case 4:
      return "DELETE FROM " + name + where(random, table);
    case 5: {
      // Rows of the table itself, some of whose values are new.
      std::string columns;
      for (const std::size_t i : table.written()) {
        columns += (columns.empty() ? "" : ", ") +
                   (pick(random, 3) == 0 ? random_value(random, table, i) : name_of(table, i));
      }
      return std::string(pick(random, 2) == 0 ? "INSERT IGNORE INTO " : "REPLACE INTO ") + name +
             " (" + column_list(table) + ") SELECT " + columns + " FROM " + name + " LIMIT " +
             some(random, 10);
    }
    case 6:
      if (!table.key.empty() || !table.unique.empty()) return shift_of_keys(random, table);
      [[fallthrough]];
    default:
      return update(random, table);
  }
}

std::string random_load(Random& random, const Table& table, const std::string& file) {
  std::string out = "LOAD DATA LOCAL INFILE '" + file + "' " +
                    (pick(random, 2) == 0 ? "IGNORE" : "REPLACE") + " INTO TABLE " +
                    in_backticks(table.name) + " (@line) SET ";
  for (const std::size_t i : table.written()) {
    out += (i == 0 ? "" : ", ") + name_of(table, i) + " = ELT(1 + @line % 4";
    for (int value = 0; value < 4; ++value) out += ", " + random_value(random, table, i);
    out += ")";
  }
  return out;
}

std::vector<std::string> swap_of_values(Random& random, const Table& table) {
  const std::string column = name_of(table, table.unique.at(0));
  const std::string a = random_value(random, table, table.unique[0]);
  const std::string b = random_value(random, table, table.unique[0]);
  const std::string update = "UPDATE " + in_backticks(table.name) + " SET " + column + " = ";
  const std::string those = " WHERE " + column + " <=> ";
  const auto value = [&](const std::string& of) {
    return "(SELECT " + column + " FROM " + in_backticks(table.name) + those + of + " LIMIT 1)";
  };
  return {"SET @a = " + value(a), "SET @b = " + value(b), update + "NULL" + those + "@a LIMIT 1",
          update + "@a" + those + "@b LIMIT 1", update + "@b" + those + "NULL LIMIT 1"};
}

}  // namespace wherry::tests
