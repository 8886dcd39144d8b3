#include "stores/mysql/reader.h"

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "stores/mysql/commit_order.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/row_view.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

class Reader final : public contract::RowReader {
 public:
  Reader(Endpoint endpoint, ReaderOptions options)
      : endpoint_(std::move(endpoint)), options_(std::move(options)) {}

  std::unique_ptr<contract::RowView> open_view() override {
    return connected([&](Connection& c) { return open_on(c, std::nullopt); });
  }

  std::unique_ptr<contract::RowView> open_view_from(const model::Position& least) override {
    return connected([&](Connection& c) { return open_on(c, least); });
  }

  std::chrono::milliseconds views_are_worth_keeping() const override {
    return uses_barrier() ? options_.barrier->every() : std::chrono::milliseconds(0);
  }

  void wait_for_turn(const model::Position& least) override {
    if (uses_barrier()) options_.barrier->wait_for_turn(least, options_.stop);
  }

  std::unique_ptr<contract::RowView> open_exact_view(
      const std::vector<model::CollectionName>& tables) override {
    return connected([&](Connection& c) -> std::unique_ptr<contract::RowView> {
      // With luck, nothing commits in between; on MariaDB, no XA transaction.
      const bool may_be_lucky =
          c.server().is_mariadb() ? logs_ : has_gtids_ && c.server().number >= 50700;
      for (int attempt = 0; attempt < lucky_tries && may_be_lucky; ++attempt) {
        std::set<XaId> listed;
        auto view = open_on(c, std::nullopt, &listed);
        if (!view->bracket().exact() || !book().perhaps_about(listed, tables).empty()) continue;
        hold_definitions(c, tables);
        if (c.server().is_mariadb() || log_end(c) == view->bracket().high) return view;
      }
      if (!logs_) refuse(c);
      return open_locked(c, tables);
    });
  }

