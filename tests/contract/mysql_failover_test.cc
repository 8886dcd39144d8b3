// Where a place in one server's log is in another's, on real servers: the same transactions, in
// another order where that may be.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "stores/mysql/source.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using namespace std::chrono_literals;
using base::code_of;
using testing::ElementsAre;
using tests::ServerKind;

// Ids of rows; each is one transaction. Those from 10 on are of another domain.
using Ids = std::vector<int>;

class MysqlFailover : public tests::OfKind {
 protected:
  void SetUp() override {
    OfKind::SetUp();
    if (IsSkipped()) return;
    one_ = std::make_unique<tests::Server>(tests::Server::start(GetParam()));
    two_ = std::make_unique<tests::Server>(tests::Server::start(GetParam()));
    for (const auto& server : {one_.get(), two_.get()}) {
      auto c = server->connect();
      c.exec("SET sql_log_bin=0");
      c.exec("CREATE DATABASE shop");
      c.exec("CREATE TABLE shop.t (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB");
    }
  }

  // The same id is the same transaction, by its GTID, wherever it is written.
  static void write(const tests::Server& server, const Ids& ids) {
    auto c = server.connect();
    for (const int id : ids) {
      const int number = id % 10;
      if (GetParam() == ServerKind::mariadb) {
        c.exec("SET SESSION gtid_domain_id=" + std::to_string(id / 10) + ", SESSION server_id=7");
        c.exec("SET SESSION gtid_seq_no=" + std::to_string(number));
      } else {
        c.exec("SET gtid_next='aaaaaaaa-0000-0000-0000-000000000000:" +
               std::to_string(number + 100 * (id / 10)) + "'");
      }
      c.exec("INSERT INTO shop.t VALUES (" + std::to_string(id) + ")");
    }
    if (GetParam() != ServerKind::mariadb) c.exec("SET gtid_next='AUTOMATIC'");
  }

  static std::unique_ptr<Source> source(const tests::Server& server) {
    SourceOptions options;
    options.endpoint.socket = server.socket();
    options.endpoint.user = "root";
    return std::make_unique<Source>(std::move(options));
  }

  // What comes from there on, until `last` has come.
  static Ids changes(Source& from, const model::Position& at, int last) {
    auto schema = from.tables([](const auto& name) { return name.schema == "shop"; }).at(0);
    const auto log = from.changes(at, {{1, std::move(schema)}});
    Ids out;
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while ((out.empty() || out.back() != last) && std::chrono::steady_clock::now() < give_up) {
      const auto part = log->next(200ms, {});
      if (!part) continue;
      for (const auto& event : part->events) {
        for (std::size_t row = 0; row < event.after.rows(); ++row) {
          out.push_back(std::stoi(std::string(event.after.cell(row, 0).value())));
        }
      }
    }
    return out;
  }

  std::unique_ptr<tests::Server> one_;
  std::unique_ptr<tests::Server> two_;
};

TEST_P(MysqlFailover, goes_on_behind_what_was_applied_in_another_file_and_place) {
  write(*one_, {1, 2, 3});
  const auto applied = source(*one_)->start();
  write(*two_, {1, 2});
  two_->exec_sql("FLUSH BINARY LOGS");
  write(*two_, {3, 4, 5});
  const auto there = source(*two_);
  EXPECT_THAT(changes(*there, there->resume_at(applied, {}), 5), ElementsAre(4, 5));
}

TEST_P(MysqlFailover, goes_on_at_the_end_where_everything_was_applied) {
  write(*one_, {1, 2, 3});
  const auto applied = source(*one_)->start();
  write(*two_, {1, 2, 3});
  const auto there = source(*two_);
  const auto at = there->resume_at(applied, {});
  EXPECT_EQ(at, there->position());
  EXPECT_EQ(at.gtid, applied.gtid);
  write(*two_, {4});
  EXPECT_THAT(changes(*there, at, 4), ElementsAre(4));
}

TEST_P(MysqlFailover, what_was_applied_and_lies_behind_the_place_is_passed_over) {
  write(*one_, {1, 11, 2});
  const auto applied = source(*one_)->start();
  write(*two_, {1, 2, 3, 11, 12});
  const auto there = source(*two_);
  const auto at = there->resume_at(applied, {});
  EXPECT_THAT(changes(*there, at, 12), ElementsAre(3, 12));
}

TEST_P(MysqlFailover, positions_on_the_way_know_what_was_before_them) {
  const auto from = source(*one_);
  const auto start = from->start();
  write(*one_, {1, 11, 2});
  const auto log = from->changes(start, {});
  std::optional<model::ChangePart> part;
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  do {
    part = log->next(200ms, {});
  } while ((!part || part->end < from->position()) && std::chrono::steady_clock::now() < give_up);
  ASSERT_TRUE(part);
  write(*two_, {1, 11, 2, 3});
  const auto there = source(*two_);
  EXPECT_THAT(changes(*there, there->resume_at(part->end, {}), 3), ElementsAre(3));
}

TEST_P(MysqlFailover, what_is_missing_there_is_told) {
  write(*one_, {1, 11, 2});
  const auto applied = source(*one_)->start();
  write(*two_, {1, 2, 3});
  EXPECT_EQ(code_of([&] { source(*two_)->resume_at(applied, {}); }), "source.lost_transactions");
}

TEST_P(MysqlFailover, what_was_not_applied_and_is_purged_is_told) {
  write(*one_, {1});
  const auto applied = source(*one_)->start();
  write(*two_, {1, 2});
  two_->exec_sql("FLUSH BINARY LOGS");
  write(*two_, {3});
  two_->exec_sql("FLUSH BINARY LOGS");
  const auto logs = two_->query("SHOW BINARY LOGS");
  // A server keeps a log for some time after its end.
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  do {
    two_->exec_sql("PURGE BINARY LOGS TO '" + logs.back().at(0).value() + "'");
  } while (two_->query("SHOW BINARY LOGS").size() != 1 &&
           std::chrono::steady_clock::now() < give_up);
  ASSERT_EQ(two_->query("SHOW BINARY LOGS").size(), 1U);
  EXPECT_EQ(code_of([&] { source(*two_)->resume_at(applied, {}); }), "source.log_purged");
}

TEST_P(MysqlFailover, a_place_of_which_it_is_not_known_what_was_before_is_found_nowhere_else) {
  write(*one_, {1});
  auto applied = source(*one_)->start();
  applied.gtid.clear();
  write(*two_, {1, 2});
  EXPECT_EQ(code_of([&] { source(*two_)->resume_at(applied, {}); }), "source.no_history");
}

TEST_P(MysqlFailover, the_log_of_another_server_is_not_read_by_file_and_offset) {
  write(*one_, {1});
  const auto at_one = source(*one_)->start();
  const std::string identity = source(*one_)->identity();
  SourceOptions options;
  options.endpoint.socket = two_->socket();
  options.endpoint.user = "root";
  options.identity = identity;
  Source mistaken(std::move(options));
  EXPECT_EQ(code_of([&] { (void)mistaken.changes(at_one, {})->next(200ms, {}); }),
            "source.replaced");
}

INSTANTIATE_TEST_SUITE_P(Kinds, MysqlFailover,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql56,
                                         ServerKind::mysql57),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
