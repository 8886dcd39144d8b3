#include "stores/mysql/counters.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/object_statement.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::CounterTable;
using model::CollectionName;
using model::ColumnType;
using model::Counter;
using model::Severity;
using model::Whole;
using Kind = Counter::Kind;

Whole power(Whole base, unsigned exponent) {
  Whole out = 1;
  while (exponent-- != 0) out *= base;
  return out;
}

// The greatest whole number up to which the type has all of them; 0 if it is not for counting.
Whole greatest(ColumnType type, bool is_unsigned, std::uint32_t digits) {
  constexpr unsigned float_bits = 24;
  constexpr unsigned double_bits = 53;
  const auto of_bits = [&](unsigned bits) { return power(2, is_unsigned ? bits : bits - 1) - 1; };
  switch (type) {
    case ColumnType::tinyint:
      return of_bits(8);
    case ColumnType::smallint:
      return of_bits(16);
    case ColumnType::mediumint:
      return of_bits(24);
    case ColumnType::integer:
      return of_bits(32);
    case ColumnType::bigint:
      return of_bits(64);
    case ColumnType::float_:
      return power(2, float_bits);
    case ColumnType::double_:
      return power(2, double_bits);
    case ColumnType::decimal:
      return power(10, std::min<std::uint32_t>(digits, 30)) - 1;
    default:
      return 0;
  }
}

// Statistics of MySQL 8 are as old as a day otherwise.
void ask_for_present_values(Connection& connection) {
  try_to_set(connection, "information_schema_stats_expiry=0");
}

// Of all tables, or of one.
std::vector<Counter> auto_increments(Connection& connection, const std::string& condition) {
  const auto answers = connection.query_all(
      {"SELECT TABLE_SCHEMA, TABLE_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS "
       "WHERE EXTRA LIKE '%auto_increment%'" +
           condition,
       "SELECT TABLE_SCHEMA, TABLE_NAME, AUTO_INCREMENT FROM information_schema.TABLES WHERE "
       "TABLE_TYPE<>'VIEW'" +
           condition});
  std::map<CollectionName, std::string> next;
  for (std::size_t row = 0; row < answers.at(1).rows(); ++row) {
    const Result& r = answers[1];
    next[{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})}] = r.text(row, std::size_t{2});
  }
  std::vector<Counter> out;
  for (std::size_t row = 0; row < answers[0].rows(); ++row) {
    const Result& r = answers[0];
    Counter counter;
    counter.name = {r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
    const auto at = next.find(counter.name);
    if (at == next.end()) continue;                       // dropped in between
    counter.next = model::whole(at->second).value_or(1);  // NULL: nothing was counted yet
    const bool is_unsigned = r.text(row, "COLUMN_TYPE").find("unsigned") != std::string::npos;
    counter.last = greatest(column_type(r.text(row, "DATA_TYPE")), is_unsigned, 0);
    out.push_back(std::move(counter));
  }
  return out;
}

std::string of_table(const CollectionName& name) {
  return fmt::format(" AND TABLE_SCHEMA={} AND TABLE_NAME={}", text_literal(name.schema),
                     text_literal(name.name));
}

std::optional<Counter> auto_increment(Connection& connection, const CollectionName& name) {
  auto found = auto_increments(connection, of_table(name));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Counter sequence_of(const Result& r, CollectionName name) {
  const auto number = [&](std::string_view column) {
    return model::whole(r.text(0, column)).value_or(0);
  };
  Counter counter;
  counter.kind = Kind::sequence;
  counter.name = std::move(name);
  counter.next = number("next_not_cached_value");
  counter.step = number("increment");
  if (counter.step == 0) counter.step = 1;  // as auto_increment_increment says then
  counter.last = number(counter.step > 0 ? "maximum_value" : "minimum_value");
  counter.cycles = number("cycle_option") != 0;
  counter.round = r.number(0, "cycle_count").value_or(0);
  return counter;
}

std::vector<CollectionName> sequences(Connection& connection, const std::string& condition) {
  const Result r = connection.query(
      "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE "
      "TABLE_TYPE='SEQUENCE'" +
      condition);
  std::vector<CollectionName> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    out.push_back({r.text(row, std::size_t{0}), r.text(row, std::size_t{1})});
  }
  return out;
}

