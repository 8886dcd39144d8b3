// Changes of definition on a real MariaDB: what the source became, the target becomes, exactly once
// whatever crashes in between.

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/source.h"
#include "stores/mysql/table_fingerprint.h"
#include "stores/mysql/target.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using contract::DdlPlan;
using model::CollectionName;
using model::Position;

CollectionName route(const CollectionName& n) { return {"dst", n.name + "_n"}; }

class MysqlDdl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<tests::Server>(tests::Server::start_mariadb());
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    sql("DROP DATABASE IF EXISTS src; DROP DATABASE IF EXISTS dst; DROP DATABASE IF EXISTS "
        "_wherry");
    sql("CREATE DATABASE src; CREATE DATABASE dst; USE src; CREATE TABLE p (id INT PRIMARY KEY); "
        "CREATE TABLE k (id INT PRIMARY KEY); "
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) DEFAULT 'x', p INT, KEY (a), KEY (p), "
        "CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id)) AUTO_INCREMENT=9");
    target_ = std::make_unique<Target>(endpoint());
    target_->prepare();
    fence_ = target_->acquire({"m", "me", std::chrono::seconds(15)});
    target_->start_stream(fence_, Position::in_log("bin.000001", 4));
    SourceOptions options;
    options.endpoint = endpoint();
    Source source(options);
    std::vector<contract::TablePair> pairs;
    for (auto& shape : source.tables(filter)) {
      const CollectionName name = route(shape.name);
      pairs.push_back({1, std::move(shape), name});
    }
    target_->create_tables(fence_, source, pairs);
    sql("INSERT INTO dst.p_n VALUES (1); INSERT INTO dst.t_n (id,p) VALUES (1,1),(2,1)");
  }

  static void sql(const std::string& text) { server_->exec_sql(text); }
  static std::string value(const std::string& text) {
    const auto rows = server_->query(text);
    return rows.empty() || !rows[0][0] ? "NULL" : *rows[0][0];
  }
  static Endpoint endpoint() {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    return e;
  }
  static bool filter(const CollectionName& n) { return n.schema == "src" && n.name != "outside"; }

  model::DdlEvent event_of(const std::string& statement) const {
    model::DdlEvent event;
    event.server =
        of_another_kind_ ? "mysql 5.7" : series_of(true, Connection(endpoint()).server().text);
    event.default_schema = "src";
    event.statement = statement;
    event.sql_mode = sql_mode_;
    event.charset = "utf8mb4";
    event.collation = "utf8mb4_general_ci";
    event.unix_time = 1700000000;
    event.explicit_timestamps = explicit_timestamps_;
    event.time_zone = time_zone_;
    event.server_collation = server_collation_;
    event.utf8mb4_collation = utf8mb4_collation_;
    return event;
  }
  // Returns why the table is copied again, if it is.
  std::optional<std::string> apply(const std::string& statement, std::uint64_t offset = 100) {
    const auto event = event_of(statement);
    const DdlPlan plan = target_->plan(event, filter, route);
    EXPECT_EQ(plan.kind, DdlPlan::Kind::apply) << statement;
    const contract::WindowMark mark{7, Position::in_log("bin.000002", offset), "dirty"};
    SourceOptions options;
    options.endpoint = endpoint();
    Source source(options);
    auto because = target_->learn(fence_, source, plan, event, route, mark, {});
    std::vector<contract::TablePair> again;
    if (because) {
      again.push_back({1, {}, {"dst", "t_n"}});
      again.push_back({2, {}, {"dst", "p_n"}});
    }
    if (crash_before_apply_) return because;
    target_->apply(fence_, plan, event, route, mark, again, {});
    return because;
  }
  // On both sides; the target's table then is as the source's.
  void carries(const std::string& statement, const std::string& table, std::uint64_t offset = 100) {
    sql("USE src; SET sql_mode='" + sql_mode_ + "'; " + statement);
    apply(statement, offset);
    Connection c(endpoint());
    const CollectionName there{"src", table};
    const auto expected = read_fingerprint(c, there);
    const auto found = read_fingerprint(c, route(there));
    ASSERT_EQ(found.has_value(), expected.has_value()) << statement;
    if (expected) {
      EXPECT_EQ(plain(*found, "dst", "_n"), plain(*expected, "src", "")) << statement;
    }
    EXPECT_EQ(target_->load_progress("m", {}).position->offset, offset);
  }
  // Without the side's own schema and suffix.
  static std::string plain(std::string text, const std::string& schema, const std::string& suffix) {
    const std::string from = "`" + schema + "`.`p" + suffix + "`";
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from)) {
      text.replace(at, from.size(), "PARENT");
    }
    return text;
  }
  std::string refusal(const std::string& statement) {
    const std::string before = value("SHOW TABLES FROM dst LIKE 't_n'");
    std::string code = code_of([&] { apply(statement); });
    EXPECT_EQ(value("SELECT COUNT(*) FROM _wherry.ddl WHERE done=0"), "0") << statement;
    EXPECT_EQ(target_->load_progress("m", {}).position->offset, 4U) << statement;
    EXPECT_EQ(value("SHOW TABLES FROM dst LIKE 't_n'"), before);
    return code;
  }

  static std::unique_ptr<tests::Server> server_;
  std::unique_ptr<Target> target_;
  contract::Fence fence_;
  std::string sql_mode_ = "NO_ENGINE_SUBSTITUTION";
  std::optional<bool> explicit_timestamps_;
  std::string time_zone_;
  bool of_another_kind_ = false;  // the server that ran it
  std::string server_collation_;
  std::string utf8mb4_collation_;
  bool crash_before_apply_ = false;
};
std::unique_ptr<tests::Server> MysqlDdl::server_;

