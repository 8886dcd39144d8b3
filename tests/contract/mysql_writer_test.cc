// The writing half of the MySQL store on a real MariaDB: values land exactly, progress commits with
// the data, and an older writer is fenced off.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
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

using base::Error;
using base::ErrorKind;
using model::Key;
using model::Position;
using model::RowBatch;
using Way = RowSink::Way;

contract::ChunkMark mark_of(std::uint32_t number) {
  contract::ChunkMark mark;
  mark.chunk = {1, number, Key({"1"}), std::nullopt};
  mark.bracket = {Position::in_log("bin.000001", 4, "0-1-7"), Position::in_log("bin.000002", 9)};
  mark.rows = 3;
  mark.bytes = 77;
  return mark;
}

class MysqlWriter : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<tests::Server>(tests::Server::start_mariadb());
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    prepare_progress(*connection());
    sql("DROP DATABASE src; DROP DATABASE IF EXISTS dst; CREATE DATABASE src; CREATE DATABASE dst; "
        "SET GLOBAL local_infile=1; DELETE FROM _wherry.stream; DELETE FROM _wherry.chunk; DELETE "
        "FROM _wherry.window_part; DELETE FROM _wherry.lease");
    fence_ = acquire("m", "me");
    start_stream(*connection(), fence_, Position::in_log("bin.000001", 4));
  }

  static void sql(const std::string& text) {
    server_->exec_sql("CREATE DATABASE IF NOT EXISTS src; USE src; " + text);
  }
  static std::string value(const std::string& text) {
    const auto rows = server_->query(text);
    return rows.empty() || !rows[0][0] ? "NULL" : *rows[0][0];
  }
  static Endpoint endpoint(bool compress = false) {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    e.compress = compress;
    return e;
  }
  static std::unique_ptr<Connection> connection() {
    return std::make_unique<Connection>(endpoint());
  }
  static contract::Fence acquire(const std::string& migration, const std::string& owner,
                                 std::chrono::seconds valid_for = std::chrono::seconds(15)) {
    return acquire_lease(*connection(), {migration, owner, valid_for});
  }
  Writer writer(bool compress = false) const { return {endpoint(compress), "", fence_, {}}; }
  static contract::TargetProgress progress() { return load_progress(*connection(), "m"); }

  // Makes src.t and dst.t.
  static contract::TablePair make_table(const std::string& columns) {
    sql("SET sql_mode='ALLOW_INVALID_DATES'; CREATE TABLE src.t (" + columns +
        "); CREATE TABLE dst.t LIKE src.t");
    return {1, read_table(*connection(), {"src", "t"}).value(), {"dst", "t"}};
  }
  static RowBatch source_rows(const contract::TablePair& table) {
    const auto reader = open_reader(endpoint(), {});
    const auto view = reader->open_view();
    RowBatch rows(table.source.columns.size());
    const contract::TableRef ref{table.source.name, &table.source};
    EXPECT_EQ(view->read(ref, {1, 1, {}, {}}, base::Bytes{1U << 30U}, rows), std::nullopt);
    return rows;
  }
  // Every column's bytes and every number exactly, by the server.
  static tests::Rows dump_of(const contract::TablePair& table, const std::string& name) {
    std::string columns;
    for (const auto& c : table.source.columns) {
      const std::string column = identifier(c.name);
      columns += "HEX(" + column + "), CAST(" + column + "+0e0 AS CHAR), " + column + " IS NULL, ";
    }
    auto rows = server_->query("SELECT " + columns + "1 FROM " + name);
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  // As make_table(), with enough in every row that the way to send them is worth choosing.
  static contract::TablePair make_wide_table(const std::string& columns) {
    return make_table(columns + ", filler MEDIUMBLOB INVISIBLE DEFAULT REPEAT('x', 40000)");
  }
  void expect_travels(const contract::TablePair& table, Way way, bool compress = false) {
    const RowBatch rows = source_rows(table);
    ASSERT_GT(rows.rows(), 0U);
    Writer w = writer(compress);
    w.sink().use(way);
    sql("TRUNCATE TABLE dst.t");
    w.write_chunk(table, rows, mark_of(7), contract::ChunkWrite::upsert);
    EXPECT_EQ(dump_of(table, "src.t"), dump_of(table, "dst.t"));
    // And once more over what is there.
    w.write_chunk(table, rows, mark_of(7), contract::ChunkWrite::upsert);
    EXPECT_EQ(dump_of(table, "src.t"), dump_of(table, "dst.t"));
  }

  static std::unique_ptr<tests::Server> server_;
  contract::Fence fence_;
};
std::unique_ptr<tests::Server> MysqlWriter::server_;

