// Tables of MySQL without a key that hold documents: what is read of them is what is read of the
// same rows by a key, and a change concerns the one row whose documents are of the same types.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/json_scan.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/writer.h"
#include "tests/support/data/nasty_values.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using model::RowBatch;
using tests::ServerKind;

const base::DigestKey digest_key = base::DigestKey::from_text(std::string(32, 'd'));

using Rows = std::vector<std::vector<std::string>>;  // sorted

void append(Rows& out, const RowBatch& rows) {
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    auto& cells = out.emplace_back();
    for (std::size_t i = 0; i < rows.columns(); ++i)
      cells.emplace_back(rows.cell(row, i).value_or("NULL"));
  }
}

class MysqlKeylessJson : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!tests::Server::available(ServerKind::mysql57)) {
      GTEST_SKIP() << "MySQL 5.7 cannot be had here";
    }
    if (!server_) server_ = std::make_unique<tests::Server>(tests::Server::start_mysql57());
    exec("DROP DATABASE IF EXISTS d; CREATE DATABASE d CHARACTER SET utf8mb4;");
  }
  static void TearDownTestSuite() { server_.reset(); }

  static Endpoint endpoint() {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    return e;
  }
  static void exec(const std::string& sql) {
    server_->exec_sql("SET NAMES utf8mb4, sql_mode=''; " + sql);
  }

  static model::TableSchema shape_of(const std::string& table) {
    Connection connection(endpoint());
    return read_table(connection, {"d", table}).value();
  }
  static std::unique_ptr<contract::RowReader> reader() {
    return open_reader(endpoint(), {.identity = "", .position_needed = false});
  }
  static Rows rows_of(const std::string& table, std::uint64_t batch = 1000) {
    const auto shape = shape_of(table);
    Rows out;
    const auto from = reader();
    from->open_view()->read_all({{"d", table}, &shape}, base::Bytes{batch},
                                [&](const RowBatch& rows) { append(out, rows); });
    std::sort(out.begin(), out.end());
    return out;
  }
  static model::ChunkDigest digest_of(const std::string& table) {
    const auto shape = shape_of(table);
    const auto from = reader();
    return from->open_view()->digest({{"d", table}, &shape}, {}, digest_key);
  }

  // The same rows with a key, `id`, and in its order; without one they are in another.
  static void expect_read_as_by_key(const std::string& insert, const std::string& options = "") {
    exec("USE d; CREATE TABLE keyed (id INT PRIMARY KEY, n INT, v JSON, w JSON);" + insert +
         "; CREATE TABLE t (id INT, n INT, v JSON, w JSON, g INT AS (n+1), KEY (id, n), "
         "KEY (n, id), KEY (g)) " +
         options + "; INSERT INTO t (id,n,v,w) SELECT * FROM keyed ORDER BY id*7919%10007");
    exec("USE d; ALTER TABLE keyed ADD g INT AS (n+1)");
    const Rows expected = rows_of("keyed");
    const Rows found = rows_of("t");
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(found[i] == expected[i]) << i;
    EXPECT_EQ(digest_of("t"), digest_of("keyed"));
  }

  static inline std::unique_ptr<tests::Server> server_;
};

TEST_F(MysqlKeylessJson, documents_of_every_kind_are_read_as_by_key) {
  const auto& columns = tests::nasty_columns();
  const auto json =
      std::find_if(columns.begin(), columns.end(), [](const auto& c) { return c.name == "j"; });
  std::string insert = "INSERT INTO keyed VALUES ";
  int id = 0;
  for (int round = 0; round < 3; ++round) {
    for (const auto& literal : json->literals) {
      const std::string n = std::to_string(++id);
      insert += (id == 1 ? "(" : ",(") + n + "," + std::to_string(id % 5) + "," + literal +
                ",JSON_ARRAY(" + n + "," + n + ".50,IF(" + n + "%2,'x',NULL)))";
      insert += ",(" + std::to_string(++id) + ",NULL,NULL," + (round == 1 ? literal : "NULL") + ")";
    }
  }
  expect_read_as_by_key(insert);
}

