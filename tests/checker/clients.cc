#include "tests/checker/clients.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <optional>
#include <utility>

#include "tests/checker/statements.h"

namespace wherry::tests {

using namespace std::chrono_literals;

namespace {

enum class Manner {
  odd,      // as clients of any kind are
  careful,  // heeds foreign keys, and its time zone is in the log
};

// A file of so many lines, each of which is its number.
std::string numbers(const std::filesystem::path& file, unsigned lines) {
  std::ofstream out(file);
  for (unsigned i = 1; i <= lines; ++i) out << i << "\n";
  return file.string();
}

// A transaction of XA: whose it is, and which one of these.
struct XaBranch {
  std::string global;
  std::string branch;

  std::string id() const { return "'" + global + "','" + branch + "'"; }
  bool operator==(const XaBranch&) const = default;
};

}  // namespace

// A connection that comes back, with the settings of an odd client.
class Clients::Session {
 public:
  Session(Clients& clients, Random& random, Manner manner)
      : clients_(clients), random_(random), manner_(manner) {}

  // Another client, with other settings, comes next.
  void leave() {
    if (connection_) left_ = connection_->thread_id();
    connection_.reset();
  }

  // Until the server has let go of the one that left.
  void wait_for_its_end() const {
    try {
      clients_.server_.wait_for_end_of(left_);
    } catch (const std::runtime_error&) {  // the server is down, or gave its number anew
    }
  }

  // False if the server refused it.
  bool run(const std::string& sql) {
    return attempt([&] { connection_->exec(sql); });
  }

  // Of the last statement that was refused.
  unsigned refusal() const { return refusal_; }

  // Whether a connection was lost since the last look: perhaps the server was started anew.
  bool was_lost() { return std::exchange(was_lost_, false); }

  // Of all clients; nothing if the server refused to tell.
  std::optional<std::vector<XaBranch>> prepared() {
    Rows rows;
    if (!attempt([&] { rows = connection_->query("XA RECOVER"); })) return std::nullopt;
    std::vector<XaBranch> out;
    for (const auto& row : rows) {
      const std::string both = row.at(3).value();
      const std::size_t length = std::stoul(row.at(1).value());
      out.push_back({both.substr(0, length), both.substr(length)});
    }
    return out;
  }

 private:
  template <typename Statement>
  bool attempt(Statement statement) {
    try {
      if (!connection_) connect();
      statement();
      ++clients_.statements_;
      return true;
    } catch (const SqlError& error) {
      ++clients_.refused_;
      refusal_ = error.number();
      if (error.lost()) {
        was_lost_ = true;
        leave();
        std::this_thread::sleep_for(100ms);
      }
      return false;
    }
  }

  void connect() {
    connection_.emplace(clients_.server_.connect("checker"));
    constexpr std::array<const char*, 6> modes{"",
                                               "STRICT_TRANS_TABLES",
                                               "ANSI_QUOTES",
                                               "NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES",
                                               "TRADITIONAL,PIPES_AS_CONCAT",
                                               "PAD_CHAR_TO_FULL_LENGTH,ALLOW_INVALID_DATES"};
    constexpr std::array<const char*, 4> zones{"+00:00", "-05:30", "+13:00", "SYSTEM"};
    constexpr std::array<const char*, 4> charsets{"utf8mb4", "utf8", "latin1", "cp1251"};
    const bool heeds_foreign_keys = manner_ == Manner::careful || pick(random_, 4) != 0;
    connection_->exec(std::string("SET NAMES ") + charsets[pick(random_, 4)]);
    connection_->exec(std::string("SET SESSION sql_mode='") + modes[pick(random_, 6)] +
                      "', time_zone='" + zones[pick(random_, manner_ == Manner::careful ? 3 : 4)] +
                      "', innodb_lock_wait_timeout=1, lock_wait_timeout=2, foreign_key_checks=" +
                      (heeds_foreign_keys ? "1" : "0") + ", tx_isolation='" +
                      (pick(random_, 2) == 0 ? "READ-COMMITTED" : "REPEATABLE-READ") + "'");
  }

