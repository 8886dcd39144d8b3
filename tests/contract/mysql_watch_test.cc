// A target's binlog as evidence of what others write: what counts as ours, what as whose, by key or
// by table, and where the log ends.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/digest.h"
#include "base/error.h"
#include "stores/mysql/target.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using namespace std::chrono_literals;
using base::code_of;
using contract::ForeignWrites;
using contract::TablePair;
using testing::ElementsAre;
using testing::IsEmpty;

using Kind = tests::ServerKind;

struct Kept {
  Kind kind;
  bool gtids = true;
};

class MysqlWatch : public testing::TestWithParam<Kept> {
 protected:
  void SetUp() override {
    if (!tests::Server::available(GetParam().kind)) {
      GTEST_SKIP() << "no " << to_string(GetParam().kind) << " to be had here";
    }
    tests::ServerOptions options;
    if (!GetParam().gtids) {
      options.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0", "--sync-binlog=2"};
      options.preload = WHERRY_SLOW_LOG_SYNC;
    }
    server_ = std::make_unique<tests::Server>(tests::Server::start(GetParam().kind, options));
    sql("CREATE DATABASE s; CREATE TABLE s.t(id INT PRIMARY KEY, v VARCHAR(2000)) ENGINE=InnoDB; "
        "CREATE TABLE s.u(id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB; "
        "CREATE TABLE s.unwatched(id INT PRIMARY KEY, v INT) ENGINE=InnoDB");
    target_.emplace(endpoint());
    target_->prepare();
    fence_ = target_->acquire({"m", "me", 15s});
    target_->start_stream(fence_, model::Position::in_log("source.000001", 4));
    ASSERT_FALSE(target_->unwatchable());
    for (const auto* name : {"t", "u"}) {
      TablePair pair;
      pair.id = static_cast<model::CollectionId>(tables_.size() + 1);
      pair.target = {"s", name};
      pair.source = target_->definition(pair.target).value();
      tables_.emplace(pair.id, std::make_shared<const TablePair>(pair));
    }
    watch_from(target_->log_end());
  }

  void sql(const std::string& statements) { server_->exec_sql(statements); }
  Endpoint endpoint() const {
    Endpoint e;
    e.port = static_cast<std::uint16_t>(server_->port());
    e.user = "root";
    return e;
  }
  void watch_from(const model::Position& place, std::uint64_t most_keys = 1000) {
    seen_ = place;
    log_ = target_->open_log("m", place, most_keys);
    log_->watch(tables_);
  }

  // All up to the log's end.
  ForeignWrites seen() {
    const auto end = target_->log_end();
    ForeignWrites all;
    all.end = seen_;
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (all.end < end && std::chrono::steady_clock::now() < until) {
      const auto some = log_->next(100ms, {});
      if (!some) continue;
      if (all.transactions == 0) all.begin = some->begin;
      all.transactions += some->transactions;
      for (const auto& [id, keys] : some->keys) {
        for (const auto& key : keys) all.keys[id].push_back(key);
      }
      all.tables.insert(some->tables.begin(), some->tables.end());
      for (const auto& [id, carried] : some->carried_on) {
        all.carried_on[id].removed |= carried.removed;
        all.carried_on[id].columns.insert(carried.columns.begin(), carried.columns.end());
      }
      all.end = some->end;
    }
    EXPECT_GE(all.end, end) << all.end.text() << " " << end.text();
    seen_ = all.end;
    return all;
  }

  model::RowBatch row(const std::string& id, const std::string& v) {
    model::RowBatch rows(2);
    rows.append(id);
    rows.append(v);
    return rows;
  }

  std::unique_ptr<tests::Server> server_;
  std::optional<Target> target_;
  contract::Fence fence_;
  contract::WatchedTables tables_;
  std::unique_ptr<contract::TargetLog> log_;
  model::Position seen_;
};

std::vector<std::string> texts(const ForeignWrites& seen, model::CollectionId id) {
  std::vector<std::string> out;
  const auto found = seen.keys.find(id);
  if (found == seen.keys.end()) return out;
  for (const auto& key : found->second) out.push_back(key.text());
  return out;
}

