#include "stores/mysql/target_log.h"

#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "stores/mysql/binlog_stream.h"
#include "stores/mysql/commit_order.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::chrono::milliseconds told_at_least_every{200};
constexpr std::chrono::seconds order_asked_every{1};

model::TableSchema progress_table(Connection& connection, std::string_view name) {
  const model::CollectionName full{std::string(progress_schema), std::string(name)};
  if (auto schema = read_table(connection, full)) return *std::move(schema);
  throw Error(ErrorKind::data_mismatch, "target.progress_missing",
              "a table of Wherry's own is gone from the target", full.text());
}

// What a log says that cannot be read on from `place` is one error to the engine.
template <typename Read>
auto or_log_lost(const model::Position& place, const Endpoint& endpoint, const Read& read) {
  try {
    return read();
  } catch (const Error& e) {
    switch (e.kind()) {
      case ErrorKind::transient:
      case ErrorKind::connection_lost:
      case ErrorKind::fenced:
      case ErrorKind::cancelled:
      case ErrorKind::internal:
        throw;
      case ErrorKind::rejected:
      case ErrorKind::not_supported:
      case ErrorKind::data_mismatch:
        break;
    }
    if (e.code() == "mysql.other_server") throw;
    throw Error(
        ErrorKind::rejected, std::string(contract::target_log_lost),
        fmt::format("the target's log cannot be read on from {} ({})", place.text(), e.code()),
        endpoint.text());
  }
}

}  // namespace

BinlogWatch::BinlogWatch(Endpoint endpoint, Connect connect, std::string migration,
                         model::Position from, std::uint64_t most_keys, std::string identity,
                         std::shared_ptr<DamagedReads> damaged)
    : endpoint_(std::move(endpoint)),
      connect_(std::move(connect)),
      migration_(std::move(migration)),
      place_(std::move(from)),
      most_keys_(most_keys),
      identity_(std::move(identity)),
      damaged_(std::move(damaged)) {}

BinlogWatch::~BinlogWatch() = default;

void BinlogWatch::watch(contract::WatchedTables tables) {
  tables_ = std::move(tables);
  if (!transactions_) return;
  transactions_->watch(tables_);
  read_definitions();
}

void BinlogWatch::open(const std::stop_token& stop) {
  const auto connection = connect_();
  const InterruptOnStop interrupt(stop, *connection);
  ProgressTables progress{progress_table(*connection, "stream"),
                          progress_table(*connection, "chunk"), progress_table(*connection, "ddl")};
  stream_ = std::make_unique<BinlogStream>(endpoint_,
                                           BinlogStream::Reader{.server_id = unusual_server_id(),
                                                                .identity = identity_,
                                                                .side = "target",
                                                                .definitions = true},
                                           place_, stop);
  reader_.emplace(stream_->checksummed());
  transactions_.emplace(place_, migration_, std::move(progress), most_keys_);
  transactions_->know(std::move(stream_->definition_reach()));
  transactions_->watch(tables_);
  read_definitions();
  last_told_ = std::chrono::steady_clock::now();
}

// As of now, which may be ahead of the log. Then the log has a change of the table still to come,
// which touches all of it: until that is read, wrong keys do no harm.
void BinlogWatch::read_definitions() {
  const auto redefined = transactions_->take_redefined();
  if (redefined.empty()) return;
  const auto connection = connect_();
  for (const auto id : redefined) {
    const auto pair = tables_.find(id);
    if (pair == tables_.end()) continue;
    transactions_->define(id, read_table(*connection, pair->second->target));
  }
}

std::optional<contract::ForeignWrites> BinlogWatch::next(std::chrono::milliseconds patience,
                                                         const std::stop_token& stop) {
  return or_log_lost(place_, endpoint_, [&] { return read(patience, stop); });
}

// Reads of the target have no place in its log any more: who asks unwatchable() is told why.
void BinlogWatch::require_order(const std::stop_token& stop) {
  const auto now = std::chrono::steady_clock::now();
  if (order_ && now - order_asked_ < order_asked_every) return;
  order_asked_ = now;
  if (!order_) order_ = connect_();
  const InterruptOnStop interrupt(stop, *order_);
  if (const auto no = why_not_in_order(*order_)) {
    throw Error(ErrorKind::rejected, "mysql.no_safe_position", no->why, endpoint_.text());
  }
}

