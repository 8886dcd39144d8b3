// What the accounts on both sides may do: what they lack is named with the statement that gives it,
// no more than that is needed, and the migration goes on when it was given.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Source and target are of one kind.
class Accounts : public OfKind {
 protected:
  static bool is_mariadb() { return GetParam() == ServerKind::mariadb; }
  static Server start() { return Server::start(GetParam()); }
};

void make_rows(const Server& server) {
  server.exec_sql(
      "CREATE DATABASE bank; CREATE TABLE bank.t (id INT PRIMARY KEY, v TEXT); "
      "INSERT INTO bank.t VALUES (1, 'one'), (2, 'two')");
}

// Both sides, by TCP and with a password.
void connect_as(const Wherry& wherry, const std::string& user, const std::string& password,
                const Server& source, const Server& target,
                const std::string& tables = R"("bank.*")") {
  ASSERT_EQ(setenv("WHERRY_TEST_PASSWORD", password.c_str(), 1), 0);
  const auto side = [&](const Server& server) {
    return "\n  type: mysql\n  host: 127.0.0.1\n  port: " + std::to_string(server.port()) +
           "\n  user: " + user + "\n  password_env: WHERRY_TEST_PASSWORD\n";
  };
  std::ofstream(wherry.config()) << "name: test\nsource:" << side(source)
                                 << "target:" << side(target) << "tables:\n  include: [" << tables
                                 << "]\nddl: {default: apply}\njournal: "
                                 << (wherry.directory() / "journal").string() << "\n";
}

void expect_moves(Wherry& wherry, const Server& source, const Server& target,
                  const std::vector<std::string>& schemas) {
  run_until_proved(wherry);
  std::vector<std::string> options;
  for (const auto& schema : schemas) options.insert(options.end(), {"--database", schema});
  const auto comparison = compare_servers(source, target, options);
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

TEST_P(Accounts, a_wrong_password_is_said_at_once_without_telling_it) {
  const auto source = start();
  const auto target = start();
  make_rows(source);
  source.exec_sql("CREATE USER mover@'%' IDENTIFIED BY 'right'");
  Wherry wherry(source, target, {"bank.*"});
  connect_as(wherry, "mover", "not-this-one", source, target);
  const json error = ask(wherry, {"run"}, 1);
  EXPECT_EQ(error["code"], "mysql.auth");
  EXPECT_EQ(error.dump().find("not-this-one"), std::string::npos);
  EXPECT_EQ(said_besides(wherry).find("not-this-one"), std::string::npos);
  EXPECT_TRUE(target.query("SHOW DATABASES LIKE '%wherry%'").empty());
}

// Each is named with the statement that gives it, and no more than these are needed.
TEST_P(Accounts, missing_privileges_are_named_with_the_grants_that_mend_them) {
  const auto source = start();
  const auto target = start();
  make_rows(source);
  source.exec_sql(
      "CREATE TABLE bank.child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES bank.t (id) ON "
      "DELETE CASCADE); INSERT INTO bank.child SELECT id FROM bank.t; CREATE FUNCTION bank.one() "
      "RETURNS INT DETERMINISTIC RETURN 1; CREATE VIEW bank.ones AS SELECT bank.one() AS x");
  for (const auto* server : {&source, &target}) {
    server->exec_sql("CREATE USER mover@'%' IDENTIFIED BY 'right'");
  }
  source.exec_sql(
      "GRANT SELECT, SHOW VIEW ON bank.* TO mover@'%'; GRANT SELECT ON mysql.proc TO mover@'%'");
  Wherry wherry(source, target, {"bank.*"});
  connect_as(wherry, "mover", "right", source, target);
  std::set<std::string> given;
  for (int round = 0; round < 5; ++round) {
    const auto asked = answer(wherry, {"assess", "--json"});
    const json assessment = json::parse(asked.output);
    if (assessment["ready"] == true) break;
    for (const auto& finding : assessment["findings"]) {
      if (finding["severity"] != "blocker") continue;
      const std::string mend = finding["what_to_do"];
      const std::string code = finding["code"];
      ASSERT_TRUE(mend.starts_with("GRANT ") || mend.starts_with("SET GLOBAL ")) << finding.dump(1);
      (code.starts_with("source.") ? source : target).exec_sql(mend);
      given.insert(code);
    }
  }
  EXPECT_TRUE(given.contains("source.privilege.replication_slave"));
  EXPECT_TRUE(given.contains("source.privilege.replication_client"));
  EXPECT_EQ(given.contains("source.privilege.lock_tables"), !is_mariadb());
  EXPECT_TRUE(given.contains("target.privilege_missing"));
  EXPECT_TRUE(given.contains("target.function_creators") || !is_mariadb());
  expect_moves(wherry, source, target, {"bank"});
  EXPECT_EQ(target.query("SELECT x FROM bank.ones").at(0).at(0), "1");
}

// The statements in the README's blocks of SQL: of the account on the source, and on the target.
std::vector<std::string> accounts_in_readme(const std::string& kind_of_server) {
  std::ifstream in(std::filesystem::path(WHERRY_TEST_SUPPORT_DIR) / ".." / ".." / "README.md");
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "```sql") blocks.emplace_back();
    inside = line == "```sql" || (inside && line != "```");
    const std::string of_this_kind = "-- " + kind_of_server + ": ";
    if (line.starts_with(of_this_kind)) line.erase(0, of_this_kind.size());
    const bool statement = line.starts_with("CREATE USER") || line.starts_with("GRANT") ||
                           line.starts_with("SET GLOBAL");
    if (!inside || !statement) continue;
    if (const auto at = line.find("'…'"); at != std::string::npos) {
      line.replace(at, std::string("'…'").size(), "'right'");
    }
    blocks.back() += line.substr(0, line.find(';') + 1);
  }
  return blocks;
}

