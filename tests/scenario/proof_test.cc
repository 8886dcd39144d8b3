// No false alarm and no miss: under a full write load the prover reports nothing, and of rows that
// were changed behind its back on the target it reports exactly those. `repair` mends them.

#include <chrono>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* quiet_tables = R"(
CREATE DATABASE plain; USE plain; SET sql_mode='';
CREATE TABLE quiet (id INT PRIMARY KEY, a VARCHAR(40), b VARCHAR(40), n BIGINT UNSIGNED, f FLOAT,
  d DOUBLE, bits BIT(64), t TIME(6), dt DATETIME, fixed BINARY(4), bl MEDIUMBLOB,
  dec_ DECIMAL(65,30), e ENUM('','x')) DEFAULT CHARSET utf8mb4;
INSERT INTO quiet SELECT seq, CONCAT('a', seq), 'same', seq, seq / 3, seq / 7, seq, '01:02:03',
  '2001-02-03', 'f', REPEAT('z', seq % 500), seq / 9, 'x' FROM seq_1_to_3000;
UPDATE quiet SET a='x0', b='y' WHERE id=100;
UPDATE quiet SET a=NULL, b='' WHERE id IN (110, 120);
UPDATE quiet SET f=16777216 WHERE id=130;
UPDATE quiet SET bl=REPEAT('z', 200000) WHERE id IN (140, 150);
UPDATE quiet SET dt='0000-00-00', e='' WHERE id IN (160, 170);
CREATE TABLE words (k VARCHAR(100) COLLATE utf8mb4_unicode_ci, v INT, PRIMARY KEY (k))
  DEFAULT CHARSET utf8mb4;
INSERT INTO words SELECT CONCAT(ELT(1 + seq % 4, 'é', 'B', '漢', 'z'), seq), seq FROM seq_1_to_500;
CREATE TABLE empty_one (id INT PRIMARY KEY, v INT);
)";

struct Plant {
  const char* kind;
  const char* sql;                // on the target
  std::vector<std::string> keys;  // of the findings
};

const std::vector<Plant>& plants() {
  static const std::vector<Plant> all{
      {"one bit", "UPDATE quiet SET bits=bits^1 WHERE id=10", {"plain.quiet key 10"}},
      {"the highest bit", "UPDATE quiet SET bits=bits^(1<<63) WHERE id=11", {"plain.quiet key 11"}},
      {"missing row", "DELETE FROM quiet WHERE id=20", {"plain.quiet key 20"}},
      {"missing first row", "DELETE FROM quiet WHERE id=1", {"plain.quiet key 1"}},
      {"missing last row", "DELETE FROM quiet WHERE id=3000", {"plain.quiet key 3000"}},
      {"extra row", "INSERT INTO quiet (id) VALUES (4000)", {"plain.quiet key 4000"}},
      {"extra first row", "INSERT INTO quiet (id) VALUES (-5)", {"plain.quiet key -5"}},
      {"extra row in an empty table",
       "INSERT INTO empty_one VALUES (7, 7)",
       {"plain.empty_one key 7"}},
      {"swapped values",
       "UPDATE quiet SET n=71-n WHERE id IN (30, 41)",
       {"plain.quiet key 30", "plain.quiet key 41"}},
      {"values shifted by a row",
       "UPDATE quiet SET n=n-1 WHERE id BETWEEN 50 AND 53",
       {"plain.quiet key 50", "plain.quiet key 51", "plain.quiet key 52", "plain.quiet key 53"}},
      {"four rows changed alike",
       "UPDATE quiet SET n=n^4096 WHERE id BETWEEN 60 AND 63",
       {"plain.quiet key 60", "plain.quiet key 61", "plain.quiet key 62", "plain.quiet key 63"}},
      {"border between columns moved",
       "UPDATE quiet SET a='x', b='0y' WHERE id=100",
       {"plain.quiet key 100"}},
      {"NULL for empty", "UPDATE quiet SET b=NULL WHERE id=110", {"plain.quiet key 110"}},
      {"empty for NULL", "UPDATE quiet SET a='' WHERE id=120", {"plain.quiet key 120"}},
      {"the word NULL", "UPDATE quiet SET a='NULL' WHERE id=121", {"plain.quiet key 121"}},
      {"trailing space", "UPDATE quiet SET b='same ' WHERE id=122", {"plain.quiet key 122"}},
      {"letter case", "UPDATE quiet SET b='Same' WHERE id=123", {"plain.quiet key 123"}},
      {"float whose text is the same",
       "UPDATE quiet SET f=16777218 WHERE id=130",
       {"plain.quiet key 130"}},
      {"last digit of a double",
       "UPDATE quiet SET d=d*1.0000000000000003 WHERE id=131",
       {"plain.quiet key 131"}},
      {"last digit of a decimal",
       "UPDATE quiet SET dec_=dec_+0.000000000000000000000000000001 WHERE id=132",
       {"plain.quiet key 132"}},
      {"microsecond", "UPDATE quiet SET t='01:02:03.000001' WHERE id=133", {"plain.quiet key 133"}},
      {"last byte of a blob",
       "UPDATE quiet SET bl=CONCAT(REPEAT('z', 199999), 'y') WHERE id=140",
       {"plain.quiet key 140"}},
      {"length of a blob",
       "UPDATE quiet SET bl=REPEAT('z', 200001) WHERE id=150",
       {"plain.quiet key 150"}},
      {"zero date turned NULL", "UPDATE quiet SET dt=NULL WHERE id=160", {"plain.quiet key 160"}},
      {"wrong enum for its empty member",
       "UPDATE quiet SET e=0 WHERE id=170",
       {"plain.quiet key 170"}},
      {"zeros after a binary",
       "UPDATE quiet SET fixed='f  ' WHERE id=180",
       {"plain.quiet key 180"}},
      {"row of a text key", "UPDATE words SET v=-1 WHERE k='B1'", {"plain.words key B1"}}};
  return all;
}