TEST_P(MysqlWatch, writes_of_others_are_told_by_key) {
  sql("INSERT INTO s.t VALUES (1,'a'),(2,'b'); UPDATE s.t SET id=3 WHERE id=2; "
      "DELETE FROM s.t WHERE id=1; INSERT INTO s.unwatched VALUES (1,1)");
  const auto writes = seen();
  EXPECT_EQ(writes.transactions, 3U);
  EXPECT_THAT(texts(writes, 1), ElementsAre("1", "2", "2", "3", "1"));
  EXPECT_THAT(writes.tables, IsEmpty());
  ASSERT_EQ(writes.carried_on.size(), 1U);
  EXPECT_TRUE(writes.carried_on.at(1).removed);
  EXPECT_THAT(writes.carried_on.at(1).columns, ElementsAre(0U)) << "the key, not the text";
  // From where they begin all is told again.
  watch_from(writes.begin);
  EXPECT_EQ(seen().transactions, 3U);
}

TEST_P(MysqlWatch, writes_of_this_migration_are_not_told_and_those_of_another_are) {
  const auto write_as = [&](const contract::Fence& fence, std::uint64_t number) {
    const auto writer = target_->writer(fence, {});
    contract::ChunkMark mark;
    mark.chunk = {1, 1, std::nullopt, std::nullopt};
    mark.bracket = {model::Position::in_log("source.000001", 4),
                    model::Position::in_log("source.000001", 4)};
    mark.rows = 1;
    // Twice the same: the second mark is what is there already.
    for (int i = 0; i < 2; ++i) {
      writer->write_chunk(*tables_.at(1), row("7", "x"), mark, contract::ChunkWrite::upsert);
      writer->begin_table(*tables_.at(1));
      writer->append(*tables_.at(1), row("8", "y"));
      writer->commit_table(mark);
    }
    writer->begin_window();
    writer->remove(*tables_.at(1), {model::Key({"8"})});
    writer->put(*tables_.at(2), row("9", "1"));
    writer->commit_window({number, model::Position::in_log("source.000001", 400), {}}, 0);
  };
  write_as(fence_, 1);
  EXPECT_EQ(seen().transactions, 0U);

  const auto other = target_->acquire({"another", "me", 15s});
  target_->start_stream(other, model::Position::in_log("source.000001", 4));
  write_as(other, 1);
  EXPECT_EQ(seen().transactions, 5U);
}

TEST_P(MysqlWatch, what_keys_cannot_tell_is_told_by_table) {
  sql("SET SESSION binlog_format=STATEMENT; INSERT INTO s.t VALUES (1,'a')");
  EXPECT_THAT(seen().tables, ElementsAre(1U, 2U)) << "of the statement's schema";
  sql("INSERT INTO s.u VALUES (1,1); SET SESSION binlog_row_image=MINIMAL; UPDATE s.u SET v=2");
  EXPECT_THAT(seen().tables, ElementsAre(2U));
  sql("TRUNCATE TABLE s.u");
  EXPECT_THAT(seen().tables, ElementsAre(2U));
  sql("RENAME TABLE s.u TO s.gone");
  EXPECT_THAT(seen().tables, ElementsAre(2U));
  sql("RENAME TABLE s.gone TO s.u; ALTER TABLE s.u ADD COLUMN more INT");
  EXPECT_THAT(seen().tables, ElementsAre(2U));
  sql("INSERT INTO s.u VALUES (5,5,5)");
  EXPECT_THAT(seen().tables, ElementsAre(2U)) << "of another definition than is known";
  sql("CREATE INDEX by_v ON s.t (v(10)); CREATE VIEW s.view AS SELECT * FROM s.t; "
      "CREATE TABLE s.also LIKE s.unwatched; CREATE USER x@y; ANALYZE TABLE s.t");
  EXPECT_EQ(seen().transactions, 0U) << "no row was touched";
  sql("DROP DATABASE s");
  EXPECT_THAT(seen().tables, ElementsAre(1U, 2U));
}

