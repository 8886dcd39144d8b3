#include "tests/checker/clients.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace wherry::tests {

using namespace std::chrono_literals;

namespace {

std::string column_list(const Table& table) {
  std::string out;
  for (const Column& c : table.columns) out += (out.empty() ? "`" : ", `") + c.name + "`";
  return out;
}

std::string row(Random& random, const Table& table) {
  std::string out = "(";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out += (i == 0 ? "" : ", ") + random_value(random, table, i);
  }
  return out + ")";
}

std::string insert(Random& random, const Table& table, unsigned rows) {
  constexpr std::array<const char*, 4> ways{"INSERT INTO", "INSERT INTO", "INSERT IGNORE INTO",
                                            "REPLACE INTO"};
  std::string out = std::string(ways[pick(random, 4)]) + " `" + table.name + "` (" +
                    column_list(table) + ") VALUES ";
  for (unsigned i = 0; i < rows; ++i) out += (i == 0 ? "" : ", ") + row(random, table);
  return out;
}

std::size_t some_column(Random& random, const Table& table) {
  return pick(random, static_cast<unsigned>(table.columns.size()));
}

std::string where(Random& random, const Table& table) {
  if (table.key.empty() || pick(random, 4) == 0) {
    const std::size_t at = some_column(random, table);
    return " WHERE `" + table.columns[at].name + "` " + (pick(random, 2) == 0 ? "<=> " : "> ") +
           random_value(random, table, at) + " LIMIT " + std::to_string(1 + pick(random, 20));
  }
  const std::size_t at = table.key[pick(random, static_cast<unsigned>(table.key.size()))];
  return " WHERE `" + table.columns[at].name + "` = " + random_value(random, table, at) +
         " LIMIT " + std::to_string(1 + pick(random, 5));
}

std::string update(Random& random, const Table& table) {
  std::string out =
      "UPDATE " + std::string(pick(random, 4) == 0 ? "IGNORE `" : "`") + table.name + "` SET ";
  for (unsigned i = 0; i <= pick(random, 3); ++i) {
    const std::size_t at = some_column(random, table);
    out +=
        (i == 0 ? "`" : ", `") + table.columns[at].name + "` = " + random_value(random, table, at);
  }
  return out + where(random, table);
}

std::string write_something(Random& random, const Table& table) {
  switch (pick(random, 8)) {
    case 0:
    case 1:
      return insert(random, table, 1 + pick(random, 4));
    case 2: {
      std::string out = insert(random, table, 1);
      const std::size_t at = some_column(random, table);
      if (!out.starts_with("INSERT INTO")) return out;
      return out + " ON DUPLICATE KEY UPDATE `" + table.columns[at].name +
             "` = " + random_value(random, table, at);
    }
    case 3:
      return "DELETE FROM `" + table.name + "`" + where(random, table);
    case 4:
      return "INSERT IGNORE INTO `" + table.name + "` (" + column_list(table) + ") SELECT " +
             column_list(table) + " FROM `" + table.name + "` LIMIT " +
             std::to_string(pick(random, 10));
    default:
      return update(random, table);
  }
}

// The values of a unique column change places, as nobody sees them in between.
std::vector<std::string> swap(Random& random, const Table& table) {
  const Column& c = table.columns[table.unique.at(0)];
  const std::string a = random_value(random, table, table.unique[0]);
  const std::string b = random_value(random, table, table.unique[0]);
  const std::string set = "UPDATE `" + table.name + "` SET `" + c.name + "` = ";
  const std::string those = " WHERE `" + c.name + "` <=> ";
  return {"SET @a = (SELECT `" + c.name + "` FROM `" + table.name + "`" + those + a + " LIMIT 1)",
          "SET @b = (SELECT `" + c.name + "` FROM `" + table.name + "`" + those + b + " LIMIT 1)",
          set + "NULL" + those + "@a LIMIT 1", set + "@a" + those + "@b LIMIT 1",
          set + "@b" + those + "NULL LIMIT 1"};
}

}  // namespace

// A connection that comes back, with the settings of an odd client.
class Clients::Session {
 public:
  Session(Clients& clients, Random& random) : clients_(clients), random_(random) {}