template <typename Call>
std::optional<Error> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

class MysqlWriterWays : public MysqlWriter, public ::testing::WithParamInterface<Way> {};
INSTANTIATE_TEST_SUITE_P(Ways, MysqlWriterWays,
                         ::testing::Values(Way::arrays, Way::lines, Way::statements),
                         [](const auto& way) {
                           if (way.param == Way::arrays) return "arrays";
                           return way.param == Way::lines ? "lines" : "statements";
                         });

TEST_P(MysqlWriterWays, numbers_land_exactly) {
  const auto table = make_wide_table(
      "id BIGINT UNSIGNED PRIMARY KEY, i INT, t TINYINT UNSIGNED, d DECIMAL(65,30), f FLOAT, "
      "db DOUBLE, b BIT(64), b1 BIT(1), y YEAR");
  sql("SET sql_mode=''; INSERT INTO src.t VALUES "
      "(18446744073709551615,-2147483648,255,-12345678901234567890123456789012345."
      "123456789012345678901234567890,16777222,1.7976931348623157e308,18446744073709551615,1,2155),"
      "(1,2147483647,0,0.000000000000000000000000000001,1.1754943508222875e-38,5e-324,"
      "9223372036854775808,0,0),"
      "(2,0,1,0,0.1,0.1,0,NULL,1901),(3,NULL,NULL,NULL,3.4028234663852886e38,-0e0,1,NULL,NULL)");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, odd_dates_and_times_land_exactly) {
  const auto table = make_wide_table(
      "d DATE PRIMARY KEY, dt DATETIME(6), ts TIMESTAMP(3) NULL DEFAULT NULL, "
      "z TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, tm TIME(6)");
  sql("SET sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00'; INSERT INTO src.t VALUES "
      "('0000-00-00','0000-00-00',NULL,'0000-00-00','-838:59:59'),"
      "('2023-02-31','2023-02-31 23:59:59.999999','2038-01-19 03:14:07.999',"
      "'1970-01-01 00:00:01','838:59:59'),"
      "('2023-00-00','9999-12-31 00:00:00','2024-03-31 02:30:00','2024-10-27 01:30:00','-00:00:00."
      "000001')");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, enums_and_sets_land_by_number_also_invalid_ones) {
  std::string members = "'m1'";
  for (int i = 2; i <= 64; ++i) members += ",'m" + std::to_string(i) + "'";
  const auto table = make_wide_table("e ENUM('2','1','') , n ENUM('a') NOT NULL, s SET(" + members +
                                     "), id INT PRIMARY KEY");
  sql("SET sql_mode=''; INSERT INTO src.t VALUES ('1','zz','m1,m64',1),('','a',0,2),"
      "('nope','a',18446744073709551615,3),(NULL,'',NULL,4),(3,0,9223372036854775808,5)");
  ASSERT_EQ(value("SELECT COUNT(*) FROM src.t WHERE n+0=0 OR e+0=0"), "4");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, every_byte_lands_in_every_charset) {
  const auto table = make_wide_table(
      "id INT PRIMARY KEY, b VARBINARY(300), bl LONGBLOB, fix BINARY(8), l VARCHAR(300) CHARACTER "
      "SET latin1, g VARCHAR(9) CHARACTER SET gbk, u3 VARCHAR(9) CHARACTER SET utf8mb3, u4 TEXT "
      "CHARACTER SET utf8mb4, sj CHAR(4) CHARACTER SET sjis, u16 VARCHAR(9) CHARACTER SET utf16");
  std::string all;
  for (int i = 0; i < 256; ++i) {
    constexpr char digits[] = "0123456789ABCDEF";
    all += digits[i / 16];
    all += digits[i % 16];
  }
  sql("INSERT INTO src.t VALUES (1,x'" + all + "',x'" + all + all + "',x'00',x'" + all +
      "',_gbk x'815CB5C4',_utf8mb3 x'E4BDA0C3A9',_utf8mb4 x'F09F98805C09270A00',_sjis x'835C',"
      "_utf16 x'D83DDE00005C'),(2,'','','','','','','','',''),"
      "(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(4,'\\\\N','\\\\N','NULL','\\\\N',"
      "'\\\\','\\'','\\t','\\n','\\\\N')");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, a_row_of_one_column_may_be_empty_text) {
  const auto table = make_table("a VARCHAR(20) PRIMARY KEY");
  sql("INSERT INTO src.t VALUES (''),('\\\\N'),('x '); INSERT INTO src.t SELECT seq FROM "
      "seq_1_to_20000");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, auto_increment_zero_and_generated_columns_land) {
  const auto table = make_wide_table(
      "id INT AUTO_INCREMENT PRIMARY KEY, a INT, v INT AS (a+1) VIRTUAL, p INT AS (a+2) STORED, "
      "UNIQUE KEY (v), `o d``d` INT");
  sql("SET sql_mode='NO_AUTO_VALUE_ON_ZERO'; INSERT INTO src.t (id,a,`o d``d`) VALUES "
      "(0,5,1),(-1,6,2),(7,NULL,3)");
  expect_travels(table, GetParam());
}