// Views and routines of another definer, some of which stand on others.
constexpr const char* app_objects =
    "SET GLOBAL log_bin_trust_function_creators=ON;"
    "CREATE USER app@'%' IDENTIFIED BY 'x'; GRANT ALL ON shop.* TO app@'%';"
    "CREATE DEFINER=app@'%' FUNCTION shop.twice(x INT) RETURNS INT RETURN 2 * x;"
    "CREATE DEFINER=app@'%' VIEW shop.doubled AS SELECT id, shop.twice(id) AS d FROM shop.t;"
    "CREATE DEFINER=app@'%' SQL SECURITY INVOKER VIEW shop.above AS SELECT d FROM shop.doubled;"
    "CREATE DEFINER=app@'%' PROCEDURE shop.count_all() SELECT COUNT(*) FROM shop.t;"
    "CREATE DEFINER=app@'%' TRIGGER shop.seen BEFORE INSERT ON shop.t FOR EACH ROW SET @n = 1;"
    "CREATE DEFINER=app@'%' EVENT shop.nightly ON SCHEDULE EVERY 1 DAY DO SELECT 1;";

// "VIEW doubled app@%"
std::set<std::string> objects_in_shop(const Server& server) {
  std::set<std::string> out;
  for (const auto& row : server.query(
           "SELECT CONCAT('VIEW ', TABLE_NAME, ' ', DEFINER) FROM information_schema.VIEWS "
           "WHERE TABLE_SCHEMA='shop' UNION SELECT CONCAT(ROUTINE_TYPE, ' ', ROUTINE_NAME, ' ', "
           "DEFINER) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA='shop'")) {
    out.insert(row[0].value());
  }
  return out;
}