TEST_F(MysqlKeylessJson, values_at_places_of_each_rows_own_are_all_asked_for) {
  expect_read_as_by_key(
      "CREATE TABLE ten (a INT); INSERT INTO ten VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9); "
      "INSERT INTO keyed SELECT 1+a.a+10*b.a+100*c.a, a.a, JSON_OBJECT(CONCAT('k', a.a, b.a, c.a), "
      "a.a, CONCAT('l', a.a, b.a, c.a), CAST(b.a AS UNSIGNED), 'm', CAST(c.a AS DECIMAL(5,1))), "
      "JSON_ARRAY(a.a*1e0, b.a) FROM ten a, ten b, ten c",
      "PARTITION BY HASH (n) PARTITIONS 3");
}

TEST_F(MysqlKeylessJson, vectors_beside_small_documents_are_read_as_by_key) {
  std::string vector = "[1";
  for (int i = 0; i < 1500; ++i) vector += "," + std::to_string(i) + ".5";
  std::string insert = "INSERT INTO keyed VALUES ";
  for (int id = 1; id <= 60; ++id) {
    const std::string n = std::to_string(id);
    insert += (id == 1 ? "(" : ",(") + n + ",1," +
              (id % 3 == 0 ? "'" + vector + "]'" : "'" + n + "'") + ",JSON_OBJECT('n" +
              std::to_string(id % 7) + "',CAST(" + n + " AS UNSIGNED)))";
  }
  expect_read_as_by_key(insert);
}

TEST_F(MysqlKeylessJson, rows_that_differ_in_a_type_alone_have_other_digests) {
  exec("USE d; CREATE TABLE t (j JSON); INSERT INTO t VALUES ('[1]')");
  std::vector<model::ChunkDigest> seen;
  for (const char* value :
       {"CAST(1 AS SIGNED)", "CAST(1 AS UNSIGNED)", "CAST(1 AS DECIMAL)", "1e0",
        "CAST('2020-01-01' AS DATE)", "'2020-01-01'", "'base64:type253:QQ=='", "UNHEX('41')"}) {
    exec("USE d; UPDATE t SET j=JSON_ARRAY(" + std::string(value) + ")");
    seen.push_back(digest_of("t"));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), seen.back()), 1) << value;
  }
}

TEST_F(MysqlKeylessJson, rows_are_those_of_the_view_whatever_others_write_meanwhile) {
  exec("USE d; CREATE TABLE t (n INT, j JSON, KEY (n))");
  for (int n = 1; n <= 200; ++n) {
    const std::string number = std::to_string(n);
    exec("INSERT INTO d.t VALUES (" + number + ",JSON_OBJECT('k" + number + "',1.50))");
  }
  const Rows expected = rows_of("t");
  const auto shape = shape_of("t");
  const auto from = reader();
  const auto view = from->open_view();
  Rows found;
  view->read_all({{"d", "t"}, &shape}, base::Bytes{1}, [&](const RowBatch& rows) {
    append(found, rows);
    const std::string n = std::to_string(found.size());
    exec("USE d; DELETE FROM t WHERE n=" + n + "; UPDATE t SET j='[1]' WHERE n=" + n +
         "+1; INSERT INTO t VALUES (" + n + "+1,'[2]')");
  });
  std::sort(found.begin(), found.end());
  EXPECT_TRUE(found == expected);
  EXPECT_FALSE(rows_of("t") == expected);
}

// Statements that see other rows than the ones before them did are not believed.
TEST_F(MysqlKeylessJson, rows_that_move_between_statements_are_an_error) {
  exec("USE d; CREATE TABLE t (n INT, j JSON)");
  for (int n = 1; n <= 40; ++n) exec("INSERT INTO d.t VALUES (" + std::to_string(n) + ",'[1]')");
  const auto shape = shape_of("t");
  Connection without_view(endpoint());
  const auto scan = [&](auto take) {
    scan_with_types(without_view, {{"d", "t"}, &shape}, base::Bytes{1}, take);
  };
  int rows = 0;
  EXPECT_NO_THROW(scan([&](const RowBatch&) { ++rows; }));
  EXPECT_EQ(rows, 40);
  rows = 0;
  try {
    scan([&](const RowBatch&) {
      if (++rows == 2) exec("DELETE FROM d.t WHERE n=1");
    });
    FAIL() << "a row was passed over";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), "mysql.json");
    EXPECT_EQ(error.kind(), base::ErrorKind::data_mismatch);
  }
}

