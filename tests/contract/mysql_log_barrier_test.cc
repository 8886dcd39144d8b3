// A MySQL without GTIDs as source: the beginning of a log file is a place that every later view is
// past, and new files are begun no more often than needed and allowed.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/source.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using namespace std::chrono_literals;
using Kind = tests::ServerKind;

class MysqlLogBarrier : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    tests::ServerOptions options;
    options.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0", "--sync-binlog=2"};
    options.preload = WHERRY_SLOW_LOG_SYNC;
    server_.emplace(tests::Server::start(GetParam(), options));
    server_->exec_sql("CREATE DATABASE r; CREATE TABLE r.n (id INT PRIMARY KEY AUTO_INCREMENT)");
  }

  Endpoint endpoint() const {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    return e;
  }
  std::string files() const { return std::to_string(server_->query("SHOW BINARY LOGS").size()); }
  model::TableSchema table(Source& source) const {
    return source.tables([](const auto& name) { return name.name == "n"; }).at(0);
  }
  Source source(std::chrono::milliseconds new_log_every) const {
    return Source({.endpoint = endpoint(), .identity = "", .new_log_every = new_log_every});
  }
  std::uint64_t rows(contract::RowView& view, const model::TableSchema& n) const {
    return view.digest({n.name, &n}, {}, base::DigestKey::random()).rows;
  }

  std::optional<tests::Server> server_;
};

TEST_P(MysqlLogBarrier, a_commit_that_is_in_the_log_and_not_visible_is_waited_for) {
  Source from = source(10s);
  const auto n = table(from);
  const auto slow = server_->data_dir() / "slow-log-sync";
  server_->exec_sql("CREATE TABLE r.other (id INT)");
  std::ofstream(slow).put('\n');
  // Up to the place where the next commit but one is the one of two that syncs the log.
  for (auto took = 0ns; took < 500ms;) {
    const auto start = std::chrono::steady_clock::now();
    server_->exec_sql("INSERT INTO r.other VALUES (1)");
    took = std::chrono::steady_clock::now() - start;
  }
  server_->exec_sql("INSERT INTO r.other VALUES (2)");
  Connection c(endpoint());
  const auto before = log_end(c).value();
  std::jthread writer([&] { server_->exec_sql("INSERT INTO r.n VALUES (1)"); });
  auto logged = before;
  for (int i = 0; i < 2000 && !(before < logged); ++i) {
    logged = log_end(c).value();
    std::this_thread::sleep_for(1ms);
  }
  ASSERT_LT(before, logged);
  ASSERT_EQ(c.query("SELECT * FROM r.n").rows(), 0U)
      << "the commit is not late, so this test shows nothing";
  const auto reader = from.reader({});
  const auto view = reader->open_view_from(logged);
  EXPECT_GE(view->bracket().low, logged);
  EXPECT_EQ(rows(*view, n), 1U);
  std::filesystem::remove(slow);
}

// Each transaction adds the next number: a view holds at least what the log holds before its low,
// and no more than before its high.
TEST_P(MysqlLogBarrier, a_view_holds_what_its_places_in_the_log_say_while_others_write) {
  Source from = source(1ms);
  const auto n = table(from);
  std::jthread writing([&](const std::stop_token& stop) {
    auto connection = server_->connect("r");
    while (!stop.stop_requested()) connection.exec("INSERT INTO n VALUES (NULL)");
  });
  const auto reader = from.reader({});
  const auto first_from = [&](const model::Position& place) {
    const auto log = from.changes(place, {{1, n}});
    std::optional<model::ChangePart> part;
    while (!part || part->events.empty()) part = log->next(5s, {});
    return std::stoull(std::string(part->events[0].after.cell(0, 0).value()));
  };
  for (int i = 0; i < 10; ++i) {
    const auto least = from.position();
    model::Bracket bracket;
    std::uint64_t seen = 0;
    {
      const auto view = reader->open_view_from(least);
      bracket = view->bracket();
      seen = rows(*view, n);
    }
    EXPECT_GE(bracket.low, least);
    EXPECT_LE(first_from(bracket.low), seen + 1);
    EXPECT_GE(first_from(bracket.high), seen + 1);
  }
}

