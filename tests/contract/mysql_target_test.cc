// The MySQL store's target on real servers: tables made as the source's are, foreign tables left
// alone, and what its assessment finds.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"
#include "tests/support/gate/gate.h"
#include "tests/support/server.h"
#include "tests/support/way.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using contract::TablePair;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Endpoint endpoint_of(const tests::Server& server, const std::string& user = "root") {
  Endpoint e;
  e.socket = server.socket();
  e.user = user;
  return e;
}

SourceOptions options_of(const tests::Server& server) {
  SourceOptions options;
  options.endpoint = endpoint_of(server);
  return options;
}

std::vector<std::string> codes_of(const std::vector<model::Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) out.push_back(f.code);
  return out;
}

class MysqlTarget : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    target_server_ = std::make_unique<tests::Server>(tests::Server::start_mariadb());
  }
  static void TearDownTestSuite() { target_server_.reset(); }

  void SetUp() override {
    on_target(
        "DROP DATABASE IF EXISTS shop; DROP DATABASE IF EXISTS `new``shop`; DROP DATABASE IF "
        "EXISTS `_wherry`; SET GLOBAL read_only=0, GLOBAL local_infile=1");
  }

  static void on_target(const std::string& text) { target_server_->exec_sql(text); }
  static std::string show(const std::string& table) {
    return target_server_->query("SHOW CREATE TABLE " + table).at(0).at(1).value();
  }

  static std::vector<TablePair> pairs_of(Source& source) {
    std::vector<TablePair> pairs;
    const auto chosen = [](const model::CollectionName& n) { return n.schema == "shop"; };
    for (auto& shape : source.tables(chosen)) {
      const model::CollectionName target{"new`shop", shape.name.name};
      pairs.push_back(
          {static_cast<model::CollectionId>(pairs.size() + 1), std::move(shape), target});
    }
    return pairs;
  }

  static std::unique_ptr<tests::Server> target_server_;
};
std::unique_ptr<tests::Server> MysqlTarget::target_server_;

// Tables with everything a definition may hold.
constexpr const char* shop = R"(
  CREATE DATABASE shop CHARACTER SET latin1 COLLATE latin1_german1_ci;
  USE shop;
  CREATE TABLE customer (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'it''s `REFERENCES` it',
    name VARCHAR(40) CHARACTER SET utf8 COLLATE utf8_unicode_ci NOT NULL DEFAULT 'n\\o\'b',
    mood ENUM('gut','schön','a''b') CHARACTER SET latin1 DEFAULT 'schön',
    flags SET('x','y'), bits BIT(7) DEFAULT b'101', code BINARY(3) DEFAULT 'ab',
    price DECIMAL(20,6) DEFAULT '1.500000', born DATE DEFAULT '0000-00-00',
    seen TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    at TIMESTAMP(3) NULL DEFAULT NULL, z TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00',
    twice INT AS (bits * 2) VIRTUAL, thrice INT AS (bits * 3) STORED, txt MEDIUMTEXT,
    PRIMARY KEY (id), UNIQUE KEY by_name (name) COMMENT 'an index', KEY part (txt(10)),
    FULLTEXT KEY words (txt)
  ) ENGINE=InnoDB AUTO_INCREMENT=77 COMMENT='all of it';
  CREATE TABLE `order``line` (
    customer INT UNSIGNED NOT NULL, line INT NOT NULL, PRIMARY KEY (customer, line),
    CONSTRAINT fk FOREIGN KEY (customer) REFERENCES customer (id)
  ) ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
  CREATE TABLE part (
    id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day)
  ) ENGINE=InnoDB PARTITION BY RANGE (YEAR(day)) (
    PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN MAXVALUE);
)";

