// Where the log of a real server ends for good, and who keeps it from ending.

#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"
#include "stores/mysql/source.h"
#include "tests/contract/mysql_guards_bed.h"
#include "tests/support/replica.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using testing::HasSubstr;
using namespace std::chrono_literals;

class MysqlQuiet : public MysqlGuards {
 protected:
  void SetUp() override {
    MysqlGuards::SetUp();
    if (!IsSkipped()) source_ = source_of(guarded().endpoint);
  }
  static std::unique_ptr<Source> source_of(const Endpoint& endpoint) {
    SourceOptions options;
    options.endpoint = endpoint;
    return std::make_unique<Source>(options);
  }
  // "code: message" of the refusal; "" if there is none.
  std::string refusal(std::chrono::milliseconds patience) {
    try {
      source_->final_position(patience, {});
      return {};
    } catch (const base::Error& e) {
      return e.code() + ": " + e.message();
    }
  }
  std::unique_ptr<Source> source_;
};

TEST_P(MysqlQuiet, is_the_end_of_the_log_and_leaves_no_lock) {
  sql("INSERT INTO shop.u VALUES (1, 1)");
  EXPECT_EQ(source_->final_position(1s, {}), source_->position());
  sql("INSERT INTO shop.u VALUES (2, 1)");
  EXPECT_EQ(source_->final_position(1s, {}), source_->position());
}

TEST_P(MysqlQuiet, an_open_transaction_that_has_written_is_waited_for_then_named) {
  auto session = connect_as("app");
  session.exec("BEGIN; INSERT INTO shop.u VALUES (1, 1)");
  const std::string refused = refusal(200ms);
  EXPECT_THAT(refused, HasSubstr("seal.not_quiet: "));
  EXPECT_THAT(refused, HasSubstr("connection " + std::to_string(session.thread_id()) + " of app"));
  sql("INSERT INTO shop.u VALUES (2, 1)");
  model::Position end;
  std::jthread commits([&] {
    std::this_thread::sleep_for(200ms);
    session.exec("COMMIT");
  });
  end = source_->final_position(60s, {});
  commits.join();
  EXPECT_EQ(end, source_->position()) << "the commit is in it";
}

TEST_P(MysqlQuiet, a_reader_is_not_in_the_way) {
  auto session = connect_as("app");
  session.exec("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  session.query("SELECT * FROM shop.t");
  EXPECT_EQ(refusal(1s), "");
}

TEST_P(MysqlQuiet, a_prepared_transaction_is_named) {
  auto session = connect_as("app");
  session.exec("XA START 'a'; INSERT INTO shop.u VALUES (1, 1); XA END 'a'; XA PREPARE 'a'");
  EXPECT_THAT(refusal(50ms), HasSubstr("prepared: XA X'61'"));
  session.exec("XA COMMIT 'a'");
  EXPECT_EQ(refusal(1s), "");
}

TEST_P(MysqlQuiet, a_lock_that_is_not_given_is_not_waited_for_long) {
  auto holder = connect_as("odd`o'ne");
  holder.exec("LOCK TABLES shop.t WRITE");
  const std::string refused = refusal(100ms);
  EXPECT_THAT(refused, HasSubstr("seal.not_quiet: "));
  EXPECT_THAT(refused, HasSubstr("was not given"));
  connect_as("app").exec("INSERT INTO shop.u VALUES (1, 1)");
  holder.exec("UNLOCK TABLES");
  EXPECT_EQ(refusal(1s), "");
}

TEST_P(MysqlQuiet, replication_that_comes_in_is_named) {
  const auto primary = tests::Server::start(GetParam());
  tests::start_replica(*server_, primary, tests::Coordinates::file);
  EXPECT_THAT(refusal(50ms), HasSubstr("replication from server"));
  sql("STOP SLAVE");
  EXPECT_EQ(refusal(1s), "");
}

TEST_P(MysqlQuiet, privileges_that_are_missing_are_named_with_the_grant) {
  sql("CREATE USER weak@'%' IDENTIFIED BY 'w'; "
      "GRANT SELECT, REPLICATION CLIENT ON *.* TO weak@'%'");
  auto endpoint = guarded().endpoint;
  endpoint.user = "weak";
  source_ = source_of(endpoint);
  for (int i = 0; i < 4; ++i) {
    const std::string refused = refusal(50ms);
    if (refused.empty()) return;
    ASSERT_THAT(refused, HasSubstr("seal.privilege_missing: "));
    sql(refused.substr(refused.find("GRANT ")));
  }
  FAIL() << refusal(50ms);
}

INSTANTIATE_TEST_SUITE_P(On, MysqlQuiet,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql57,
                                         tests::ServerKind::mysql56),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
