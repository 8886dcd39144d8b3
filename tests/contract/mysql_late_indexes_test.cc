// Secondary indexes that are put aside while tables are filled, on real servers.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

// Its line of the definition, of each index.
std::vector<std::string> indexes_of(const tests::Server& server, const std::string& table) {
  const std::string shown = server.query("SHOW CREATE TABLE " + table).at(0).at(1).value();
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = shown.find("KEY `", at)) != std::string::npos; ++at) {
    std::string line = shown.substr(at, shown.find('\n', at) - at);
    if (line.ends_with(',')) line.pop_back();
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class LateIndexes : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    server_.emplace(tests::Server::start(GetParam()));
    server_->exec_sql(
        "CREATE DATABASE s; CREATE TABLE s.p (id INT PRIMARY KEY, x INT, y INT, KEY x (x), KEY "
        "xy (x, y), KEY y (y)) ENGINE=InnoDB; CREATE TABLE s.t (id BIGINT, grows INT NOT NULL "
        "AUTO_INCREMENT, `a ``b` VARCHAR(40) CHARACTER SET utf8, p INT, q INT, u INT, PRIMARY KEY "
        "(id), KEY g (grows), KEY `n ``m` (`a ``b`(9), q) COMMENT 'gr\xc3\xbc\xc3\x9f, )', KEY "
        "both_of (q, u), UNIQUE KEY u (u), KEY fp (p), FULLTEXT KEY words (`a ``b`), CONSTRAINT f "
        "FOREIGN KEY (p) REFERENCES s.p (x)) ENGINE=InnoDB; CREATE TABLE s.small LIKE s.p; "
        "CREATE TABLE s.just_large LIKE s.p");
    Endpoint endpoint;
    endpoint.socket = server_->socket();
    endpoint.user = "root";
    SourceOptions options;
    options.endpoint = endpoint;
    source_.emplace(options);
    target_.emplace(endpoint);
    for (auto& shape :
         source_->tables([](const model::CollectionName& n) { return n.schema == "s"; })) {
      const std::string name = shape.name.name;
      shape.row_estimate = name == "small" ? 199 : name == "just_large" ? 200 : 100'000;
      tables_.push_back({static_cast<model::CollectionId>(tables_.size() + 1), shape,
                         model::CollectionName{"new", name}});
    }
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(15)});
    target_->start_stream(fence_, model::Position::in_log("log.000001", 4));
    target_->create_tables(fence_, *source_, tables_);
    for (const auto* name : {"p", "t", "small", "just_large"}) expect_as_the_sources(name);
  }

  std::vector<std::string> indexes(const std::string& table) {
    return indexes_of(*server_, "new." + table);
  }
  void expect_as_the_sources(const std::string& table) {
    auto wanted = indexes_of(*server_, "s." + table);
    for (auto& line : wanted) {
      if (const auto at = line.find("`s`.`p`"); at != std::string::npos) line.replace(at, 7, "`p`");
    }
    EXPECT_EQ(indexes(table), wanted);
  }

  // What is in the way of it.
  std::vector<std::string> make_view(const std::string& name) {
    model::DdlEvent event;
    event.default_schema = "s";
    event.statement = "CREATE VIEW " + name + " AS SELECT id FROM t FORCE INDEX (both_of)";
    event.charset = "utf8mb4";
    contract::WindowMark mark;
    mark.number = 1;
    mark.end = model::Position::in_log("log.000001", 5);
    std::vector<std::string> out;
    const auto outcome = target_->apply_object(
        fence_, event, [](const model::CollectionName&) { return true; },
        [](const model::CollectionName& from) {
          return model::CollectionName{from.schema == "s" ? "new" : from.schema, from.name};
        },
        mark, {});
    for (const auto& finding : outcome.findings) {
      if (finding.severity == model::Severity::blocker) out.push_back(finding.why);
    }
    return out;
  }

  // Of so many rows that its indexes take a while.
  void fill_large_table() {
    auto connection = server_->connect("new");
    connection.exec("SET foreign_key_checks=0, unique_checks=0");
    connection.exec("INSERT INTO t (id, grows, q) VALUES (1, 1, 1)");
    for (std::size_t rows = 1; rows < (std::size_t{1} << 18U); rows *= 2) {
      connection.exec("INSERT INTO t (id, grows, q) SELECT id+" + std::to_string(rows) +
                      ", grows+" + std::to_string(rows) + ", q FROM t");
    }
    connection.exec("FLUSH BINARY LOGS");
  }
  bool is_being_built() const {
    return !server_
                ->query(
                    "SELECT 1 FROM information_schema.processlist WHERE state='altering table' AND "
                    "info LIKE 'ALTER TABLE `new`.`t` ADD KEY%'")
                .empty();
  }
  // Of all changes of tables in the log that is written.
  std::string changes_in_log() const {
    std::string out;
    const auto log = server_->query("SHOW MASTER STATUS").at(0).at(0).value();
    for (const auto& event : server_->query("SHOW BINLOG EVENTS IN '" + log + "'")) {
      if (event.at(5).value().find("ALTER TABLE") != std::string::npos) {
        out += event.at(5).value() + "\n";
      }
    }
    return out;
  }

  std::optional<tests::Server> server_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  std::vector<contract::TablePair> tables_;
  contract::Fence fence_;
};
INSTANTIATE_TEST_SUITE_P(Servers, LateIndexes,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql56,
                                         tests::ServerKind::mysql57),
                         tests::name_of_kind);

