// Changes of definition that give rows values which the log does not tell, on servers in memory:
// the table is copied again, with those that cascades reach through it, whatever breaks at any
// commit.

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/sqlite.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using contract::CascadeAction;
using model::CollectionName;
using stores::memory::Row;
using stores::memory::Server;
using stores::memory::Transaction;
using tests::Faults;

const CollectionName people{"bank", "a_people"};
const CollectionName things{"bank", "c_things"};
const CollectionName parts{"bank", "b_parts"};
const CollectionName diary{"bank", "d_diary"};
const CollectionName other{"bank", "e_other"};

model::Column column(const std::string& name, bool nullable) {
  model::Column c;
  c.name = name;
  c.type = model::ColumnType::bigint;
  c.nullable = nullable;
  return c;
}

model::TableSchema table(const CollectionName& name, std::vector<std::size_t> key) {
  model::TableSchema s;
  s.name = name;
  s.columns = {column("id", key.empty()), column("parent", true)};
  s.key = std::move(key);
  if (!s.key.empty()) s.unique_keys = {{"PRIMARY", s.key, true}};
  s.engine = "memory";
  return s;
}

unsigned seed() {
  const char* value = std::getenv("WHERRY_SEED");
  return value == nullptr ? 1U : static_cast<unsigned>(std::atoi(value));
}

std::set<int> sample(int most) {
  const bool soak = std::getenv("WHERRY_SOAK") != nullptr;
  std::mt19937 random(seed());
  std::set<int> out{1, 2, 3};
  while (out.size() < (soak ? 60U : 8U)) {
    out.insert(1 + static_cast<int>(random() % static_cast<unsigned>(most)));
  }
  return out;
}

// The tables as they are now, between writers and the one that changes them.
struct Source {
  explicit Source(std::shared_ptr<Server> s) : server(std::move(s)) {
    for (const auto& name : {people, things, parts, other}) make(table(name, {0}));
    make(table(diary, {}));
    server->transaction([](Transaction& t) {
      for (int i = 0; i < 600; i += 2) {
        const std::string id = std::to_string(i);
        for (const auto& name : {people, things, parts, other}) t.insert(name, {id, id});
        t.insert(diary, {std::to_string(i % 4), id});
      }
    });
  }
  void make(const model::TableSchema& schema) {
    server->create_table(schema);
    tables[schema.name] = schema;
  }
  // One more column, with a number of its own in each row; as the key, if so wished.
  void number(const CollectionName& name, bool as_key = false) {
    const std::lock_guard lock(mutex);
    auto& schema = tables.at(name);
    schema.columns.push_back(column("number" + std::to_string(schema.columns.size()), !as_key));
    if (as_key) {
      schema.key = {schema.columns.size() - 1};
      schema.unique_keys = {{"PRIMARY", schema.key, true}};
    }
    int n = 0;
    server->transaction([&](Transaction& t) {
      t.define(name, schema, [&n](const Row&) { return std::to_string((++n * 7) % 1009); });
    });
  }

  std::shared_ptr<Server> server;
  std::mutex mutex;
  std::map<CollectionName, model::TableSchema> tables;
};

class Writers {
 public:
  explicit Writers(Source& source) {
    thread_ = std::jthread([&source](const std::stop_token& stop) {
      std::mt19937 random(seed());
      while (!stop.stop_requested()) {
        try {
          const std::lock_guard lock(source.mutex);
          source.server->transaction([&](Transaction& t) {
            for (unsigned i = 0; i <= random() % 3; ++i) act(t, source, random);
          });
        } catch (const base::Error&) {
          // A duplicate, or no such row: that transaction was taken back.
        }
        std::this_thread::sleep_for(300us);
      }
    });
  }

