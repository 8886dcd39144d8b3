// Every column type with its nastiest values. The value that a SELECT reads and the value that is
// decoded from the log are the same cell; and what is written to a target is read there again, on
// both ways to it.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/changes.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/row_sink.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_digest.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/support/data/nasty_values.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using model::RowBatch;
using tests::holds;
using tests::nasty_columns;
using tests::NastyColumn;
using tests::ServerKind;
using namespace std::chrono_literals;

const base::DigestKey digest_key = base::DigestKey::from_text(std::string(32, 'd'));

std::map<ServerKind, tests::Server> servers;

tests::Server& server_of(ServerKind kind) {
  const auto found = servers.find(kind);
  if (found != servers.end()) return found->second;
  return servers.emplace(kind, tests::Server::start(kind)).first->second;
}

class StopServers : public ::testing::Environment {
 public:
  void TearDown() override { servers.clear(); }
};
const auto* const stop_servers = ::testing::AddGlobalTestEnvironment(new StopServers);

Endpoint endpoint_of(const tests::Server& server) {
  Endpoint e;
  e.socket = server.socket();
  e.user = "root";
  return e;
}

// Made once for each kind of server, in schema `s`, and read once from its log.
struct Made {
  std::map<std::string, model::TableSchema> shapes;
  std::map<std::string, RowBatch> logged;
  std::map<std::string, RowBatch> logged_as_text;  // for a target whose JSON is text
};

// The rows that were inserted into the tables since.
std::map<std::string, RowBatch> read_log(const tests::Server& server, const model::Position& from,
                                         const contract::TrackedTables& tables,
                                         std::size_t expected) {
  std::map<std::string, RowBatch> logged;
  BinlogChanges log(endpoint_of(server), from, tables, 4711);
  for (std::size_t rows = 0; rows < expected;) {
    const auto part = log.next(2000ms, {});
    if (!part) throw std::runtime_error("the log holds fewer rows than were written");
    for (const auto& e : part->events) {
      auto& batch = logged.try_emplace(tables.at(e.collection).name.name, 2).first->second;
      for (std::size_t r = 0; r < e.after.rows(); ++r) batch.append_row(e.after, r);
      rows += e.after.rows();
    }
    if (!part->ddl.empty()) log.track(tables);
  }
  return logged;
}

// As the engine sees a table whose target holds documents as text.
model::TableSchema as_text(model::TableSchema shape) {
  for (auto& column : shape.columns) {
    if (column.type == model::ColumnType::json) column.type = model::ColumnType::text;
  }
  return shape;
}

const Made& made_on(ServerKind kind) {
  static std::map<ServerKind, Made> all;
  if (const auto found = all.find(kind); found != all.end()) return found->second;
  Made& made = all[kind];
  const tests::Server& server = server_of(kind);
  server.exec_sql("CREATE DATABASE s CHARACTER SET utf8mb4");
  Connection connection(endpoint_of(server));
  const model::Position from = log_end(connection).value();
  contract::TrackedTables tables;
  std::size_t expected = 0;
  for (const NastyColumn& column : nasty_columns()) {
    if (!holds(kind, column)) continue;
    expected += make_nasty_table(server, "s", column);
    const auto shape = read_table(connection, {"s", column.name});
    made.shapes.emplace(column.name, shape.value());
    tables.emplace(static_cast<model::CollectionId>(tables.size() + 1), *shape);
  }
  made.logged = read_log(server, from, tables, expected);
  for (auto& [id, shape] : tables) shape = as_text(std::move(shape));
  made.logged_as_text = read_log(server, from, tables, expected);
  return made;
}

RowBatch read_all(const tests::Server& server, const model::CollectionName& name,
                  const model::TableSchema& shape) {
  const auto reader = open_reader(endpoint_of(server), {.identity = "", .position_needed = false});
  RowBatch rows(shape.columns.size());
  EXPECT_FALSE(reader->open_view()->read({name, &shape}, {}, base::Bytes{1U << 30U}, rows));
  return rows;
}

std::string shown(model::Cell cell) {
  if (!cell) return "NULL";
  return cell->size() <= 300 ? std::string(*cell) : std::string(cell->substr(0, 300)) + "…";
}

bool is_float(const model::Column& column) {
  return column.type == model::ColumnType::float_ || column.type == model::ColumnType::double_;
}

void expect_same(const RowBatch& a, const RowBatch& b, const model::TableSchema& shape,
                 bool sign_of_zero = true) {
  SCOPED_TRACE(shape.name.text());
  ASSERT_EQ(a.rows(), b.rows());
  for (std::size_t r = 0; r < a.rows(); ++r) {
    const model::Cell left = a.cell(r, 1);
    const model::Cell right = b.cell(r, 1);
    if (is_float(shape.columns[1]) && left && right) {
      const double x = std::strtod(std::string(*left).c_str(), nullptr);
      const double y = std::strtod(std::string(*right).c_str(), nullptr);
      EXPECT_EQ(x, y) << "row " << r + 1;
      EXPECT_TRUE(!sign_of_zero || std::signbit(x) == std::signbit(y)) << "row " << r + 1;
    } else {
      EXPECT_TRUE(left == right) << "row " << r + 1 << ": " << shown(left) << " and "
                                 << shown(right);
    }
  }
}

class MysqlTypes : public tests::OfKind {};

TEST_P(MysqlTypes, are_read_from_the_table_as_from_the_log) {
  const Made& made = made_on(GetParam());
  for (const auto& [name, shape] : made.shapes) {
    const tests::Server& server = server_of(GetParam());
    expect_same(read_all(server, shape.name, shape), made.logged.at(name), shape);
    const model::TableSchema text = as_text(shape);
    expect_same(read_all(server, shape.name, text), made.logged_as_text.at(name), text);
  }
}

