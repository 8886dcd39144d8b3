// Secondary indexes that are put aside while tables are filled, on real servers.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

// Its line of the definition, of each index.
std::vector<std::string> indexes_of(const tests::Server& server, const std::string& table) {
  const std::string shown = server.query("SHOW CREATE TABLE " + table).at(0).at(1).value();
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = shown.find("KEY `", at)) != std::string::npos; ++at) {
    std::string line = shown.substr(at, shown.find('\n', at) - at);
    if (line.ends_with(',')) line.pop_back();
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class LateIndexes : public testing::TestWithParam<tests::ServerKind> {
 protected:
  void SetUp() override {
    if (!tests::Server::available(GetParam())) GTEST_SKIP() << tests::to_string(GetParam());
    server_.emplace(tests::Server::start(GetParam()));
    server_->exec_sql(
        "CREATE DATABASE s; CREATE TABLE s.p (id INT PRIMARY KEY, x INT, y INT, KEY x (x), KEY "
        "xy (x, y), KEY y (y)) ENGINE=InnoDB; CREATE TABLE s.t (id BIGINT, grows INT NOT NULL "
        "AUTO_INCREMENT, `a ``b` VARCHAR(40) CHARACTER SET utf8, p INT, q INT, u INT, PRIMARY KEY "
        "(id), KEY g (grows), KEY `n ``m` (`a ``b`(9), q) COMMENT 'gr\xc3\xbc\xc3\x9f, )', KEY "
        "both_of (q, u), UNIQUE KEY u (u), KEY fp (p), FULLTEXT KEY words (`a ``b`), CONSTRAINT f "
        "FOREIGN KEY (p) REFERENCES s.p (x)) ENGINE=InnoDB; CREATE TABLE s.small LIKE s.p");
    Endpoint endpoint;
    endpoint.socket = server_->socket();
    endpoint.user = "root";
    SourceOptions options;
    options.endpoint = endpoint;
    source_.emplace(options);
    target_.emplace(endpoint);
    for (auto& shape :
         source_->tables([](const model::CollectionName& n) { return n.schema == "s"; })) {
      const std::string name = shape.name.name;
      shape.row_estimate = name == "small" ? 10 : 100'000;
      tables_.push_back({static_cast<model::CollectionId>(tables_.size() + 1), shape,
                         model::CollectionName{"new", name}});
    }
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(15)});
    target_->create_tables(fence_, *source_, tables_);
    for (const auto* name : {"p", "t", "small"}) expect_as_the_sources(name);
  }

  std::vector<std::string> indexes(const std::string& table) {
    return indexes_of(*server_, "new." + table);
  }
  void expect_as_the_sources(const std::string& table) {
    auto wanted = indexes_of(*server_, "s." + table);
    for (auto& line : wanted) {
      if (const auto at = line.find("`s`.`p`"); at != std::string::npos) line.replace(at, 7, "`p`");
    }
    EXPECT_EQ(indexes(table), wanted);
  }

  std::optional<tests::Server> server_;
  std::optional<Source> source_;
  std::optional<Target> target_;
  std::vector<contract::TablePair> tables_;
  contract::Fence fence_;
};
INSTANTIATE_TEST_SUITE_P(Servers, LateIndexes,
                         testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql56,
                                         tests::ServerKind::mysql57),
                         [](const auto& kind) {
                           return std::string(tests::to_string(kind.param));
                         });

TEST_P(LateIndexes, are_dropped_and_come_again_as_they_were) {
  const auto before = indexes("t");
  target_->begin_filling(fence_, tables_);
  EXPECT_EQ(indexes("t").size(), before.size() - 2);  // all but `n ``m` and both_of are needed
  EXPECT_THAT(indexes("t"), Not(Contains(testing::HasSubstr("both_of"))));
  EXPECT_EQ(indexes("p").size(), 2U);  // x is referred to
  expect_as_the_sources("small");
  EXPECT_EQ(target_->load_progress("m", {}).being_filled.size(), 2U);
  server_->exec_sql(
      "SET foreign_key_checks=0; INSERT INTO new.t (id, p, q, u) VALUES (1, 5, 7, 9)");

  target_->end_filling(fence_, {"new", "t"}, {});
  expect_as_the_sources("t");
  ASSERT_EQ(target_->load_progress("m", {}).being_filled.size(), 1U);
  target_->end_filling(fence_, {"new", "p"}, {});
  expect_as_the_sources("p");
  EXPECT_THAT(target_->load_progress("m", {}).being_filled, IsEmpty());
  target_->end_filling(fence_, {"new", "t"}, {});
  target_->end_filling(fence_, {"new", "small"}, {});
  expect_as_the_sources("t");
}

TEST_P(LateIndexes, survive_a_crash_at_each_step) {
  target_->begin_filling(fence_, tables_);
  // They are noted first: one may still be there, or already again.
  server_->exec_sql("ALTER TABLE new.t ADD KEY both_of (q, u)");
  target_->end_filling(fence_, {"new", "t"}, {});
  expect_as_the_sources("t");
  // Planning again makes the tables again.
  server_->exec_sql("SET foreign_key_checks=0; DROP TABLE new.t");
  target_->create_tables(fence_, *source_, tables_);
  EXPECT_THAT(target_->load_progress("m", {}).being_filled, IsEmpty());
  target_->begin_filling(fence_, tables_);
  EXPECT_EQ(target_->load_progress("m", {}).being_filled.size(), 2U);
}

TEST_P(LateIndexes, are_built_by_nobody_who_lost_the_lease) {
  target_->begin_filling(fence_, tables_);
  const auto lacking = indexes("t");
  (void)target_->acquire({"m", "me", std::chrono::seconds(15)});
  try {
    target_->end_filling(fence_, {"new", "t"}, {});
    ADD_FAILURE() << "it was not refused";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "lease.fenced");
  }
  EXPECT_EQ(indexes("t"), lacking);
}

}  // namespace
}  // namespace wherry::stores::mysql
