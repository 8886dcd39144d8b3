#include "stores/mysql/failover.h"

#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/sql.h"
#include "wire/mysql/decoder.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
namespace wire = wire::mysql;

model::Position end_of(Connection& c) {
  if (auto end = log_end_and_executed(c)) return *std::move(end);
  throw Error(ErrorKind::rejected, "source.binlog_off",
              "the server writes no binary log; start it with log_bin", c.endpoint().text());
}

struct Scanned {
  GtidHistory before_end;                // `known`, and what else is before the end
  std::optional<model::Position> first;  // where the first transaction begins that is not known
};

// What the log holds beyond `known`, up to `end` or its first such transaction.
class Scan {
 public:
  Scan(const Endpoint& endpoint, const BinlogStream::Reader& reader, const GtidHistory& known,
       model::Position end, const std::stop_token& stop)
      : stop_(stop),
        stream_(endpoint, reader, known, stop),
        decoder_(stream_.checksummed()),
        end_(std::move(end)),
        found_{known, std::nullopt} {}

  Scanned to_end() {
    while (!next_is_beyond()) {
    }
    return std::move(found_);
  }
  Scanned to_first() {
    while (!found_.first && !next_is_beyond()) {
    }
    return std::move(found_);
  }

 private:
  bool next_is_beyond() {
    const wire::Event event = decoder_.decode(stream_.next(stop_));
    if (const auto* r = std::get_if<wire::Rotate>(&event.body)) {
      at_ = model::Position::in_log(r->log, r->offset);
      return at_ > end_;
    }
    if (const auto* h = std::get_if<wire::Heartbeat>(&event.body)) {
      return model::Position::in_log(h->log, event.header.end_position) >= end_;
    }
    if (event.header.artificial() || event.header.end_position == 0) return false;
    const std::uint32_t size = event.header.event_size;
    at_.offset = event.header.end_position - size;
    const bool beyond = at_ >= end_;
    if (const auto* g = std::get_if<wire::MysqlGtid>(&event.body)) {
      note_first();
      if (!beyond) found_.before_end.add(*g);
    } else if (const auto* m = std::get_if<wire::MariadbGtid>(&event.body)) {
      note_first();
      if (!beyond) found_.before_end.add(*m, event.header.server_id);
    }
    at_.offset += size;
    return beyond || at_ >= end_;
  }

  void note_first() {
    if (!found_.first) found_.first = at_;
  }

  const std::stop_token& stop_;
  BinlogStream stream_;
  wire::BinlogDecoder decoder_;
  model::Position end_;
  model::Position at_;
  Scanned found_;
};

// MariaDB looks it up in the log itself.
GtidHistory mariadb_history(Connection& c, const model::Position& at) {
  const auto text =
      c.scalar(fmt::format("SELECT BINLOG_GTID_POS({},{})", text_literal(at.log), at.offset));
  if (!text) {
    throw Error(ErrorKind::transient, "source.log_refused",
                "the server does not say which transactions are before " + at.text(),
                c.endpoint().text());
  }
  return GtidHistory::parse(text->empty() ? "none" : *text).value_or(GtidHistory{});
}

GtidHistory global_set(Connection& c, const std::string& variable) {
  const std::string text = c.scalar("SELECT @@GLOBAL." + variable).value_or("");
  auto set = GtidHistory::parse(text.empty() ? "none" : text);
  if (set) return *std::move(set);
  throw Error(ErrorKind::not_supported, "binlog.tagged_gtid",
              "the source uses tagged GTIDs (MySQL 8.3), which are not carried",
              c.endpoint().text());
}

// Nothing if the account may not see it.
std::optional<bool> replicates(Connection& c) {
  try {
    const bool renamed = !c.server().is_mariadb() && c.server().number >= 80022;
    const Result r = c.query(c.server().is_mariadb() ? "SHOW ALL SLAVES STATUS"
                             : renamed               ? "SHOW REPLICA STATUS"
                                                     : "SHOW SLAVE STATUS");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      if (r.text(row, renamed ? "Replica_SQL_Running" : "Slave_SQL_Running") == "Yes") return true;
    }
    return false;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::rejected) throw;
    return std::nullopt;
  }
}

[[noreturn]] void throw_missing(Connection& c, const std::string& missing) {
  if (replicates(c).value_or(false)) {
    throw Error(ErrorKind::transient, "source.behind",
                "the server that answers as source now is a replica that has not got yet what was "
                "applied already: " +
                    missing,
                c.endpoint().text());
  }
  throw Error(
      ErrorKind::rejected, "source.lost_transactions",
      "the server that answers as source now does not have transactions that were applied "
      "to the target: " +
          missing +
          ". They were lost in the failover, or its log does not hold what it replicated "
          "(log_slave_updates). Point the configuration at a server that has them, or begin "
          "a new migration",
      c.endpoint().text());
}