void expect_made(const tests::Server& source_server, const tests::Server& target_server) {
  Source source(options_of(source_server));
  Target target(endpoint_of(target_server));
  target.prepare();
  const auto fence = target.acquire({"m", "me", std::chrono::seconds(15)});
  const auto chosen = [](const model::CollectionName& n) { return n.schema == "shop"; };
  std::vector<TablePair> pairs;
  for (auto& shape : source.tables(chosen)) {
    pairs.push_back({1, shape, {"new`shop", shape.name.name}});
  }
  ASSERT_EQ(pairs.size(), 3U);
  target.create_tables(fence, source, pairs);
  target.create_tables(fence, source, pairs);  // what is there is kept
  for (const auto& pair : pairs) {
    const auto made = target.definition(pair.target);
    ASSERT_TRUE(made) << pair.target.text();
    EXPECT_TRUE(pair.source.carries_like(*made));
    ASSERT_EQ(made->unique_keys.size(), pair.source.unique_keys.size());
    for (std::size_t i = 0; i < made->columns.size(); ++i) {
      EXPECT_EQ(made->columns[i].collation, pair.source.columns[i].collation);
    }
  }
  const auto shown = [&](const std::string& table) {
    return target_server.query("SHOW CREATE TABLE `new``shop`." + table).at(0).at(1).value();
  };
  EXPECT_THAT(shown("customer"), HasSubstr("AUTO_INCREMENT=77"));
  EXPECT_THAT(shown("customer"), HasSubstr("enum('gut','schön','a''b')"));
  EXPECT_THAT(shown("customer"), HasSubstr("DEFAULT 'n\\\\o''b'"));
  EXPECT_THAT(shown("customer"), HasSubstr("COMMENT 'an index'"));
  EXPECT_THAT(shown("`order``line`"), HasSubstr("REFERENCES `customer` (`id`)"));
  EXPECT_THAT(shown("part"), ::testing::ContainsRegex("PARTITION .?p0.? VALUES LESS THAN .2020"));
  EXPECT_EQ(target_server
                .query("SELECT default_collation_name FROM information_schema.schemata WHERE "
                       "schema_name='new`shop'")
                .at(0)
                .at(0)
                .value(),
            "latin1_german1_ci");
}

class MysqlTargetOf : public tests::OfWay {};

