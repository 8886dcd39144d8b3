// Tables joined by cascading foreign keys, and tables without a key, on servers in memory: whatever
// breaks, at any commit, the target ends as the source. A cascade is in no log and cannot be made
// twice; neither can a change of a row that equals others.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using contract::CascadeAction;
using model::CollectionName;
using stores::memory::ForeignKey;
using stores::memory::Row;
using stores::memory::Server;
using stores::memory::Transaction;
using tests::Faults;

const CollectionName people{"bank", "a_people"};  // the order of names is that of copying
const CollectionName things{"bank", "c_things"};
const CollectionName parts{"bank", "b_parts"};
const CollectionName tree{"bank", "d_tree"};
const CollectionName diary{"bank", "e_diary"};

model::TableSchema table(const CollectionName& name, const std::vector<std::string>& columns,
                         std::vector<std::size_t> key) {
  model::TableSchema s;
  s.name = name;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    model::Column c;
    c.name = columns[i];
    c.type = model::ColumnType::bigint;
    c.nullable = std::find(key.begin(), key.end(), i) == key.end();
    s.columns.push_back(c);
  }
  s.key = std::move(key);
  if (!s.key.empty()) s.unique_keys = {{"PRIMARY", s.key, true}};
  s.engine = "memory";
  return s;
}

void make_family(Server& server) {
  server.create_table(table(people, {"id", "name"}, {0}));
  server.create_table(table(things, {"id", "person", "note"}, {0}));
  server.create_table(table(parts, {"thing", "line", "note"}, {0, 1}));
  server.create_table(table(tree, {"id", "parent"}, {0}));
  server.create_table(table(diary, {"word", "thing"}, {}));
  using enum CascadeAction;
  server.add_foreign_key({people, things, {0}, {1}, cascade, cascade});
  server.add_foreign_key({things, parts, {0}, {0}, cascade, cascade});
  server.add_foreign_key({tree, tree, {0}, {1}, cascade, none});
  server.add_foreign_key({things, diary, {0}, {1}, set_null, cascade});
}

class FamilyWriters {
 public:
  FamilyWriters(std::shared_ptr<Server> server, unsigned seed) {
    thread_ = std::jthread([server = std::move(server), seed](const std::stop_token& stop) {
      std::mt19937 random(seed);
      while (!stop.stop_requested()) {
        try {
          server->transaction([&](Transaction& t) {
            for (unsigned i = 0; i <= random() % 3; ++i) act(t, random);
          });
        } catch (const base::Error&) {
          // A duplicate, or no such row: that transaction was taken back.
        }
        std::this_thread::sleep_for(200us);
      }
    });
  }

 private:
  static void act(Transaction& t, std::mt19937& random) {
    const auto some = [&](unsigned most = 600) { return std::to_string(random() % most); };
    const auto key = [](const std::string& id) { return model::Key({id}); };
    const std::string a = some();
    const std::string b = some();
    switch (random() % 12) {
      case 0:
        return t.insert(people, {a, "1"});
      case 1:
        return t.remove(people, key(a));
      case 2:
        return t.update(people, key(a), {b, "2"});
      case 3:
        return t.insert(things, {a, b, "1"});
      case 4:
        return t.update(things, key(a), {a, b, "2"});
      case 5:
        return t.update(things, key(a), {b, a, "3"});
      case 6:
        return t.insert(parts, {a, some(3), "1"});
      case 7:
        return t.remove(things, key(a));
      case 8:
        return t.insert(tree, {a, b});
      case 9:
        return random() % 4 == 0 ? t.remove(tree, key(a)) : t.insert(diary, {some(4), a});
      case 10:
        return t.remove_row(diary, {some(4), std::nullopt});
      default:
        return t.update_row(diary, {some(4), std::nullopt}, {some(4), b});
    }
  }
  std::jthread thread_;
};

struct Case {
  explicit Case(const std::string& name) : folder(fresh_folder(name)) {
    make_family(*source);
    // On the target the tables are made by planning; its foreign keys come with them.
    using enum CascadeAction;
    target->add_foreign_key({people, things, {0}, {1}, cascade, cascade});
    target->add_foreign_key({things, parts, {0}, {0}, cascade, cascade});
    target->add_foreign_key({tree, tree, {0}, {1}, cascade, none});
    target->add_foreign_key({things, diary, {0}, {1}, set_null, cascade});
    source->transaction([](Transaction& t) {
      for (int i = 0; i < 600; i += 2) {
        const std::string id = std::to_string(i);
        t.insert(people, {id, "0"});
        t.insert(things, {id, id, "0"});
        t.insert(parts, {id, "0", "0"});
        t.insert(parts, {id, "1", "0"});
        t.insert(tree, {id, i == 0 ? std::nullopt : std::optional(std::to_string(i / 6 * 2))});
        t.insert(diary, {std::to_string(i % 4), id});
        t.insert(diary, {"0", std::nullopt});
      }
    });
  }
  ~Case() { std::filesystem::remove_all(folder); }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  void expect_equal() const {
    for (const auto& name : {people, things, parts, tree}) {
      EXPECT_EQ(source->rows(name), target->rows(name)) << name.text();
    }
    EXPECT_THAT(target->rows(diary), testing::UnorderedElementsAreArray(source->rows(diary)));
  }