TEST_F(MysqlDdl, files_that_a_crash_left_in_the_shadow_schema_are_passed_by) {
  sql("CREATE DATABASE IF NOT EXISTS _wherry_shadow");
  // Of a table that is made there again.
  const auto left = server_->data_dir() / "_wherry_shadow" / "t.ibd";
  std::ofstream(left) << "of a killed server";
  carries("ALTER TABLE t ADD COLUMN b INT", "t", 101);
  EXPECT_TRUE(std::filesystem::exists(left));
  std::filesystem::remove(left);
  carries("ALTER TABLE t ADD COLUMN c INT", "t", 102);
  EXPECT_EQ(value("SHOW DATABASES LIKE '\\_wherry\\_shadow%'"), "NULL");
}

TEST_F(MysqlDdl, what_the_source_became_the_target_becomes) {
  carries("ALTER TABLE t ADD COLUMN b INT NOT NULL DEFAULT 5 AFTER id, ADD INDEX bi (b)", "t", 101);
  EXPECT_EQ(value("SELECT GROUP_CONCAT(b) FROM dst.t_n"), "5,5");
  carries("ALTER TABLE t DROP COLUMN a", "t", 102);
  carries("ALTER TABLE src.t CHANGE b c BIGINT NULL COMMENT 'né'", "t", 103);
  carries(
      "CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, g INT AS (id+1-id) VIRTUAL, n VARCHAR(9) "
      "DEFAULT 'né' COLLATE latin1_bin) PARTITION BY HASH(id) PARTITIONS 3",
      "u", 104);
  carries("CREATE TABLE IF NOT EXISTS v LIKE u", "v", 105);
  carries("CREATE OR REPLACE TABLE v (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES v (id))", "v",
          106);
  carries("RENAME TABLE v TO w, u TO v", "v", 107);
  carries("ALTER TABLE w RENAME TO x, ADD z INT", "x", 108);
  carries("CREATE UNIQUE INDEX ci ON t (c, id)", "t", 109);
  carries("DROP INDEX ci ON t", "t", 110);
  carries("ALTER TABLE t DROP FOREIGN KEY fk", "t", 111);
  carries("ALTER TABLE t ADD CONSTRAINT other FOREIGN KEY (p) REFERENCES p (id)", "t", 112);
  carries("RENAME TABLE t TO tt", "tt", 113);
  carries("TRUNCATE TABLE tt", "tt", 114);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.tt_n"), "0");
  carries("DROP TABLE IF EXISTS outside, x, tt", "tt", 115);
  EXPECT_EQ(value("SELECT GROUP_CONCAT(table_name ORDER BY 1) FROM information_schema.tables WHERE "
                  "table_schema='dst'"),
            "k_n,p_n,v_n");
  EXPECT_EQ(value("SELECT GROUP_CONCAT(table_name ORDER BY 1) FROM _wherry.made_table"),
            "k_n,p_n,v_n");
  EXPECT_EQ(
      value("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name='_wherry_shadow'"),
      "0");
  EXPECT_EQ(target_->load_progress("m", {}).windows.at(0).dirty_keys, "dirty");
}

TEST_F(MysqlDdl, follows_the_sql_mode_of_the_statement) {
  sql_mode_ = "ANSI_QUOTES,ALLOW_INVALID_DATES";
  carries("ALTER TABLE \"t\" ADD d DATE NOT NULL DEFAULT '2023-02-31'", "t", 101);
  EXPECT_EQ(value("SELECT d FROM dst.t_n LIMIT 1"), "2023-02-31");
  sql_mode_ = "NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES";
  carries("ALTER TABLE t ADD e CHAR(9) DEFAULT 'a\\'", "t", 102);
}

