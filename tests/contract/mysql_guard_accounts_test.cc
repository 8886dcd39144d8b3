// The guard "accounts" on real servers: what it takes away it gives back to the byte, wherever it
// was cut short.

#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "base/error.h"
#include "stores/mysql/guard_accounts.h"
#include "tests/contract/mysql_guards_bed.h"
#include "tests/support/gate/gate.h"
#include "tests/support/program.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

class MysqlAccountsGuard : public MysqlGuards {
 protected:
  AccountsGuard guard() const { return AccountsGuard(guarded(), accounts_); }
  std::string of_others() const {
    return grants("other@'%'") + grants("reader@'%'") + grants("wherry@'%'");
  }
  const std::string odd_ = "odd`o'ne";
};

TEST_P(MysqlAccountsGuard, takes_all_but_reading_and_gives_it_back_to_the_byte) {
  const std::string before = all_grants();
  const std::string others = of_others();
  expect_writes("app");
  expect_writes(odd_);
  auto raised = guard();
  EXPECT_THAT(blockers(raised.assess()), IsEmpty());
  const auto undo = raised.look();
  raised.raise(undo, {});
  expect_reads_only("app");
  expect_reads_only(odd_);
  EXPECT_EQ(of_others(), others);
  raised.raise(undo, {});
  // Another process lowers it.
  auto lowered = guard();
  lowered.lower(undo, {});
  EXPECT_EQ(all_grants(), before);
  lowered.lower(undo, {});
  EXPECT_EQ(all_grants(), before);
  expect_writes("app");
  expect_writes(odd_);
}

TEST_P(MysqlAccountsGuard, no_password_is_in_what_lowers_it) {
  sql("SET PASSWORD FOR app@'%' = PASSWORD('secret')");
  const auto hash = server_->query("SELECT PASSWORD('secret')").at(0).at(0).value();
  const auto undo = guard().look();
  ASSERT_EQ(hash.size(), 41U);
  for (const auto& text : undo.statements) EXPECT_THAT(text, Not(HasSubstr(hash.substr(1))));
  EXPECT_THAT(undo.state, Not(HasSubstr(hash.substr(1))));
}

TEST_P(MysqlAccountsGuard, is_lowered_wherever_it_was_cut_short) {
  const std::string before = all_grants();
  tests::Gate gate("127.0.0.1:" + std::to_string(server_->port()));
  // How much a whole one sends.
  const auto undo = guard().look();
  const auto started = gate.passed(tests::Direction::to_server);
  AccountsGuard(guarded(gate.port()), accounts_).raise(undo, {});
  const auto whole = gate.passed(tests::Direction::to_server) - started;
  const std::string sealed = all_grants();
  guard().lower(undo, {});
  ASSERT_EQ(all_grants(), before);
  ASSERT_NE(sealed, before);
  int in_between = 0;
  constexpr std::uint64_t places = 24;
  for (std::uint64_t i = 1; i < places; ++i) {
    gate.cut_after(tests::Direction::to_server, whole * i / places);
    EXPECT_THROW(AccountsGuard(guarded(gate.port()), accounts_).raise(undo, {}), base::Error);
    const std::string now = all_grants();
    if (now != before && now != sealed) ++in_between;
    if (i % 2 == 0) {
      // Raised again, it is all there.
      guard().raise(undo, {});
      EXPECT_EQ(all_grants(), sealed) << i;
    }
    guard().lower(undo, {});
    EXPECT_EQ(all_grants(), before) << i;
  }
  EXPECT_GT(in_between, places / 3);
}

TEST_P(MysqlAccountsGuard, lowering_that_is_cut_short_is_done_again) {
  const std::string before = all_grants();
  const auto undo = guard().look();
  guard().raise(undo, {});
  const std::string sealed = all_grants();
  tests::Gate gate("127.0.0.1:" + std::to_string(server_->port()));
  AccountsGuard(guarded(gate.port()), accounts_).lower(undo, {});
  const auto whole = gate.passed(tests::Direction::to_server);
  int in_between = 0;
  constexpr std::uint64_t places = 12;
  for (std::uint64_t i = 1; i < places; ++i) {
    guard().raise(undo, {});
    gate.cut_after(tests::Direction::to_server, whole * i / places);
    EXPECT_THROW(AccountsGuard(guarded(gate.port()), accounts_).lower(undo, {}), base::Error);
    const std::string now = all_grants();
    if (now != before && now != sealed) ++in_between;
    guard().lower(undo, {});
    EXPECT_EQ(all_grants(), before) << i;
  }
  EXPECT_GT(in_between, 0);
}

TEST_P(MysqlAccountsGuard, what_lowers_it_can_be_run_with_the_servers_own_client) {
  const std::string before = all_grants();
  auto raised = guard();
  const auto undo = raised.look();
  raised.raise(undo, {});
  ASSERT_NE(all_grants(), before);
  const tests::TemporaryDirectory directory("undo");
  const auto file = directory.path() / "undo.sql";
  {
    std::ofstream out(file);
    for (const auto& statement : undo.statements) out << statement << ";\n";
  }
  server_->load_file(file);
  EXPECT_EQ(all_grants(), before);
}