[[noreturn]] void throw_purged(Connection& c, const std::string& what) {
  throw Error(ErrorKind::rejected, "source.log_purged",
              "the server that answers as source now has purged transactions from its log that "
              "were not applied yet: " +
                  what + ". Begin a new migration",
              c.endpoint().text());
}

void require_mysql_has(Connection& c, const GtidHistory& applied) {
  if (c.scalar("SELECT @@GLOBAL.gtid_mode").value_or("") != "ON") {
    throw Error(ErrorKind::rejected, "source.no_history",
                "the server that answers as source now has gtid_mode off: where its log goes on "
                "cannot be told",
                c.endpoint().text());
  }
  const auto missing = applied.without(global_set(c, "gtid_executed"));
  if (!missing.empty()) throw_missing(c, missing.text());
  const auto purged = global_set(c, "gtid_purged").without(applied);
  if (!purged.empty()) throw_purged(c, purged.text());
}

void require_mariadb_has(Connection& c, const GtidHistory& applied) {
  const auto missing =
      applied.missing_in_state(c.scalar("SELECT @@GLOBAL.gtid_binlog_state").value_or(""));
  if (!missing.empty()) throw_missing(c, missing.text());
}

}  // namespace

model::Position end_with_history(const Endpoint& endpoint, const BinlogStream::Reader& reader,
                                 const std::stop_token& stop) {
  Connection c(endpoint);
  check_identity(c, reader.identity, "source");
  model::Position end = end_of(c);
  if (c.server().is_mariadb()) {
    end.gtid = mariadb_history(c, end).text();
    return end;
  }
  // What had been executed is in the log before the end that was read with it; the rest is looked
  // for.
  const auto executed = GtidHistory::parse(end.gtid.empty() ? "none" : end.gtid);
  const bool has_gtids = c.scalar("SELECT @@GLOBAL.gtid_mode").value_or("") == "ON";
  end.gtid.clear();
  if (!executed || !has_gtids) return end;
  end.gtid = Scan(endpoint, reader, *executed, end, stop).to_end().before_end.text();
  return end;
}

model::Position resume_position(const Endpoint& endpoint, const BinlogStream::Reader& reader,
                                const model::Position& applied, const std::stop_token& stop) {
  Connection c(endpoint, {.stop = stop});
  check_identity(c, reader.identity, "source");
  auto history = GtidHistory::parse(applied.gtid);
  if (!history) {
    throw Error(ErrorKind::rejected, "source.no_history",
                "another server answers as source, and without GTIDs of all that was applied it "
                "cannot be told where its log goes on: point the configuration at the server that "
                "was followed, or begin a new migration",
                c.endpoint().text());
  }
  if (applied.since) {
    throw Error(
        ErrorKind::rejected, "source.xa_pending",
        "another server answers as source, and XA transactions that were prepared at " +
            applied.since->log + ":" + std::to_string(applied.since->offset) +
            " or later may not have ended: they cannot be followed at another server. Point the "
            "configuration at the server that was followed, or begin a new migration",
        c.endpoint().text());
  }
  const bool mariadb = c.server().is_mariadb();
  if (mariadb) {
    require_mariadb_has(c, *history);
  } else {
    require_mysql_has(c, *history);
  }
  const model::Position end = end_of(c);
  model::Position at;
  try {
    at = Scan(endpoint, reader, *history, end, stop).to_first().first.value_or(end);
  } catch (const Error& e) {
    // MariaDB's own check of what a replica asks for.
    if (!mariadb || e.code() != "mysql.log_refused") throw;
    throw Error(ErrorKind::rejected, "source.diverged",
                "the server that answers as source now has another history than the one that was "
                "followed: " +
                    e.message(),
                e.context());
  }
  if (mariadb) history->look_ahead_of(mariadb_history(c, at));
  at.gtid = history->text();
  return at;
}

void check_promoted(Connection& connection) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::transient, "target.not_promoted",
                "another server answers as target, and " + why, connection.endpoint().text());
  };
  if (connection.scalar("SELECT @@GLOBAL.read_only").value_or("0") != "0") {
    refuse("it is read-only: promote it");
  }
  const auto replica = replicates(connection);
  if (replica.value_or(false)) refuse("it still replicates from another: promote it");
  if (!replica) {
    spdlog::warn(
        "whether the new target still replicates from another is not known: the account "
        "lacks the privilege to look");
  }
}

}  // namespace wherry::stores::mysql