 private:
  static void act(Transaction& t, const Source& source, std::mt19937& random) {
    const auto some = [&](unsigned most) { return std::to_string(random() % most); };
    const CollectionName names[] = {people, things, parts, other, diary};
    const auto& schema = source.tables.at(names[random() % 5]);
    Row row;
    for (std::size_t i = 0; i < schema.columns.size(); ++i) row.emplace_back(some(600));
    if (schema.key.empty()) return t.insert(schema.name, row);
    const model::Key key({some(600)});
    switch (random() % 4) {
      case 0:
        return t.remove(schema.name, key);
      case 1:
        return t.update(schema.name, key, row);  // its key changes too
      default:
        return t.insert(schema.name, row);
    }
  }
  std::jthread thread_;
};

struct Case {
  explicit Case(const std::string& name) : folder(fresh_folder(name)) {
    using enum CascadeAction;
    for (const auto& server : {from, target}) {
      server->add_foreign_key({people, things, {0}, {1}, cascade, cascade});
      server->add_foreign_key({things, parts, {0}, {1}, cascade, cascade});
      server->add_foreign_key({things, diary, {0}, {1}, set_null, cascade});
    }
    faults->slow_chunks = 3ms;
  }
  ~Case() { std::filesystem::remove_all(folder); }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  void expect_settles_equal(RunningMigration& run) {
    ASSERT_TRUE(run.wait_settled(30s));
    for (const auto& [name, schema] : source.tables) {
      EXPECT_THAT(target->rows(name), testing::UnorderedElementsAreArray(from->rows(name)))
          << name.text();
    }
    for (const auto& t : run.migration().status().tables) EXPECT_EQ(t.differences, 0U) << t.name;
    EXPECT_FALSE(run.error());
  }

  std::shared_ptr<Server> from = std::make_shared<Server>("old");
  std::shared_ptr<Server> target = std::make_shared<Server>("new");
  Source source{from};
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::filesystem::path folder;
};

// What the history says of it: "tables: why".
std::vector<std::string> told(const Case& c) {
  std::vector<std::string> out;
  for (const auto& event : journal::open_sqlite(c.folder / "journal.sqlite")->events()) {
    if (event.kind == "copied again") out.push_back(event.detail);
  }
  return out;
}

TEST(CopiedAgain, the_table_and_those_that_cascades_reach_through_it_and_no_other) {
  Case c("again-which");
  {
    RunningMigration run(c.from, c.target, c.folder, c.faults);
    ASSERT_TRUE(run.wait_settled(30s));
    c.source.number(things);
    c.expect_settles_equal(run);
  }
  EXPECT_THAT(told(c), testing::ElementsAre(
                           "bank.b_parts, bank.c_things, bank.d_diary: its rows got values that "
                           "the log does not tell"));
  {
    RunningMigration run(c.from, c.target, c.folder, c.faults);
    ASSERT_TRUE(run.wait_settled(30s));
    c.source.number(other);
    c.source.number(diary);
    c.expect_settles_equal(run);
  }
  const auto all = told(c);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[1].starts_with("bank.e_other: ")) << all[1];
  EXPECT_TRUE(all[2].starts_with("bank.d_diary: ")) << all[2];
}

TEST(CopiedAgain, under_load_while_tables_are_copied_the_first_time) {
  Case c("again-early");
  RunningMigration run(c.from, c.target, c.folder, c.faults);
  {
    const Writers writers(c.source);
    for (const auto& name : {other, parts, people, things, diary, other, things}) {
      const int before = c.faults->commits;
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits > before + 4; }));
      c.source.number(name);
    }
  }
  c.expect_settles_equal(run);
}

TEST(CopiedAgain, another_key_takes_the_place_of_the_old_one) {
  Case c("again-key");
  RunningMigration run(c.from, c.target, c.folder, c.faults);
  ASSERT_TRUE(run.wait_settled(30s));
  {
    const Writers writers(c.source);
    const int before = c.faults->commits;
    ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits > before + 20; }));
    c.source.number(other, true);
    ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits > before + 60; }));
  }
  c.expect_settles_equal(run);
}