std::optional<Counter> sequence(Connection& connection, const CollectionName& name) {
  if (!connection.server().is_mariadb() || sequences(connection, of_table(name)).empty()) {
    return std::nullopt;
  }
  return sequence_of(connection.query("SELECT * FROM " + qualified(name)), name);
}

[[noreturn]] void throw_column(const CollectionName& table, const std::string& column,
                               const std::string& why) {
  throw Error(ErrorKind::rejected, "counter.column",
              "column " + base::printable(column) + " of a table of counters " + why, table.text());
}

const model::Column& column_of(const model::TableSchema& table, const std::string& name) {
  const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const model::Column& c) { return c.name == name; });
  if (at == table.columns.end()) throw_column(table.name, name, "is not there");
  return *at;
}

// Of the rows that `condition` chooses, or of all. `home` is where `rule.table` is on this server.
std::vector<Counter> rows(Connection& connection, const CounterTable& rule,
                          const CollectionName& home, const std::string& condition) {
  const auto shape = read_table(connection, home);
  if (!shape) return {};
  const model::Column& value = column_of(*shape, rule.value_column);
  const Whole last = greatest(value.type, value.is_unsigned, value.precision - value.scale);
  if (last == 0) throw_column(home, value.name, "holds no whole numbers");
  (void)column_of(*shape, rule.name_column);
  const bool each_has_a_step = !rule.step_column.empty();
  if (each_has_a_step) (void)column_of(*shape, rule.step_column);
  const Result r = connection.query(fmt::format(
      "SELECT {}, FLOOR({}), {} FROM {}{}", identifier(rule.name_column), identifier(value.name),
      each_has_a_step ? identifier(rule.step_column) : model::text_of(rule.step), qualified(home),
      condition));
  std::vector<Counter> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    Counter counter;
    counter.kind = Kind::row;
    counter.name = rule.table;
    counter.row = r.text(row, std::size_t{0});
    const auto next = model::whole(r.text(row, std::size_t{1}));
    const auto step = model::whole(r.text(row, std::size_t{2}));
    if (!next) throw_column(home, value.name, "has a value that is no number");
    if (!step || *step <= 0) {
      throw_column(home, each_has_a_step ? rule.step_column : value.name,
                   "has a step that is no number above 0");
    }
    counter.next = *next;
    counter.step = *step;
    counter.last = last;
    out.push_back(std::move(counter));
  }
  return out;
}

std::string of_row(const CounterTable& rule, const std::string& row) {
  return fmt::format(" WHERE CAST({} AS BINARY)={}", identifier(rule.name_column),
                     bytes_literal(row));
}

// What the counters of a source are on a target.
class Homes {
 public:
  Homes(Connection& target, const std::vector<CounterTable>& tables,
        const contract::TableRoute& route)
      : c_(target), tables_(tables), route_(route) {
    ask_for_present_values(c_);
  }

  std::optional<Counter> now(const Counter& wanted) {
    switch (wanted.kind) {
      case Kind::auto_increment:
        return auto_increment(c_, home(wanted));
      case Kind::sequence:
        return sequence(c_, home(wanted));
      case Kind::row:
        auto found = rows(c_, rule(wanted), home(wanted), of_row(rule(wanted), wanted.row));
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }
    return std::nullopt;
  }

  CollectionName home(const Counter& wanted) const {
    if (wanted.kind != Kind::sequence) return route_(wanted.name);
    return object_home(route_, ObjectKind::sequence, wanted.name);
  }

  // Requires: it is a row.
  const CounterTable& rule(const Counter& wanted) const {
    const auto at = std::find_if(tables_.begin(), tables_.end(),
                                 [&](const CounterTable& t) { return t.table == wanted.name; });
    if (at != tables_.end()) return *at;
    throw Error(ErrorKind::internal, "counter.no_rule",
                "it is not told which columns of this table count", wanted.subject());
  }

 private:
  Connection& c_;
  const std::vector<CounterTable>& tables_;
  const contract::TableRoute& route_;
};

class Lifter {
 public:
  Lifter(Connection& target, const contract::Fence& fence, Homes homes)
      : c_(target), fence_(fence), homes_(std::move(homes)) {}