TEST_P(MysqlLogBarrier, files_are_begun_only_where_a_later_place_is_needed) {
  Source from = source(1h);
  const auto n = table(from);
  const auto reader = from.reader({});
  const auto at_first = std::stoi(files());
  const auto low = reader->open_view_from(from.position())->bracket().low;
  EXPECT_EQ(std::stoi(files()), at_first + 1);
  EXPECT_EQ(reader->open_view_from(from.position())->bracket().low, low) << "nothing was written";
  server_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  EXPECT_EQ(reader->open_view()->bracket().low, low);
  const auto other = from.reader({});
  EXPECT_EQ(other->open_view_from(low)->bracket().low, low) << "one place serves all readers";
  EXPECT_EQ(std::stoi(files()), at_first + 1);

  const auto later = other->open_view_from(from.position())->bracket();
  EXPECT_TRUE(later.exact());
  EXPECT_EQ(std::stoi(files()), at_first + 2);
  EXPECT_EQ(other->views_are_worth_keeping(), 1h);
}

TEST_P(MysqlLogBarrier, a_turn_is_waited_for_and_a_stop_ends_the_wait) {
  Source from = source(1h);
  std::stop_source stop;
  const auto reader = from.reader(stop.get_token());
  (void)reader->open_view();
  server_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  reader->wait_for_turn(from.position());  // the first need not wait
  const auto low = reader->open_view_from(from.position())->bracket().low;
  reader->wait_for_turn(low);  // nor one that can do with what is there
  server_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  try {
    reader->wait_for_turn(from.position());
    ADD_FAILURE() << "did not wait";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
  }
}

TEST_P(MysqlLogBarrier, gtids_that_are_switched_off_are_relied_on_no_more) {
  if (GetParam() != Kind::mysql57) GTEST_SKIP() << "MySQL 5.6 has to be restarted for that";
  for (const char* mode : {"OFF_PERMISSIVE", "ON_PERMISSIVE"})
    server_->exec_sql("SET GLOBAL gtid_mode=" + std::string(mode));
  server_->exec_sql("SET GLOBAL enforce_gtid_consistency=ON; SET GLOBAL gtid_mode=ON");
  Source from = source(1h);
  const auto reader = from.reader({});
  (void)reader->open_view();
  EXPECT_EQ(reader->views_are_worth_keeping(), 0ms);
  server_->exec_sql(
      "SET GLOBAL gtid_mode=ON_PERMISSIVE; SET GLOBAL gtid_mode=OFF_PERMISSIVE; "
      "INSERT INTO r.n VALUES (NULL)");
  const auto before = files();
  EXPECT_GE(reader->open_view_from(from.position())->bracket().low, from.position());
  EXPECT_NE(files(), before);
  EXPECT_EQ(reader->views_are_worth_keeping(), 1h);
}

// A new file does not wait for the commit of an XA transaction.
TEST_P(MysqlLogBarrier, where_clients_use_xa_it_is_refused_by_name) {
  Source from = source(1h);
  server_->exec_sql(
      "XA START 'x'; INSERT INTO r.n VALUES (NULL); XA END 'x'; XA COMMIT 'x' ONE PHASE");
  const auto reader = from.reader({});
  try {
    (void)reader->open_view();
    ADD_FAILURE() << "took a place";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), "source.xa_without_gtids") << error.what();
  }
  bool told = false;
  for (const auto& finding : from.assess([](const auto& name) { return name.schema == "r"; }))
    told = told || finding.code == "source.xa_without_gtids";
  EXPECT_TRUE(told);
}

TEST_P(MysqlLogBarrier, assess_tells_what_it_costs_and_asks_for_the_privilege) {
  server_->exec_sql(
      "CREATE USER mover@localhost; "
      "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover@localhost");
  const auto found = [&](const std::string& code) {
    Endpoint e = endpoint();
    e.user = "mover";
    Source from({.endpoint = e, .identity = ""});
    for (const auto& finding : from.assess([](const auto& name) { return name.schema == "r"; })) {
      if (finding.code == code) return std::optional(finding);
    }
    return std::optional<model::Finding>();
  };
  ASSERT_TRUE(found("source.gtid_mode"));
  EXPECT_EQ(found("source.gtid_mode")->severity, model::Severity::warning);
  ASSERT_TRUE(found("source.privilege.reload"));
  EXPECT_EQ(found("source.privilege.reload")->severity, model::Severity::blocker);
  server_->exec_sql(found("source.privilege.reload")->what_to_do);
  EXPECT_FALSE(found("source.privilege.reload"));
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlLogBarrier, ::testing::Values(Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