TEST_P(LateIndexes, are_dropped_and_come_again_as_they_were) {
  const auto before = indexes("t");
  target_->begin_filling(fence_, tables_);
  EXPECT_EQ(indexes("t").size(), before.size() - 2);  // all but `n ``m` and both_of are needed
  EXPECT_THAT(indexes("t"), Not(Contains(testing::HasSubstr("both_of"))));
  EXPECT_EQ(indexes("p").size(), 2U);  // x is referred to
  expect_as_the_sources("small");
  EXPECT_THAT(indexes("just_large"), IsEmpty());
  EXPECT_EQ(target_->load_progress("m", {}).being_filled.size(), 3U);
  server_->exec_sql(
      "SET foreign_key_checks=0; INSERT INTO new.t (id, p, q, u) VALUES (1, 5, 7, 9)");

  target_->end_filling(fence_, {"new", "t"}, {});
  expect_as_the_sources("t");
  ASSERT_EQ(target_->load_progress("m", {}).being_filled.size(), 2U);
  for (const auto* name : {"p", "just_large"}) {
    target_->end_filling(fence_, {"new", name}, {});
    expect_as_the_sources(name);
  }
  EXPECT_THAT(target_->load_progress("m", {}).being_filled, IsEmpty());
  target_->end_filling(fence_, {"new", "t"}, {});
  target_->end_filling(fence_, {"new", "small"}, {});
  expect_as_the_sources("t");
}

TEST_P(LateIndexes, survive_a_crash_at_each_step) {
  target_->begin_filling(fence_, tables_);
  // They are noted first: one may still be there, or already again.
  server_->exec_sql("ALTER TABLE new.t ADD KEY both_of (q, u)");
  target_->end_filling(fence_, {"new", "t"}, {});
  expect_as_the_sources("t");
  // Planning again makes the tables again.
  server_->exec_sql("SET foreign_key_checks=0; DROP TABLE new.t");
  target_->create_tables(fence_, *source_, tables_);
  EXPECT_THAT(target_->load_progress("m", {}).being_filled, IsEmpty());
  target_->begin_filling(fence_, tables_);
  EXPECT_EQ(target_->load_progress("m", {}).being_filled.size(), 3U);
}

// A view may say which index it reads by, and cannot be made without it.
TEST_P(LateIndexes, are_there_before_a_view_is_made) {
  target_->begin_filling(fence_, tables_);
  EXPECT_THAT(make_view("by_index"), IsEmpty());
  EXPECT_EQ(server_->query("SELECT * FROM new.by_index").size(), 0U);
  expect_as_the_sources("t");
}

TEST_P(LateIndexes, are_built_while_following_waits_where_too_much_is_written_meanwhile) {
  server_->exec_sql("SET GLOBAL innodb_online_alter_log_max_size=65536");
  target_->begin_filling(fence_, tables_);
  fill_large_table();
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !is_being_built()) {
    }
    while (!stop.stop_requested()) {
      server_->exec_sql("UPDATE new.t SET q=q+1 WHERE id<20000 AND id%4=0");
    }
  });
  target_->end_filling(fence_, {"new", "t"}, {});
  writer.request_stop();
  writer.join();
  expect_as_the_sources("t");
  EXPECT_THAT(changes_in_log(), testing::HasSubstr("LOCK=SHARED"))
      << "the build was over before enough was written, so this test shows nothing";
}

TEST_P(LateIndexes, are_built_by_nobody_who_lost_the_lease) {
  target_->begin_filling(fence_, tables_);
  const auto lacking = indexes("t");
  (void)target_->acquire({"m", "me", std::chrono::seconds(15)});
  try {
    target_->end_filling(fence_, {"new", "t"}, {});
    ADD_FAILURE() << "it was not refused";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "lease.fenced");
  }
  EXPECT_EQ(indexes("t"), lacking);
}

}  // namespace
}  // namespace wherry::stores::mysql