TEST_P(MysqlWatch, what_a_switch_makes_touches_no_row) {
  const auto as_it_is = [](const model::CollectionName& name) { return name; };
  model::Counter counter;
  counter.name = {"s", "u"};
  counter.next = 1000;
  EXPECT_EQ(target_->lift(fence_, {counter}, {}, as_it_is, {}).counters.size(), 1U);
  sql("ALTER TABLE s.u AUTO_INCREMENT 2000");  // nor does another's
  contract::HeldBack trigger;
  trigger.kind = "trigger";
  trigger.name = {"s", "acts"};
  trigger.table = "t";
  trigger.sql =
      "CREATE DEFINER=`root`@`localhost` TRIGGER acts BEFORE INSERT ON t FOR EACH ROW SET @a=1";
  trigger.definer = "root@localhost";
  trigger.charset = "utf8";
  trigger.collation = "utf8_general_ci";
  contract::HeldBack event;
  event.kind = "event";
  event.name = {"s", "sweeps"};
  event.sql =
      "CREATE DEFINER=`root`@`localhost` EVENT sweeps ON SCHEDULE EVERY 1 DAY ON COMPLETION "
      "PRESERVE DISABLE DO DELETE FROM t";
  event.definer = "root@localhost";
  event.charset = "utf8";
  event.collation = "utf8_general_ci";
  event.time_zone = "SYSTEM";
  target_->make_held_back(fence_, {trigger, event}, as_it_is, {});
  EXPECT_EQ(server_->query("SHOW TRIGGERS FROM s").size(), 1U);
  EXPECT_EQ(server_->query("SHOW EVENTS FROM s").size(), 1U);
  target_->remove_held_back(fence_, {});
  EXPECT_EQ(server_->query("SHOW TRIGGERS FROM s").size(), 0U);
  EXPECT_EQ(server_->query("SHOW EVENTS FROM s").size(), 0U);
  const auto nothing = seen();
  EXPECT_EQ(nothing.transactions, 0U);
  EXPECT_THAT(nothing.tables, IsEmpty());
  // Rows are read by key as before.
  sql("INSERT INTO s.u (v) VALUES (1)");
  EXPECT_THAT(texts(seen(), 2), ElementsAre("2000"));
  sql("ALTER TABLE s.u AUTO_INCREMENT=3000, COMMENT='more'");
  EXPECT_THAT(seen().tables, ElementsAre(2U));
}

TEST_P(MysqlWatch, a_statement_elsewhere_counts_if_definitions_there_reach_the_tables) {
  sql("CREATE DATABASE e; CREATE TABLE e.a (id INT PRIMARY KEY)");
  watch_from(target_->log_end());
  sql("SET SESSION binlog_format=STATEMENT; USE e; INSERT INTO a VALUES (1)");
  EXPECT_EQ(seen().transactions, 0U);
  sql("CREATE TRIGGER e.r AFTER INSERT ON e.a FOR EACH ROW INSERT INTO s.t VALUES (7,'x')");
  sql("SET SESSION binlog_format=STATEMENT; USE e; INSERT INTO a VALUES (2)");
  EXPECT_THAT(seen().tables, ElementsAre(1U, 2U));
}

TEST_P(MysqlWatch, a_prepared_transaction_counts_when_it_is_committed) {
  if (!GetParam().gtids) GTEST_SKIP() << "it ends the watch";
  auto client = server_->connect("s");
  client.exec("XA START 'a'; INSERT INTO t VALUES (1,'a'); XA END 'a'; XA PREPARE 'a'");
  const auto before = seen();
  // Before 5.7 and 10.5 it is not logged before its commit.
  client.exec("XA COMMIT 'a'");
  const auto after = seen();
  EXPECT_EQ(before.transactions, 0U);
  EXPECT_EQ(after.transactions, 1U);
  EXPECT_TRUE(after.tables.contains(1) || !texts(after, 1).empty());
  EXPECT_FALSE(after.tables.contains(2));
  client.exec(
      "XA START 'b'; INSERT INTO t VALUES (2,'b'); XA END 'b'; XA PREPARE 'b'; "
      "XA ROLLBACK 'b'");
  EXPECT_EQ(seen().transactions, 0U);
}