void plant_all(const Server& target) {
  Connection connection = target.connect("plain");
  connection.exec("SET NAMES utf8mb4, sql_mode=''");
  for (const auto& plant : plants()) {
    ASSERT_GT(connection.exec(plant.sql), 0U) << plant.kind;
  }
}

std::set<std::string> planted() {
  std::set<std::string> keys;
  for (const auto& plant : plants()) keys.insert(plant.keys.begin(), plant.keys.end());
  return keys;
}

std::set<std::string> found(const json& seen) {
  std::set<std::string> keys;
  for (const auto& finding : seen.at("findings")) {
    if (finding.at("code") == "proof.difference") keys.insert(finding.at("subject"));
  }
  return keys;
}

class ProofTest : public testing::Test {
 protected:
  explicit ProofTest(const std::string& way = "stream")
      : source(Server::start_mariadb()), target(Server::start_mariadb()) {
    ShopOptions size;
    size.size = static_cast<unsigned>(sized(200, 3000));
    load_shop(source, size);
    source.exec_sql(quiet_tables);
    wherry.emplace(source, target, std::vector<std::string>{"shop.*", "plain.*"},
                   "limits:\n  threads: 2\n  memory: 64 MiB\nverify:\n  way: " + way + "\n");
  }

  void run_until_all_is_proved() {
    wherry->start();
    wait_until("everything to be proved once", 120s, [&] {
      if (!wherry->running()) throw std::runtime_error("it ended\n" + wherry->output());
      const json seen = status(*wherry);
      return seen.is_object() && seen["proof"]["all_proved"] == true;
    });
  }

  Server source;
  Server target;
  std::optional<Wherry> wherry;
};

