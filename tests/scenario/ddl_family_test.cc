// Foreign keys that change rows by themselves come while the tables that they join are being
// copied: a cascade is in no log, and what was copied before it was not copied for it.

#include <chrono>
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

class DdlFamily : public OfKind {};

// What the keys do to rows of each kind: copied, being copied, not yet copied.
class Cascading {
 public:
  explicit Cascading(const Server& source) {
    thread_ = std::jthread([&source](const std::stop_token& stop) {
      auto connection = source.connect();
      connection.exec("SET innodb_lock_wait_timeout=3");
      for (int n = 0; !stop.stop_requested(); n = (n + 7) % 300) {
        const std::string id = std::to_string(n);
        for (const std::string& sql :
             {"DELETE FROM d.root WHERE id = " + id, "INSERT INTO d.root VALUES (" + id + ")",
              "INSERT IGNORE INTO d.middle VALUES (" + id + ", " + id + ", 'new')",
              "INSERT IGNORE INTO d.leaf VALUES (" + id + ", 1)",
              "UPDATE d.middle SET v = 'changed' WHERE id % 97 = " + id}) {
          try {
            connection.exec(sql);
          } catch (const SqlError&) {
            // A lock: others come.
          }
        }
        std::this_thread::sleep_for(10ms);
      }
    });
  }

 private:
  std::jthread thread_;
};

std::uint64_t chunks_done(Wherry& wherry, const std::string& table) {
  if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
  const json seen = status(wherry);
  if (!seen.is_object()) return 0;
  const json found = table_in(seen, table);
  return found.is_object() ? found["chunks_done"].get<std::uint64_t>() : 0;
}

std::vector<std::string> copied_again(const Wherry& wherry) {
  std::vector<std::string> out;
  const json history = ask(wherry, {"history"});
  for (const auto& event : history["events"]) {
    if (event["kind"] == "copied again") out.push_back(event["detail"]);
  }
  return out;
}

TEST_P(DdlFamily, cascades_that_come_while_their_tables_are_copied) {
  const Server source = Server::start(GetParam());
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d; USE d; CREATE TABLE root (id INT PRIMARY KEY);"
      "CREATE TABLE middle (id INT PRIMARY KEY, root INT, v VARCHAR(20));"
      "CREATE TABLE leaf (middle INT, line INT, PRIMARY KEY (middle, line), FOREIGN KEY (middle) "
      "REFERENCES middle (id) ON DELETE CASCADE);"
      "INSERT INTO root VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);"
      "INSERT INTO root SELECT a.id * 10 + b.id + 10 FROM root a, root b WHERE a.id < 9;"
      "INSERT INTO middle SELECT a.id * 100 + b.id, b.id, 'x' FROM root a, root b WHERE a.id < 60;"
      "INSERT INTO leaf SELECT id, 1 FROM middle WHERE id % 3 = 0");
  Wherry wherry(source, target, {"d.*"},
                "ddl: {default: apply}\nlimits: {threads: 2, rows_per_second: 700}\n");
  wherry.start();
  wait_until("half of a table to be copied", 60s,
             [&] { return chunks_done(wherry, "d.middle") > 2; });
  source.exec_sql(
      "ALTER TABLE d.middle ADD FOREIGN KEY (root) REFERENCES d.root (id) ON DELETE CASCADE");
  {
    const Cascading cascading(source);
    wait_until("it to be copied again", 60s, [&] { return !copied_again(wherry).empty(); });
    wait_until("half of it to be copied again", 60s,
               [&] { return chunks_done(wherry, "d.middle") > 2; });
    // Behind a table that is being copied; then the name that a key knows its column by.
    source.exec_sql(
        "CREATE TABLE d.late (id INT PRIMARY KEY, middle INT, FOREIGN KEY (middle) REFERENCES "
        "d.middle (id) ON DELETE SET NULL);"
        "INSERT INTO d.late SELECT id, id FROM d.middle WHERE id < 300;"
        "ALTER TABLE d.middle CHANGE root top INT");
    std::this_thread::sleep_for(1s);
    wherry.kill9();
    wherry.start();
    wait_until("everything to be copied", 120s, [&] {
      if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
      const json seen = status(wherry);
      return seen.is_object() && seen["state"] == "following";
    });
    std::this_thread::sleep_for(1s);
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "d", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  const auto again = copied_again(wherry);
  ASSERT_EQ(again.size(), 2U) << ask(wherry, {"history"}).dump(1);
  EXPECT_TRUE(again[0].starts_with("d.leaf, d.middle: ")) << again[0];
  EXPECT_TRUE(again[1].starts_with("d.late: ")) << again[1];
}

INSTANTIATE_TEST_SUITE_P(From, DdlFamily, testing::Values(ServerKind::mariadb, ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