 private:
  // With a connection that works, if there is one to be had.
  template <typename Open>
  std::unique_ptr<contract::RowView> connected(const Open& open) {
    if (connection_) {
      try {
        return open(*connection_);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::connection_lost) throw;
      }
    }
    connection_.reset();
    connection_ = std::make_unique<Connection>(
        endpoint_, ConnectOptions{.together = true, .stop = options_.stop});
    check_identity(*connection_, options_.identity, options_.side);
    const std::string mode = connection_->server().is_mariadb() ? "''" : "@@GLOBAL.gtid_mode";
    const Result log =
        connection_
            ->query_all({"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                         // A change of definition may wait for another view of ours, and its server
                         // lets no writer of that table pass it: rather again than long.
                         "SET SESSION lock_wait_timeout=2",
                         "SELECT @@GLOBAL.log_bin AS `logs`, " + mode + " AS `gtid_mode`"})
            .back();
    logs_ = log.number(0, "logs") == 1;
    has_gtids_ = logs_ && log.text(0, "gtid_mode") == "ON";
    return open(*connection_);
  }

  // From here to the view's end nobody changes these tables' definitions. A MySQL of before 8.0
  // empties a table for views that are open already, so one that reads it later would not hold what
  // it held at the view's place. It is known that nothing was emptied before this, too, where the
  // log's end is still that place.
  static void hold_definitions(Connection& c, const std::vector<model::CollectionName>& tables) {
    try {
      for (const auto& table : tables) c.query("SELECT 1 FROM " + qualified(table) + " LIMIT 1");
    } catch (const Error& e) {
      if (e.code() != "mysql.no_such_object") throw;
      throw Error(ErrorKind::data_mismatch, "mysql.table_changed", e.message(), e.context());
    }
  }

  // A read lock is given when every transaction that changed the tables is over: written to the log
  // and visible. While it is held none of theirs can come between the log's end and the snapshot.
  // Others wait behind our request for it, so it is given up soon: Error(transient).
  std::unique_ptr<contract::RowView> open_locked(Connection& c,
                                                 const std::vector<model::CollectionName>& tables) {
    Connection locks(endpoint_, {.stop = options_.stop});
    check_identity(locks, options_.identity, options_.side);
    // Before 5.7 a transaction keeps others from a table only by InnoDB's own lock, which LOCK
    // TABLES asks for without autocommit.
    locks.execute(
        "SET SESSION lock_wait_timeout=1, SESSION innodb_lock_wait_timeout=1, autocommit=0");
    std::string list;
    for (const auto& table : tables) {
      list += (list.empty() ? "" : ",") + qualified(table) + " READ";
    }
    try {
      locks.execute("LOCK TABLES " + list);
    } catch (const Error& e) {
      if (e.code() == "mysql.no_such_object") {
        throw Error(ErrorKind::data_mismatch, "mysql.table_changed", e.message(), e.context());
      }
      // There it is needed beside XA transactions only, and with luck a later try needs it no more.
      if (e.code() != "mysql.privilege" || !c.server().is_mariadb()) throw;
      throw Error(ErrorKind::transient, "mysql.xa_beside",
                  "XA transactions go on all the time, and beside them an exact read needs LOCK "
                  "TABLES, which the account may not do: " +
                      e.message(),
                  e.context());
    }
    // Their prepared transactions hold the lock off; those that commit may not be logged yet.
    if (!c.server().is_mariadb()) wait_for_logged_ends(locks, tables, book());
    const auto end = log_end(locks);
    if (!end) refuse(c);
    begin_view(c);
    hold_definitions(c, tables);
    locks.execute("UNLOCK TABLES");
    return make_view(c, model::Bracket{*end, *end}, sizes_);
  }

  // Where the log alone tells no safe position, a place at or after `least` is made, or one that is
  // there is taken. MySQL: `listed` gets what was prepared, or being committed, between the
  // snapshot and high.
  std::unique_ptr<contract::RowView> open_on(Connection& c,
                                             const std::optional<model::Position>& least,
                                             std::set<XaId>* listed = nullptr) {
    model::Bracket bracket;
    if (!options_.position_needed) {
      begin_view(c);
      return make_view(c, std::move(bracket), sizes_);
    }
    if (logs_ && c.server().is_mariadb()) {
      bracket =
          options_.xa_book && logs_prepared_xa(c.server()) ? begin_beside_xa(c) : begin_exactly(c);
      return make_view(c, std::move(bracket), sizes_);
    }
    auto low = has_gtids_ ? visible_log_end(c) : std::nullopt;
    if (!low && options_.barrier) {
      has_gtids_ = false;
      low = least ? options_.barrier->place(c, *least) : options_.barrier->present_place(c);
    }
    if (!low && options_.may_commit) low = log_end_before_own_commit(c);
    if (!low) refuse(c);
    const bool list = listed != nullptr && logs_prepared_xa(c.server());
    std::vector<std::string> after{std::string(log_status_statement(c.server()))};
    if (list) after.insert(after.begin(), "XA RECOVER");
    const auto answers = begin_view(c, {}, after);
    if (list) *listed = listed_prepared(answers.front());
    const auto high = log_end(answers.back());
    if (!high) refuse(c);
    bracket = {*low, *high};
    return make_view(c, std::move(bracket), sizes_);
  }

  // Known when a connection was made.
  bool uses_barrier() const {
    return options_.barrier && connection_ && !connection_->server().is_mariadb() && !has_gtids_;
  }

  static model::Bracket begin_exactly(Connection& c) {
    const auto at = snapshot_position(c, begin_view(c, {}, {snapshot_status}).front());
    return {at, at};
  }

  // An XA COMMIT can be in the log before the snapshot sees it (xa_book.h). It is exact where none
  // has begun since before, and what was listed as prepared before is prepared still.
  model::Bracket begin_beside_xa(Connection& c) const {
    // Mostly nothing is prepared.
    const auto first = begin_view(
        c, {xa_commits_status, std::string(log_status_statement(c.server())), "XA RECOVER"},
        {snapshot_status, xa_commits_status});
    if (listed_prepared(first.at(2)).empty()) {
      const auto end = log_end(first.at(1));
      if (!end) refuse(c);
      const auto at = snapshot_position(c, first.at(3));
      const bool none_began = first.at(0).number(0, std::size_t{1}).value() ==
                              first.at(4).number(0, std::size_t{1}).value();
      return {none_began ? at : *end, at};
    }
    const auto commits = xa_commits_begun(c);
    const auto end = log_end(c);
    if (!end) refuse(c);
    const VisibleEnd low = visible_end(c, *end, book());
    model::Bracket bracket = begin_exactly(c);
    const bool none_began = xa_commits_begun(c) == commits;
    const bool exact =
        none_began && (low.listed.empty() || book().has_prepared(low.listed, bracket.high));
    if (!exact) bracket.low = low.at;
    return bracket;
  }

  // Without one, nothing is known of what is prepared.
  const XaBook& book() const {
    static const XaBook empty;
    return options_.xa_book ? *options_.xa_book : empty;
  }

  static std::uint64_t xa_commits_begun(Connection& c) {
    return c.query(xa_commits_status).number(0, std::size_t{1}).value();
  }

  // MariaDB opens the snapshots of its engines and of the log as one.
  static model::Position snapshot_position(const Connection& c, const Result& r) {
    std::string file;
    std::uint64_t offset = 0;
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const std::string name = r.text(row, std::size_t{0});
      if (name == "Binlog_snapshot_file") file = r.text(row, std::size_t{1});
      if (name == "Binlog_snapshot_position") offset = r.number(row, std::size_t{1}).value_or(0);
    }
    if (file.empty() || offset == 0) {
      throw Error(ErrorKind::rejected, "mysql.no_snapshot_position",
                  "the server does not say where in its log the view stands", c.endpoint().text());
    }
    return model::Position::in_log(file, offset);
  }

  [[noreturn]] static void refuse(const Connection& c) {
    throw Error(ErrorKind::not_supported, "mysql.no_safe_position",
                "the server's log does not tell a safe position for a view; it needs log_bin",
                c.endpoint().text());
  }

  static constexpr int lucky_tries = 5;
  static constexpr const char* snapshot_status = "SHOW STATUS LIKE 'binlog\\_snapshot\\_%'";
  static constexpr const char* xa_commits_status = "SHOW GLOBAL STATUS LIKE 'Com\\_xa\\_commit'";
  RowSizes sizes_;
  Endpoint endpoint_;
  ReaderOptions options_;
  std::unique_ptr<Connection> connection_;
  bool logs_ = false;
  bool has_gtids_ = false;
};

}  // namespace

std::unique_ptr<contract::RowReader> open_reader(Endpoint endpoint, ReaderOptions options) {
  return std::make_unique<Reader>(std::move(endpoint), std::move(options));
}

}  // namespace wherry::stores::mysql