TEST_P(MysqlAccountsGuard, a_session_of_before_writes_on_until_it_is_drained) {
  sql("GRANT INSERT, UPDATE, DELETE ON *.* TO app@'127.0.0.1'");
  auto idle = connect_as("app");
  auto writing = connect_as("app");
  auto other = connect_as("other");
  writing.exec("BEGIN; INSERT INTO shop.u VALUES (1, 1)");
  auto raised = guard();
  const auto undo = raised.look();
  raised.raise(undo, {});
  auto reading = connect_as("app");
  writing.exec("INSERT INTO shop.u VALUES (2, 1)");
  EXPECT_THAT(raised.drain(100ms, {}), IsEmpty());
  EXPECT_THROW(writing.exec("COMMIT"), tests::SqlError);
  EXPECT_THROW(idle.query("SELECT 1"), tests::SqlError);
  EXPECT_EQ(server_->query("SELECT COUNT(*) FROM shop.u").at(0).at(0), "0");
  EXPECT_EQ(reading.query("SELECT 1").size(), 1U) << "it may not write anyway";
  EXPECT_EQ(other.query("SELECT 1").size(), 1U);
  EXPECT_THAT(raised.drain(100ms, {}), IsEmpty());
  EXPECT_EQ(reading.query("SELECT 1").size(), 1U);
  raised.lower(undo, {});
}

TEST_P(MysqlAccountsGuard, who_ends_within_the_patience_ends_in_peace) {
  auto raised = guard();
  auto writing = std::make_unique<tests::Connection>(connect_as("app"));
  writing->exec("BEGIN; INSERT INTO shop.u VALUES (1, 1)");
  const auto undo = raised.look();
  // Privileges of tables go at once, even in the middle of a transaction.
  raised.raise(undo, {});
  std::jthread ends([&] {
    std::this_thread::sleep_for(200ms);
    writing->exec("COMMIT");
    writing.reset();
  });
  EXPECT_THAT(raised.drain(60s, {}), IsEmpty());
  EXPECT_EQ(server_->query("SELECT COUNT(*) FROM shop.u").at(0).at(0), "1");
  raised.lower(undo, {});
}

TEST_P(MysqlAccountsGuard, what_is_in_its_way_is_told_by_name) {
  const auto assess = [&](const std::vector<std::string>& accounts) {
    return AccountsGuard(guarded(), accounts).assess();
  };
  EXPECT_THAT(blockers(assess({"wherry@%"})), Contains("guard.own_account wherry@%"));
  EXPECT_THAT(blockers(assess({"nobody@%"})), Contains("guard.account_missing nobody@%"));
  EXPECT_THAT(blockers(assess({"app@127.0.0.1"})), Contains("guard.account_not_named app@%"));
  EXPECT_THAT(blockers(assess({"@%"})), Contains("guard.anonymous_account @%"));
  EXPECT_THAT(warnings(assess(accounts_)), Contains("guard.account_not_named root@127.0.0.1"));
  EXPECT_THAT(warnings(assess(accounts_)), Not(Contains("guard.account_not_named reader@%")));
  EXPECT_EQ(code_of([&] { AccountsGuard(guarded(), {"wherry@%"}).look(); }), "guard.own_account");
  EXPECT_EQ(code_of([&] { AccountsGuard(guarded(), {"nobody@%"}).look(); }),
            "guard.account_missing");

  sql("CREATE USER weak@'%' IDENTIFIED BY 'w'; GRANT SELECT ON *.* TO weak@'%'");
  auto weak = guarded();
  weak.endpoint.user = "weak";
  EXPECT_THAT(blockers(AccountsGuard(weak, accounts_).assess()),
              Contains("guard.privilege_missing weak@%"));
}

TEST_P(MysqlAccountsGuard, an_account_that_gets_more_meanwhile_is_refused_and_told) {
  auto g = guard();
  const auto undo = g.look();
  sql("GRANT INSERT ON shopXeu.* TO app@'127.0.0.1'");
  EXPECT_EQ(code_of([&] { g.raise(undo, {}); }), "guard.changed");
  sql("REVOKE INSERT ON shopXeu.* FROM app@'127.0.0.1'");
  g.raise(undo, {});
  sql("GRANT INSERT ON shopXeu.* TO app@'127.0.0.1'");
  EXPECT_EQ(code_of([&] { g.lower(undo, {}); }), "guard.not_restored");
  expect_writes("app");
  sql("REVOKE INSERT ON shopXeu.* FROM app@'127.0.0.1'");
  g.lower(undo, {});
}

TEST_P(MysqlAccountsGuard, an_account_that_is_dropped_meanwhile_is_not_made_anew) {
  auto g = guard();
  const auto undo = g.look();
  const std::string others = grants("app@'127.0.0.1'");
  g.raise(undo, {});
  sql("DROP USER app@'%'");
  EXPECT_EQ(code_of([&] { g.lower(undo, {}); }), "guard.not_restored");
  EXPECT_TRUE(server_->query("SELECT 1 FROM mysql.user WHERE User='app' AND Host='%'").empty());
  EXPECT_EQ(grants("app@'127.0.0.1'"), others);
}

TEST_P(MysqlAccountsGuard, what_everybody_may_write_is_told) {
  sql("INSERT INTO mysql.db (Host, Db, User, Insert_priv) VALUES ('%', 'shop', '', 'Y'); "
      "FLUSH PRIVILEGES");
  EXPECT_THAT(blockers(guard().assess()), Contains("guard.anybody_writes shop"));
  if (!is_mariadb()) return;
  sql("GRANT INSERT ON shop.* TO PUBLIC");
  EXPECT_THAT(blockers(guard().assess()), Contains("guard.anybody_writes PUBLIC"));
}

INSTANTIATE_TEST_SUITE_P(On, MysqlAccountsGuard,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql57,
                                         tests::ServerKind::mysql56),
                         tests::name_of_kind);

}  // namespace
}  // namespace wherry::stores::mysql
