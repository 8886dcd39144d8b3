// Writes of others to the target, between real servers: each kind of them is found as a difference
// without a new proof, also when nothing ran meanwhile; repair mends it; nobody is blamed for what
// Wherry does itself.

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* house = R"(
CREATE DATABASE house; USE house;
CREATE TABLE plain (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB;
CREATE TABLE words (k VARCHAR(20) PRIMARY KEY, v INT) ENGINE=InnoDB;
CREATE TABLE parent (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
CREATE TABLE child (id INT PRIMARY KEY, parent INT,
  FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE) ENGINE=InnoDB;
CREATE TABLE keyless (a INT, b INT) ENGINE=InnoDB;
CREATE TABLE emptied (id INT PRIMARY KEY, v INT) ENGINE=InnoDB;
INSERT INTO plain VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d'),(5,'e'),(6,'f'),(7,'g'),(8,'h');
INSERT INTO words VALUES ('one',1),('two',2),('three',3);
INSERT INTO parent VALUES (1,1),(2,2),(3,3);
INSERT INTO child VALUES (10,1),(11,1),(20,2),(30,3);
INSERT INTO keyless VALUES (1,1),(1,1),(2,2);
INSERT INTO emptied VALUES (1,1),(2,2);
)";

struct Write {
  const char* kind;
  const char* sql;  // on the target
  std::set<std::string> findings;
};

const std::vector<Write>& writes() {
  static const std::vector<Write> all{
      {"one row", "UPDATE plain SET v='x' WHERE id=1", {"house.plain key 1"}},
      {"a row that goes, and one that comes",
       "DELETE FROM plain WHERE id=2; INSERT INTO plain VALUES (9,'new')",
       {"house.plain key 2", "house.plain key 9"}},
      {"a key that changes",
       "UPDATE plain SET id=13 WHERE id=3",
       {"house.plain key 3", "house.plain key 13"}},
      {"a key of text", "UPDATE words SET v=-1 WHERE k='two'", {"house.words key two"}},
      {"a statement that is logged as such",
       "SET SESSION binlog_format=STATEMENT; UPDATE plain SET v='x' WHERE id=4",
       {"house.plain key 4"}},
      {"an image without all columns",
       "SET SESSION binlog_row_image=MINIMAL; UPDATE plain SET v='x' WHERE id=5",
       {"house.plain key 5"}},
      {"a transaction that is prepared first",
       "XA START 'x'; UPDATE plain SET v='x' WHERE id=6; XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x'",
       {"house.plain key 6"}},
      {"rows that a foreign key takes along",
       "DELETE FROM parent WHERE id=1",
       {"house.parent key 1", "house.child key 10", "house.child key 11"}},
      {"a table without a key", "DELETE FROM keyless LIMIT 1", {"house.keyless"}},
      {"a table that is emptied",
       "TRUNCATE TABLE emptied",
       {"house.emptied key 1", "house.emptied key 2"}},
  };
  return all;
}

std::set<std::string> found(const json& seen) {
  std::set<std::string> keys;
  for (const auto& finding : seen.at("findings")) {
    if (finding.at("code") == "proof.difference") keys.insert(finding.at("subject"));
  }
  return keys;
}

const json* told(const json& seen, const std::string& code) {
  for (const auto& finding : seen.at("findings")) {
    if (finding.at("code") == code) return &finding;
  }
  return nullptr;
}

void run_until_all_is_proved(Wherry& wherry) {
  wherry.start();
  wait_until("everything to be proved", 120s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["proof"]["all_proved"] == true;
  });
}

void wait_until_found(const Wherry& wherry, const std::string& what,
                      const std::set<std::string>& keys) {
  try {
    wait_until(what + " to be found", 60s, [&] {
      const json seen = status(wherry);
      return seen.is_object() && found(seen) == keys;
    });
  } catch (const std::runtime_error& error) {
    ADD_FAILURE() << error.what() << status(wherry)["findings"].dump(1);
  }
}

class ForeignWrites : public OfKind {};

TEST_P(ForeignWrites, each_kind_is_found_and_mended) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start(GetParam());
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  ASSERT_EQ(told(status(wherry), "target.not_watched"), nullptr) << status(wherry).dump(1);

  for (const auto& write : writes()) {
    SCOPED_TRACE(write.kind);
    target.connect("house").exec(write.sql);
    wait_until_found(wherry, write.kind, write.findings);
    ask(wherry, {"repair"});
    wait_until("it to be mended", 60s, [&] {
      const json seen = status(wherry);
      return found(seen).empty() && seen["proof"]["all_proved"] == true &&
             seen["proof"]["dirty_keys"] == 0;
    });
  }
  ASSERT_NE(told(status(wherry), "target.foreign_writes"), nullptr);
  EXPECT_TRUE(compare_servers(source, target, {"--database", "house"}).equal());
  EXPECT_EQ(wherry.stop(60s), 130);
}

TEST_P(ForeignWrites, what_is_written_while_nothing_runs_is_found_at_the_next_start) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start(GetParam());
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  const json proved = status(wherry)["proof"]["oldest"];
  wherry.kill9();
  target.exec_sql("UPDATE house.plain SET v='x' WHERE id IN (7,8)");
  const std::set<std::string> keys{"house.plain key 7", "house.plain key 8"};
  for (int start = 0; start < 2; ++start) {
    wherry.start();
    wait_until_found(wherry, "it", keys);
    EXPECT_EQ(status(wherry)["proof"]["oldest"], proved) << "proofs are kept over a start";
    wherry.kill9();
  }
}