// MySQL 5.6 adds the column to tables with rows.
TEST_F(MysqlDdl, does_not_judge_again_what_the_source_let_pass) {
  sql_mode_ = "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,TRADITIONAL";
  apply("ALTER TABLE t ADD f DATE NOT NULL", 101);
  EXPECT_EQ(value("SELECT f FROM dst.t_n LIMIT 1"), "0000-00-00");
}

TEST_F(MysqlDdl, refuses_what_would_differ_or_cannot_be_carried) {
  EXPECT_EQ(refusal("CREATE TABLE n (id INT PRIMARY KEY, c TIMESTAMP)"), "ddl.timestamp_defaults");
  EXPECT_EQ(refusal("ALTER TABLE t ADD nope NOSUCHTYPE"), "ddl.refused_by_target");
  EXPECT_EQ(refusal("ALTER TABLE gone ADD a INT"), "mysql.no_such_object");
}

TEST_F(MysqlDdl, a_schema_gets_the_default_of_the_sources_session) {
  server_collation_ = "latin2_czech_cs";
  sql("SET GLOBAL collation_server=utf8mb4_bin");
  apply("ALTER DATABASE src COMMENT 'known'");
  EXPECT_EQ(value("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE "
                  "SCHEMA_NAME='dst'"),
            "utf8mb4_general_ci");
  sql("DROP DATABASE dst");
  apply("CREATE DATABASE src", 101);
  EXPECT_EQ(value("SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE "
                  "SCHEMA_NAME='dst'"),
            "latin2_czech_cs");
  sql("DROP DATABASE dst");
  server_collation_ = "nobody_knows_ci";
  apply("CREATE DATABASE src COLLATE latin1_bin", 102);
  sql("DROP DATABASE dst");
  EXPECT_EQ(code_of([&] { apply("CREATE DATABASE src", 103); }), "ddl.charset");
  sql("SET GLOBAL collation_server=utf8mb4_general_ci");
}

