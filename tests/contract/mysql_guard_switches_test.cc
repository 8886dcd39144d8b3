// The guards "read_only" and "events" on real servers.

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"
#include "stores/mysql/guard_events.h"
#include "stores/mysql/guard_read_only.h"
#include "tests/contract/mysql_guards_bed.h"
#include "tests/support/gate/gate.h"
#include "tests/support/program.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using namespace std::chrono_literals;

class MysqlReadOnlyGuard : public MysqlGuards {
 protected:
  std::string read_only() const {
    return server_->query("SELECT @@GLOBAL.read_only").at(0).at(0).value();
  }
};

TEST_P(MysqlReadOnlyGuard, keeps_off_who_may_not_bypass_it_and_comes_down_as_it_was) {
  ReadOnlyGuard guard(guarded());
  EXPECT_THAT(blockers(guard.assess()), IsEmpty());
  EXPECT_THAT(warnings(guard.assess()), Contains("guard.bypasses root@127.0.0.1"));
  EXPECT_THAT(warnings(guard.assess()), Not(Contains("guard.bypasses app@127.0.0.1")));
  auto open = connect_as("app");
  open.exec("BEGIN; INSERT INTO shop.u VALUES (1, 1)");
  const auto undo = guard.look();
  guard.raise(undo, {});
  EXPECT_EQ(read_only(), "1");
  EXPECT_THAT(guard.drain(0ms, {}), IsEmpty());
  auto session = connect_as("app");
  EXPECT_THROW(session.exec("INSERT INTO shop.u VALUES (2, 1)"), tests::SqlError);
  EXPECT_EQ(session.query("SELECT COUNT(*) FROM shop.u").size(), 1U);
  EXPECT_THROW(open.exec("COMMIT"), tests::SqlError);
  {
    Connection own(guarded().endpoint);
    own.execute("INSERT INTO shop.u VALUES (3, 1)");
  }
  guard.lower(undo, {});
  guard.lower(undo, {});
  EXPECT_EQ(read_only(), "0");
  session.exec("INSERT INTO shop.u VALUES (4, 1)");
}

TEST_P(MysqlReadOnlyGuard, a_server_that_was_read_only_stays_so) {
  sql("SET GLOBAL read_only=ON");
  ReadOnlyGuard guard(guarded());
  const auto undo = guard.look();
  guard.raise(undo, {});
  guard.lower(undo, {});
  EXPECT_EQ(read_only(), "1");
}

TEST_P(MysqlReadOnlyGuard, a_server_that_forgot_it_is_told_and_set_again) {
  ReadOnlyGuard guard(guarded());
  const auto undo = guard.look();
  guard.raise(undo, {});
  server_->restart();
  EXPECT_THAT(guard.drain(0ms, {}), SizeIs(1));
  guard.raise(undo, {});
  EXPECT_THAT(guard.drain(0ms, {}), IsEmpty());
  guard.lower(undo, {});
}

TEST_P(MysqlReadOnlyGuard, it_does_not_wait_long_for_a_lock) {
  auto holder = connect_as("odd`o'ne");
  holder.exec("LOCK TABLES shop.t WRITE");
  ReadOnlyGuard guard(guarded());
  const auto undo = guard.look();
  EXPECT_EQ(code_of([&] { guard.raise(undo, {}); }), "mysql.lock");
  EXPECT_EQ(read_only(), "0");
  holder.exec("UNLOCK TABLES");
  guard.raise(undo, {});
  guard.lower(undo, {});
}

TEST_P(MysqlReadOnlyGuard, an_account_that_could_not_write_any_more_is_refused) {
  sql("CREATE USER weak@'%' IDENTIFIED BY 'w'; GRANT INSERT, SELECT ON *.* TO weak@'%'");
  auto server = guarded();
  server.endpoint.user = "weak";
  EXPECT_THAT(blockers(ReadOnlyGuard(server).assess()), Contains("guard.privilege_missing weak@%"));
}

INSTANTIATE_TEST_SUITE_P(On, MysqlReadOnlyGuard,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql57,
                                         tests::ServerKind::mysql56),
                         tests::name_of_kind);

class MysqlEventsGuard : public MysqlGuards {
 protected:
  void SetUp() override {
    MysqlGuards::SetUp();
    if (IsSkipped()) return;
    sql("SET GLOBAL event_scheduler=ON;"
        "CREATE DEFINER=app@'%' EVENT shop.daily ON SCHEDULE EVERY 1 DAY STARTS "
        "'2030-01-01 03:00:00' ON COMPLETION PRESERVE COMMENT 'it''s' DO DELETE FROM shop.u;"
        "SET NAMES latin1; SET time_zone='+05:00', sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES';"
        "CREATE DEFINER=other@'%' EVENT shop.\"odd `name\" ON SCHEDULE AT '2031-01-01 03:00:00' "
        "DO DELETE FROM \"shop\".\"u\";"
        "SET NAMES utf8; CREATE EVENT shop.ümlaut ON SCHEDULE EVERY 7 HOUR DO SELECT 'x'");
    sql("CREATE EVENT shop.off ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;"
        "CREATE EVENT shop_eu.elsewhere ON SCHEDULE EVERY 1 DAY DO SELECT 1");
  }