TEST_P(MysqlWatch, a_transaction_beyond_the_limits_is_told_by_table) {
  watch_from(target_->log_end(), 50);
  std::string values;
  for (int i = 0; i < 60; ++i) {
    values += (i == 0 ? "" : ",") + std::string("(") + std::to_string(i) + ",'v')";
  }
  sql("INSERT INTO s.t VALUES " + values);
  EXPECT_THAT(seen().tables, ElementsAre(1U));
  // Rows of more bytes than are held back.
  sql("UPDATE s.t SET v=REPEAT('x',2000); BEGIN; "
      "INSERT INTO s.u VALUES (1,1); "
      "INSERT INTO s.t SELECT 100 + (a.id * 60 + b.id) * 2 + c.n, REPEAT('x',2000) FROM s.t a, "
      "s.t b, (SELECT 0 AS n UNION SELECT 1) c; COMMIT");
  EXPECT_THAT(seen().tables, ElementsAre(1U, 2U));
}

TEST_P(MysqlWatch, a_log_that_is_gone_is_told) {
  const auto before = target_->log_end();
  // MariaDB keeps a log for as long as its engines may need it after a crash.
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (server_->query("SHOW BINARY LOGS").at(0).at(0) == before.log) {
    ASSERT_LT(std::chrono::steady_clock::now(), until) << "the log was not purged";
    sql("FLUSH BINARY LOGS; FLUSH BINARY LOGS");
    sql("PURGE BINARY LOGS TO '" + target_->log_end().log + "'");
  }
  watch_from(before);
  try {
    (void)log_->next(100ms, {});
    ADD_FAILURE() << "it was read";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), contract::target_log_lost) << error.what();
  }
}

TEST_P(MysqlWatch, a_log_that_was_begun_anew_is_told_from_one_of_the_same_name) {
  const auto place = target_->log_end();
  const auto mark = target_->log_mark(place, {});
  sql("INSERT INTO s.u VALUES (1,1)");
  EXPECT_EQ(target_->log_mark(target_->log_end(), {}), mark);
  // The mark is a time in seconds.
  std::this_thread::sleep_for(1100ms);
  sql("RESET MASTER");
  for (int id = 1; target_->log_end() < place && id <= 50; ++id) {
    sql("INSERT INTO s.t VALUES (" + std::to_string(id) + ",REPEAT('x',2000))");
  }
  ASSERT_EQ(target_->log_end().log, place.log);
  ASSERT_GE(target_->log_end(), place) << "it has not grown past the place";
  EXPECT_NE(target_->log_mark(place, {}), mark);
  try {
    (void)target_->log_mark(model::Position::in_log("mysql-bin.999999", 4), {});
    ADD_FAILURE() << "there is no such file";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), contract::target_log_lost) << error.what();
  }
}

TEST_P(MysqlWatch, an_account_without_the_privileges_cannot_watch_and_is_told_which) {
  sql("CREATE USER plain@'%'; GRANT ALL ON s.* TO plain@'%'; GRANT ALL ON `\\_wherry`.* TO "
      "plain@'%'");
  Endpoint e = endpoint();
  e.user = "plain";
  Target target(e);
  const auto why = target.unwatchable();
  ASSERT_TRUE(why);
  EXPECT_THAT(why->what_to_do, testing::HasSubstr("GRANT REPLICATION SLAVE, REPLICATION CLIENT"));
  // Its reads need no place in the log.
  EXPECT_NO_THROW((void)target.reader({})->open_view());
  sql("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO plain@'%'");
  EXPECT_FALSE(target.unwatchable());
}

