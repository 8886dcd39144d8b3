// XA transactions of real servers: their rows come with their commit, from every place to go on
// from, and reads of the tables beside them stand where they say.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"
#include "stores/mysql/changes.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/source.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using model::Position;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;
using Kind = tests::ServerKind;

class MysqlXa : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    tests::ServerOptions options;
    options.performance_schema = true;
    server_ = std::make_unique<tests::Server>(tests::Server::start(GetParam(), options));
    sql("CREATE DATABASE s; CREATE TABLE s.t(id INT PRIMARY KEY, v VARCHAR(20)); "
        "CREATE TABLE s.loose(v VARCHAR(20)); CREATE TABLE s.unwanted(id INT PRIMARY KEY)");
  }

  void sql(const std::string& statements) { server_->exec_sql(statements); }
  // On MySQL 5.6 a prepared transaction ends with its session.
  tests::Connection prepare(const std::string& id, const std::string& statements,
                            const std::string& setting = "DO 0") {
    auto session = server_->connect("s");
    session.exec(setting + "; XA START '" + id + "'; " + statements + "; XA END '" + id +
                 "'; XA PREPARE '" + id + "'");
    return session;
  }
  void prepare_and_leave(const std::string& id, const std::string& statements,
                         const std::string& setting = "DO 0") {
    const auto session = prepare(id, statements, setting).thread_id();
    server_->wait_for_end_of(session);
  }
  bool logs_prepared() const { return GetParam() != Kind::mysql56; }
  Endpoint endpoint() {
    Endpoint e;
    e.port = static_cast<std::uint16_t>(server_->port());
    e.user = "root";
    return e;
  }
  Position end() {
    const auto rows = server_->query("SHOW MASTER STATUS");
    return Position::in_log(rows.at(0).at(0).value(), std::stoull(rows.at(0).at(1).value()));
  }
  contract::TrackedTables tracked() {
    Connection connection(endpoint());
    contract::TrackedTables all;
    for (auto& t : read_tables(connection, [&](const model::CollectionName& n) {
           return n.schema == "s" && n.name != "unwanted";
         })) {
      all.emplace(static_cast<model::CollectionId>(all.size() + 1), std::move(t));
    }
    return all;
  }
  std::vector<model::ChangePart> read_from(const Position& from) {
    BinlogChanges log(endpoint(), from, tracked(), 4711U);
    std::vector<model::ChangePart> parts;
    while (auto part = log.next(300ms, {})) parts.push_back(std::move(*part));
    return parts;
  }
  static std::vector<std::string> values(const std::vector<model::ChangePart>& parts) {
    std::vector<std::string> all;
    for (const auto& part : parts) {
      for (const auto& e : part.events) {
        for (std::size_t r = 0; r < e.after.rows(); ++r) {
          all.emplace_back(e.after.cell(r, e.after.columns() - 1).value_or("NULL"));
        }
      }
    }
    return all;
  }

  std::unique_ptr<tests::Server> server_;
};

TEST_P(MysqlXa, rows_come_with_their_commit_from_every_place_to_go_on_from) {
  // What is rolled back leaves a lock on the gap that it was in.
  sql("INSERT INTO s.t VALUES(-9,'first')");
  const Position from = end();
  auto a = prepare("a",
                   "INSERT INTO t VALUES(1,'a'); SAVEPOINT p; INSERT INTO t VALUES(-10,'no'); "
                   "ROLLBACK TO p; INSERT INTO loose VALUES('a')");
  sql("INSERT INTO s.t VALUES(10,'between'); FLUSH BINARY LOGS");
  auto b = prepare("b", "INSERT INTO t VALUES(3,'never')");
  auto c = prepare("c", "INSERT INTO t VALUES(4,'c')");
  auto d = prepare("d", "INSERT INTO unwanted VALUES(1)");
  c.exec("XA COMMIT 'c'");
  sql("CREATE TABLE s.elsewhere(id INT PRIMARY KEY); DROP TABLE s.elsewhere");
  b.exec("XA ROLLBACK 'b'");
  sql("FLUSH BINARY LOGS; INSERT INTO s.t VALUES(11,'before')");
  a.exec("XA COMMIT 'a'");
  b.exec(
      "XA START 'b'; INSERT INTO s.t VALUES(12,'one phase'); XA END 'b'; XA COMMIT 'b' ONE PHASE");
  d.exec("XA COMMIT 'd'");
  sql("INSERT INTO s.t VALUES(13,'last')");
  BinlogChanges log(endpoint(), from, tracked(), 4711U);
  std::vector<model::ChangePart> all;
  while (auto part = log.next(300ms, {})) {
    if (!part->ddl.empty()) log.track(tracked());
    all.push_back(std::move(*part));
  }
  const auto expected = values(all);
  EXPECT_THAT(expected, ElementsAre("between", "c", "before", "a", "a", "one phase", "last"));
  EXPECT_FALSE(all.back().end.since);
  bool carried = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].ddl.empty()) continue;
    const auto place = Position::parse(all[i].end.text());
    ASSERT_TRUE(place);
    carried = carried || place->since;
    BinlogChanges again(endpoint(), *place, tracked(), 4712U);
    std::vector<model::ChangePart> joined(all.begin(),
                                          all.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    while (auto part = again.next(300ms, {})) {
      if (!part->ddl.empty()) again.track(tracked());
      joined.push_back(std::move(*part));
    }
    EXPECT_EQ(values(joined), expected) << "from " << place->text();
  }
  EXPECT_EQ(carried, logs_prepared());
}

