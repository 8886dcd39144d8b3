#include <algorithm>

#include "tests/support/load/writes.h"

namespace wherry::tests {

namespace {

std::string values(Draw& draw) {
  return draw.or_null(draw.text(8)) + "," + draw.number(1'000'000) + "," +
         draw.or_null(draw.number(2'000'000'000)) + ",FROM_UNIXTIME(" + draw.number(2'000'000'000) +
         "+1)";
}

}  // namespace

std::string swap_values(const std::string& table, const std::string& column,
                        const std::string& first, const std::string& second,
                        const std::string& temporary) {
  const std::string read = "SELECT " + column + " INTO ";
  const std::string write = "UPDATE " + table + " SET " + column + "=";
  return "SET @a=NULL,@b=NULL;" + read + "@a FROM " + table + " WHERE " + first + " FOR UPDATE;" +
         read + "@b FROM " + table + " WHERE " + second + " FOR UPDATE;" + write + temporary +
         " WHERE " + first + ";" + write + "@a WHERE " + second + ";" + write + "@b WHERE " +
         first + ";";
}

Writes simple_writes(const std::string& name) {
  Writes writes;
  const auto add = [&](unsigned weight, std::function<void(std::string&, Draw&)> append) {
    writes.kinds.push_back({name, weight, std::move(append)});
  };
  add(30, [name](std::string& sql, Draw& draw) {
    sql += "INSERT INTO " + name + " VALUES (" + draw.new_key(name) + "," + values(draw) + ");";
  });
  add(30, [name](std::string& sql, Draw& draw) {
    sql += "UPDATE " + name + " SET n=n+1,v=" + draw.or_null(draw.text(8)) +
           ",ts=NOW() WHERE id=" + draw.key(name) + ";";
  });
  add(30, [name](std::string& sql, Draw& draw) {
    sql += "DELETE FROM " + name + " WHERE id=" + draw.key(name) + ";";
  });
  add(8, [name](std::string& sql, Draw& draw) {  // a deleted key comes back
    sql += "INSERT IGNORE INTO " + name + " VALUES (" + draw.key(name) + "," + values(draw) + ");";
  });
  add(5, [name](std::string& sql, Draw& draw) {
    sql += "REPLACE INTO " + name + " VALUES (" + draw.key(name) + "," + values(draw) + ");";
  });
  add(5, [name](std::string& sql, Draw& draw) {
    sql += "INSERT INTO " + name + " VALUES (" + draw.key(name) + "," + values(draw) +
           ") ON DUPLICATE KEY UPDATE n=n+1000,u=NULL;";
  });
  add(5, [name](std::string& sql, Draw& draw) {
    const std::string from = draw.key(name);
    sql += "UPDATE " + name + " SET n=n+7 WHERE id BETWEEN " + from + " AND " + from + "+9;";
  });
  add(4, [name](std::string& sql, Draw& draw) {
    sql += "UPDATE " + name + " SET id=" + draw.new_key(name) + " WHERE id=" + draw.key(name) + ";";
  });
  add(6, [name](std::string& sql, Draw& draw) {
    const std::string first = draw.key(name), second = draw.key(name);
    if (first == second) return;
    sql += swap_values(name, "u", "id=" + first, "id=" + second,
                       "-" + std::to_string(draw.thread() + 1));
  });
  writes.refresh = [name](Connection& connection, Draw& draw) {
    const Cell last = connection.value("SELECT MAX(id) FROM " + name);
    draw.set_last_key(name, last ? std::stoll(*last) : 0);
  };
  return writes;
}

void create_simple_table(Connection& connection, const std::string& name, std::uint64_t rows,
                         std::uint64_t seed) {
  connection.exec("CREATE DATABASE IF NOT EXISTS " + name.substr(0, name.find('.')));
  const std::size_t dot = name.find('.');
  if (connection.value("SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA='" +
                       name.substr(0, dot) + "' AND TABLE_NAME='" + name.substr(dot + 1) + "'") !=
      "0") {
    return;
  }
  connection.exec("CREATE TABLE " + name +
                  " (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(200) NULL, n INT NOT NULL, u INT "
                  "NULL, ts TIMESTAMP NULL, UNIQUE KEY u (u)) ENGINE=InnoDB DEFAULT "
                  "CHARSET=utf8mb4");
  Draw draw(seed, 0, 1);
  for (std::uint64_t id = 1; id <= rows;) {
    std::string sql = "INSERT INTO " + name + " VALUES ";
    for (const std::uint64_t end = std::min(rows, id + 999); id <= end; ++id) {
      if (sql.back() == ')') sql += ',';
      sql += "(" + std::to_string(id) + "," + draw.or_null(draw.text(8)) + "," +
             draw.number(1'000'000) + "," + draw.or_null(std::to_string(id)) + ",FROM_UNIXTIME(" +
             draw.number(2'000'000'000) + "+1))";
    }
    connection.exec(sql);
  }
}

}  // namespace wherry::tests
