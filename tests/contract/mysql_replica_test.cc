// Copying from a replica: its views stand where they say in the source's log, it is waited for, and
// a server that does not follow the source wholly is refused by name.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"
#include "stores/mysql/replica_status.h"
#include "stores/mysql/source.h"
#include "tests/support/replica.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using namespace std::chrono_literals;
using base::code_of;
using ::testing::Contains;
using tests::Coordinates;
using Kind = tests::ServerKind;

struct Way {
  Kind kind;
  Coordinates by;
  bool parallel;
  const char* name;
};

Endpoint endpoint_of(const tests::Server& server, const std::string& user = "root") {
  Endpoint e;
  e.socket = server.socket();
  e.user = user;
  return e;
}

class MysqlReplica : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (!tests::Server::available(GetParam().kind)) {
      GTEST_SKIP() << to_string(GetParam().kind) << " cannot be had on this machine";
    }
    primary_.emplace(start());
    replica_.emplace(start());
    tests::start_replica(*replica_, *primary_, GetParam().by);
    primary_->exec_sql("CREATE DATABASE r; CREATE TABLE r.n (id INT PRIMARY KEY AUTO_INCREMENT)");
    tests::wait_for_replica(*replica_, *primary_);
  }

  // A server for either side.
  static tests::Server start() {
    const Way& way = GetParam();
    tests::ServerOptions options;
    const bool mariadb = way.kind == Kind::mariadb;
    if (!mariadb && way.by == Coordinates::file) {
      options.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"};
    }
    if (way.parallel && mariadb) options.extra.emplace_back("--slave-parallel-threads=4");
    if (way.parallel && !mariadb) {
      options.extra.insert(options.extra.end(),
                           {"--slave-parallel-workers=4", "--slave-parallel-type=LOGICAL_CLOCK",
                            "--relay-log-info-repository=TABLE"});
    }
    // Counts a transaction as applied before it is committed.
    if (!mariadb) options.extra.emplace_back("--relay-log-info-repository=TABLE");
    return tests::Server::start(way.kind, options);
  }

  Source source() const {
    return Source(
        {.endpoint = endpoint_of(*primary_), .identity = "", .read_from = endpoint_of(*replica_)});
  }
  static model::TableSchema table(Source& from) {
    return from.tables([](const auto& name) { return name.name == "n"; }).at(0);
  }
  static std::uint64_t rows(contract::RowView& view, const model::TableSchema& n) {
    return view.digest({n.name, &n}, {}, base::DigestKey::random()).rows;
  }
  static std::string rows_read(const tests::Server& server) {
    return server
        .query("SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_rows_read','Rows_read')")
        .at(0)
        .at(1)
        .value();
  }
  std::vector<std::string> found() const {
    std::vector<std::string> codes;
    for (const auto& f : source().assess([](const auto& name) { return name.schema == "r"; })) {
      if (f.subject.starts_with("replica")) codes.push_back(f.code);
    }
    return codes;
  }

  std::optional<tests::Server> primary_;
  std::optional<tests::Server> replica_;
};

// Each transaction adds the next number: a view holds at least what the source's log holds before
// its low, and no more than before its high.
TEST_P(MysqlReplica, a_view_holds_what_its_places_in_the_sources_log_say_while_others_write) {
  Source from = source();
  const auto n = table(from);
  // Commits at the replica are late, after what is told of them.
  if (GetParam().kind == Kind::mysql57) {
    replica_->exec_sql("SET GLOBAL binlog_group_commit_sync_delay=10000");
  }
  std::jthread writing([&](const std::stop_token& stop) {
    auto connection = primary_->connect("r");
    while (!stop.stop_requested()) {
      connection.exec("INSERT INTO n VALUES (NULL)");
      std::this_thread::sleep_for(30ms);
    }
  });
  const auto reader = from.copy_reader({});
  const auto first_from = [&](const model::Position& place) {
    const auto log = from.changes(place, {{1, n}});
    std::optional<model::ChangePart> part;
    while (!part || part->events.empty()) part = log->next(5s, {});
    return std::stoull(std::string(part->events[0].after.cell(0, 0).value()));
  };
  for (int i = 0; i < 20; ++i) {
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
    // A place between two transactions: reading goes on from there.
    EXPECT_NO_THROW((void)first_from(bracket.low));
  }
}

TEST_P(MysqlReplica, the_source_is_not_read_and_a_replica_that_is_behind_is_waited_for) {
  primary_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  Source from = source();
  const auto n = table(from);
  const auto reader = from.copy_reader({});
  (void)reader->open_view();
  replica_->exec_sql("STOP SLAVE SQL_THREAD");
  primary_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  const auto least = from.position();
  EXPECT_EQ(code_of([&] { (void)reader->open_view_from(least); }), "source.replica_stopped");
  const auto read_before = rows_read(*primary_);
  std::jthread starter([&] {
    std::this_thread::sleep_for(300ms);
    replica_->exec_sql("START SLAVE SQL_THREAD");
  });
  std::unique_ptr<contract::RowView> view;
  while (!view) {
    try {
      view = reader->open_view_from(least);
    } catch (const base::Error& error) {
      ASSERT_TRUE(error.may_retry()) << error.what();
      std::this_thread::sleep_for(20ms);
    }
  }
  EXPECT_EQ(rows(*view, n), 2U);
  EXPECT_EQ(rows_read(*primary_), read_before);
}