TEST_P(MysqlXa, a_killed_server_keeps_what_is_prepared) {
  if (!logs_prepared()) GTEST_SKIP() << "it logs them at their commit";
  server_->restart({"--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1"});
  const Position from = end();
  prepare_and_leave("a", "INSERT INTO t VALUES(1,'a')");
  prepare_and_leave("b", "INSERT INTO t VALUES(2,'b')");
  // MySQL 5.7 makes what it prepares lasting with the next commit only.
  sql("INSERT INTO s.unwanted VALUES(1)");
  const auto parts = read_from(from);
  ASSERT_FALSE(parts.empty());
  const Position between = parts.back().end;
  EXPECT_TRUE(between.since);
  server_->kill9();
  server_->restart();
  sql("XA COMMIT 'b'; XA ROLLBACK 'a'; INSERT INTO s.t VALUES(3,'c')");
  EXPECT_THAT(values(read_from(from)), ElementsAre("b", "c"));
  EXPECT_THAT(values(read_from(between)), ElementsAre("b", "c"));
}

TEST_P(MysqlXa, the_log_is_needed_from_where_the_oldest_prepared_begins) {
  if (!logs_prepared()) GTEST_SKIP() << "it logs them at their commit";
  const Position from = end();
  auto a = prepare("a", "INSERT INTO t VALUES(1,'a')");
  sql("FLUSH BINARY LOGS; INSERT INTO s.t VALUES(2,'b')");
  const auto parts = read_from(from);
  sql("FLUSH BINARY LOGS; INSERT INTO s.t VALUES(3,'c')");
  const Position place = parts.back().end;
  ASSERT_TRUE(place.since);
  EXPECT_NE(place.since->log, place.log);
  // The server keeps a log as long as it believes that somebody reads it.
  while (server_->query("SHOW BINARY LOGS").at(0).at(0) != place.log) {
    sql("PURGE BINARY LOGS TO '" + place.log + "'");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(code_of([&] { read_from(place); }), "source.log_purged");
  a.exec("XA ROLLBACK 'a'");
}

TEST_P(MysqlXa, a_commit_of_rows_that_were_kept_out_of_the_log_stops) {
  if (GetParam() != Kind::mariadb) GTEST_SKIP() << "it does not log such a commit";
  const Position from = end();
  prepare_and_leave("a", "INSERT INTO t VALUES(1,'a')", "SET sql_log_bin=0");
  sql("XA COMMIT 'a'");
  EXPECT_EQ(code_of([&] { read_from(from); }), "source.xa_unknown");
}

TEST_P(MysqlXa, what_is_prepared_is_named) {
  Source source({endpoint(), {}, 0});
  EXPECT_THAT(source.prepared(), IsEmpty());
  auto a = prepare("a", "INSERT INTO t VALUES(1,'a')");
  if (logs_prepared()) {
    EXPECT_THAT(source.prepared(), ElementsAre("XA X'61',X'',1"));
  } else {
    EXPECT_THAT(source.prepared(), IsEmpty()) << "none that matters";
  }
  a.exec("XA ROLLBACK 'a'");
  EXPECT_THAT(source.prepared(), IsEmpty());
}

// Reads beside XA transactions that are prepared and committed all the time, and one that stays
// prepared; against the log.
class MysqlReadBesideXa : public MysqlXa {
 protected:
  struct Seen {
    model::Bracket bracket;
    std::set<std::string> ids;
  };
  using Open = std::function<std::unique_ptr<contract::RowView>(contract::RowReader&)>;

  std::vector<Seen> read_under_load(const std::string& staying, std::size_t least,
                                    const Open& open) {
    start_ = end();
    prepare_and_leave("stays", staying);
    Source source({endpoint(), {}, 0});
    const auto tables = tracked();
    // The reader of the log, which tells the reads what is prepared.
    const std::jthread follower([&](const std::stop_token& stop) {
      const auto log = source.changes(start_, tables);
      try {
        while (!stop.stop_requested()) (void)log->next(100ms, stop);
      } catch (const base::Error& e) {
        EXPECT_EQ(e.kind(), base::ErrorKind::cancelled) << e.what();
      }
    });
    std::atomic<int> next = 1;
    std::vector<std::jthread> writers;
    for (int w = 0; w < 3; ++w) {
      writers.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          const std::string id = std::to_string(next++);
          const std::string insert = "INSERT INTO t VALUES(" + id + ",'x')";
          if (logs_prepared()) {
            prepare_and_leave(id, insert);
            sql("XA COMMIT '" + id + "'");
          } else {
            prepare(id, insert).exec("XA COMMIT '" + id + "'");
          }
        }
      });
    }
    std::vector<Seen> seen;
    const auto reader = source.reader({});
    const auto& table = *std::find_if(tables.begin(), tables.end(),
                                      [](const auto& t) { return t.second.name.name == "t"; });
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto enough = now() + 3s;
    const auto too_long = now() + 60s;
    while (now() < enough || (seen.size() < least && now() < too_long)) {
      try {
        const auto view = open(*reader);
        Seen one{view->bracket(), {}};
        view->read_all({table.second.name, &table.second}, base::Bytes{1U << 20U},
                       [&](const model::RowBatch& rows) {
                         for (std::size_t r = 0; r < rows.rows(); ++r) {
                           one.ids.emplace(*rows.cell(r, 0));
                         }
                       });
        seen.push_back(std::move(one));
      } catch (const base::Error& e) {
        EXPECT_EQ(e.kind(), base::ErrorKind::transient) << e.what();
        if (e.kind() != base::ErrorKind::transient) break;
      }
    }
    EXPECT_GE(seen.size(), least);
    return seen;
  }

  // Where its end stands in the log, by the row.
  std::map<std::string, Position> ends() {
    std::map<std::string, Position> all;
    for (const auto& part : read_from(start_)) {
      for (const auto& e : part.events) {
        for (std::size_t r = 0; r < e.after.rows(); ++r) {
          all[std::string(e.after.cell(r, 0).value())] = part.end;
        }
      }
    }
    EXPECT_GT(all.size(), 50U);
    EXPECT_FALSE(all.contains("0"));
    return all;
  }

  Position start_;
};