// What MySQL 8 takes for it, others do not have.
TEST_F(MysqlDdl, utf8mb4_alone_is_refused_where_it_means_something_else) {
  utf8mb4_collation_ = "utf8mb4_0900_ai_ci";
  EXPECT_EQ(refusal("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4"), "ddl.charset");
  EXPECT_EQ(refusal("ALTER TABLE t ADD b TEXT CHARSET 'utf8mb4' NOT NULL"), "ddl.charset");
  carries("ALTER TABLE t ADD b TEXT CHARSET utf8mb4 COLLATE utf8mb4_bin", "t");
  utf8mb4_collation_ = "utf8mb4_general_ci";
  carries("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "t", 101);
}

TEST_F(MysqlDdl, copies_again_what_the_statement_does_not_tell) {
  const auto because = [this](const std::string& statement) {
    TearDown();
    SetUp();
    return apply(statement).value_or("no");
  };
  const std::string own = "the source gave its rows values of its own in column ";
  EXPECT_EQ(because("ALTER TABLE t ADD u CHAR(36) NOT NULL DEFAULT (UUID())"), own + "u");
  EXPECT_EQ(because("ALTER TABLE t ADD c VARCHAR(30) DEFAULT CURRENT_TIMESTAMP"), own + "c");
  EXPECT_EQ(because("ALTER TABLE t ADD c DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"), own + "c");
  EXPECT_EQ(because("ALTER TABLE t ADD c TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"),
            own + "c");
  EXPECT_EQ(because("ALTER TABLE t ADD n INT AUTO_INCREMENT UNIQUE"),
            "the source gave its rows numbers of its own in column n");
  EXPECT_EQ(because("ALTER TABLE t ADD d DATETIME, MODIFY a TIMESTAMP NULL"),
            "the source converted times in column a by a time zone that is not known here");
  for (const char* other_key :
       {"DROP PRIMARY KEY", "ADD a INT, DROP PRIMARY KEY, ADD PRIMARY KEY (id, a)",
        "MODIFY id VARCHAR(10)", "MODIFY id INT UNSIGNED"}) {
    EXPECT_EQ(because(std::string("ALTER TABLE k ") + other_key),
              "its rows are known by another key")
        << other_key;
  }
  EXPECT_EQ(because("ALTER TABLE k MODIFY id BIGINT COMMENT 'wider'"), "no");
  EXPECT_EQ(because("ALTER TABLE t MODIFY a VARCHAR(10)"), "no");
  of_another_kind_ = true;
  EXPECT_EQ(because("ALTER TABLE t MODIFY a VARCHAR(10)"),
            "values of column a are converted, which not all servers do in the same way");
  EXPECT_EQ(because("ALTER TABLE k MODIFY id BIGINT COMMENT 'wider'"), "no");
  EXPECT_EQ(because("ALTER TABLE t ADD c TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP"), "no");
  EXPECT_EQ(value("SELECT GROUP_CONCAT(UNIX_TIMESTAMP(c)) FROM dst.t_n"), "1700000000,1700000000");
  time_zone_ = "+02:00";
  EXPECT_EQ(because("ALTER TABLE t ADD c DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"), "no");
  EXPECT_EQ(value("SELECT GROUP_CONCAT(c) FROM dst.t_n"),
            "2023-11-15 00:13:20,2023-11-15 00:13:20");
  time_zone_ = "Nowhere/Town";
  EXPECT_EQ(because("ALTER TABLE t ADD c DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP"), own + "c");
}

TEST_F(MysqlDdl, a_constant_time_is_in_the_zone_of_the_session) {
  const std::string statement = "ALTER TABLE t ADD c TIMESTAMP NULL DEFAULT '2001-02-03 04:05:06'";
  EXPECT_EQ(refusal(statement), "ddl.time_zone");
  time_zone_ = "+03:00";
  apply(statement);
  EXPECT_EQ(value("SELECT UNIX_TIMESTAMP(c) FROM dst.t_n LIMIT 1"), "981162306");
}

// Whatever a crash leaves: the intent alone, tables that are empty already, the statement done.
TEST_F(MysqlDdl, tables_that_are_copied_again_are_empty_and_have_no_chunks) {
  const std::string statement = "ALTER TABLE t ADD n INT AUTO_INCREMENT UNIQUE, RENAME TO t2";
  const std::vector<std::string> crashes{
      "SELECT 1", "SET foreign_key_checks=0; TRUNCATE dst.p_n",
      "SET foreign_key_checks=0; TRUNCATE dst.p_n; TRUNCATE dst.t_n",
      "SET foreign_key_checks=0; TRUNCATE dst.p_n; TRUNCATE dst.t_n; "
      "ALTER TABLE dst.t_n ADD n INT AUTO_INCREMENT UNIQUE, RENAME TO dst.t2_n"};
  for (const auto& crash : crashes) {
    SCOPED_TRACE(crash);
    SetUp();
    sql("INSERT INTO _wherry.chunk (migration, collection, number, low, high, row_count, "
        "byte_count) VALUES ('m',1,1,'bin.000001:4','bin.000001:4',2,2), "
        "('m',2,1,'bin.000001:4','bin.000001:4',1,1), ('m',3,1,'bin.000001:4','bin.000001:4',1,1), "
        "('other',1,1,'bin.000001:4','bin.000001:4',1,1)");
    crash_before_apply_ = true;
    ASSERT_TRUE(apply(statement));
    EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t_n"), "2");
    if (crash != "SELECT 1") {
      sql("UPDATE _wherry.ddl SET definitions=REPLACE(definitions, '\"again\":[]', "
          "'\"again\":[{\"id\":1,\"schema\":\"dst\",\"name\":\"t_n\"},{\"id\":2,\"schema\":"
          "\"dst\",\"name\":\"p_n\"}]')");
    }
    sql(crash);
    crash_before_apply_ = false;
    ASSERT_TRUE(apply(statement));
    EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t2_n"), "0");
    EXPECT_EQ(value("SELECT COUNT(*) FROM dst.p_n"), "0");
    EXPECT_EQ(value("SELECT GROUP_CONCAT(migration, collection ORDER BY 1) FROM _wherry.chunk"),
              "m3,other1");
    EXPECT_EQ(target_->load_progress("m", {}).position->offset, 100U);
  }
}

TEST_F(MysqlDdl, a_bare_timestamp_is_carried_where_the_log_tells_what_it_means) {
  explicit_timestamps_ = true;
  carries("CREATE TABLE r (id INT PRIMARY KEY, c TIMESTAMP, d TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
          "r", 101);
}

TEST_F(MysqlDdl, a_timestamp_written_out_is_carried) {
  carries(
      "CREATE TABLE s (id INT PRIMARY KEY, c TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON "
      "UPDATE CURRENT_TIMESTAMP, d TIMESTAMP NULL)",
      "s", 101);
}

TEST_F(MysqlDdl, a_repeat_after_it_ran_does_not_run_it_again) {
  carries("ALTER TABLE t ADD b INT DEFAULT 5", "t");
  // As a crash leaves it between the statement and its mark.
  sql("UPDATE _wherry.ddl SET done=0; UPDATE _wherry.stream SET position='bin.000001:4'; UPDATE "
      "dst.t_n SET b=6");
  apply("ALTER TABLE t ADD b INT DEFAULT 5");
  EXPECT_EQ(target_->load_progress("m", {}).position->offset, 100U);
  EXPECT_EQ(value("SELECT GROUP_CONCAT(b) FROM dst.t_n"), "6,6");
}

TEST_F(MysqlDdl, a_repeat_before_it_ran_runs_it) {
  carries("ALTER TABLE t ADD b INT", "t");
  sql("UPDATE _wherry.ddl SET done=0; ALTER TABLE dst.t_n DROP b");
  apply("ALTER TABLE t ADD b INT");
  EXPECT_EQ(value("SELECT COUNT(b) FROM dst.t_n"), "0");

  sql("CREATE TABLE src.n (id INT PRIMARY KEY)");
  apply("CREATE TABLE IF NOT EXISTS n (id INT PRIMARY KEY)", 101);
  sql("UPDATE _wherry.ddl SET done=0");
  apply("CREATE TABLE IF NOT EXISTS n (id INT PRIMARY KEY)",
        101);  // not taken for a table of before
  sql("CREATE TABLE src.o (id INT PRIMARY KEY)");
  apply("DROP TABLE t, n", 102);
  sql("UPDATE _wherry.ddl SET done=0; CREATE TABLE dst.n_n (id INT PRIMARY KEY)");
  apply("DROP TABLE t, n", 102);  // one of two was dropped
  EXPECT_EQ(value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='dst'"), "2");
}

// A MySQL before 8.0 that falls amid it leaves the first of its renames done.
TEST_F(MysqlDdl, a_rename_of_several_tables_that_a_crash_cut_is_ended) {
  const std::string exchange = "RENAME TABLE t TO src.old, src.n TO t, src.old TO n";
  sql("CREATE TABLE src.n LIKE src.t");
  apply("CREATE TABLE n LIKE t", 100);
  crash_before_apply_ = true;
  apply(exchange, 200);
  sql("RENAME TABLE dst.t_n TO dst.old_n, dst.n_n TO dst.t_n");
  crash_before_apply_ = false;
  apply(exchange, 200);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t_n"), "0");
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.n_n"), "2") << "the rows of t";
  EXPECT_EQ(target_->load_progress("m", {}).position->offset, 200U);
}

TEST_F(MysqlDdl, a_table_in_an_unknown_state_is_not_touched) {
  carries("ALTER TABLE t ADD b INT", "t");
  sql("UPDATE _wherry.ddl SET done=0; ALTER TABLE dst.t_n DROP b, ADD other INT");
  EXPECT_EQ(code_of([&] { apply("ALTER TABLE t ADD b INT"); }), "ddl.unknown_state");
  EXPECT_EQ(code_of([&] { apply("ALTER TABLE t ADD c INT", 200); }), "ddl.other_pending");
}

TEST_F(MysqlDdl, a_fenced_writer_changes_nothing) {
  target_->acquire({"m", "me", std::chrono::seconds(15)});
  EXPECT_EQ(code_of([&] { apply("ALTER TABLE t ADD b INT"); }), "lease.fenced");
  EXPECT_EQ(value("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='dst' AND "
                  "column_name='b'"),
            "0");
}

TEST_F(MysqlDdl, waits_for_a_statement_that_a_killed_process_left_running) {
  // An ALTER that waits for a transaction to end; the process that sent it is then gone.
  tests::Connection blocker = server_->connect();
  blocker.exec("BEGIN; SELECT * FROM dst.t_n FOR UPDATE");
  std::jthread first([&] { code_of([&] { apply("ALTER TABLE t ADD b INT"); }); });
  const auto waiting = [] {
    return value(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for "
        "table metadata lock%' AND info LIKE 'ALTER%'");
  };
  while (waiting() == "0") std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(value("SELECT done FROM _wherry.ddl"), "0");

  std::atomic<bool> done = false;
  std::jthread second([&] {
    code_of([&] { apply("ALTER TABLE t ADD b INT"); });
    done = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_FALSE(done);
  EXPECT_EQ(waiting(), "1");  // the second one waits for the first, not beside it
  blocker.exec("COMMIT");
  first.join();
  second.join();
  EXPECT_EQ(value("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema='dst' AND "
                  "table_name='t_n' AND column_name='b'"),
            "1");
}

}  // namespace
}  // namespace wherry::stores::mysql