TEST_P(MysqlReplica, a_stop_ends_the_wait) {
  Source from = source();
  std::stop_source stop;
  const auto reader = from.copy_reader(stop.get_token());
  (void)reader->open_view();
  replica_->exec_sql("STOP SLAVE; CHANGE MASTER TO MASTER_DELAY=1000; START SLAVE");
  primary_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  std::jthread stopper([&] {
    std::this_thread::sleep_for(300ms);
    stop.request_stop();
  });
  const auto least = from.position();
  while (true) {
    try {
      (void)reader->open_view_from(least);
      FAIL() << "did not wait";
    } catch (const base::Error& error) {
      if (error.kind() == base::ErrorKind::cancelled) break;
      // It is seen before it is connected again.
      ASSERT_EQ(error.code(), "source.replica_stopped") << error.what();
    }
  }
}

TEST_P(MysqlReplica, another_primarys_replica_and_a_filtered_one_are_refused_by_name) {
  EXPECT_TRUE(found().empty());
  {
    Source from(
        {.endpoint = endpoint_of(*replica_), .identity = "", .read_from = endpoint_of(*replica_)});
    EXPECT_EQ(code_of([&] { (void)from.copy_reader({})->open_view(); }),
              "source.replica_other_primary");
    Source no_replica(
        {.endpoint = endpoint_of(*primary_), .identity = "", .read_from = endpoint_of(*primary_)});
    EXPECT_EQ(code_of([&] { (void)no_replica.copy_reader({})->open_view(); }),
              "source.replica_other_primary");
  }
  Source from = source();
  const auto reader = from.copy_reader({});
  (void)reader->open_view();
  const char* filter = GetParam().kind == Kind::mariadb
                           ? "SET GLOBAL replicate_ignore_table='mysql.x,r.other'"
                           : "CHANGE REPLICATION FILTER REPLICATE_IGNORE_TABLE=(mysql.x, r.other)";
  if (GetParam().kind == Kind::mysql56) return;  // it has to be restarted for one
  replica_->exec_sql(std::string("STOP SLAVE SQL_THREAD; ") + filter + "; START SLAVE SQL_THREAD");
  EXPECT_EQ(code_of([&] { (void)reader->open_view(); }), "source.replica_filtered");
  EXPECT_THAT(found(), Contains("source.replica_filtered"));
}

TEST_P(MysqlReplica, one_that_was_rebuilt_is_taken_again) {
  primary_->exec_sql("INSERT INTO r.n VALUES (NULL)");
  Source from = source();
  const auto n = table(from);
  const auto reader = from.copy_reader({});
  (void)reader->open_view();
  const unsigned port = replica_->port();
  Endpoint by_port;
  by_port.port = static_cast<std::uint16_t>(port);
  by_port.user = "root";
  Source from_port({.endpoint = endpoint_of(*primary_), .identity = "", .read_from = by_port});
  const auto other = from_port.copy_reader({});
  (void)other->open_view();
  replica_.reset();
  try {
    (void)other->open_view();
    ADD_FAILURE() << "it answers";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.kind(), base::ErrorKind::connection_lost) << error.what();
  }
  tests::ServerOptions same_place;
  same_place.port = port;
  if (GetParam().kind != Kind::mariadb && GetParam().by == Coordinates::file) {
    same_place.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"};
  }
  replica_.emplace(tests::Server::start(GetParam().kind, same_place));
  EXPECT_EQ(code_of([&] { (void)other->open_view(); }), "source.replica_other_primary");
  tests::start_replica(*replica_, *primary_, GetParam().by);
  tests::wait_for_replica(*replica_, *primary_);
  EXPECT_EQ(rows(*other->open_view_from(from_port.position()), n), 1U);
}

TEST_P(MysqlReplica, assess_names_what_the_account_lacks_with_its_grant) {
  primary_->exec_sql(
      "CREATE USER mover@localhost; CREATE TABLE r.only_here (id INT PRIMARY KEY); "
      "GRANT SELECT ON r.n TO mover@localhost");
  tests::wait_for_replica(*replica_, *primary_);
  replica_->exec_sql("DROP TABLE r.only_here");
  Source from({.endpoint = endpoint_of(*primary_),
               .identity = "",
               .read_from = endpoint_of(*replica_, "mover")});
  const auto missing = [&] {
    std::map<std::string, std::string> grants;
    for (const auto& f : from.assess([](const auto& name) { return name.schema == "r"; })) {
      if (f.subject.starts_with("replica")) grants[f.code] = f.what_to_do;
    }
    return grants;
  };
  auto grants = missing();
  ASSERT_TRUE(grants.contains("source.privilege.replica_status"));
  EXPECT_TRUE(grants.contains("source.replica_tables"));
  replica_->exec_sql(grants["source.privilege.replica_status"].substr(
      0, grants["source.privilege.replica_status"].find(';')));
  grants = missing();
  EXPECT_FALSE(grants.contains("source.privilege.replica_status"));
  EXPECT_FALSE(grants.contains("source.privilege.replica_select"));
}

INSTANTIATE_TEST_SUITE_P(
    Ways, MysqlReplica,
    ::testing::Values(Way{Kind::mariadb, Coordinates::gtid, false, "mariadb_gtid"},
                      Way{Kind::mariadb, Coordinates::file, true, "mariadb_file_parallel"},
                      Way{Kind::mysql57, Coordinates::gtid, false, "mysql57_gtid"},
                      Way{Kind::mysql57, Coordinates::file, true, "mysql57_file_parallel"},
                      Way{Kind::mysql56, Coordinates::file, false, "mysql56_file"}),
    [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace wherry::stores::mysql