// Commits are counted from the change on: its own, those of the chunks and windows after it.
void change_and_break(const std::string& name, const std::function<void(Faults&, int)>& fault,
                      const std::function<bool(const Faults&)>& happened) {
  for (const int n : sample(60)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c(name);
    auto run = std::make_unique<RunningMigration>(c.from, c.target, c.folder, c.faults);
    ASSERT_TRUE(run->wait_settled(30s));
    {
      const Writers writers(c.source);
      c.source.number(things);
      c.source.number(other, n % 2 == 0);
      fault(*c.faults, n);
      ASSERT_TRUE(run->wait_until(60s, [&] { return happened(*c.faults); }) || run->ended());
      ASSERT_TRUE(happened(*c.faults));
      if (c.faults->crashed) {
        run.reset();
        c.faults->crashed = false;
        run = std::make_unique<RunningMigration>(c.from, c.target, c.folder, c.faults);
      }
      std::this_thread::sleep_for(50ms);
    }
    c.expect_settles_equal(*run);
    run.reset();
    // A target that knows of the change is not asked to make it again.
    EXPECT_EQ(told(c).size(), 2U);
  }
}

TEST(CopiedAgain, after_a_crash_behind_any_commit_the_next_run_goes_on) {
  change_and_break(
      "again-crash", [](Faults& f, int n) { f.crash_after_commit = n; },
      [](const Faults& f) { return f.crashed.load(); });
}

TEST(CopiedAgain, a_commit_that_happened_and_whose_answer_is_lost_does_nothing_twice) {
  change_and_break(
      "again-unknown",
      [](Faults& f, int n) {
        f.lost_commit_happens = true;
        f.lose_commit = n;
      },
      [](const Faults& f) { return f.lose_commit == 0; });
}

TEST(CopiedAgain, a_change_whose_answer_is_lost_is_taken_over_once) {
  change_and_break(
      "again-answer", [](Faults& f, int n) { f.lose_ddl = 1 + n % 2; },
      [](const Faults& f) { return f.lose_ddl == 0; });
}

// What the change brings is known afterwards, whoever told of it.
TEST(CopiedAgain, a_change_whose_answer_is_lost_is_followed_by_what_it_means_for_cascades) {
  Case c("again-rules");
  {
    RunningMigration run(c.from, c.target, c.folder, c.faults);
    ASSERT_TRUE(run.wait_settled(30s));
    for (const auto& server : {c.from, c.target}) {
      server->add_foreign_key(
          {people, other, {0}, {1}, CascadeAction::cascade, CascadeAction::cascade});
    }
    c.faults->lose_ddl = 1;
    auto& schema = c.source.tables.at(other);
    schema.columns.push_back(column("more", true));
    c.from->transaction([&](Transaction& t) { t.define(other, schema); });
    ASSERT_TRUE(run.wait_until(30s, [&] { return c.faults->lose_ddl == 0; }));
    c.expect_settles_equal(run);
  }
  const auto rules = journal::open_sqlite(c.folder / "journal.sqlite")->fact("cascade_rules");
  EXPECT_THAT(rules.value_or(""), testing::HasSubstr("1 > 5 11"));
}

TEST(CopiedAgain, a_target_that_loses_the_change_makes_it_again) {
  for (const int n : {1, 2, 5, 9}) {
    SCOPED_TRACE(n);
    Case c("again-lost");
    RunningMigration run(c.from, c.target, c.folder, c.faults);
    ASSERT_TRUE(run.wait_settled(30s));
    {
      const Writers writers(c.source);
      c.source.number(things);
      const int before = c.faults->commits;
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits >= before + n; }));
      c.target->crash(static_cast<std::uint64_t>(n));
      std::this_thread::sleep_for(20ms);
    }
    c.expect_settles_equal(run);
  }
}

}  // namespace
}  // namespace wherry::engine