TEST_F(ProofTest, full_write_load_raises_no_false_alarm) {
  Load load(source, {"--threads", "4", "--rate", std::to_string(sized(1000, 3000))});
  run_until_all_is_proved();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(sized(20, 600));
  const auto patience = end + 100s;  // for a machine that has much else to do
  auto verify_at = std::chrono::steady_clock::now();
  int looks = 0;
  int all_proved = 0;
  const auto goes_on = [&] {
    const auto now = std::chrono::steady_clock::now();
    return now < end || ((looks < 20 || all_proved < 4) && now < patience);
  };
  while (goes_on()) {
    const json seen = status(*wherry);
    ASSERT_TRUE(seen.is_object()) << wherry->output();
    ASSERT_EQ(seen["proof"]["differences"], 0) << seen.dump(1) << wherry->output();
    ASSERT_EQ(found(seen).size(), 0U) << seen.dump(1);
    ++looks;
    if (seen["proof"]["all_proved"] == true) {
      ++all_proved;
      // Everything is read again, so that the prover has work all the time.
      if (std::chrono::steady_clock::now() >= verify_at) {
        ask(*wherry, {"verify"});
        verify_at = std::chrono::steady_clock::now() + 1s;
      }
    }
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_GE(looks, 20);
  EXPECT_GE(all_proved, 4) << "the prover hardly got anywhere";
  const json written = load.finish();
  EXPECT_GT(written.at("committed"), 1000) << written;
  // What was never different in truth is proved in the end.
  ASSERT_EQ(wherry->stop(60s), 130);
  run_until_proved(*wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "shop", "--database", "plain"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

class EitherWay : public ProofTest, public testing::WithParamInterface<const char*> {
 protected:
  EitherWay() : ProofTest(GetParam()) {}
};

TEST_P(EitherWay, every_planted_difference_is_found_under_load_and_mended) {
  Load load(source, {"--threads", "2", "--rate", "150"});
  run_until_all_is_proved();
  plant_all(target);

  const json verified = ask(*wherry, {"verify"}, 4);
  EXPECT_EQ(found(status(*wherry)), planted());
  EXPECT_EQ(verified["proof"]["differences"], planted().size());
  EXPECT_EQ(verified["proof"]["all_proved"], false);

  const Comparison before = compare_servers(source, target, {"--database", "plain"});
  const json dry = ask(*wherry, {"repair", "--dry-run"}, 4);
  EXPECT_EQ(dry["dry_run"], true);
  std::size_t keys = 0;
  for (const auto& collection : dry["collections"]) {
    keys += collection.at("keys").get<std::size_t>();
    EXPECT_FALSE(collection.at("statements").empty());
  }
  EXPECT_EQ(keys, planted().size());
  const RunResult text = answer(*wherry, {"repair", "--dry-run"});
  EXPECT_NE(text.output.find("DELETE FROM"), std::string::npos) << text.output;
  std::this_thread::sleep_for(1s);
  const Comparison after_dry_run = compare_servers(source, target, {"--database", "plain"});
  EXPECT_EQ(after_dry_run.output, before.output) << "a dry run changed something";
  EXPECT_EQ(after_dry_run.answer, Answer::different);

  ask(*wherry, {"repair"});
  wait_until("the repaired rows to be proved", 60s, [&] {
    const json seen = status(*wherry);
    return seen["proof"]["differences"] == 0 && seen["proof"]["all_proved"] == true;
  });
  EXPECT_TRUE(found(status(*wherry)).empty());
  EXPECT_TRUE(compare_servers(source, target, {"--database", "plain"}).equal());
  ask(*wherry, {"verify"});

  load.finish();
  ASSERT_EQ(wherry->stop(60s), 130);
  run_until_proved(*wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "shop", "--database", "plain"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

INSTANTIATE_TEST_SUITE_P(Ways, EitherWay, testing::Values("stream", "server"),
                         [](const auto& way) { return std::string(way.param); });

TEST_F(ProofTest, the_statements_of_a_dry_run_mend_when_run_by_hand) {
  run_until_proved(*wherry);
  plant_all(target);
  // Nothing runs: verify and repair look for themselves.
  ask(*wherry, {"verify"}, 4);
  const RunResult dry = answer(*wherry, {"repair", "--dry-run"});
  ASSERT_EQ(dry.exit_code, 4) << dry.output;
  EXPECT_EQ(compare_servers(source, target, {"--database", "plain"}).answer, Answer::different);
  const auto file = wherry->directory() / "by_hand.sql";
  std::ofstream(file) << dry.output;
  target.load_file(file);
  const Comparison comparison = compare_servers(source, target, {"--database", "plain"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << dry.output.substr(0, 3000);
  ask(*wherry, {"verify"});
}

}  // namespace
}  // namespace wherry::tests