// Following may not have come to the change yet.
TEST_F(MysqlKeylessJson, documents_that_have_become_text_are_another_table) {
  for (const std::string key : {"", ", PRIMARY KEY (n)"}) {
    exec("USE d; DROP TABLE IF EXISTS t; CREATE TABLE t (n INT NOT NULL, j JSON" + key + ")");
    exec("INSERT INTO d.t VALUES (1,'[1]'),(2,NULL)");
    const auto shape = shape_of("t");
    exec("USE d; ALTER TABLE t MODIFY j LONGTEXT; UPDATE t SET j='[1] and more' WHERE n=1");
    const auto from = reader();
    const auto view = from->open_view();
    const auto now = view->definition({"d", "t"});
    ASSERT_TRUE(now);
    EXPECT_FALSE(shape.takes_rows_of(*now));
    const contract::TableRef table{{"d", "t"}, &shape};
    try {
      view->read_all(table, base::Bytes{1000}, [](const RowBatch&) {});
      FAIL() << "read as it was";
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), "mysql.table_changed") << error.what();
      EXPECT_EQ(error.kind(), base::ErrorKind::data_mismatch);
    }
  }
}

// Rows of equal text, each of them changed and removed by itself.
class MysqlKeylessJsonChanges : public MysqlKeylessJson {
 protected:
  void make(const std::vector<std::string>& documents) {
    exec("USE d; DROP TABLE IF EXISTS t, goal; CREATE TABLE t (n INT, j JSON) ENGINE=InnoDB");
    for (const auto& document : documents) exec("INSERT INTO d.t VALUES (0, " + document + ")");
    exec("USE d; CREATE TABLE goal LIKE t; INSERT INTO goal SELECT * FROM t");
    Connection connection(endpoint());
    prepare_progress(connection);
    fence_ = acquire_lease(connection, {"m", "me", std::chrono::seconds(15)});
    exec("DELETE FROM _wherry.stream");
    start_stream(connection, fence_, model::Position::in_log("bin.000001", 4));
    window_ = 0;
    pair_ = {1, shape_of("goal"), {"d", "t"}};
  }

  // The row of `goal` that holds this document, as following reads it.
  RowBatch row_with(const std::string& document) const {
    exec(
        "USE d; DROP TABLE IF EXISTS one; CREATE TABLE one LIKE goal; INSERT INTO one VALUES (0, " +
        document + ")");
    const auto shape = shape_of("one");
    RowBatch out(2);
    const auto from = reader();
    from->open_view()->read_all({{"d", "one"}, &shape}, base::Bytes{1000},
                                [&](const RowBatch& r) { out.append_row(r, 0); });
    return out;
  }

  void replay(model::ChangeKind kind, const RowBatch& before, const RowBatch& after) {
    Writer writer(endpoint(), "", fence_, {});
    writer.begin_window();
    model::RowEvent event;
    event.collection = pair_.id;
    event.kind = kind;
    event.before = before;
    event.after = after;
    writer.replay(pair_, event, contract::Replay::exact);
    writer.commit_window({++window_, model::Position::in_log("bin.000001", 4 + window_), ""}, 0);
  }