TEST_P(MysqlWatch, a_read_stands_behind_commits_that_are_in_the_log_and_not_visible) {
  if (GetParam().gtids) GTEST_SKIP() << "the log itself tells";
  const auto slow = server_->data_dir() / "slow-log-sync";
  std::ofstream(slow).put('\n');
  // Up to the place where the next commit but one is the one of two that syncs the log.
  auto took = 0ns;
  for (int i = 1; i <= 10 && took < 500ms; ++i) {
    const auto start = std::chrono::steady_clock::now();
    sql("REPLACE INTO s.unwatched VALUES (1," + std::to_string(i) + "),(2,2)");
    took = std::chrono::steady_clock::now() - start;
  }
  ASSERT_GE(took, 500ms) << "no commit is late, so this test shows nothing";
  sql("DELETE FROM s.unwatched WHERE id=2");
  const auto before = target_->log_end();
  std::jthread writer([&] { sql("INSERT INTO s.u VALUES (1,1)"); });
  auto logged = before;
  for (int i = 0; i < 2000 && !(before < logged); ++i) {
    logged = target_->log_end();
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_LT(before, logged);
  ASSERT_TRUE(server_->query("SELECT * FROM s.u").empty())
      << "the commit is not late, so this test shows nothing";
  const auto reader = target_->reader({});
  const auto view = reader->open_view();
  EXPECT_GE(view->bracket().low, logged);
  const auto& u = *tables_.at(2);
  EXPECT_EQ(view->digest({u.target, &u.source}, {}, base::DigestKey::random()).rows, 1U);
  std::filesystem::remove(slow);
}

TEST_P(MysqlWatch, where_commits_keep_to_no_order_nothing_is_told_and_no_read_has_a_place) {
  if (GetParam().gtids) GTEST_SKIP() << "their order does not matter";
  const auto reader = target_->reader({});
  const auto read = [&] { (void)reader->open_view(); };
  const auto watch = [&] {
    for (int i = 0; i < 100; ++i) (void)log_->next(100ms, {});
  };
  EXPECT_EQ(code_of(read), "no error");
  sql("SET GLOBAL binlog_order_commits=OFF");
  EXPECT_EQ(code_of(read), "mysql.no_safe_position");
  EXPECT_EQ(code_of(watch), contract::target_log_lost);
  const auto why = target_->unwatchable();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->what_to_do, "SET GLOBAL binlog_order_commits=ON;");
  sql("SET GLOBAL binlog_order_commits=ON");
  EXPECT_FALSE(target_->unwatchable());
  watch_from(target_->log_end());
  sql("XA START 'a'; INSERT INTO s.t VALUES (1,'a'); XA END 'a'; XA PREPARE 'a'; XA COMMIT 'a'");
  EXPECT_EQ(code_of(read), "mysql.no_safe_position");
  EXPECT_EQ(code_of(watch), contract::target_log_lost);
  EXPECT_TRUE(target_->unwatchable());
}

// As a disk damages it: the server sends what is there. (On the way it would be right when it is
// read again.)
TEST_P(MysqlWatch, what_comes_damaged_is_read_again_and_damaged_each_time_the_log_is_lost) {
  const auto place = target_->log_end();
  sql("INSERT INTO s.t VALUES (1,'the damaged one'); FLUSH BINARY LOGS");
  const auto change = [&](const std::string& from, const std::string& to) {
    const auto file = server_->data_dir() / place.log;
    std::stringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    const auto at = bytes.str().rfind(from);  // the statement may stand before its rows
    ASSERT_NE(at, std::string::npos);
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(at));
    out << to;
  };
  const auto outcome = [&]() -> std::string {
    watch_from(place);
    try {
      const auto some = log_->next(10s, {});
      return some ? "read" : "nothing";
    } catch (const base::Error& e) {
      return std::string(e.code()) + (e.kind() == base::ErrorKind::connection_lost ? ", lost" : "");
    }
  };
  change("damaged", "DAMAGED");
  EXPECT_EQ(outcome(), "binlog.checksum, lost");
  EXPECT_EQ(outcome(), "binlog.checksum, lost");
  EXPECT_EQ(outcome(), contract::target_log_lost);
  change("DAMAGED", "damaged");
  watch_from(place);
  EXPECT_THAT(texts(seen(), 1), ElementsAre("1"));
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlWatch,
                         testing::Values(Kept{Kind::mariadb}, Kept{Kind::mysql56},
                                         Kept{Kind::mysql57}, Kept{Kind::mysql56, false},
                                         Kept{Kind::mysql57, false}),
                         [](const auto& kept) {
                           return std::string(to_string(kept.param.kind)) +
                                  (kept.param.gtids ? "" : "_without_gtids");
                         });

}  // namespace
}  // namespace wherry::stores::mysql