TEST_P(MysqlWriterWays, values_of_many_megabytes_land) {
  const auto table = make_table("id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT");
  sql("INSERT INTO src.t VALUES (1,REPEAT(x'00275C0A',5000000),REPEAT('é',9000000)),(2,'x','y')");
  expect_travels(table, GetParam());
  expect_travels(table, GetParam(), true);
}

TEST_P(MysqlWriterWays, a_value_that_the_target_cannot_hold_is_never_shortened) {
  const auto table = make_table(
      "id INT PRIMARY KEY, a VARCHAR(10), n INT, u VARCHAR(9) CHARACTER "
      "SET utf8mb4, e ENUM('a','b')");
  sql("ALTER TABLE dst.t MODIFY a VARCHAR(3), MODIFY n TINYINT");
  const auto refused_at = [&](int place, const std::vector<model::Cell>& cells) {
    RowBatch rows(5);
    // Enough of it for the way to be taken.
    for (int i = 100; i < 5100; ++i) {
      if (i == place) {
        for (const auto& cell : cells) rows.append(cell);
      }
      const std::string id = std::to_string(i);
      for (const model::Cell cell : {model::Cell(id), model::Cell("ok"), model::Cell("1"),
                                     model::Cell("y"), model::Cell("1")}) {
        rows.append(cell);
      }
    }
    Writer w = writer();
    w.sink().use(GetParam());
    const auto error =
        error_of([&] { w.write_chunk(table, rows, mark_of(1), contract::ChunkWrite::upsert); });
    return error && error->kind() == ErrorKind::data_mismatch;
  };
  const auto refused = [&](const std::vector<model::Cell>& cells) {
    const bool first = refused_at(100, cells);
    EXPECT_EQ(refused_at(3000, cells), first);
    return first;
  };
  EXPECT_TRUE(refused({"1", "long", "1", "y", "1"}));
  EXPECT_TRUE(refused({"1", "abc ", "1", "y", "1"}));
  EXPECT_TRUE(refused({"1", "a", "128", "y", "1"}));
  EXPECT_TRUE(refused({"1", "a", "1", "\xff\xfe", "1"}));
  EXPECT_TRUE(refused({"1", "a", "1", "y", "3"}));
  EXPECT_TRUE(refused({"1", "a", "128", "y", "0"}));  // one warning is expected, not two
  EXPECT_TRUE(refused({std::nullopt, "a", "1", "y", "1"}));
  EXPECT_FALSE(refused({"1", "a", "1", "y", "0"}));
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "5001");
}