TEST_P(ForeignWrites, what_equals_what_is_there_and_what_is_not_logged_is_no_difference) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start(GetParam());
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  target.exec_sql("DELETE FROM house.plain WHERE id=1; INSERT INTO house.plain VALUES (1,'a')");
  target.connect("house").exec("SET SESSION sql_log_bin=0; UPDATE plain SET v='unseen' WHERE id=2");
  wait_until("the writes to be seen", 60s,
             [&] { return told(status(wherry), "target.foreign_writes") != nullptr; });
  wait_until("the keys to be proved", 60s, [&] {
    const json proof = status(wherry)["proof"];
    return proof["all_proved"] == true && proof["dirty_keys"] == 0;
  });
  EXPECT_TRUE(found(status(wherry)).empty());
  // What the log does not show only a new proof can find.
  ask(wherry, {"verify"}, 4);
  EXPECT_EQ(found(status(wherry)), std::set<std::string>{"house.plain key 2"});
}

TEST_P(ForeignWrites, what_is_written_before_a_new_log_grew_past_the_old_place_is_found) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start(GetParam());
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  ASSERT_EQ(wherry.stop(60s), 130);
  const auto place = target.query("SHOW MASTER STATUS").at(0);
  target.exec_sql(
      "RESET MASTER; UPDATE house.plain SET v='x' WHERE id=1; CREATE DATABASE junk; "
      "CREATE TABLE junk.t (b LONGBLOB); INSERT INTO junk.t VALUES (REPEAT('x',2e6))");
  const auto grown = target.query("SHOW MASTER STATUS").at(0);
  ASSERT_EQ(grown.at(0), place.at(0));
  ASSERT_GT(std::stoul(grown.at(1).value()), std::stoul(place.at(1).value()));
  wherry.start();
  wait_until_found(wherry, "it", {"house.plain key 1"});
  EXPECT_EQ(wherry.stop(60s), 130);
}

INSTANTIATE_TEST_SUITE_P(Targets, ForeignWrites,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57), name_of_kind);

TEST(ForeignWritesUnderLoad, nobody_is_blamed_for_our_own_writes) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  ShopOptions size;
  size.size = static_cast<unsigned>(sized(100, 3000));
  load_shop(source, size);
  source.exec_sql(house);
  Wherry wherry(source, target, {"shop.*", "house.*"});
  Load load(source, {"--threads", "2", "--rate", "300"});
  run_until_all_is_proved(wherry);
  for (int i = 0; i < sized(3, 30); ++i) {
    wherry.kill9();
    source.exec_sql("ALTER TABLE house.words ADD COLUMN c" + std::to_string(i) +
                    " INT; DELETE FROM house.parent WHERE id=" + std::to_string(i + 1) +
                    "; DELETE FROM house.keyless LIMIT 1; TRUNCATE TABLE house.emptied; "
                    "CREATE OR REPLACE VIEW house.v AS SELECT * FROM house.words");
    run_until_all_is_proved(wherry);
    std::this_thread::sleep_for(1s);
  }
  const json seen = status(wherry);
  EXPECT_EQ(told(seen, "target.foreign_writes"), nullptr) << seen["findings"].dump(1);
  EXPECT_TRUE(found(seen).empty()) << seen["findings"].dump(1);
  load.finish();
}

TEST(ForeignWritesUnseen, a_target_without_a_log_keeps_no_proof_over_a_start_and_says_so) {
  const Server source = Server::start_mariadb();
  ServerOptions without_log;
  without_log.extra = {"--skip-log-bin"};
  const Server target = Server::start_mariadb(without_log);
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  ASSERT_NE(told(status(wherry), "target.not_watched"), nullptr) << status(wherry).dump(1);
  target.exec_sql("UPDATE house.plain SET v='x' WHERE id=1");
  ASSERT_EQ(wherry.stop(60s), 130);
  wherry.start();
  wait_until_found(wherry, "it", {"house.plain key 1"});
}

// As MySQL comes by default.
TEST(ForeignWritesWithoutGtids, are_found_until_others_use_xa_which_is_told) {
  if (!Server::available(ServerKind::mysql57)) GTEST_SKIP() << "no mysql57 to be had here";
  const Server source = Server::start_mariadb();
  ServerOptions without_gtids;
  without_gtids.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"};
  const Server target = Server::start_mysql57(without_gtids);
  source.exec_sql(house);
  Wherry wherry(source, target, {"house.*"});
  run_until_all_is_proved(wherry);
  ASSERT_EQ(told(status(wherry), "target.not_watched"), nullptr) << status(wherry).dump(1);
  const json proved = status(wherry)["proof"]["oldest"];
  target.exec_sql("UPDATE house.plain SET v='x' WHERE id=1");
  wait_until_found(wherry, "one row", {"house.plain key 1"});
  wherry.kill9();
  target.exec_sql("UPDATE house.plain SET v='x' WHERE id=2");
  wherry.start();
  wait_until_found(wherry, "what was written meanwhile",
                   {"house.plain key 1", "house.plain key 2"});
  EXPECT_EQ(status(wherry)["proof"]["oldest"], proved) << "proofs are kept over a start";
  ask(wherry, {"repair"});
  wait_until("it to be mended", 60s, [&] {
    const json seen = status(wherry);
    return found(seen).empty() && seen["proof"]["all_proved"] == true;
  });

  target.exec_sql(
      "XA START 'x'; UPDATE house.plain SET v='x' WHERE id=3; XA END 'x'; XA PREPARE 'x'; "
      "XA COMMIT 'x'");
  wait_until_found(wherry, "it, by a new proof", {"house.plain key 3"});
  wait_until("it to be told", 60s,
             [&] { return told(status(wherry), "target.not_watched") != nullptr; });
  EXPECT_EQ(wherry.stop(60s), 130);
}

}  // namespace
}  // namespace wherry::tests