  // False if the server refused it.
  bool run(const std::string& sql) {
    try {
      if (!connection_) connect();
      connection_->exec(sql);
      ++clients_.statements_;
      return true;
    } catch (const SqlError& error) {
      ++clients_.refused_;
      if (error.lost()) {
        connection_.reset();
        std::this_thread::sleep_for(100ms);
      }
      return false;
    }
  }

 private:
  void connect() {
    connection_.emplace(clients_.server_.connect("checker"));
    constexpr std::array<const char*, 4> modes{"", "STRICT_TRANS_TABLES", "ANSI_QUOTES",
                                               "NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES"};
    constexpr std::array<const char*, 3> zones{"+00:00", "-05:30", "+13:00"};
    connection_->exec(std::string("SET SESSION sql_mode='") + modes[pick(random_, 4)] +
                      "', time_zone='" + zones[pick(random_, 3)] +
                      "', innodb_lock_wait_timeout=1, tx_isolation='" +
                      (pick(random_, 2) == 0 ? "READ-COMMITTED" : "REPEATABLE-READ") + "'");
  }

  Clients& clients_;
  Random& random_;
  std::optional<Connection> connection_;
};

Clients::Clients(const Server& server, const ClientOptions& options)
    : server_(server), options_(options) {
  Random random(options.seed);
  server.exec_sql("CREATE DATABASE checker CHARACTER SET utf8mb4");
  auto connection = server.connect("checker");
  connection.exec("SET sql_mode=''");
  std::vector<Table> tables;
  for (unsigned i = 0; i < options.tables; ++i) {
    tables.push_back(random_table(random, "t" + std::to_string(i), options.schema));
  }
  tables.push_back(parent_of_children("f0"));
  tables.push_back(random_child(random, "f1", "f0"));
  tables.push_back(random_child(random, "f2", "f1"));
  for (auto& table : tables) {
    connection.exec(create(table));
    connection.exec("BEGIN");
    for (unsigned batch = 0; batch < 300; ++batch) {
      try {
        connection.exec("REPLACE INTO `" + table.name + "` VALUES " + row(random, table) + ", " +
                        row(random, table));
      } catch (const SqlError&) {
        continue;  // a value that the server does not take in any mode
      }
    }
    connection.exec("COMMIT");
    tables_[table.name] = std::make_shared<const Table>(std::move(table));
  }
  for (unsigned i = 0; i < options.writers; ++i) {
    threads_.emplace_back([this, i](const std::stop_token& stop) { write(i, stop); });
  }
  if (options.change_definitions) {
    threads_.emplace_back([this](const std::stop_token& stop) { change_definitions(stop); });
  }
}

Clients::~Clients() = default;

std::shared_ptr<const Table> Clients::some_table(Random& random) const {
  const std::lock_guard lock(mutex_);
  if (tables_.empty()) return nullptr;
  return std::next(tables_.begin(), pick(random, static_cast<unsigned>(tables_.size())))->second;
}

void Clients::write(unsigned number, const std::stop_token& stop) {
  Random random(options_.seed * 1000 + number);
  Session session(*this, random);
  while (!stop.stop_requested()) {
    const bool large = pick(random, 500) == 0;
    session.run("BEGIN");
    const unsigned statements = large ? 40 : 1 + pick(random, 4);
    for (unsigned i = 0; i < statements; ++i) {
      const auto table = some_table(random);
      if (!table) break;
      const bool undone = pick(random, 8) == 0;
      if (undone) session.run("SAVEPOINT s");
      if (!table->unique.empty() && pick(random, 6) == 0) {
        for (const auto& sql : swap(random, *table)) {
          if (!session.run(sql)) break;
        }
      } else {
        session.run(large ? insert(random, *table, 50) : write_something(random, *table));
      }
      if (undone) session.run("ROLLBACK TO s");
    }
    session.run(pick(random, 8) == 0 ? "ROLLBACK" : "COMMIT");
    std::this_thread::sleep_for(std::chrono::milliseconds(pick(random, 10)));
  }
}