TEST_P(MysqlReadBesideXa, what_was_committed_before_low_is_there) {
  const auto seen = read_under_load("INSERT INTO t VALUES(0,'stays')", 20,
                                    [](contract::RowReader& r) { return r.open_view(); });
  const auto logged = ends();
  for (const auto& one : seen) {
    for (const auto& [id, at] : logged) {
      if (at <= one.bracket.low) {
        EXPECT_TRUE(one.ids.contains(id)) << id << " ends at " << at.text();
      }
      // As reader.h says of MySQL.
      if (one.bracket.high < at && GetParam() != Kind::mysql57) {
        EXPECT_FALSE(one.ids.contains(id)) << id << " ends at " << at.text();
      }
    }
  }
}

TEST_P(MysqlReadBesideXa, an_exact_read_has_just_what_was_committed_before_it) {
  const auto seen =
      read_under_load("INSERT INTO unwanted VALUES(0)", 5, [](contract::RowReader& r) {
        return r.open_exact_view({{"s", "t"}});
      });
  const auto logged = ends();
  for (const auto& one : seen) {
    EXPECT_TRUE(one.bracket.exact());
    for (const auto& [id, at] : logged) {
      EXPECT_EQ(one.ids.contains(id), at <= one.bracket.low) << id << " ends at " << at.text();
    }
  }
}

TEST_P(MysqlXa, a_read_of_tables_without_a_key_is_exact_beside_what_is_prepared) {
  Source source({endpoint(), {}, 0});
  const Position start = end();
  auto pending = prepare("pending", "INSERT INTO t VALUES(0,'pending')");
  std::jthread follower([&](const std::stop_token& stop) {
    const auto log = source.changes(start, tracked());
    try {
      while (!stop.stop_requested()) (void)log->next(100ms, stop);
    } catch (const base::Error& e) {
      EXPECT_EQ(e.kind(), base::ErrorKind::cancelled) << e.what();
    }
  });
  std::jthread writer([&](const std::stop_token& stop) {
    auto session = server_->connect("s");
    while (!stop.stop_requested()) session.exec("INSERT INTO loose VALUES('x')");
  });
  const auto reader = source.reader({});
  int exact = 0;
  const auto give_up = std::chrono::steady_clock::now() + 60s;
  while (exact < 5 && std::chrono::steady_clock::now() < give_up) {
    try {
      exact += reader->open_exact_view({{"s", "loose"}})->bracket().exact() ? 1 : 0;
    } catch (const base::Error& e) {
      ASSERT_EQ(e.kind(), base::ErrorKind::transient) << e.what();
    }
  }
  EXPECT_EQ(exact, 5);
  writer = {};
  pending.exec("XA ROLLBACK 'pending'");
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlReadBesideXa,
                         testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);
INSTANTIATE_TEST_SUITE_P(Servers, MysqlXa,
                         testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