  EventsGuard guard() const {
    return {guarded(), [](const std::string& schema) { return schema == "shop"; }};
  }
  // All that is known of them, but when they were changed.
  std::string events(const std::string& with_status = "STATUS") const {
    std::string out;
    for (const auto& row : server_->query(
             "SELECT CONCAT_WS('|', EVENT_SCHEMA, EVENT_NAME, DEFINER, TIME_ZONE, "
             "EVENT_DEFINITION, EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD, SQL_MODE, "
             "STARTS, ENDS, ON_COMPLETION, CREATED, EVENT_COMMENT, ORIGINATOR, "
             "CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION, " +
             with_status + ") FROM information_schema.EVENTS ORDER BY 1")) {
      out += row.at(0).value() + "\n";
    }
    return out;
  }
  std::string enabled() const {
    return server_
        ->query(
            "SELECT GROUP_CONCAT(EVENT_NAME ORDER BY EVENT_NAME) FROM "
            "information_schema.EVENTS WHERE STATUS='ENABLED'")
        .at(0)
        .at(0)
        .value();
  }
};

TEST_P(MysqlEventsGuard, disables_those_that_are_enabled_and_changes_nothing_else) {
  const std::string before = events();
  const std::string before_but_status = events("''");
  auto raised = guard();
  EXPECT_THAT(blockers(raised.assess()), IsEmpty());
  const auto undo = raised.look();
  raised.raise(undo, {});
  EXPECT_EQ(enabled(), "elsewhere");
  EXPECT_EQ(events("''"), before_but_status);
  EXPECT_THAT(raised.drain(0ms, {}), IsEmpty());
  raised.raise(undo, {});
  guard().lower(undo, {});
  EXPECT_EQ(events(), before);
  guard().lower(undo, {});
  EXPECT_EQ(events(), before);
}

TEST_P(MysqlEventsGuard, is_lowered_wherever_it_was_cut_short) {
  const std::string before = events();
  const std::string all = enabled();
  const auto undo = guard().look();
  tests::Gate gate("127.0.0.1:" + std::to_string(server_->port()));
  const auto through_gate = [&] {
    return EventsGuard(guarded(gate.port()), [](const std::string& s) { return s == "shop"; });
  };
  through_gate().raise(undo, {});
  const auto whole = gate.passed(tests::Direction::to_server);
  guard().lower(undo, {});
  int in_between = 0;
  constexpr std::uint64_t places = 12;
  for (std::uint64_t i = 1; i < places; ++i) {
    gate.cut_after(tests::Direction::to_server, whole * i / places);
    EXPECT_THROW(through_gate().raise(undo, {}), base::Error);
    if (enabled() != all && enabled() != "elsewhere") ++in_between;
    guard().lower(undo, {});
    EXPECT_EQ(events(), before) << i;
  }
  EXPECT_GT(in_between, 0);
}

TEST_P(MysqlEventsGuard, what_lowers_it_can_be_run_with_the_servers_own_client) {
  const std::string before = events();
  auto raised = guard();
  const auto undo = raised.look();
  raised.raise(undo, {});
  const tests::TemporaryDirectory directory("undo");
  const auto file = directory.path() / "undo.sql";
  {
    std::ofstream out(file);
    for (const auto& statement : undo.statements) out << statement << ";\n";
  }
  server_->load_file(file);
  EXPECT_EQ(events(), before);
}

TEST_P(MysqlEventsGuard, one_in_the_middle_of_running_is_waited_for_and_then_ended) {
  sql("CREATE EVENT shop.long ON SCHEDULE EVERY 1 HOUR DO BEGIN INSERT INTO shop.u VALUES (9, 9); "
      "DO SLEEP(600); INSERT INTO shop.u VALUES (10, 10); END");
  while (server_->query("SELECT 1 FROM shop.u WHERE id=9").empty()) {
    std::this_thread::sleep_for(20ms);
  }
  auto raised = guard();
  raised.raise(raised.look(), {});
  EXPECT_THAT(raised.drain(300ms, {}), IsEmpty());
  EXPECT_TRUE(server_
                  ->query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE='User sleep' "
                          "OR INFO LIKE '%SLEEP(600)'")
                  .empty());
}

TEST_P(MysqlEventsGuard, one_that_could_not_be_kept_is_refused_by_name) {
  sql("ALTER DATABASE shop COLLATE latin1_bin");
  EXPECT_THAT(blockers(guard().assess()), Contains("guard.event_not_kept event shop.daily"));
  auto g = guard();
  EXPECT_EQ(code_of([&] { g.raise(g.look(), {}); }), "guard.event_not_kept");
}

TEST_P(MysqlEventsGuard, one_that_was_dropped_is_told_and_the_others_come_back) {
  auto g = guard();
  const auto undo = g.look();
  g.raise(undo, {});
  sql("DROP EVENT shop.daily");
  EXPECT_EQ(code_of([&] { g.lower(undo, {}); }), "guard.not_restored");
  EXPECT_EQ(enabled(), "elsewhere,odd `name,ümlaut");
}

INSTANTIATE_TEST_SUITE_P(On, MysqlEventsGuard,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql57,
                                         tests::ServerKind::mysql56),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
