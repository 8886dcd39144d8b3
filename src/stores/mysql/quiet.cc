#include "stores/mysql/quiet.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/open_transactions.h"
#include "stores/mysql/replica_status.h"
#include "stores/mysql/xa_book.h"

namespace wherry::stores::mysql {

using base::Error;
using base::ErrorKind;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::string>;

class GlobalReadLock {
 public:
  explicit GlobalReadLock(Connection& connection) : connection_(connection) {
    connection_.execute("FLUSH TABLES WITH READ LOCK");
  }
  ~GlobalReadLock() {
    try {
      connection_.execute("UNLOCK TABLES");
    } catch (const Error&) {
      // The connection is lost, and the lock with it.
      connection_.interrupt();
    }
  }
  GlobalReadLock(const GlobalReadLock&) = delete;
  GlobalReadLock& operator=(const GlobalReadLock&) = delete;

 private:
  Connection& connection_;
};

// What our account may not do is told with the GRANT that helps.
template <typename Ask>
auto allowed(Connection& connection, std::string_view privilege, std::string_view what,
             const Ask& ask) {
  try {
    return ask();
  } catch (const Error& e) {
    if (e.code() != "mysql.privilege") throw;
    throw Error(ErrorKind::rejected, "seal.privilege_missing",
                fmt::format("the account may not {}; GRANT {} ON *.* TO {};", what, privilege,
                            base::printable(account_of(connection))),
                connection.endpoint().text());
  }
}

class QuietServer {
 public:
  explicit QuietServer(Connection& connection) : c_(connection) {}

  // Nothing: the lock was not given, or somebody came in the way.
  std::optional<std::optional<model::Position>> try_once(Names& in_the_way_now) {
    // Without the lock first: who is in the way could not end what he does under it.
    add_who_is_in_the_way(in_the_way_now);
    if (!in_the_way_now.empty()) return std::nullopt;
    try {
      return allowed(c_, "RELOAD", "stop all writes for an instant",
                     [&] { return end_under_lock(in_the_way_now); });
    } catch (const Error& e) {
      if (e.code() != "mysql.lock") throw;
      in_the_way_now = running();
      return std::nullopt;
    }
  }

 private:
  std::optional<std::optional<model::Position>> end_under_lock(Names& in_the_way_now) {
    const GlobalReadLock lock(c_);
    // Who wrote before the lock and has not committed is seen now, and nobody begins to.
    add_who_is_in_the_way(in_the_way_now);
    if (!in_the_way_now.empty()) return std::nullopt;
    return log_end(c_);
  }

  void add_who_is_in_the_way(Names& names) {
    add_transactions(names);
    add_prepared(names);
    add_replication(names);
  }

  void add_transactions(Names& names) {
    const auto transactions = allowed(c_, "PROCESS", "see the transactions of others",
                                      [&] { return read_open_transactions(c_); });
    for (const auto& t : transactions) {
      if (t.session == 0 || (t.rows_modified == 0 && t.rows_locked == 0)) continue;
      const auto user = c_.scalar(
          fmt::format("SELECT USER FROM information_schema.PROCESSLIST WHERE ID={}", t.session));
      names.push_back(
          fmt::format("connection {} of {}, in a transaction that has {} rows", t.session,
                      base::printable(user.value_or("somebody")),
                      t.rows_modified > 0 ? fmt::format("written {}", t.rows_modified) : "locked"));
    }
  }

  void add_prepared(Names& names) {
    const auto prepared = allowed(c_, "XA_RECOVER_ADMIN", "see what is prepared",
                                  [&] { return listed_prepared(c_.query("XA RECOVER")); });
    for (const XaId& id : prepared) names.push_back("prepared: XA " + id.text());
  }

  void add_replication(Names& names) {
    const bool by_monitor = c_.server().is_mariadb() && c_.server().number >= 100500;
    const auto statuses = allowed(c_, by_monitor ? "SLAVE MONITOR" : "REPLICATION CLIENT",
                                  "see whether it replicates from another server",
                                  [&] { return replica_statuses(c_); });
    for (const auto& status : statuses) {
      if (!status.receiving && !status.applying) continue;
      names.push_back(fmt::format("replication from server {} runs (STOP SLAVE ends it)",
                                  status.primary_server_id));
    }
  }

  // The statements that ran longest, of which one keeps the lock from us.
  Names running() {
    const Result r = c_.query(
        "SELECT ID, USER, TIME FROM information_schema.PROCESSLIST WHERE COMMAND<>'Sleep' AND "
        "COMMAND NOT LIKE 'Binlog Dump%' AND COMMAND<>'Daemon' AND ID<>CONNECTION_ID() "
        "ORDER BY TIME DESC LIMIT 3");
    Names names{"the lock that stops all writes was not given"};
    for (std::size_t row = 0; row < r.rows(); ++row) {
      names.push_back(
          fmt::format("connection {} of {} runs a statement for {} s", r.text(row, std::size_t{0}),
                      base::printable(r.text(row, std::size_t{1})), r.text(row, std::size_t{2})));
    }
    return names;
  }

  Connection& c_;
};

}  // namespace

std::optional<model::Position> quiet_log_end(Connection& connection,
                                             std::chrono::milliseconds patience,
                                             const std::stop_token& stop) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  QuietServer server(connection);
  while (true) {
    Names in_the_way;
    if (auto end = server.try_once(in_the_way)) return *end;
    if (std::chrono::steady_clock::now() >= give_up) {
      throw Error(ErrorKind::rejected, "seal.not_quiet",
                  fmt::format("it did not become quiet in {}: {}", base::human_duration(patience),
                              fmt::join(in_the_way, "; ")),
                  connection.endpoint().text());
    }
    if (stop.stop_requested()) base::throw_cancelled();
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace wherry::stores::mysql