std::string without(std::string text, const std::string& part) {
  const auto at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

TEST_P(MysqlTargetOf, makes_tables_as_its_source_defines_them) {
  const auto source_server = tests::Server::start(GetParam().from);
  const auto target_server = tests::Server::start(GetParam().to);
  std::string tables = shop;
  using enum tests::ServerKind;
  if (GetParam().from == mysql56 || GetParam().to == mysql56) {
    tables = without(tables, "twice INT AS (bits * 2) VIRTUAL, thrice INT AS (bits * 3) STORED,");
  }
  source_server.exec_sql("SET NAMES utf8mb4; SET sql_mode='ALLOW_INVALID_DATES'; " + tables);
  expect_made(source_server, target_server);
  // It matters where nothing faster is taken.
  target_server.exec_sql("SET GLOBAL local_infile=0");
  EXPECT_THAT(codes_of(Target(endpoint_of(target_server)).assess({})),
              Contains("target.local_infile").Times(GetParam().to == mariadb ? 0 : 1));
}

using enum tests::ServerKind;
INSTANTIATE_TEST_SUITE_P(
    Ways, MysqlTargetOf,
    ::testing::Values(tests::Way{mariadb, mariadb}, tests::Way{mariadb, mysql57},
                      tests::Way{mariadb, mysql56}, tests::Way{mysql57, mariadb},
                      tests::Way{mysql57, mysql57}, tests::Way{mysql56, mariadb},
                      tests::Way{mysql56, mysql57}, tests::Way{mysql56, mysql56}),
    tests::name_of_way);

TEST_F(MysqlTarget, leaves_foreign_tables_alone) {
  // Source and target on one server, under two names.
  on_target(
      "CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY); CREATE DATABASE "
      "`new``shop`; CREATE TABLE `new``shop`.a (id INT PRIMARY KEY); INSERT INTO "
      "`new``shop`.a VALUES (1)");
  Source source(options_of(*target_server_));
  Target target(endpoint_of(*target_server_));
  target.prepare();
  const auto fence = target.acquire({"m", "me", std::chrono::seconds(15)});
  const auto pairs = pairs_of(source);
  const auto make = [&] { target.create_tables(fence, source, pairs); };
  EXPECT_EQ(code_of(make), "target.table_exists");
  EXPECT_THAT(codes_of(target.assess(pairs)), Contains("target.table_exists"));

  on_target("DELETE FROM `new``shop`.a");
  EXPECT_THAT(codes_of(target.assess(pairs)), Not(Contains("target.table_exists")));
  EXPECT_EQ(code_of(make), "no error");
  EXPECT_EQ(code_of(make), "no error");  // ours now
  EXPECT_THAT(codes_of(target.assess(pairs)), Not(Contains("target.table_exists")));

  on_target("ALTER TABLE `new``shop`.a ADD b INT");
  EXPECT_EQ(code_of(make), "target.table_differs");
  EXPECT_THAT(codes_of(target.assess(pairs)), Contains("target.table_differs"));
  on_target("DROP TABLE `new``shop`.a");
  EXPECT_EQ(code_of(make), "no error");
  // As planning leaves it that was cut short before the source's table was changed.
  on_target("ALTER TABLE `new``shop`.a ADD b INT");
  EXPECT_THAT(codes_of(target.assess(pairs)), Not(Contains("target.table_differs")));
  EXPECT_EQ(code_of(make), "no error");
  EXPECT_EQ(target.definition({"new`shop", "a"})->columns.size(), 1U);

  on_target("DROP TABLE `new``shop`.a; CREATE VIEW `new``shop`.a AS SELECT 1");
  EXPECT_EQ(code_of(make), "target.table_refused");
  EXPECT_THAT(codes_of(target.assess(pairs)), Contains("target.table_exists"));
  target.forget("m");
}

TEST_F(MysqlTarget, a_fenced_writer_makes_no_tables) {
  on_target("CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY)");
  Source source(options_of(*target_server_));
  Target target(endpoint_of(*target_server_));
  target.prepare();
  const auto old = target.acquire({"m", "me", std::chrono::seconds(15)});
  target.acquire({"m", "me", std::chrono::seconds(15)});
  EXPECT_EQ(code_of([&] { target.create_tables(old, source, pairs_of(source)); }), "lease.fenced");
  EXPECT_FALSE(target.definition({"new`shop", "a"}));
}

TEST_F(MysqlTarget, assessment_names_what_is_in_the_way) {
  on_target(
      "CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY, t VARCHAR(9)); CREATE "
      "TABLE shop.b LIKE shop.a; CREATE OR REPLACE USER poor; GRANT SELECT, INSERT ON "
      "`new``shop`.* TO poor; GRANT SELECT ON shop.* TO poor; "
      "GRANT ALL ON `\\_wherry\\_shadow`.* TO poor");
  Source source(options_of(*target_server_));
  auto pairs = pairs_of(source);
  {
    Target target(endpoint_of(*target_server_));
    const auto findings = target.assess(pairs);
    EXPECT_TRUE(std::none_of(findings.begin(), findings.end(), [](const auto& f) {
      return f.severity == model::Severity::blocker;
    })) << testing::PrintToString(codes_of(findings));
  }
  pairs[0].source.columns[1].collation = "utf8mb4_0900_ai_ci";
  pairs[1].target = pairs[0].target;
  on_target("SET GLOBAL read_only=1, GLOBAL local_infile=0, GLOBAL max_allowed_packet=1048576");
  Target target(endpoint_of(*target_server_, "poor"));
  const auto findings = target.assess(pairs);
  on_target("SET GLOBAL read_only=0, GLOBAL local_infile=1, GLOBAL max_allowed_packet=67108864");
  const auto codes = codes_of(findings);
  EXPECT_THAT(codes, Contains("target.read_only"));
  EXPECT_THAT(codes, Contains("target.max_allowed_packet"));
  EXPECT_THAT(codes, Contains("target.collation_missing"));
  EXPECT_THAT(codes, Contains("target.name_taken_twice"));
  EXPECT_THAT(codes, Contains("target.durability"));
  std::map<std::string, std::string> advice;
  for (const auto& f : findings) {
    if (f.code == "target.privilege_missing") advice[f.subject] = f.what_to_do;
  }
  EXPECT_EQ(advice["new`shop"],
            "GRANT UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON `new``shop`.* TO "
            "`poor`@`%`;");
  EXPECT_TRUE(advice.contains("_wherry"));
  // The first alone is not enough.
  EXPECT_EQ(advice["_wherry_shadow"],
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON "
            "`\\_wherry\\_shadow%`.* TO `poor`@`%`;");
}

TEST_F(MysqlTarget, tells_progress_and_identity_across_objects) {
  Target first(endpoint_of(*target_server_));
  first.prepare();
  const auto fence = first.acquire({"m", "me", std::chrono::seconds(15)});
  first.start_stream(fence, model::Position::in_log("bin.000003", 44, "0-1-2"));
  first.renew(fence, {});
  Target second(endpoint_of(*target_server_), first.identity());
  EXPECT_EQ(second.load_progress("m", {}).position->text(), "bin.000003:44 0-1-2");
  EXPECT_FALSE(second.load_progress("other", {}).position);
  second.release(fence);
  EXPECT_EQ(code_of([&] { first.renew(fence, {}); }), "lease.fenced");
  Target other(endpoint_of(*target_server_), "somebody else");
  EXPECT_EQ(code_of([&] { other.prepare(); }), "target.replaced");
}

TEST_F(MysqlTarget, assessment_tells_that_a_server_is_far_away) {
  on_target("CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY)");
  const auto told = [](std::chrono::milliseconds one_way) {
    tests::Gate gate("127.0.0.1:" + std::to_string(target_server_->port()));
    gate.delay(one_way);
    SourceOptions options;
    options.endpoint.port = static_cast<std::uint16_t>(gate.port());
    options.endpoint.user = "root";
    Source source(options);
    Target target(options.endpoint);
    auto findings =
        source.assess([](const model::CollectionName& n) { return n.schema == "shop"; });
    for (auto& finding : target.assess({})) findings.push_back(std::move(finding));
    return codes_of(findings);
  };
  EXPECT_THAT(told(std::chrono::milliseconds(8)),
              ::testing::IsSupersetOf({"source.far_away", "target.far_away"}));
  EXPECT_THAT(told({}),
              testing::AllOf(Not(Contains("source.far_away")), Not(Contains("target.far_away"))));
}

TEST_F(MysqlTarget, calls_without_a_token_end_with_the_one_that_is_heeded) {
  tests::Gate gate("127.0.0.1:" + std::to_string(target_server_->port()));
  Endpoint behind_gate;
  behind_gate.port = static_cast<std::uint16_t>(gate.port());
  behind_gate.user = "root";
  Target target(behind_gate);
  target.prepare();
  std::stop_source stop;
  target.heed(stop.get_token());
  (void)target.acquire({"m", "me", std::chrono::seconds(15)});
  SourceOptions same;
  same.endpoint = behind_gate;
  Source source(same);
  source.heed(stop.get_token());
  (void)source.position();
  gate.stall(true);
  std::string of_target;
  std::string of_source;
  std::jthread acquires([&] {
    of_target = code_of([&] { (void)target.acquire({"m", "me", std::chrono::seconds(15)}); });
  });
  std::jthread asks([&] { of_source = code_of([&] { (void)source.position(); }); });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  stop.request_stop();
  acquires.join();
  asks.join();
  EXPECT_EQ(of_target, "stopped");
  EXPECT_EQ(of_source, "stopped");
}

class ForgetfulTarget : public tests::OfKind {};
INSTANTIATE_TEST_SUITE_P(Mysql, ForgetfulTarget,
                         ::testing::Values(tests::ServerKind::mariadb, tests::ServerKind::mysql56,
                                           tests::ServerKind::mysql57),
                         tests::name_of_kind);

TEST_P(ForgetfulTarget, keeps_the_start_of_the_stream) {
  tests::ServerOptions forgetful;
  forgetful.extra = {"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-timeout=1000",
                     "--skip-log-bin"};
  if (GetParam() == tests::ServerKind::mysql56) {
    forgetful.extra.insert(forgetful.extra.end(),
                           {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"});
  }
  tests::Server server = tests::Server::start(GetParam(), forgetful);
  Target target(endpoint_of(server));
  target.prepare();
  const auto fence = target.acquire({"m", "me", std::chrono::seconds(15)});
  const auto start = model::Position::in_log("bin.000003", 44, "0-1-2");
  target.start_stream(fence, start);
  server.kill9();
  server.restart();
  EXPECT_EQ(target.load_progress("m", {}).position, start);
  target.start_stream(fence, start);  // a repeat after a crash
}

}  // namespace
}  // namespace wherry::stores::mysql