TEST_F(MysqlWriter, arrays_land_in_a_target_that_logs_rows_or_statements_as_it_likes) {
  const auto table = make_wide_table("id INT PRIMARY KEY, a VARCHAR(100)");
  sql("INSERT INTO src.t SELECT seq, 'x' FROM seq_1_to_100");
  sql("SET GLOBAL binlog_format='MIXED'");
  expect_travels(table, Way::arrays);
  sql("SET GLOBAL binlog_format='ROW'");
}

TEST_F(MysqlWriter, goes_on_with_a_table_whose_definition_was_changed_meanwhile) {
  const auto table = make_wide_table("id INT PRIMARY KEY, a VARCHAR(100)");
  sql("INSERT INTO src.t SELECT seq, seq FROM seq_1_to_100");
  const RowBatch rows = source_rows(table);
  Writer w = writer();
  w.write_chunk(table, rows, mark_of(1), contract::ChunkWrite::upsert);
  sql("ALTER TABLE dst.t ADD COLUMN b INT NOT NULL DEFAULT 7 FIRST, MODIFY a TEXT");
  w.write_chunk(table, rows, mark_of(1), contract::ChunkWrite::upsert);
  EXPECT_EQ(dump_of(table, "src.t"), dump_of(table, "dst.t"));
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t WHERE b=7"), "100");
  sql("DROP TABLE dst.t; CREATE TABLE dst.t LIKE src.t");
  w.write_chunk(table, rows, mark_of(1), contract::ChunkWrite::upsert);
  EXPECT_EQ(dump_of(table, "src.t"), dump_of(table, "dst.t"));
}

TEST_F(MysqlWriter, falls_back_to_statements_where_local_infile_is_off) {
  const auto table = make_table("id INT PRIMARY KEY, a VARCHAR(100)");
  sql("INSERT INTO src.t SELECT seq, REPEAT('x',100) FROM seq_1_to_5000");
  Writer w = writer();
  w.sink().use(Way::lines);
  sql("SET GLOBAL local_infile=0");  // after the writer asked
  w.write_chunk(table, source_rows(table), mark_of(1), contract::ChunkWrite::upsert);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "5000");
  expect_travels(table, Way::lines);
}

TEST_F(MysqlWriter, statements_stay_below_the_packet_limit_and_greater_rows_go_as_lines) {
  const auto table = make_table("id INT PRIMARY KEY, a LONGBLOB");
  sql("INSERT INTO src.t SELECT seq, REPEAT('x',seq*1000) FROM seq_1_to_400");
  sql("INSERT INTO src.t VALUES (1000, REPEAT('\\0',3000000))");
  const RowBatch rows = source_rows(table);
  sql("SET GLOBAL max_allowed_packet=1048576");
  {
    Writer w = writer();
    w.begin_window();
    w.put(table, rows);
    w.commit_window({1, Position::in_log("bin.000001", 5), ""}, 0);
    EXPECT_EQ(dump_of(table, "src.t"), dump_of(table, "dst.t"));
    w.sink().use(Way::statements);
    const auto error =
        error_of([&] { w.write_chunk(table, rows, mark_of(1), contract::ChunkWrite::upsert); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), "target.max_allowed_packet");
  }
  sql("SET GLOBAL max_allowed_packet=67108864");
}

TEST_F(MysqlWriter, a_chunk_and_its_mark_commit_together) {
  const auto table = make_table("id INT PRIMARY KEY, a INT");
  sql("INSERT INTO src.t VALUES (1,1),(2,2),(3,3); INSERT INTO dst.t VALUES (2,99),(4,4)");
  Writer w = writer();
  w.write_chunk(table, source_rows(table), mark_of(5), contract::ChunkWrite::upsert);
  EXPECT_EQ(value("SELECT GROUP_CONCAT(id,':',a ORDER BY id) FROM dst.t"), "1:1,2:2,3:3,4:4");
  const auto p = progress();
  ASSERT_EQ(p.chunks.size(), 1U);
  EXPECT_EQ(p.chunks[0].chunk, mark_of(5).chunk);
  EXPECT_EQ(p.chunks[0].bracket.low.text(), mark_of(5).bracket.low.text());
  EXPECT_EQ(p.chunks[0].bracket.high, mark_of(5).bracket.high);
  EXPECT_EQ(p.chunks[0].rows, 3U);
  EXPECT_EQ(p.chunks[0].bytes, 77U);
}

