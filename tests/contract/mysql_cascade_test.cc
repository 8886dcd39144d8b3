// What foreign keys do by themselves, made again on a table whose session has them switched off:
// the server's own cascades are the measure. And rows without a key, told apart to the bit.

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/cascade.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/writer.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using model::Key;
using model::RowBatch;

class MysqlCascade : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<tests::Server>(tests::Server::start_mariadb());
  }
  static void TearDownTestSuite() { server_.reset(); }

  static Endpoint endpoint() {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    return e;
  }

  // The same tables and rows on both sides.
  void make(const std::string& tables) {
    Connection connection(endpoint());
    prepare_progress(connection);
    for (const char* schema : {"src", "dst"}) {
      server_->exec_sql("DROP DATABASE IF EXISTS " + std::string(schema) + "; CREATE DATABASE " +
                        schema + "; USE " + schema + "; " + tables);
    }
    fence_ = acquire_lease(connection, {"m", "me", std::chrono::seconds(15)});
    server_->exec_sql("DELETE FROM _wherry.stream");
    start_stream(connection, fence_, model::Position::in_log("bin.000001", 4));
    pairs_.clear();
    rules_ = {};
    std::vector<model::CollectionName> names;
    for (auto& table : read_tables(connection, [](const auto& n) { return n.schema == "src"; })) {
      const model::CollectionName target{"dst", table.name.name};
      names.push_back(target);
      pairs_.push_back({static_cast<model::CollectionId>(pairs_.size() + 1), table, target});
      rules_.tables.emplace(pairs_.back().id,
                            std::make_shared<const contract::TablePair>(pairs_.back()));
    }
    rules_.rules = read_cascades(connection, pairs_, names);
  }
  const contract::TablePair& pair(const std::string& name) const {
    return *std::find_if(pairs_.begin(), pairs_.end(),
                         [&](const auto& p) { return p.target.name == name; });
  }
  RowBatch rows(const std::string& table, const std::string& where) const {
    Connection connection(endpoint());
    const auto& shape = pair(table).source;
    RowBatch out(shape.columns.size());
    Stream stream = connection.stream("SELECT " + select_list(shape) + " FROM src." + table +
                                      " `t` WHERE " + where);
    while (stream.next()) {
      for (std::size_t i = 0; i < out.columns(); ++i) out.append(stream.cell(i));
    }
    return out;
  }

  // Runs the statement on the source, with foreign keys, and what its log would show of it on the
  // target: `after` finds the parent's rows again, empty = they were removed.
  contract::Cascaded change(const std::string& parent, const std::string& before,
                            const std::string& statement, const std::string& after,
                            std::uint64_t most_keys = 1000) {
    const RowBatch old = rows(parent, before);
    server_->exec_sql("USE src; " + statement);
    RowBatch now(old.columns());
    if (!after.empty()) now = rows(parent, after);
    const auto& table = pair(parent);
    Writer writer(endpoint(), "", fence_, {});
    writer.begin_window();
    std::vector<Key> keys;
    for (std::size_t i = 0; i < old.rows(); ++i) keys.push_back(old.key(i, table.source.key));
    writer.remove(table, keys);
    if (!now.empty()) writer.put(table, now);
    auto touched = writer.cascade(
        rules_, {table.id, &old, now.empty() ? nullptr : &now, 0, old.rows()}, most_keys);
    writer.commit_window({++window_, model::Position::in_log("bin.000001", 4 + window_), ""}, 0);
    return touched;
  }
  void expect_equal() const {
    for (const auto& p : pairs_) {
      std::string list;
      for (const auto& c : p.source.columns) list += ",HEX(" + identifier(c.name) + ")";
      const auto all = [&](const std::string& schema) {
        auto got = server_->query("SELECT 1" + list + " FROM " + schema + "." + p.target.name);
        std::sort(got.begin(), got.end());
        return got;
      };
      EXPECT_EQ(all("src"), all("dst")) << p.target.name;
    }
  }
  std::set<std::string> texts(const contract::Cascaded& touched, const std::string& table) const {
    std::set<std::string> out;
    const auto found = touched.keys.find(pair(table).id);
    if (found == touched.keys.end()) return out;
    for (const auto& key : found->second) out.insert(key.text());
    return out;
  }

  static std::unique_ptr<tests::Server> server_;
  contract::Fence fence_;
  std::vector<contract::TablePair> pairs_;
  contract::CascadeRules rules_;
  std::uint64_t window_ = 0;
};
std::unique_ptr<tests::Server> MysqlCascade::server_;

constexpr const char* shop =
    "CREATE TABLE p (id INT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_general_ci UNIQUE) "
    "CHARSET utf8mb4;"
    "CREATE TABLE o (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE "
    "CASCADE "
    "ON UPDATE CASCADE);"
    "CREATE TABLE i (o INT, n INT, PRIMARY KEY (o, n), FOREIGN KEY (o) REFERENCES o (id) ON DELETE "
    "CASCADE ON UPDATE CASCADE);"
    "CREATE TABLE r (id INT PRIMARY KEY, io INT, n INT, code VARCHAR(9) COLLATE "
    "utf8mb4_general_ci, "
    "FOREIGN KEY (io, n) REFERENCES i (o, n) ON DELETE SET NULL ON UPDATE CASCADE, FOREIGN KEY "
    "(code) REFERENCES p (code) ON DELETE SET NULL ON UPDATE CASCADE) CHARSET utf8mb4;"
    "CREATE TABLE v (o INT, w INT, KEY (o), FOREIGN KEY (o) REFERENCES o (id) ON DELETE CASCADE ON "
    "UPDATE SET NULL);"
    "INSERT INTO p VALUES (1,'a'),(2,'b'),(3,NULL); INSERT INTO o VALUES (10,1),(11,1),(20,2);"
    "INSERT INTO i VALUES (10,1),(10,2),(11,1),(20,1); INSERT INTO v VALUES (10,1),(10,1),(20,5);"
    "INSERT INTO r VALUES (1,10,1,'A'),(2,10,2,'b'),(3,NULL,1,NULL),(4,20,1,'B');";