  void lift(const Counter& wanted) {
    const auto now = homes_.now(wanted);
    if (!now) {
      out_.findings.push_back(
          {Severity::blocker, "counter.missing", wanted.subject(),
           "the target has nothing of its kind at " + homes_.home(wanted).text() + " to count on",
           "make it there as it is on the source, and lift it again"});
      return;
    }
    if (!now->stands_before(wanted)) return;
    Counter there = wanted;
    there.last = now->last;
    if (there.exhausted()) {
      out_.findings.push_back(
          {Severity::blocker, "counter.exhausted", wanted.subject(),
           "it would be lifted to " + model::text_of(wanted.next) + ", and ends at " +
               model::text_of(there.last),
           "give it a wider type or a further end on both sides, or lift it by less"});
      return;
    }
    switch (wanted.kind) {
      case Kind::auto_increment:
        lift_auto_increment(wanted);
        break;
      case Kind::sequence:
        c_.execute(fmt::format("SELECT SETVAL({},{},0,{})", qualified(homes_.home(wanted)),
                               model::text_of(wanted.next), wanted.round));
        break;
      case Kind::row:
        lift_row(wanted);
        break;
    }
    require_lifted(wanted);
    out_.counters.push_back(wanted);
  }

  contract::Lifted finish() && { return std::move(out_); }

 private:
  void require_lifted(const Counter& wanted) {
    const auto now = homes_.now(wanted);
    if (now && !now->stands_before(wanted)) return;
    throw Error(
        ErrorKind::data_mismatch, "counter.not_lifted",
        "the target took the statement, and does not count from " + model::text_of(wanted.next),
        wanted.subject());
  }

  void lift_auto_increment(const Counter& wanted) {
    const std::string table = qualified(homes_.home(wanted));
    c_.execute("LOCK TABLES " + table + " WRITE");
    const auto now = homes_.now(wanted);
    if (now && now->stands_before(wanted)) {
      c_.execute("ALTER TABLE " + table + " AUTO_INCREMENT=" + model::text_of(wanted.next));
    }
    c_.execute("UNLOCK TABLES");
  }

  void lift_row(const Counter& wanted) {
    const CounterTable& rule = homes_.rule(wanted);
    const std::string value = identifier(rule.value_column);
    const std::string next = model::text_of(wanted.next);
    c_.execute("START TRANSACTION");
    c_.execute(fmt::format("UPDATE {} SET {}={}{} AND {}<{}", qualified(homes_.home(wanted)), value,
                           next, of_row(rule, wanted.row), value, next));
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

  Connection& c_;
  const contract::Fence& fence_;
  Homes homes_;
  contract::Lifted out_;
};

}  // namespace

std::vector<Counter> read_counters(Connection& connection, const contract::TableFilter& filter,
                                   const std::vector<CounterTable>& tables) {
  ask_for_present_values(connection);
  const auto is_chosen = [&](const CollectionName& name) {
    return !is_system_schema(name.schema) && filter(name);
  };
  std::vector<Counter> out = auto_increments(connection, "");
  std::erase_if(out, [&](const Counter& counter) { return !is_chosen(counter.name); });
  if (connection.server().is_mariadb()) {
    for (auto& name : sequences(connection, "")) {
      if (!is_chosen(name)) continue;
      if (auto counter = sequence(connection, name)) out.push_back(*std::move(counter));
    }
  }
  for (const auto& rule : tables) {
    if (!is_chosen(rule.table)) continue;
    auto more = rows(connection, rule, rule.table, "");
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  return out;
}

contract::Lifted lift_counters(Connection& target, const contract::Fence& fence,
                               const std::vector<Counter>& wanted,
                               const std::vector<CounterTable>& tables,
                               const contract::TableRoute& route) {
  prepare_to_define(target);
  // ALTER TABLE of a table in a format of before 5.6 would copy all of it.
  try_to_set(target, "avoid_temporal_upgrade=1");
  target.execute("SET NAMES binary, SESSION character_set_results=NULL, lock_wait_timeout=5");
  target.execute("START TRANSACTION");
  check_fence(target, fence);
  target.execute("COMMIT");
  Lifter lifter(target, fence, Homes(target, tables, route));
  for (const auto& counter : wanted) lifter.lift(counter);
  return std::move(lifter).finish();
}

std::vector<Counter> counters_behind(Connection& target, const std::vector<Counter>& wanted,
                                     const std::vector<CounterTable>& tables,
                                     const contract::TableRoute& route) {
  Homes homes(target, tables, route);
  std::vector<Counter> out;
  for (const auto& counter : wanted) {
    const auto now = homes.now(counter);
    if (!now || now->stands_before(counter)) out.push_back(counter);
  }
  return out;
}

}  // namespace wherry::stores::mysql