TEST_F(MysqlWriter, a_window_removes_puts_moves_on_and_keeps_its_dirty_keys) {
  const auto table = make_table(
      "a INT, b VARCHAR(9) COLLATE utf8mb4_general_ci, c INT, u INT, "
      "PRIMARY KEY (a,b), UNIQUE KEY (u)");
  sql("INSERT INTO dst.t VALUES "
      "(1,'x',0,1),(1,'Y',0,2),(2,'x',0,3),(3,'swap',0,10),(4,'swap',0,20)");
  Writer w = writer();
  std::string dirty;
  for (int i = 0; i < 3'000'000; ++i) dirty += static_cast<char>(i * 7);
  w.begin_window();
  w.remove(table, {Key({"1", "x"}), Key({"1", "y"}), Key({"9", "none"})});
  RowBatch rows(4);
  for (const std::string_view cell : {"3", "swap", "1", "20", "4", "swap", "1", "10"}) {
    rows.append(cell);
  }
  w.put(table, rows);
  w.commit_window({3, Position::in_log("bin.000001", 500, "0-1-9"), dirty}, 0);
  EXPECT_EQ(value("SELECT GROUP_CONCAT(a,b,c,':',u ORDER BY a) FROM dst.t"),
            "2x0:3,3swap1:20,4swap1:10");
  auto p = progress();
  EXPECT_EQ(p.position->text(), "bin.000001:500 0-1-9");
  EXPECT_EQ(p.last_window, 3U);
  ASSERT_EQ(p.windows.size(), 1U);
  EXPECT_EQ(p.windows[0].dirty_keys, dirty);
  EXPECT_EQ(p.windows[0].end.text(), "bin.000001:500 0-1-9");

  w.begin_window();
  w.commit_window({4, Position::in_log("bin.000001", 600), "k"}, 3);
  p = progress();
  ASSERT_EQ(p.windows.size(), 1U);
  EXPECT_EQ(p.windows[0].number, 4U);
  EXPECT_EQ(p.last_window, 4U);
}

TEST_F(MysqlWriter, removes_by_keys_of_every_kind_through_the_index) {
  const auto table = make_table(
      "e ENUM('a','b'), s SET('x','y','z'), b BIT(64), d DATE, ts TIMESTAMP(3) NOT NULL, y YEAR, "
      "dc "
      "DECIMAL(65,30), tm TIME(6), bi BINARY(4), i BIGINT UNSIGNED, PRIMARY KEY "
      "(e,s,b,d,ts,y,dc,tm,bi,i)");
  sql("SET sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00'; INSERT INTO src.t VALUES "
      "(0,0,0,'0000-00-00','0000-00-00','0000',0.5,'-00:00:01.5',x'00',0),"
      "(1,5,18446744073709551615,'2023-02-31','2038-01-19 03:14:07.5','2000',-12345678901234567890."
      "5,'838:59:59',x'6162',18446744073709551615);"
      "INSERT INTO dst.t SELECT * FROM src.t");
  const RowBatch rows = source_rows(table);
  ASSERT_EQ(rows.rows(), 2U);
  std::vector<Key> keys;
  for (std::size_t i = 0; i < rows.rows(); ++i) keys.push_back(rows.key(i, table.source.key));
  Writer w = writer();
  w.begin_window();
  w.remove(table, keys);
  w.commit_window({1, Position::in_log("bin.000001", 5), ""}, 0);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "0");
}

TEST_F(MysqlWriter, many_removals_never_scan_the_table) {
  const auto table = make_table("a INT, b VARCHAR(30), c DATETIME, PRIMARY KEY (a,b,c)");
  sql("INSERT INTO dst.t SELECT seq, CONCAT('k',seq), '2020-01-01' FROM seq_1_to_20000");
  std::vector<Key> keys;
  for (int i = 1; i <= 2000; ++i) {
    const std::string n = std::to_string(i * 10);
    keys.push_back(Key({n, "k" + n, "2020-01-01 00:00:00"}));
  }
  const auto scanned = [&] {
    return std::stoull(
        value("SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE "
              "VARIABLE_NAME IN ('HANDLER_READ_NEXT','HANDLER_READ_KEY')"));
  };
  Writer w = writer();
  const auto before = scanned();
  w.begin_window();
  w.remove(table, keys);
  w.commit_window({1, Position::in_log("bin.000001", 5), ""}, 0);
  EXPECT_LT(scanned() - before, 4000U);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "18000");
}