  // A row's number in the order of insertion, since one that looks alike may have gone instead.
  static Rows types_in(const std::string& table) {
    Rows out;
    for (const auto& row :
         server_->query("SELECT n, j, CONCAT_WS(' ', JSON_TYPE(j), JSON_TYPE(j->'$[0]'), "
                        "JSON_TYPE(j->'$.a'), JSON_TYPE(JSON_EXTRACT(j->'$.*', '$[0]'))) FROM d." +
                        table)) {
      auto& cells = out.emplace_back();
      for (const auto& cell : row) cells.push_back(cell.value_or("NULL"));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  contract::Fence fence_;
  contract::TablePair pair_;
  std::uint64_t window_ = 0;
};

TEST_F(MysqlKeylessJsonChanges, meet_the_row_whose_values_are_of_the_same_types) {
  const std::vector<std::string> documents{
      "'[1]'",
      "JSON_ARRAY(CAST(1 AS UNSIGNED))",
      "JSON_ARRAY(CAST(1 AS DECIMAL))",
      "JSON_ARRAY(1e0)",
      "'1'",
      "JSON_EXTRACT(JSON_ARRAY(1e0), '$[0]')",
      "'[-0.0]'",
      "'[1e20]'",
      "JSON_ARRAY('2020-01-01')",
      "JSON_ARRAY(CAST('2020-01-01' AS DATE))",
      "JSON_ARRAY('10:11:12.000000')",
      "JSON_ARRAY(CAST('10:11:12' AS TIME))",
      "JSON_ARRAY('2020-01-01 00:00:00.000000')",
      "JSON_ARRAY(TIMESTAMP('2020-01-01'))",
      "JSON_ARRAY('base64:type253:QQ==')",
      "JSON_ARRAY(UNHEX('41'))",
      "JSON_ARRAY('base64:type15:AGFi')",
      "JSON_ARRAY(_binary x'006162')",
      "JSON_ARRAY(b'101')",
      "JSON_OBJECT('', 1.50)",
      "JSON_OBJECT('', 1.50e0)",
      "JSON_OBJECT('a', JSON_OBJECT('it''s \"x\"', '€\\n\\\\'))",
      "'null'",
      "NULL"};
  // Backwards, so that the first row that looks alike is the wrong one.
  make(documents);
  for (auto document = documents.rbegin(); document != documents.rend(); ++document) {
    SCOPED_TRACE(*document);
    const RowBatch before = row_with(*document);
    RowBatch after(2);
    after.append("7");
    after.append(before.cell(0, 1));
    replay(model::ChangeKind::update, before, after);
    const std::string where =
        *document == "NULL" ? "j IS NULL"
                            : "CONCAT(j, JSON_TYPE(j), IFNULL(JSON_TYPE(j->'$[0]'),''), "
                              "IFNULL(JSON_TYPE(JSON_EXTRACT(j->'$.*', '$[0]')),'')) = (SELECT "
                              "CONCAT(j, JSON_TYPE(j), IFNULL(JSON_TYPE(j->'$[0]'),''), "
                              "IFNULL(JSON_TYPE(JSON_EXTRACT(j->'$.*', '$[0]')),'')) FROM one)";
    exec("USE d; UPDATE goal SET n=7 WHERE " + where);
    ASSERT_EQ(types_in("t"), types_in("goal"));
    replay(model::ChangeKind::remove, after, RowBatch(2));
    exec("USE d; DELETE FROM goal WHERE " + where);
    ASSERT_EQ(types_in("t"), types_in("goal"));
    replay(model::ChangeKind::insert, RowBatch(2), before);
    exec("USE d; INSERT INTO goal SELECT * FROM one");
    ASSERT_EQ(types_in("t"), types_in("goal"));
  }
}

TEST_F(MysqlKeylessJsonChanges, of_a_type_alone_are_made) {
  make({"'[1]'", "JSON_ARRAY(1e0)", "JSON_ARRAY(UNHEX('41'))"});
  const std::vector<std::string> becomes{"'[1]'", "JSON_ARRAY(CAST(1 AS UNSIGNED))",
                                         "JSON_ARRAY(CAST(1 AS DECIMAL))", "JSON_ARRAY(1e0)"};
  for (std::size_t i = 0; i + 1 < becomes.size(); ++i) {
    replay(model::ChangeKind::update, row_with(becomes[i]), row_with(becomes[i + 1]));
  }
  replay(model::ChangeKind::update, row_with("JSON_ARRAY(UNHEX('41'))"),
         row_with("JSON_ARRAY('base64:type253:QQ==')"));
  exec(
      "USE d; UPDATE goal SET j=JSON_ARRAY(1e0) WHERE JSON_TYPE(j->'$[0]')='INTEGER'; UPDATE goal "
      "SET j=JSON_ARRAY('base64:type253:QQ==') WHERE JSON_TYPE(j->'$[0]')='BLOB'");
  EXPECT_EQ(types_in("t"), types_in("goal"));
}

TEST_F(MysqlKeylessJsonChanges, do_not_meet_a_row_of_another_type) {
  make({"JSON_ARRAY(1, CAST(1 AS UNSIGNED))"});
  const RowBatch other = row_with("JSON_ARRAY(CAST(1 AS UNSIGNED), 1)");
  try {
    replay(model::ChangeKind::remove, other, RowBatch(2));
    FAIL() << "a row that is not there was removed";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), "target.row_missing");
  }
  EXPECT_EQ(types_in("t"), types_in("goal"));
}

TEST_F(MysqlKeylessJsonChanges, find_documents_of_many_values) {
  const std::string many = "CONCAT('[', REPEAT('{\"x\": 1.5}, ', 9000), '2]')";
  make({many});
  replay(model::ChangeKind::remove, row_with(many), RowBatch(2));
  EXPECT_TRUE(types_in("t").empty());
}

}  // namespace
}  // namespace wherry::stores::mysql