std::optional<contract::ForeignWrites> BinlogWatch::read(std::chrono::milliseconds patience,
                                                         const std::stop_token& stop) {
  const auto started = std::chrono::steady_clock::now();
  if (!stream_) open(stop);
  while (true) {
    if (stop.stop_requested()) base::throw_cancelled();
    require_order(stop);
    const wire::mysql::Event event =
        damaged_->pass_on([&] { return reader_->next([&] { return stream_->next(stop); }); });
    transactions_->add(event);
    read_definitions();
    if (!transactions_->between_transactions()) continue;
    const auto now = std::chrono::steady_clock::now();
    const bool silent = event.header.type == wire::mysql::EventType::heartbeat;
    if (silent || transactions_->has_foreign() || now - last_told_ >= told_at_least_every) {
      last_told_ = now;
      if (auto writes = transactions_->take()) {
        place_ = writes->end;
        return writes;
      }
    }
    if (silent && now - started >= patience) return std::nullopt;
  }
}

std::string log_mark(const Endpoint& endpoint, const std::string& identity,
                     const model::Position& place, const std::stop_token& stop) {
  constexpr std::uint64_t first_event = 4;
  return or_log_lost(place, endpoint, [&] {
    BinlogStream stream(
        endpoint,
        BinlogStream::Reader{
            .server_id = unusual_server_id(), .identity = identity, .side = "target"},
        model::Position::in_log(place.log, first_event), stop);
    wire::mysql::LogReader reader(stream.checksummed());
    while (true) {
      const auto event = reader.next([&] { return stream.next(stop); });
      if (event.header.type != wire::mysql::EventType::format_description) continue;
      return std::to_string(event.header.unix_time);
    }
  });
}

std::optional<model::Finding> why_unwatchable(Connection& c) {
  const auto because = [](const std::string& why, std::string what_to_do) {
    return model::Finding{model::Severity::note, "target.not_watched", "target",
                          why +
                              ": writes of others to the target are found by new proofs only, and "
                              "proofs are taken again at each start",
                          std::move(what_to_do)};
  };
  const auto is = [&](const char* variable, std::string_view value) {
    const auto found = c.query(fmt::format("SHOW GLOBAL VARIABLES LIKE '{}'", variable));
    return !found.empty() && found.text(0, std::size_t{1}) == value;
  };
  if (!is("log\\_bin", "ON")) {
    return because("the target writes no binary log",
                   "start the target with log_bin, binlog_format=ROW and binlog_row_image=FULL");
  }
  if (!is("binlog\\_format", "ROW") || !is("binlog\\_row\\_image", "FULL")) {
    return because("the target's binary log does not hold whole rows",
                   "SET GLOBAL binlog_format='ROW', GLOBAL binlog_row_image='FULL';");
  }
  if (auto no = why_not_in_order(c)) {
    return because("the target's binary log does not tell where a read stands: " + no->why,
                   std::move(no->what_to_do));
  }
  Grants grants;
  const Result lines = c.query("SHOW GRANTS");
  for (std::size_t row = 0; row < lines.rows(); ++row) {
    grants.add(lines.text(row, std::size_t{0}));
  }
  const bool reads = grants.has_everywhere("REPLICATION SLAVE");
  const bool asks =
      grants.has_everywhere("REPLICATION CLIENT") || grants.has_everywhere("BINLOG MONITOR");
  if (!reads || !asks) {
    return because("the account may not read the target's binary log",
                   "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO " + account_of(c) + ";");
  }
  const Result status = c.query(log_status_statement(c.server()));
  if (status.empty() || !status.text(0, "Binlog_Do_DB").empty() ||
      !status.text(0, "Binlog_Ignore_DB").empty()) {
    return because("the target's binary log leaves out some schemas",
                   "start the target without binlog_do_db and binlog_ignore_db");
  }
  return std::nullopt;
}

}  // namespace wherry::stores::mysql