// Also where a crash of the target left files in the schema that changes are tried in.
TEST_P(Accounts, those_of_the_readme_are_enough) {
  const auto accounts = accounts_in_readme(is_mariadb() ? "MariaDB" : "MySQL");
  ASSERT_EQ(accounts.size(), 2U);
  const auto source = start();
  const auto target = start();
  source.exec_sql(
      "CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY); "
      "INSERT INTO shop.t VALUES (1), (2);" +
      accounts[0] + app_objects);
  target.exec_sql("CREATE USER app@'%' IDENTIFIED BY 'x'; GRANT ALL ON shop.* TO app@'%';" +
                  accounts[1]);
  Wherry wherry(source, target, {"shop.*"});
  connect_as(wherry, "wherry", "right", source, target, R"("shop.*")");
  EXPECT_EQ(ask(wherry, {"assess"})["ready"], true);
  expect_moves(wherry, source, target, {"shop"});
  const std::set<std::string> all{"VIEW doubled app@%", "VIEW above app@%", "FUNCTION twice app@%",
                                  "PROCEDURE count_all app@%"};
  EXPECT_EQ(objects_in_shop(target), all);

  target.exec_sql("CREATE DATABASE _wherry_shadow");
  const auto left = target.data_dir() / "_wherry_shadow" / "left";
  std::ofstream(left) << "of a killed server";
  source.exec_sql(
      "ALTER TABLE shop.t ADD COLUMN v INT, ADD INDEX (v); INSERT INTO shop.t VALUES (3, 3);"
      "CREATE TABLE shop.child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES shop.t (id));"
      "INSERT INTO shop.child VALUES (3); RENAME TABLE shop.t TO shop.u;"
      "CREATE OR REPLACE DEFINER=app@'%' VIEW shop.doubled AS SELECT shop.twice(id) AS d FROM "
      "shop.u; RENAME TABLE shop.above TO shop.beyond; DROP FUNCTION shop.twice;"
      "CREATE DEFINER=app@'%' FUNCTION shop.twice(x INT) RETURNS INT RETURN x + x;"
      "ALTER PROCEDURE shop.count_all COMMENT 'all of them'; DROP VIEW shop.beyond");
  expect_moves(wherry, source, target, {"shop"});
  for (const auto& finding : ask(wherry, {"status"})["findings"]) {
    EXPECT_EQ(finding["severity"], "note") << finding.dump(1);
  }
  EXPECT_EQ(objects_in_shop(target), objects_in_shop(source));
  EXPECT_TRUE(std::filesystem::exists(left)) << "nothing was in the way";
}

// Runs until it is told that the account may not write a schema; gives it what is asked for.
void expect_asks_for(Wherry& wherry, const std::string& schema, const Server& target) {
  const auto before = wherry.output().size();
  wherry.start();
  ASSERT_EQ(wherry.wait(60s), 1) << wherry.output();
  const json error = ask(wherry, {"status"})["error"];
  EXPECT_EQ(error["code"], "target.privilege_missing") << error;
  const std::string message = error["message"];
  const auto grant = message.find("GRANT ");
  ASSERT_NE(grant, std::string::npos) << message;
  const std::string mend = message.substr(grant, message.find(';', grant) - grant);
  EXPECT_NE(mend.find(" ON `" + schema + "`.* TO "), std::string::npos) << mend;
  EXPECT_NE(wherry.output().find(mend, before), std::string::npos) << wherry.output();
  target.exec_sql(mend);
}

// Planning knows of no table in them; the first one is made while it is followed.
TEST_P(Accounts, schemas_that_are_missing_there_are_named_when_they_get_their_first_table) {
  const auto source = start();
  const auto target = start();
  make_rows(source);
  source.exec_sql(
      "CREATE DATABASE later; CREATE USER mover@'%' IDENTIFIED BY 'right'; "
      "GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover@'%'");
  target.exec_sql(
      "CREATE DATABASE closed; CREATE USER mover@'%' IDENTIFIED BY 'right'; "
      "GRANT ALL ON bank.* TO mover@'%'; GRANT ALL ON `\\_wherry%`.* TO mover@'%'; "
      "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover@'%'");
  Wherry wherry(source, target, {"bank.*"});
  connect_as(wherry, "mover", "right", source, target,
             R"("bank.*", "later.*", "fresh.*", "closed.*")");
  expect_moves(wherry, source, target, {"bank"});
  source.exec_sql(
      "CREATE TABLE later.t (id INT PRIMARY KEY); INSERT INTO later.t VALUES (1); "
      "CREATE DATABASE fresh; CREATE TABLE fresh.t LIKE later.t; INSERT INTO fresh.t VALUES (2); "
      "CREATE DATABASE IF NOT EXISTS closed; CREATE TABLE closed.t LIKE later.t; "
      "INSERT INTO closed.t VALUES (3)");
  expect_asks_for(wherry, "later", target);
  expect_asks_for(wherry, "fresh", target);
  expect_asks_for(wherry, "closed", target);
  expect_moves(wherry, source, target, {"bank", "later", "fresh", "closed"});
}

INSTANTIATE_TEST_SUITE_P(On, Accounts, testing::Values(ServerKind::mariadb, ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