  Clients& clients_;
  Random& random_;
  const Manner manner_;
  std::optional<Connection> connection_;
  unsigned refusal_ = 0;
  bool was_lost_ = false;
  std::uint64_t left_ = 0;
};

Clients::Clients(const Server& server, const ClientOptions& options)
    : server_(server),
      options_(options),
      few_lines_(numbers(files_.path() / "few", 15)),
      many_lines_(numbers(files_.path() / "many", 2000)) {
  Random random(options.seed);
  // No part of any migration, but of the transactions that are.
  server.exec_sql(
      "CREATE DATABASE beside; CREATE TABLE beside.lines (v INT, KEY (v)) ENGINE=MyISAM");
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
        connection.exec("REPLACE INTO " + in_backticks(table.name) + " (" + column_list(table) +
                        ") VALUES " + random_row(random, table) + ", " + random_row(random, table));
      } catch (const SqlError&) {
        continue;  // a value that the server does not take in any mode
      }
    }
    connection.exec("COMMIT");
    keep(std::move(table));
  }
  for (unsigned i = 0; i < options.writers; ++i) {
    threads_.emplace_back([this, i](const std::stop_token& stop) { write(i, stop); });
  }
  if (options.change_definitions) {
    threads_.emplace_back([this](const std::stop_token& stop) { change_definitions(stop); });
  }
}

Clients::~Clients() = default;

// Requires: mutex_, once there are threads.
void Clients::keep(Table table) {
  // Not in one statement with the move, which comes before the name is read.
  auto kept = std::make_shared<const Table>(std::move(table));
  tables_[kept->name] = kept;
}

std::shared_ptr<const Table> Clients::some_table(Random& random) const {
  const std::lock_guard lock(mutex_);
  if (tables_.empty()) return nullptr;
  return std::next(tables_.begin(), pick(random, static_cast<unsigned>(tables_.size())))->second;
}

void Clients::write(unsigned number, const std::stop_token& stop) {
  Random random(options_.seed * 1000 + number);
  Session session(*this, random, Manner::odd);
  XaIds prepared;
  for (unsigned last = 0; !stop.stop_requested();) {
    if (pick(random, 100) == 0) session.leave();
    if (options_.xa && session.was_lost()) find_prepared(session, number, prepared);
    // Soon enough for changes of definition, which wait for its tables.
    if (!prepared.empty() && pick(random, 4) == 0) end_prepared(session, random, prepared);
    if (options_.xa && pick(random, 15) == 0) {
      write_xa(session, random, XaBranch{std::to_string(number), std::to_string(++last)}.id(),
               prepared);
      continue;
    }
    const bool large = pick(random, 400) == 0;
    const bool at_once = !large && pick(random, 5) == 0;
    if (!at_once) session.run(pick(random, 2) == 0 ? "BEGIN" : "SET autocommit=0");
    const unsigned statements = large ? 40 : 1 + pick(random, 4);
    for (unsigned i = 0; i < statements; ++i) write_something(session, random, large);
    if (!at_once) session.run(pick(random, 8) == 0 ? "ROLLBACK" : "COMMIT");
    session.run("SET autocommit=1");
    std::this_thread::sleep_for(std::chrono::milliseconds(pick(random, 10)));
  }
  // All of them: who plans a migration next waits for their end.
  while (options_.xa && (!find_prepared(session, number, prepared) || !prepared.empty())) {
    while (!prepared.empty()) end_prepared(session, random, prepared);
  }
}

// Of one phase, ended by its own session, or left prepared.
void Clients::write_xa(Session& session, Random& random, const std::string& id, XaIds& prepared) {
  if (!session.run("XA START " + id)) return session.leave();
  for (unsigned i = 0; i <= pick(random, 4); ++i) {
    if (const auto table = some_table(random)) session.run(random_write(random, *table));
  }
  if (!session.run("XA END " + id)) return session.leave();
  const unsigned end = pick(random, 4);
  if (end == 0) {
    if (!session.run("XA COMMIT " + id + " ONE PHASE")) session.leave();
    return;
  }
  prepared.push_back({id, false});
  const bool answered = session.run("XA PREPARE " + id);
  prepared.back().commit = answered && (end == 2 || (end == 1 && pick(random, 3) != 0));
  if (answered && end != 1 && session.run(prepared.back().end())) {
    prepared.pop_back();
  } else {
    session.leave();
    session.wait_for_its_end();
  }
}

// Tries to. The server does not know it if it was never prepared, or while another session has it.
void Clients::end_prepared(Session& session, Random& random, XaIds& prepared) {
  constexpr unsigned unknown = 1397;
  const auto at = prepared.begin() + pick(random, static_cast<unsigned>(prepared.size()));
  if (!session.run(at->end())) {
    std::this_thread::sleep_for(20ms);
    if (session.refusal() != unknown) return;
    const auto told = session.prepared();
    if (!told || std::any_of(told->begin(), told->end(),
                             [&](const XaBranch& each) { return each.id() == at->text; })) {
      return;
    }
  }
  prepared.erase(at);
}