void Clients::change_definitions(const std::stop_token& stop) {
  Random random(options_.seed * 1000 + 999);
  Session session(*this, random);
  for (unsigned number = 0; !stop.stop_requested(); ++number) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + pick(random, 900)));
    change_one_definition(session, random, number);
  }
}

void Clients::change_one_definition(Session& session, Random& random, unsigned number) {
  const auto old = some_table(random);
  if (!old) return;
  Table table = *old;
  const std::string quoted = "`" + old->name + "`";
  const std::string fresh = "n" + std::to_string(number);
  const bool last_is_free = table.columns.size() > 2 && table.columns.back().name[0] != 'k' &&
                            table.columns.back().name[0] != 'u';
  std::string sql;
  switch (pick(random, 14)) {
    case 9:  // a wider type, whose values are converted
      if (!last_is_free) return;
      sql = "ALTER TABLE " + quoted + " MODIFY COLUMN `" + table.columns.back().name +
            "` LONGTEXT" + (table.columns.back().nullable ? " NULL" : " NOT NULL");
      table.columns.back().type = "LONGTEXT";
      break;
    case 10: {  // as tools for online changes exchange two tables
      table.name = old->name;
      if (!session.run("CREATE TABLE `" + fresh + "` LIKE " + quoted)) return;
      ++definitions_;
      session.run("INSERT IGNORE INTO `" + fresh + "` (" + column_list(table) + ") SELECT " +
                  column_list(table) + " FROM " + quoted);
      if (!session.run("RENAME TABLE " + quoted + " TO `old" + fresh + "`, `" + fresh + "` TO " +
                       quoted)) {
        return;
      }
      ++definitions_;
      sql = "DROP TABLE `old" + fresh + "`";
      if (session.run(sql)) ++definitions_;
      return;
    }
    case 11:
      if (session.run("CREATE OR REPLACE VIEW `v" + std::to_string(pick(random, 4)) +
                      "` AS SELECT * FROM " + quoted)) {
        ++definitions_;
      }
      return;
    case 12:
      if (session.run("DROP VIEW IF EXISTS `v" + std::to_string(pick(random, 4)) + "`")) {
        ++definitions_;
      }
      return;
    case 13:
      if (session.run("ALTER TABLE " + quoted + " COMMENT '" + fresh + "', FORCE")) {
        ++definitions_;
      }
      return;
    case 0:
    case 1: {
      const Column added = random_column(random, fresh);
      table.columns.push_back(added);
      sql = "ALTER TABLE " + quoted + " ADD COLUMN `" + added.name + "` " + added.type +
            (added.nullable ? " NULL" : " NOT NULL");
      break;
    }
    case 2:
      if (!last_is_free) return;
      sql = "ALTER TABLE " + quoted + " DROP COLUMN `" + table.columns.back().name + "`";
      table.columns.pop_back();
      break;
    case 3:
      if (!last_is_free) return;
      sql = "ALTER TABLE " + quoted + " CHANGE COLUMN `" + table.columns.back().name + "` `" +
            fresh + "` " + table.columns.back().type +
            (table.columns.back().nullable ? " NULL" : " NOT NULL");
      table.columns.back().name = fresh;
      break;
    case 4:
      sql =
          "ALTER TABLE " + quoted + " ADD INDEX `i" + fresh + "` (`" + table.columns[0].name + "`)";
      break;
    case 5:
      table.name = "t" + fresh;
      sql = "RENAME TABLE " + quoted + " TO `" + table.name + "`";
      break;
    case 6:
      if (pick(random, 2) == 0) return;
      sql = "TRUNCATE TABLE " + quoted;
      break;
    case 7:
      table = random_table(random, "t" + fresh, options_.schema);
      sql = create(table);
      break;
    default: {
      const std::lock_guard lock(mutex_);
      if (tables_.size() < options_.tables) return;
    }
      sql = "DROP TABLE " + quoted;
  }
  if (!session.run(sql)) return;
  ++definitions_;
  const std::lock_guard lock(mutex_);
  const bool keeps_old = sql.starts_with("CREATE");
  if (!keeps_old) tables_.erase(old->name);
  if (!sql.starts_with("DROP TABLE")) {
    tables_[table.name] = std::make_shared<const Table>(std::move(table));
  }
}

}  // namespace wherry::tests