  std::shared_ptr<Server> source = std::make_shared<Server>("old");
  std::shared_ptr<Server> target = std::make_shared<Server>("new");
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::filesystem::path folder;
};

unsigned seed() {
  const char* value = std::getenv("WHERRY_SEED");
  return value == nullptr ? 1U : static_cast<unsigned>(std::atoi(value));
}

std::set<int> sample(int most) {
  const bool soak = std::getenv("WHERRY_SOAK") != nullptr;
  std::mt19937 random(seed());
  std::set<int> out{1, 2};
  while (out.size() < (soak ? 60U : 8U)) {
    out.insert(1 + static_cast<int>(random() % static_cast<unsigned>(most)));
  }
  return out;
}

void expect_settles_equal(Case& c, RunningMigration& run) {
  ASSERT_TRUE(run.wait_settled(30s));
  c.expect_equal();
  for (const auto& t : run.migration().status().tables) EXPECT_EQ(t.differences, 0U) << t.name;
  EXPECT_FALSE(run.error());
}

void run_through(Case& c, const std::function<bool()>& happened) {
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  {
    const FamilyWriters writers(c.source, seed());
    ASSERT_TRUE(run.wait_until(60s, happened));
  }
  expect_settles_equal(c, run);
}

TEST(Family, arrives_while_writes_go_on) {
  Case c("family");
  c.faults->slow_chunks = 20ms;
  run_through(c, [&] { return c.faults->commits > 200; });
}

TEST(Family, survives_a_lost_commit_that_happened) {
  for (const int n : sample(60)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("family-unknown");
    c.faults->slow_chunks = 5ms;
    c.faults->lost_commit_happens = true;
    c.faults->lose_commit = n;
    run_through(c, [&] { return c.faults->lose_commit == 0; });
  }
}

TEST(Family, survives_a_lost_commit_that_did_not_happen) {
  for (const int n : sample(60)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("family-lost");
    c.faults->slow_chunks = 5ms;
    c.faults->lose_commit = n;
    run_through(c, [&] { return c.faults->lose_commit == 0; });
  }
}

TEST(Family, survives_a_failed_write) {
  for (const int n : sample(150)) {
    SCOPED_TRACE("write " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("family-failed");
    c.faults->slow_chunks = 5ms;
    c.faults->fail_write = n;
    run_through(c, [&] { return c.faults->fail_write == 0; });
  }
}

TEST(Family, survives_crash_after_crash) {
  Case c("family-crashes");
  c.faults->slow_chunks = 5ms;
  std::mt19937 random(seed());
  {
    const FamilyWriters writers(c.source, seed());
    for (int i = 0; i < 20; ++i) {
      c.faults->crashed = false;
      c.faults->crash_after_commit = 1 + static_cast<int>(random() % 12);
      RunningMigration run(c.source, c.target, c.folder, c.faults);
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->crashed.load(); }) || run.ended());
    }
  }
  c.faults->crashed = false;
  c.faults->crash_after_commit = 0;
  run_through(c, [] { return true; });
}

TEST(Family, survives_a_target_that_loses_its_last_commits) {
  for (const int n : sample(40)) {
    SCOPED_TRACE("after commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("family-went-back");
    c.faults->slow_chunks = 5ms;
    RunningMigration run(c.source, c.target, c.folder, c.faults);
    {
      const FamilyWriters writers(c.source, seed());
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits >= n; }));
      c.target->crash(static_cast<std::uint64_t>(n % 7));
    }
    expect_settles_equal(c, run);
  }
}

TEST(Family, in_large_transactions_arrives) {
  Case c("family-large");
  c.source->set_rows_per_part(3);
  run_through(c, [&] { return c.faults->commits > 100; });
}

TEST(Family, what_is_broken_in_a_table_without_a_key_is_found_and_mended) {
  Case c("family-broken");
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  ASSERT_TRUE(run.wait_settled(30s));
  c.target->transaction([](Transaction& t) {
    t.remove_row(diary, {"0", std::nullopt});
    t.update_row(diary, {"2", "2"}, {"2", "4"});
  });
  run.migration().verify();
  const auto differences = [&] {
    auto found = run.migration().status().findings;
    std::erase_if(found, [](const auto& f) { return f.severity != model::Severity::blocker; });
    return found;
  };
  ASSERT_TRUE(run.wait_until(30s, [&] { return differences().size() == 1; }));
  EXPECT_EQ(differences().at(0).subject, diary.text());
  EXPECT_FALSE(run.migration().is_settled(true));
  EXPECT_EQ(run.migration().repair(true, {}).size(), 1U);
  run.migration().repair(false, {});
  ASSERT_TRUE(run.wait_until(
      60s, [&] { return run.migration().is_settled(true) && differences().empty(); }));
  c.expect_equal();
}

}  // namespace
}  // namespace wherry::engine
