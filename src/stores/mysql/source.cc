#include "stores/mysql/source.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "stores/mysql/assess_pair.h"
#include "stores/mysql/assess_replica.h"
#include "stores/mysql/assess_source.h"
#include "stores/mysql/binlog_stream.h"
#include "stores/mysql/cascade.h"
#include "stores/mysql/changes.h"
#include "stores/mysql/counters.h"
#include "stores/mysql/failover.h"
#include "stores/mysql/ghost_tables.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/quiet.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/rehearsal.h"
#include "stores/mysql/replica_reader.h"
#include "stores/mysql/replica_status.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

using base::Error;
using base::ErrorKind;

Source::Source(SourceOptions options)
    : options_(std::move(options)),
      barrier_(std::make_shared<LogBarrier>(options_.new_log_every)) {}

Source::~Source() = default;

Connection& Source::connected() {
  if (connection_) return *connection_;
  auto fresh = std::make_unique<Connection>(options_.endpoint,
                                            ConnectOptions{.together = true, .stop = heeded_});
  check_identity(*fresh, options_.identity, "source");
  fresh->execute("SET SESSION lock_wait_timeout=2");  // as in reader.cc
  options_.identity = server_identity(*fresh);
  connection_ = std::move(fresh);
  return *connection_;
}

template <typename Use>
auto Source::with_connection(Use use) -> decltype(use(std::declval<Connection&>())) {
  const std::lock_guard lock(mutex_);
  const bool may_be_stale = connection_ != nullptr;
  try {
    return use(connected());
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::connection_lost) throw;
    connection_.reset();
    if (!may_be_stale) throw;
  }
  try {
    return use(connected());
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::connection_lost) connection_.reset();
    throw;
  }
}

std::string Source::describe() {
  return with_connection([](Connection& c) { return describe_server(c); });
}

std::string Source::identity() {
  const std::lock_guard lock(mutex_);
  if (options_.identity.empty()) connected();  // every connection after it must be to the same
  return options_.identity;
}

void Source::meet_anew() {
  {
    const std::lock_guard lock(load_mutex_);
    load_connection_.reset();
  }
  const std::lock_guard lock(mutex_);
  connection_.reset();
  options_.identity.clear();
  // Both know places in the log of the server before.
  xa_book_ = std::make_shared<XaBook>();
  barrier_ = std::make_shared<LogBarrier>(options_.new_log_every);
}

void Source::heed(const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  connection_.reset();
  heeded_ = stop;
}

std::shared_ptr<XaBook> Source::xa_book() {
  const std::lock_guard lock(mutex_);
  return xa_book_;
}

std::vector<model::Finding> Source::assess(const contract::TableFilter& filter) {
  return with_connection([&](Connection& c) {
    auto findings = assess_source(c, with_ghosts(filter));
    if (options_.read_from) {
      auto more =
          assess_replica(*options_.read_from, primary_mark(c), read_tables(c, with_ghosts(filter)));
      std::move(more.begin(), more.end(), std::back_inserter(findings));
    }
    return findings;
  });
}

std::vector<model::TableSchema> Source::tables(const contract::TableFilter& filter) {
  return with_connection([&](Connection& c) { return read_tables(c, with_ghosts(filter)); });
}

std::vector<contract::CascadeRule> Source::cascades(
    const std::vector<contract::TablePair>& tables) {
  std::vector<model::CollectionName> names;
  for (const auto& pair : tables) names.push_back(pair.source.name);
  return with_connection([&](Connection& c) { return read_cascades(c, tables, names); });
}

namespace {

[[noreturn]] void throw_no_log(const Connection& connection) {
  throw Error(ErrorKind::rejected, "source.binlog_off",
              "the server writes no binary log; start it with log_bin",
              connection.endpoint().text());
}

}  // namespace

model::Position Source::position() {
  return with_connection([](Connection& c) {
    if (auto end = log_end(c)) return *std::move(end);
    throw_no_log(c);
  });
}

model::Position Source::final_position(std::chrono::milliseconds patience,
                                       const std::stop_token& stop) {
  Connection own(options_.endpoint, {.stop = stop});
  check_identity(own, identity(), "source");
  own.execute("SET SESSION lock_wait_timeout=1");
  if (auto end = quiet_log_end(own, patience, stop)) return *std::move(end);
  throw_no_log(own);
}

std::vector<std::string> Source::prepared() {
  std::vector<std::string> names;
  const auto all = with_connection([](Connection& c) { return listed_prepared(c); });
  for (const XaId& id : all) names.push_back("XA " + id.text());
  return names;
}

std::uint32_t Source::reader_id() const {
  return options_.server_id != 0 ? options_.server_id : unusual_server_id();
}