TEST_P(MysqlTypes, old_forms_of_times_are_in_the_log_of_old_tables) {
  if (GetParam() != ServerKind::mariadb) GTEST_SKIP() << "cannot make them any more";
  made_on(GetParam());
  EXPECT_NE(server_of(GetParam())
                .query("SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='s' "
                       "AND TABLE_NAME='t3_old' AND COLUMN_NAME='v'")
                .at(0)
                .at(0)
                ->find("mariadb-5.3"),
            std::string::npos);
}

using enum ServerKind;
INSTANTIATE_TEST_SUITE_P(Servers, MysqlTypes, ::testing::Values(mariadb, mysql56, mysql57),
                         tests::name_of_kind);

class MysqlTypesTo : public tests::OfWay {
 protected:
  void SetUp() override {
    OfWay::SetUp();
    if (IsSkipped()) return;
    to_ = &server_of(GetParam().to);
    made_ = &made_on(GetParam().from);
    to_->exec_sql("DROP DATABASE IF EXISTS t; DROP DATABASE IF EXISTS _wherry");
    source_ = std::make_unique<Source>(
        SourceOptions{.endpoint = endpoint_of(server_of(GetParam().from)), .identity = ""});
    target_ = std::make_unique<Target>(endpoint_of(*to_));
    target_->prepare();
    fence_ = target_->acquire({"m", "me", 15s});
  }

  tests::Server* to_ = nullptr;
  const Made* made_ = nullptr;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Target> target_;
  contract::Fence fence_;
};

// What MariaDB has and MySQL has not, but for forms of storing what both have. MySQL's JSON is text
// for MariaDB.
bool arrives(const tests::Way& way, const NastyColumn& column) {
  if (way.to == mariadb) return true;
  return holds(way.to, column) || column.old_temporal || column.name == "jt" ||
         column.declared.find("COMPRESSED") != std::string::npos;
}

// The rows again and again, with keys of their own, until they are worth lines.
RowBatch many(const RowBatch& rows) {
  RowBatch out(2);
  if (rows.rows() == 0) return out;
  for (std::size_t id = 1; id <= rows.rows() || out.bytes() < 150'000; ++id) {
    out.append(std::to_string(id));
    out.append(rows.cell((id - 1) % rows.rows(), 1));
  }
  return out;
}

TEST_P(MysqlTypesTo, arrive_by_statements_lines_and_arrays) {
  Connection connection(endpoint_of(*to_), {.local_infile = true});
  RowSink sink(connection);
  const bool to_mariadb = GetParam().to == ServerKind::mariadb;
  for (const auto& [name, on_source] : made_->shapes) {
    SCOPED_TRACE(name);
    const model::TableSchema shape = to_mariadb ? as_text(on_source) : on_source;
    const contract::TablePair pair{1, shape, {"t", name}};
    to_->exec_sql("DROP DATABASE IF EXISTS t");  // tables with rows are not made again
    const auto findings = target_->assess({pair});
    const bool refused = std::any_of(findings.begin(), findings.end(), [](const auto& f) {
      return f.severity == model::Severity::blocker;
    });
    bool made = true;
    try {
      target_->create_tables(fence_, *source_, {pair});
    } catch (const base::Error& e) {
      made = false;
      EXPECT_TRUE(refused) << e.what();
    }
    const auto column = std::find_if(nasty_columns().begin(), nasty_columns().end(),
                                     [&](const auto& c) { return c.name == name; });
    EXPECT_EQ(!refused, arrives(GetParam(), *column));
    if (refused || !made) continue;

    const RowBatch& logged = (to_mariadb ? made_->logged_as_text : made_->logged).at(name);
    const bool sign = !to_mariadb;
    const model::Position before = log_end(connection).value();
    sink.put(pair, logged);
    expect_same(read_all(*to_, pair.target, shape), logged, shape, sign);
    const auto from = open_reader(endpoint_of(server_of(GetParam().from)), {.identity = ""});
    const auto to = open_reader(endpoint_of(*to_), {.identity = "", .position_needed = false});
    EXPECT_EQ(from->open_view()->digest({shape.name, &shape}, {}, digest_key),
              to->open_view()->digest({pair.target, &shape}, {}, digest_key));
    // MySQL's documents and geometry are streamed always.
    const auto by_source = from->open_view()->digest_in_store({shape.name, &shape}, {}, digest_key);
    const auto by_target = to->open_view()->digest_in_store({pair.target, &shape}, {}, digest_key);
    EXPECT_EQ(by_source, by_target);
    EXPECT_EQ(by_source.has_value(), servers_can_digest(shape));

    if (name == "j" && !to_mariadb) {
      // The documents themselves, not what the server tells of them.
      auto written = pair.source;
      written.name = pair.target;
      expect_same(read_log(*to_, before, {{1, written}}, logged.rows()).at(name), logged, shape);
    }
    const RowBatch enough = many(logged);
    for (const auto way : {RowSink::Way::lines, RowSink::Way::arrays}) {
      if (way == RowSink::Way::arrays && !to_mariadb) continue;
      sink.use(way);
      sink.remove_range(pair, {});
      sink.put(pair, enough);
      expect_same(read_all(*to_, pair.target, shape), enough, shape, sign);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, MysqlTypesTo,
    ::testing::Values(tests::Way{mariadb, mariadb}, tests::Way{mariadb, mysql56},
                      tests::Way{mariadb, mysql57}, tests::Way{mysql57, mariadb},
                      tests::Way{mysql57, mysql57}, tests::Way{mysql56, mariadb},
                      tests::Way{mysql56, mysql56}, tests::Way{mysql56, mysql57}),
    tests::name_of_way);

}  // namespace
}  // namespace wherry::stores::mysql