// Adds what the server has prepared for this client, of which it does not know: a server that was
// killed forgets rollbacks which it had answered. False if the server told nothing.
bool Clients::find_prepared(Session& session, unsigned number, XaIds& prepared) {
  const auto told = session.prepared();
  if (!told) return false;
  for (const XaBranch& each : *told) {
    const bool known = std::any_of(prepared.begin(), prepared.end(),
                                   [&](const XaId& other) { return other.text == each.id(); });
    if (each.global == std::to_string(number) && !known) prepared.push_back({each.id(), false});
  }
  return true;
}

// Whatever is prepared now. A server that was killed forgets which tables it keeps from being
// changed, and a definition that changes between its rows and its end is refused.
void Clients::wait_for_prepared(Session& session, const std::stop_token& stop) {
  auto open = session.prepared();
  while (!stop.stop_requested() && (!open || !open->empty())) {
    std::this_thread::sleep_for(20ms);
    auto now = session.prepared();
    if (open && now) {
      std::erase_if(*open, [&](const XaBranch& each) {
        return std::find(now->begin(), now->end(), each) == now->end();
      });
    } else {
      open = std::move(now);
    }
  }
}

void Clients::write_something(Session& session, Random& random, bool large) {
  const auto table = some_table(random);
  if (!table) return;
  // Within a transaction on tables of both kinds, what is undone stays in part. Not in a large one,
  // whose log can tell too late what is undone, and which is refused.
  if (!large && pick(random, 30) == 0) {
    session.run("INSERT INTO beside.lines VALUES (" + std::to_string(pick(random, 50)) + ")");
    session.run("DELETE FROM beside.lines ORDER BY v LIMIT 2");
  }
  const bool undone = pick(random, 8) == 0;
  if (undone) session.run("SAVEPOINT s");
  if (!table->unique.empty() && pick(random, 6) == 0) {
    for (const auto& sql : swap_of_values(random, *table)) {
      if (!session.run(sql)) break;
    }
  } else if (pick(random, 20) == 0) {
    session.run(random_load(random, *table, large ? many_lines_ : few_lines_));
  } else {
    session.run(large ? random_insert(random, *table, 50) : random_write(random, *table));
  }
  if (undone) session.run("ROLLBACK TO s");
}

void Clients::change_definitions(const std::stop_token& stop) {
  Random random(options_.seed * 1000 + 999);
  Session session(*this, random, Manner::careful);
  for (unsigned number = 0; !stop.stop_requested(); ++number) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + pick(random, 900)));
    if (options_.xa && session.was_lost()) wait_for_prepared(session, stop);
    const auto held = hold_definitions();
    change_one_definition(session, random, number);
  }
}

void Clients::change_one_definition(Session& session, Random& random, unsigned number) {
  const auto old = some_table(random);
  if (!old) return;
  Table table = *old;
  const std::string quoted = "`" + old->name + "`";
  const std::string fresh = "n" + std::to_string(number);
  const bool last_is_free = table.columns.size() > 2 && !table.columns.back().is_base();
  std::string sql;
  switch (pick(random, 14)) {
    case 9:  // a wider type, whose values are converted
      // Times would be converted by a zone that the log does not tell.
      if (!last_is_free || table.columns.back().type.starts_with("TIMESTAMP")) return;
      table.columns.back().type = "LONGTEXT";
      sql = "ALTER TABLE " + quoted + " MODIFY COLUMN " + declaration(table.columns.back());
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
      const Column added = random_column(random, fresh, table, options_.schema);
      table.columns.push_back(added);
      sql = "ALTER TABLE " + quoted + " ADD COLUMN " + declaration(added);
      break;
    }
    case 2:
      if (!last_is_free) return;
      sql = "ALTER TABLE " + quoted + " DROP COLUMN `" + table.columns.back().name + "`";
      table.columns.pop_back();
      break;
    case 3:
      if (!last_is_free) return;
      sql = "ALTER TABLE " + quoted + " CHANGE COLUMN " + in_backticks(table.columns.back().name);
      table.columns.back().name = fresh;
      sql += " " + declaration(table.columns.back());
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
  if (!sql.starts_with("DROP TABLE")) keep(std::move(table));
}

}  // namespace wherry::tests