model::Position Source::start() {
  return end_with_history(options_.endpoint, {.server_id = reader_id(), .identity = identity()},
                          {});
}

model::Position Source::resume_at(const model::Position& applied, const std::stop_token& stop) {
  return resume_position(options_.endpoint, {.server_id = reader_id(), .identity = identity()},
                         applied, stop);
}

std::unique_ptr<contract::RowReader> Source::reader(const std::stop_token& stop) {
  return open_reader(options_.endpoint, {.identity = identity(),
                                         .position_needed = true,
                                         .stop = stop,
                                         .xa_book = xa_book(),
                                         .barrier = barrier_});
}

std::unique_ptr<contract::RowReader> Source::copy_reader(const std::stop_token& stop) {
  if (!options_.read_from) return reader(stop);
  return open_replica_reader({.replica = *options_.read_from,
                              .source = options_.endpoint,
                              .source_identity = identity(),
                              .stop = stop},
                             reader(stop));
}

std::unique_ptr<contract::ChangeLog> Source::changes(const model::Position& from,
                                                     contract::TrackedTables tables) {
  return std::make_unique<BinlogChanges>(options_.endpoint, from, std::move(tables), reader_id(),
                                         xa_book(), identity(), damaged_reads_);
}

namespace {

contract::SourceLoad read_load(Connection& c) {
  contract::SourceLoad load;
  const Result status =
      c.query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_running','Questions')");
  for (std::size_t row = 0; row < status.rows(); ++row) {
    const bool is_threads = status.text(row, std::size_t{0}) == "Threads_running";
    (is_threads ? load.threads_running : load.statements) = status.number(row, std::size_t{1});
  }
  try {
    const Result replicas = c.query(std::string(show_replica(c.server())));
    for (std::size_t row = 0; row < replicas.rows(); ++row) {
      auto lag = replicas.number(row, "Seconds_Behind_Master");
      if (!lag) lag = replicas.number(row, "Seconds_Behind_Source");
      if (!lag) continue;
      load.replica_lag =
          std::max(load.replica_lag.value_or(std::chrono::seconds(0)), std::chrono::seconds(*lag));
    }
  } catch (const Error& error) {
    // Not allowed to look: then it does not tell.
    if (error.kind() != ErrorKind::rejected) throw;
  }
  return load;
}

}  // namespace

contract::SourceLoad Source::load_of(std::unique_ptr<Connection>& connection,
                                     const Endpoint& server, const std::string& identity) {
  constexpr std::chrono::seconds read_timeout{5};
  try {
    if (!connection) {
      auto fresh =
          std::make_unique<Connection>(server, ConnectOptions{.read_timeout = read_timeout});
      check_identity(*fresh, identity, "source");
      connection = std::move(fresh);
    }
    return read_load(*connection);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::connection_lost) connection.reset();
    throw;
  }
}

contract::SourceLoad Source::load() {
  const std::lock_guard lock(load_mutex_);
  contract::SourceLoad load = load_of(load_connection_, options_.endpoint, identity());
  if (!options_.read_from) return load;
  try {
    const auto replica = load_of(replica_load_connection_, *options_.read_from, {});
    load.threads_running = std::max(load.threads_running, replica.threads_running);
    load.replica_lag = std::max(load.replica_lag, replica.replica_lag);
  } catch (const Error& e) {
    // It does not answer: then nothing is read there either, and who would read says so.
    if (e.kind() != ErrorKind::connection_lost) throw;
  }
  return load;
}

std::vector<model::Counter> Source::counters(const contract::TableFilter& filter,
                                             const std::vector<contract::CounterTable>& tables) {
  return with_connection([&](Connection& c) { return read_counters(c, filter, tables); });
}

std::vector<std::optional<std::string>> Source::create_statements(
    const std::vector<model::CollectionName>& tables) {
  return with_connection([&](Connection& c) { return show_create(c, tables); });
}

std::vector<SchemaDefaults> Source::schemas() {
  return with_connection([](Connection& c) { return read_schemas(c); });
}

std::vector<model::Finding> Source::assess_with(Connection& target,
                                                const contract::TableFilter& filter,
                                                const contract::TableRoute& route) {
  return with_connection([&](Connection& c) { return assess_pair(c, target, filter, route); });
}

std::vector<ObjectDefinition> Source::objects(const contract::TableFilter& filter,
                                              ObjectChoice choice) {
  return with_connection([&](Connection& c) { return read_objects(c, filter, choice); });
}

std::vector<contract::HeldBack> Source::held_back(const contract::TableFilter& filter) {
  return with_connection([&](Connection& c) { return read_held_back(c, filter); });
}

contract::KeptLog::Keeping Source::log_kept() {
  return with_connection([](Connection& c) { return mysql::log_kept(c); });
}

}  // namespace wherry::stores::mysql
