// Where the views of the MySQL store's reader stand in the log, on real servers: they hold what was
// committed before, stay at their instant, and exact ones stand exactly where they say.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/log_position.h"
#include "tests/contract/mysql_reader_bed.h"

namespace wherry::stores::mysql {
namespace {

using base::Error;
using base::ErrorKind;
using Kind = tests::ServerKind;
using namespace std::chrono_literals;

TEST_P(MysqlReader, a_view_stays_at_its_instant) {
  sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto r = reader();
  auto view = r->open_view();
  const model::Bracket first = view->bracket();
  sql("INSERT INTO t VALUES (2)");
  EXPECT_EQ(view->digest(ref, {}, digest_key).rows, 1U);
  view.reset();
  view = r->open_view();
  EXPECT_EQ(view->digest(ref, {}, digest_key).rows, 2U);
  EXPECT_GT(view->bracket().low, first.high);
}

TEST_P(MysqlReader, a_commit_in_the_log_before_low_is_visible) {
  sql("CREATE TABLE t (id INT PRIMARY KEY)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  Connection c(endpoint());
  const bool delays = GetParam() != Kind::mariadb;
  const auto slow = server_->data_dir() / "slow-log-sync";
  if (GetParam() == Kind::mysql57) sql("SET GLOBAL binlog_group_commit_sync_delay=600000");
  if (GetParam() == Kind::mysql56) {
    sql("CREATE TABLE other (id INT)");
    std::ofstream(slow).put('\n');
    // Up to the place where the next commit is the one of two that syncs the log.
    for (auto took = 0ns; took < 500ms;) {
      const auto start = std::chrono::steady_clock::now();
      sql("INSERT INTO other VALUES (1)");
      took = std::chrono::steady_clock::now() - start;
    }
    sql("INSERT INTO other VALUES (2)");
  }
  const auto before = log_end(c).value();
  std::jthread writer([&] { sql("INSERT INTO t VALUES (1)"); });
  auto logged = before;
  for (int i = 0; i < 500 && !(before < logged); ++i) {
    logged = log_end(c).value();
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_LT(before, logged);
  const auto seen = c.query("SELECT * FROM r.t").rows();
  if (delays) {
    EXPECT_EQ(seen, 0U) << "the commit is not late, so this test shows nothing";
  }
  const auto r = reader();
  const auto view = r->open_view();
  if (!(view->bracket().low < logged)) {
    EXPECT_EQ(view->digest(ref, {}, digest_key).rows, 1U);
  }
  EXPECT_EQ(view->bracket().exact(),
            GetParam() == Kind::mariadb || view->bracket().low == view->bracket().high);
  if (GetParam() == Kind::mysql57) sql("SET GLOBAL binlog_group_commit_sync_delay=0");
  std::filesystem::remove(slow);
}

TEST_P(MysqlReader, a_mariadb_view_holds_exactly_what_the_log_holds_before_its_position) {
  if (GetParam() != Kind::mariadb) GTEST_SKIP() << "MySQL tells two positions around a view";
  sql("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto logged_rows = [&](Connection& c) {  // one GTID a row
    const std::string gtid = c.scalar("SELECT @@GLOBAL.gtid_binlog_pos").value();
    return std::stoull(gtid.substr(gtid.rfind('-') + 1));
  };
  Connection c(endpoint());
  const auto base = logged_rows(c);
  std::vector<std::jthread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([this](const std::stop_token& stop) {
      Connection writer(endpoint());
      while (!stop.stop_requested()) writer.execute("INSERT INTO r.t VALUES ()");
    });
  }
  const auto r = reader();
  for (int i = 0; i < 50; ++i) {
    const auto view = r->open_view();
    const model::Position at = view->bracket().low;
    ASSERT_TRUE(view->bracket().exact());
    const auto gtid =
        c.scalar("SELECT BINLOG_GTID_POS('" + at.log + "'," + std::to_string(at.offset) + ")");
    EXPECT_EQ(view->digest(ref, {}, digest_key).rows,
              std::stoull(gtid->substr(gtid->rfind('-') + 1)) - base);
  }
}

// Each transaction adds the next number: a view that stands where it says ends with the number
// before the first one that the log shows from there on.
TEST_P(MysqlReader, an_exact_view_stands_exactly_where_it_says_while_others_write) {
  sql("CREATE TABLE n (id INT PRIMARY KEY AUTO_INCREMENT)");
  std::jthread writing([&](const std::stop_token& stop) {
    auto connection = server_->connect("r");
    while (!stop.stop_requested()) connection.exec("INSERT INTO n VALUES (NULL)");
  });
  Source from({.endpoint = endpoint(), .identity = "", .server_id = 0});
  const auto tables = from.tables([](const auto& name) { return name.name == "n"; });
  ASSERT_EQ(tables.size(), 1U);
  const contract::TableRef table{tables[0].name, tables.data()};
  const auto reader = from.reader({});
  for (int i = 0; i < 20; ++i) {
    std::uint64_t rows = 0;
    model::Position low;
    {
      const auto view = reader->open_exact_view({tables[0].name});
      ASSERT_TRUE(view->bracket().exact());
      low = view->bracket().low;
      rows = view->digest(table, {1, 1, {}, {}}, base::DigestKey::random()).rows;
    }
    const auto log = from.changes(low, {{1, tables[0]}});
    std::optional<model::ChangePart> part;
    while (!part || part->events.empty()) part = log->next(std::chrono::seconds(5), {});
    EXPECT_EQ(part->events[0].after.cell(0, 0), std::to_string(rows + 1));
  }
}

// A MySQL of before 8.0 empties a table for views that were opened earlier as well.
TEST_P(MysqlReader, a_table_is_not_emptied_under_an_exact_view) {
  sql("CREATE TABLE full (a INT)");
  sql("INSERT INTO full VALUES (1),(2),(3)");
  const auto shape = schema("full");
  const auto r = reader();
  auto view = r->open_exact_view({shape.name});
  std::atomic<bool> emptied = false;
  std::jthread emptying([&] {
    sql("TRUNCATE TABLE full");
    emptied = true;
  });
  const auto waits = [&] {
    return !server_
                ->query(
                    "SELECT 1 FROM information_schema.PROCESSLIST WHERE info LIKE "
                    "'TRUNCATE%' AND state LIKE 'Waiting for table metadata lock%'")
                .empty();
  };
  while (!emptied && !waits()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(emptied);
  EXPECT_EQ(view->digest({shape.name, &shape}, {}, digest_key).rows, 3U);
  view.reset();
}

// They wait for the view's locks, and reads wait behind them.
TEST_P(MysqlReader, exact_views_are_opened_beside_changes_of_definition) {
  sql("CREATE TABLE n (id INT)");
  const auto shape = schema("n");
  std::vector<std::jthread> changing;
  for (int i = 0; i < 3; ++i) {
    changing.emplace_back([&](const std::stop_token& stop) {
      auto connection = server_->connect("r");
      while (!stop.stop_requested()) connection.exec("ALTER TABLE n COMMENT='x'");
    });
  }
  // Two sessions that wait for each other would do so for ever.
  std::stop_source patience;
  const auto r = reader(patience.get_token());
  const std::jthread watching([&](const std::stop_token& ended) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!ended.stop_requested() && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    patience.request_stop();
  });
  int opened = 0;
  std::string last_refusal = "none";
  while (opened < 20 && !patience.stop_requested()) {
    try {
      r->open_exact_view({shape.name});
      ++opened;
    } catch (const Error& e) {
      last_refusal = e.what();
      if (e.kind() != ErrorKind::transient) break;
    }
  }
  EXPECT_EQ(opened, 20) << "the last refusal: " << last_refusal;
}

TEST_P(MysqlReader, an_exact_view_of_a_table_that_is_gone_does_not_match) {
  sql("CREATE TABLE gone (id INT PRIMARY KEY)");
  const auto shape = schema("gone");
  sql("RENAME TABLE gone TO elsewhere");
  const auto r = reader();
  EXPECT_EQ(kind_of([&] {
              const auto view = r->open_exact_view({shape.name});
              (void)view->digest({shape.name, &shape}, {}, digest_key);
            }),
            ErrorKind::data_mismatch);
}

}  // namespace
}  // namespace wherry::stores::mysql