TEST_F(MysqlWriter, a_window_rolled_back_leaves_nothing) {
  const auto table = make_table("id INT PRIMARY KEY, a INT");
  sql("INSERT INTO dst.t VALUES (1,1)");
  Writer w = writer();
  w.begin_window();
  w.remove(table, {Key({"1"})});
  w.rollback();
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "1");
  w.begin_window();
  w.remove(table, {Key({"1"})});
  w.commit_window({1, Position::in_log("bin.000001", 5), ""}, 0);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "0");
}

TEST_F(MysqlWriter, a_deadlock_is_transient_and_rolls_the_window_back) {
  const auto table = make_table("id INT PRIMARY KEY, a INT");
  sql("INSERT INTO dst.t VALUES (1,1),(2,2); CREATE TABLE dst.big (id INT PRIMARY KEY); INSERT "
      "INTO "
      "dst.big SELECT seq FROM seq_1_to_1000");
  tests::Connection other = server_->connect();
  other.exec("USE src; BEGIN; UPDATE dst.big SET id=id+5000; UPDATE dst.t SET a=7 WHERE id=2");
  Writer w = writer();
  w.begin_window();
  w.remove(table, {Key({"1"})});
  std::jthread blocked([&] { other.exec("UPDATE dst.t SET a=8 WHERE id=1"); });
  const auto error = error_of([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    w.remove(table, {Key({"2"})});
  });
  blocked.join();
  other.exec("ROLLBACK");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::transient);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "2");
}

TEST_F(MysqlWriter, an_older_writer_is_fenced_off_and_leaves_nothing) {
  const auto table = make_table("id INT PRIMARY KEY, a INT");
  sql("INSERT INTO src.t VALUES (1,1)");
  Writer old_chunk = writer();
  Writer old_window = writer();
  old_window.begin_window();
  old_window.put(table, source_rows(table));
  const auto newer = acquire("m", "me");
  EXPECT_GT(newer.epoch, fence_.epoch);

  const auto window = error_of([&] {
    old_window.commit_window({1, Position::in_log("bin.000001", 5), "d"}, 0);
  });
  ASSERT_TRUE(window);
  EXPECT_EQ(window->kind(), ErrorKind::fenced);
  const auto chunk = error_of([&] {
    old_chunk.write_chunk(table, source_rows(table), mark_of(1), contract::ChunkWrite::upsert);
  });
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->kind(), ErrorKind::fenced);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "0");
  EXPECT_EQ(progress().last_window, 0U);
  EXPECT_TRUE(progress().chunks.empty());

  fence_ = newer;
  Writer w = writer();
  w.write_chunk(table, source_rows(table), mark_of(1), contract::ChunkWrite::upsert);
  EXPECT_EQ(value("SELECT COUNT(*) FROM dst.t"), "1");
}

TEST_F(MysqlWriter, a_newer_progress_schema_is_refused_and_ours_kept) {
  prepare_progress(*connection());
  EXPECT_EQ(progress().position->text(), "bin.000001:4");
  sql("UPDATE _wherry.meta SET version=99");
  const auto error = error_of([&] { prepare_progress(*connection()); });
  sql("UPDATE _wherry.meta SET version=1");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), "target.progress_newer");
}

TEST_F(MysqlWriter, a_stream_with_a_chunk_starts_nowhere_else) {
  start_stream(*connection(), fence_, Position::in_log("bin.000001", 4));  // the same again is fine
  sql("INSERT INTO _wherry.chunk VALUES ('m',1,1,NULL,NULL,'bin.000001:4','bin.000001:4',0,0)");
  const auto error =
      error_of([&] { start_stream(*connection(), fence_, Position::in_log("bin.000001", 5)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), "target.stream_started");
  EXPECT_EQ(progress().position->text(), "bin.000001:4");
}

}  // namespace
}  // namespace wherry::stores::mysql
