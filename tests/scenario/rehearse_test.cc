// Rehearsals between real servers, as a user types them: an application and a DBA do to the target
// what they like, and afterwards it is the source's again.

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* guards = R"(
cutover:
  guards:
    accounts: ["app@%"]
)";

constexpr const char* shop = R"(
CREATE DATABASE shop; USE shop;
CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(40), KEY (v)) ENGINE=InnoDB;
CREATE TABLE parent (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
CREATE TABLE child (id INT PRIMARY KEY, parent INT,
  FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TABLE keyless (a INT, b INT) ENGINE=InnoDB;
CREATE TABLE emptied (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
CREATE TABLE altered (id INT PRIMARY KEY, v INT, KEY (v)) ENGINE=InnoDB;
CREATE TABLE dropped (id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB;
CREATE TABLE renamed (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
INSERT INTO parent VALUES (1,1),(2,2),(3,3);
INSERT INTO child VALUES (10,1),(11,1),(20,2),(30,3);
INSERT INTO keyless VALUES (1,1),(1,1),(2,2);
INSERT INTO emptied VALUES (1,1),(2,2);
INSERT INTO altered VALUES (1,1),(2,2);
INSERT INTO dropped (v) VALUES (1),(2);
INSERT INTO renamed VALUES (1,1),(2,2);
)";

class Rehearse : public OfKind {
 protected:
  Rehearse() {
    source.exec_sql(shop);
    std::string rows = "INSERT INTO shop.counted (v) VALUES ('first')";
    for (int i = 1; i < rows_; ++i) rows += ",('row')";
    source.exec_sql(rows);
    for (const auto* server : {&source, &target}) {
      server->exec_sql(
          "CREATE USER app@'%' IDENTIFIED BY 'app'; "
          "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO app@'%'");
    }
  }
  void run_until_proved() {
    wherry.start();
    wait_proved();
  }
  void wait_proved() {
    wait_until("all to be proved", 120s, [&] {
      if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
      const json now = status(wherry);
      return now.is_object() && now["state"] == "following" && now["proof"]["all_proved"] == true &&
             now["proof"]["dirty_keys"] == 0 && now["follow"]["lag_seconds"] == 0.0;
    });
  }
  void expect_equal() {
    const auto comparison = compare_servers(source, target, {"--database", "shop"});
    EXPECT_TRUE(comparison.equal()) << comparison.output;
  }
  void expect_no_findings() {
    for (const auto& finding : status(wherry)["findings"]) {
      EXPECT_TRUE(finding["code"] != "target.foreign_writes" &&
                  finding["code"] != "proof.difference" &&
                  finding["code"] != "rehearsal.not_restored")
          << finding.dump();
    }
  }
  static std::string next_id(const Server& server, const std::string& table) {
    const auto shown = server.query("SHOW CREATE TABLE shop." + table)[0][1].value();
    const auto at = shown.find(" AUTO_INCREMENT=");
    return at == std::string::npos ? "none" : shown.substr(at, shown.find(' ', at + 1) - at);
  }

  static constexpr int rows_ = 20'000;
  Server source = Server::start(GetParam());
  Server target = Server::start(GetParam());
  Wherry wherry{source, target, {"shop.*"}, guards};
};

TEST_P(Rehearse, what_an_application_changed_is_read_again_and_nothing_else) {
  run_until_proved();
  const auto counted = next_id(target, "counted");
  ask(wherry, {"rehearse", "begin"});
  EXPECT_EQ(status(wherry)["state"], "rehearsing");
  auto app = as_app(target, "shop");
  app.exec("INSERT INTO counted (v) VALUES ('test'), ('test'), ('test')");
  app.exec("UPDATE counted SET v = 'tested' WHERE id BETWEEN 100 AND 599");
  app.exec("DELETE FROM counted WHERE id BETWEEN 1000 AND 1099");
  source.exec_sql(
      "UPDATE shop.counted SET v = 'meanwhile' WHERE id BETWEEN 590 AND 610; "
      "INSERT INTO shop.counted (v) VALUES ('meanwhile')");
  const json seen = ask(wherry, {"rehearse", "status"});
  EXPECT_EQ(seen["test"]["keys"], 603) << seen.dump(1);
  EXPECT_EQ(seen["test"]["transactions"], 3);
  EXPECT_GT(seen["source"]["behind_bytes"], 0);

  const auto began = std::chrono::steady_clock::now();
  const json done = ask(wherry, {"rehearse", "end", "--yes"});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_EQ(done["last"]["keys"], 603) << done.dump(1);
  EXPECT_EQ(done["last"]["copied_again"], json::array());
  wait_proved();
  expect_equal();
  expect_no_findings();
  EXPECT_EQ(next_id(target, "counted"), next_id(source, "counted")) << "was" << counted;
  EXPECT_THROW(as_app(target, "shop").exec("DELETE FROM counted WHERE id = 1"), SqlError);
}

TEST_P(Rehearse, what_a_dba_changed_is_made_again) {
  run_until_proved();
  const auto before = next_id(target, "dropped");
  ask(wherry, {"rehearse", "begin"});
  target.exec_sql(
      "USE shop; CREATE TABLE made (id INT PRIMARY KEY, "
      "  parent INT, FOREIGN KEY (parent) REFERENCES parent (id)); INSERT INTO made VALUES (1, 1); "
      "CREATE VIEW seen AS SELECT * FROM made; "
      "DELETE FROM parent WHERE id = 2; "
      "DELETE FROM keyless LIMIT 1; TRUNCATE TABLE emptied; "
      "ALTER TABLE altered ADD COLUMN w INT DEFAULT 7, DROP KEY v; "
      "INSERT INTO dropped (v) VALUES (8), (9); DROP TABLE dropped; "
      "RENAME TABLE renamed TO renamed_by_the_test; "
      "CREATE TRIGGER counting BEFORE INSERT ON emptied FOR EACH ROW SET NEW.v = 0");
  wherry.kill9();
  wherry.start();
  source.exec_sql("USE shop; DELETE FROM keyless LIMIT 1; INSERT INTO child VALUES (21, 2)");
  wait_until("the rehearsal to go on", 30s, [&] {
    const json now = status(wherry);
    return now.is_object() && now["running"] == true && now["state"] == "rehearsing";
  });
  const json done = ask(wherry, {"rehearse", "end", "--yes"});
  wait_proved();
  expect_equal();
  expect_no_findings();
  std::set<std::string> again(done["last"]["copied_again"].begin(),
                              done["last"]["copied_again"].end());
  EXPECT_EQ(again, (std::set<std::string>{"shop.altered", "shop.child", "shop.dropped",
                                          "shop.emptied", "shop.keyless", "shop.renamed"}));
  EXPECT_EQ(target.query("SHOW TABLES IN shop").size(), source.query("SHOW TABLES IN shop").size());
  EXPECT_TRUE(target.query("SHOW TRIGGERS IN shop").empty());
  EXPECT_EQ(next_id(target, "dropped"), before);
}

TEST_P(Rehearse, killed_while_it_is_undone_it_is_undone_by_the_next) {
  run_until_proved();
  ask(wherry, {"rehearse", "begin"});
  auto app = as_app(target, "shop");
  app.exec("UPDATE counted SET v = 'tested' WHERE id <= 9000; DELETE FROM keyless");
  {
    const std::jthread asking([&] { (void)wherry.command({"rehearse", "end", "--yes"}); });
    wait_until("it to be undone", 30s, [&] {
      const json now = status(wherry);
      return now.is_object() && now["state"] != "rehearsing";
    });
    wherry.kill9();
  }
  run_until_proved();
  expect_equal();
  expect_no_findings();
}

TEST_P(Rehearse, a_log_that_is_kept_too_shortly_is_in_the_way) {
  const bool days = GetParam() != ServerKind::mariadb;
  source.exec_sql(days ? "SET GLOBAL expire_logs_days=1"
                       : "SET GLOBAL binlog_expire_logs_seconds=3600");
  run_until_proved();
  EXPECT_EQ(wherry.command({"rehearse", "begin", "--lasting", "48 h", "--dry-run"}).exit_code, 3);
  EXPECT_EQ(wherry.command({"rehearse", "begin", "--lasting", "48 h"}).exit_code, 3);
  EXPECT_EQ(status(wherry)["state"], "following");
  EXPECT_EQ(wherry.command({"rehearse", "begin", "--lasting", "30 min"}).exit_code, 0);
  EXPECT_EQ(wherry.command({"rehearse", "abort", "--yes"}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(On, Rehearse,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql56,
                                         ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