TEST_F(MysqlCascade, of_a_removal_goes_through_two_levels_and_sets_null) {
  make(shop);
  const auto touched = change("p", "id=1", "DELETE FROM p WHERE id=1", "");
  expect_equal();
  EXPECT_THAT(texts(touched, "o"), testing::ElementsAre("10", "11"));
  EXPECT_THAT(texts(touched, "i"), testing::ElementsAre("(10, 1)", "(10, 2)", "(11, 1)"));
  EXPECT_THAT(texts(touched, "r"), testing::ElementsAre("1", "2"));
  EXPECT_THAT(touched.beyond, testing::ElementsAre(pair("v").id));
}

TEST_F(MysqlCascade, of_a_changed_key_changes_the_keys_behind_it) {
  make(shop);
  const auto touched = change("o", "id=10", "UPDATE o SET id=99 WHERE id=10", "id=99");
  expect_equal();
  EXPECT_THAT(texts(touched, "i"),
              testing::ElementsAre("(10, 1)", "(10, 2)", "(99, 1)", "(99, 2)"));
  EXPECT_THAT(texts(touched, "r"), testing::ElementsAre("1", "2"));
}

TEST_F(MysqlCascade, of_a_change_of_letter_case_alone_is_carried_on) {
  make(shop);
  change("p", "id=2", "UPDATE p SET code='B' WHERE id=2", "id=2");
  expect_equal();
  change("p", "id=2", "UPDATE p SET id=7, code='C' WHERE id=2", "id=7");
  expect_equal();
}

TEST_F(MysqlCascade, of_a_tree_takes_its_branches_along) {
  make(
      "CREATE TABLE t (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES t (id) ON DELETE "
      "CASCADE); INSERT INTO t VALUES (1,NULL),(2,1),(3,2),(4,3),(5,1),(6,NULL),(7,6)");
  const auto touched = change("t", "id=1", "DELETE FROM t WHERE id=1", "");
  expect_equal();
  EXPECT_THAT(texts(touched, "t"), testing::ElementsAre("2", "3", "4", "5"));
}

TEST_F(MysqlCascade, beyond_the_limit_counts_as_one_of_all_of_the_table) {
  make(
      "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT, FOREIGN KEY "
      "(p) REFERENCES p (id) ON DELETE CASCADE); INSERT INTO p VALUES (1); INSERT INTO c SELECT "
      "seq, 1 FROM seq_1_to_5000");
  const auto touched = change("p", "id=1", "DELETE FROM p WHERE id=1", "", 100);
  expect_equal();
  EXPECT_THAT(touched.beyond, testing::ElementsAre(pair("c").id));
}

TEST_F(MysqlCascade, a_row_without_a_key_is_found_to_the_bit_and_once) {
  make(
      "CREATE TABLE k (s VARCHAR(9), f FLOAT, b BINARY(3), e ENUM('x','y'), y YEAR, d DATETIME(3), "
      "v BIGINT UNSIGNED) CHARSET utf8mb4; "
      "INSERT INTO k VALUES ('a',1.1,'a','x',0,NULL,18446744073709551615),"
      "('A',1.1,'a','x',0,NULL,18446744073709551615),('a "
      "',1.1,'a','x',0,NULL,18446744073709551615),"
      "('a',1.1,'a','x',0,NULL,18446744073709551615),('a',1.1,'a','x',2000,NULL,"
      "18446744073709551615),(NULL,NULL,NULL,NULL,NULL,'2020-02-02 02:02:02.020',NULL)");
  model::RowEvent event;
  event.collection = pair("k").id;
  event.kind = model::ChangeKind::remove;
  for (const char* where :
       {"BINARY s='A'", "BINARY s='a '", "BINARY s='a' AND y=0", "y=2000", "s IS NULL"}) {
    const RowBatch found = rows("k", where);
    ASSERT_FALSE(found.empty()) << where;
    event.before = RowBatch(found.columns());
    event.before.append_row(found, 0);
    Writer writer(endpoint(), "", fence_, {});
    writer.begin_window();
    writer.replay(pair("k"), event, contract::Replay::exact);
    writer.commit_window({++window_, model::Position::in_log("bin.000001", 4 + window_), ""}, 0);
    server_->exec_sql("DELETE FROM src.k WHERE " + std::string(where) + " LIMIT 1");
    expect_equal();
  }
  Writer writer(endpoint(), "", fence_, {});
  writer.begin_window();
  EXPECT_NO_THROW(writer.replay(pair("k"), event, contract::Replay::tolerant));
  try {
    writer.replay(pair("k"), event, contract::Replay::exact);
    FAIL() << "a row that is not there was removed";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), "target.row_missing");
  }
}

}  // namespace
}  // namespace wherry::stores::mysql
