#include "stores/mysql/target.h"

#include <iterator>
#include <utility>

#include "stores/mysql/assess_target.h"
#include "stores/mysql/binlog_stream.h"
#include "stores/mysql/cascade.h"
#include "stores/mysql/counters.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/ddl_apply.h"
#include "stores/mysql/ddl_plan.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/failover.h"
#include "stores/mysql/ghost_tables.h"
#include "stores/mysql/held_back.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/late_indexes.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/object_definitions.h"
#include "stores/mysql/object_maker.h"
#include "stores/mysql/object_plan.h"
#include "stores/mysql/object_privileges.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/rehearsal.h"
#include "stores/mysql/repair_statements.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target_log.h"
#include "stores/mysql/writer.h"

namespace wherry::stores::mysql {

namespace {

Source& of_this_kind(contract::RowSource& source) {
  auto* const own = dynamic_cast<Source*>(&source);
  if (own != nullptr) return *own;
  throw base::Error(base::ErrorKind::not_supported, "target.foreign_source",
                    "a MySQL target takes definitions only from a MySQL source", source.describe());
}

}  // namespace

Target::Target(Endpoint endpoint, std::string identity, DefinerMap definers)
    : endpoint_(std::move(endpoint)),
      definers_(std::move(definers)),
      identity_(std::move(identity)) {}

Target::~Target() = default;

void Target::heed(const std::stop_token& stop) {
  {
    const std::lock_guard lock(lease_mutex_);
    lease_connection_.reset();
  }
  const std::lock_guard lock(heeded_mutex_);
  heeded_ = stop;
}

std::unique_ptr<Connection> Target::connect() {
  std::stop_token stop;
  {
    const std::lock_guard lock(heeded_mutex_);
    stop = heeded_;
  }
  return connect(stop);
}

std::unique_ptr<Connection> Target::connect(const std::stop_token& stop) {
  auto connection = std::make_unique<Connection>(endpoint_, ConnectOptions{.stop = stop});
  const std::lock_guard lock(identity_mutex_);
  if (identity_.empty()) {
    identity_ = server_identity(*connection);
  } else {
    check_identity(*connection, identity_, "target");
  }
  return connection;
}

std::string Target::describe() { return describe_server(*connect()); }

std::string Target::identity() {
  {
    const std::lock_guard lock(identity_mutex_);
    if (!identity_.empty()) return identity_;
  }
  connect();
  const std::lock_guard lock(identity_mutex_);
  return identity_;
}

void Target::meet_anew() {
  {
    const std::lock_guard lock(lease_mutex_);
    lease_connection_.reset();
  }
  const std::lock_guard lock(identity_mutex_);
  identity_.clear();
}

void Target::check_successor(const contract::LeaseRequest& request) {
  const auto connection = connect();
  check_promoted(*connection);
  check_owner(*connection, request);
}

std::vector<model::Finding> Target::assess(const std::vector<contract::TablePair>& tables) {
  return assess_target(*connect(), tables);
}

void Target::prepare() { prepare_progress(*connect()); }

template <typename Call>
auto Target::with_lease_connection(const Call& call) {
  const std::lock_guard lock(lease_mutex_);
  if (!lease_connection_) lease_connection_ = connect();
  try {
    return call(*lease_connection_);
  } catch (const base::Error& e) {
    const auto kind = e.kind();
    if (kind == base::ErrorKind::connection_lost || kind == base::ErrorKind::cancelled) {
      lease_connection_.reset();
    }
    throw;
  }
}

contract::Fence Target::acquire(const contract::LeaseRequest& request) {
  return with_lease_connection([&](Connection& c) { return acquire_lease(c, request); });
}

void Target::renew(const contract::Fence& fence, const std::stop_token& stop) {
  with_lease_connection([&](Connection& c) {
    const InterruptOnStop interrupt(stop, c);
    renew_lease(c, fence);
  });
}

void Target::release(const contract::Fence& fence) {
  constexpr std::chrono::seconds patience{5};
  Endpoint hurried = endpoint_;
  hurried.connect_timeout = patience;
  Connection connection(hurried, {.read_timeout = patience});
  check_identity(connection, identity(), "target");
  release_lease(connection, fence);
}

contract::TargetProgress Target::load_progress(const std::string& migration,
                                               const std::stop_token& stop) {
  const auto connection = connect(stop);
  return mysql::load_progress(*connection, migration);
}

void Target::start_stream(const contract::Fence& fence, const model::Position& from) {
  mysql::start_stream(*connect(), fence, from);
}

void Target::rebase_stream(const contract::Fence& fence, const contract::StreamRebase& to) {
  mysql::rebase_stream(*connect(), fence, to);
}

void Target::adopt(const contract::Fence& fence, const contract::Adoption& adoption) {
  mysql::adopt(*connect(), fence, adoption);
}

std::unique_ptr<contract::RowReader> Target::reader(const std::stop_token& stop) {
  return open_reader(endpoint_, {.identity = identity(),
                                 .side = "target",
                                 .position_needed = watchable_,
                                 .stop = stop,
                                 .may_commit = true});
}

std::unique_ptr<contract::RowWriter> Target::writer(const contract::Fence& fence,
                                                    const std::stop_token& stop) {
  return std::make_unique<Writer>(endpoint_, identity(), fence, stop);
}

void Target::create_tables(const contract::Fence& fence, contract::RowSource& source,
                           const std::vector<contract::TablePair>& tables) {
  mysql::create_tables(*connect(), fence, source, tables);
}

void Target::begin_filling(const contract::Fence& fence,
                           const std::vector<contract::TablePair>& tables) {
  put_indexes_aside(*connect(), fence, tables);
}

void Target::end_filling(const contract::Fence& fence, const model::CollectionName& table,
                         const std::stop_token& stop) {
  build_indexes(*connect(stop), fence, table);
}

std::optional<model::TableSchema> Target::definition(const model::CollectionName& name) {
  return read_table(*connect(), name);
}

std::vector<contract::CascadeRule> Target::cascades(
    const std::vector<contract::TablePair>& tables) {
  std::vector<model::CollectionName> names;
  for (const auto& pair : tables) names.push_back(pair.target);
  return read_cascades(*connect(), tables, names);
}

std::vector<std::string> Target::statements(const contract::TablePair& table,
                                            const std::vector<model::Key>& remove,
                                            const model::RowBatch& put) {
  return repair_statements(table, remove, put);
}

void Target::forget(const std::string& migration) { forget_progress(*connect(), migration); }

contract::DdlPlan Target::plan(const model::DdlEvent& event, const contract::TableFilter& filter,
                               const contract::TableRoute& route) {
  const DdlCircumstances now{
      [this](const model::CollectionName& table) {
        return existed_before_pending(*connect(), table);
      },
      [this](const std::string& schema) {
        return !connect()
                    ->query("SELECT 1 FROM `_wherry`.`made_table` WHERE `schema_name`=" +
                            bytes_literal(schema) + " LIMIT 1")
                    .empty();
      },
      [this] { return !connect()->server().is_mariadb(); }};
  return plan_ddl(event, with_ghosts(filter), route, now);
}

void Target::make_schemas(const contract::Fence& fence, contract::RowSource& source,
                          const contract::TableFilter& filter, const contract::TableRoute& route) {
  mysql::make_schemas(*connect(), fence, of_this_kind(source), filter, route);
}

std::optional<std::string> Target::learn(const contract::Fence& fence, contract::RowSource& source,
                                         const contract::DdlPlan& plan,
                                         const model::DdlEvent& event,
                                         const contract::TableRoute& route,
                                         const contract::WindowMark& mark,
                                         const std::stop_token& stop) {
  {
    const auto builder = connect(stop);
    const auto statement = read_ddl(plan.statement, dialect_of(event.sql_mode), {});
    for (const auto* named : {&statement.tables, &statement.references}) {
      for (const auto& table : *named) build_indexes(*builder, fence, table.name);
    }
  }
  const auto connection = connect(stop);
  return learn_ddl(*connection, fence, of_this_kind(source), plan, event, route, mark);
}

void Target::apply(const contract::Fence& fence, const contract::DdlPlan& plan,
                   const model::DdlEvent& event, const contract::TableRoute& route,
                   const contract::WindowMark& mark, const std::vector<contract::TablePair>& again,
                   const std::stop_token& stop) {
  const auto connection = connect(stop);
  apply_ddl(*connection, fence, plan, event, route, mark, again);
}

std::vector<model::Finding> Target::assess_objects(contract::RowSource& source,
                                                   const contract::TableFilter& filter,
                                                   const contract::TableRoute& route) {
  Source& own = of_this_kind(source);
  const auto connection = connect();
  auto findings = own.assess_with(*connection, filter, route);
  const auto definitions =
      own.objects(filter, {.sequences = true, .made_at_once = true, .held_back = true});
  const auto add = [&](std::vector<model::Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  };
  add(mysql::assess_objects(*connection, definitions, route, definers_));
  add(missing_object_privileges(*connection, definitions, route, definers_));
  return findings;
}

std::vector<model::Finding> Target::create_objects(const contract::Fence& fence,
                                                   contract::RowSource& source,
                                                   const contract::TableFilter& filter,
                                                   const contract::TableRoute& route) {
  const auto definitions =
      of_this_kind(source).objects(filter, {.sequences = true, .made_at_once = true});
  return make_objects(*connect(), fence, definitions, route, definers_);
}

contract::ObjectPlan Target::plan_object(const model::DdlEvent& event,
                                         const contract::TableFilter& filter,
                                         const contract::TableRoute& route) {
  return plan_object_change(*connect(), event, filter, route);
}

contract::ObjectOutcome Target::apply_object(const contract::Fence& fence,
                                             const model::DdlEvent& event,
                                             const contract::TableFilter& filter,
                                             const contract::TableRoute& route,
                                             const contract::WindowMark& mark,
                                             const std::stop_token& stop) {
  build_all_indexes(*connect(stop), fence);  // a view may name one
  const auto connection = connect(stop);
  return apply_object_change(*connection, fence, event, filter, route, definers_, mark);
}

std::vector<contract::HeldBack> Target::held_back(contract::RowSource& source,
                                                  const contract::TableFilter& filter) {
  return of_this_kind(source).held_back(filter);
}

std::vector<model::Finding> Target::assess_held_back(const std::vector<contract::HeldBack>& list,
                                                     const contract::TableRoute& route) {
  return mysql::assess_held_back(*connect(), list, route, definers_);
}

std::vector<model::Finding> Target::make_held_back(const contract::Fence& fence,
                                                   const std::vector<contract::HeldBack>& list,
                                                   const contract::TableRoute& route,
                                                   const std::stop_token& stop) {
  return mysql::make_held_back(*connect(stop), fence, list, route, definers_);
}

void Target::remove_held_back(const contract::Fence& fence, const std::stop_token& stop) {
  mysql::remove_held_back(*connect(stop), fence);
}

std::vector<model::Finding> Target::drop_listed(const contract::Fence& fence,
                                                const std::vector<contract::HeldBack>& list,
                                                const std::stop_token& stop) {
  return mysql::drop_listed(*connect(stop), fence, list);
}

std::vector<std::string> Target::statements_of(const std::vector<contract::HeldBack>& list) const {
  return mysql::statements_of(list);
}

contract::Lifted Target::lift(const contract::Fence& fence,
                              const std::vector<model::Counter>& wanted,
                              const std::vector<contract::CounterTable>& tables,
                              const contract::TableRoute& route, const std::stop_token& stop) {
  return lift_counters(*connect(stop), fence, wanted, tables, route);
}

std::vector<model::Counter> Target::check(const std::vector<model::Counter>& wanted,
                                          const std::vector<contract::CounterTable>& tables,
                                          const contract::TableRoute& route) {
  return counters_behind(*connect(), wanted, tables, route);
}

std::optional<model::Finding> Target::unwatchable() {
  auto why = why_unwatchable(*connect());
  watchable_ = !why;
  return why;
}

model::Position Target::log_end() {
  const auto connection = connect();
  if (auto end = mysql::log_end(*connection)) return *std::move(end);
  throw base::Error(base::ErrorKind::rejected, std::string(contract::target_log_lost),
                    "the target writes no binary log any more", connection->endpoint().text());
}

std::string Target::log_mark(const model::Position& place, const std::stop_token& stop) {
  return mysql::log_mark(endpoint_, identity(), place, stop);
}

std::unique_ptr<contract::TargetLog> Target::open_log(const std::string& migration,
                                                      const model::Position& from,
                                                      std::uint64_t most_keys) {
  return std::make_unique<BinlogWatch>(
      endpoint_, [this] { return connect(); }, migration, from, most_keys, identity(),
      damaged_reads_);
}

std::string Target::look(const std::vector<contract::TablePair>& tables) {
  return look_at_definitions(*connect(), tables);
}

contract::MadeAsBefore Target::make_as_before(const contract::Fence& fence,
                                              const std::string& looked,
                                              const std::vector<contract::TablePair>& tables,
                                              const std::vector<contract::TablePair>& again,
                                              const std::stop_token& stop) {
  return mysql::make_as_before(*connect(stop), fence, looked, tables, again);
}

void Target::count_as_before(const contract::Fence& fence, const std::string& looked,
                             const std::vector<contract::TablePair>& /*tables*/,
                             const std::stop_token& stop) {
  mysql::count_as_before(*connect(stop), fence, looked);
}

}  // namespace wherry::stores::mysql
