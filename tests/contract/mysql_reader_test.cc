// The reading half of the MySQL store on real servers: cells are canonical, ranges are complete and
// use indexes, and nothing that was cut off counts as read.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/reader.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/source.h"
#include "stores/mysql/sql.h"
#include "tests/contract/mysql_reader_bed.h"

namespace wherry::stores::mysql {
namespace {

using base::Error;
using base::ErrorKind;
using Kind = tests::ServerKind;
using model::Chunk;
using model::Key;
using model::RowBatch;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view null_text = "<NULL>";

std::vector<std::string> cells(const RowBatch& rows, std::size_t row) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < rows.columns(); ++i) {
    out.emplace_back(rows.cell(row, i).value_or(null_text));
  }
  return out;
}

TEST_P(MysqlReader, gives_canonical_cells_of_every_type) {
  sql("CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, i INT(8) ZEROFILL, m DECIMAL(20,6), f "
      "FLOAT, "
      "f2 FLOAT(7,4), d DOUBLE, b BIT(64), y YEAR, da DATE, ti TIME(3), dt DATETIME(6), "
      "ts TIMESTAMP(2) NULL, c CHAR(5) CHARACTER SET latin1, g VARCHAR(9) CHARACTER SET gbk, "
      "x TEXT, bi BINARY(4), vb VARBINARY(9), bl BLOB, e ENUM('a','b''x','c,d'), s SET('x','y'), "
      "gv INT" +
      std::string(GetParam() == Kind::mysql56
                      ? ", gs VARCHAR(9)"
                      : " AS (i+1) VIRTUAL, gs VARCHAR(9) AS (concat(e,'!')) STORED") +
      "); "
      "SET time_zone='+05:30'; INSERT INTO t (id,i,m,f,f2,d,b,y,da,ti,dt,ts,c,g,x,bi,vb,bl,e,s) "
      "VALUES (18446744073709551615,12,-1.5,16777216,1.2345,0.1,1<<63,2020,'0000-00-00',"
      "'-10:00:00.123','0001-01-01 00:00:00.000001','2020-05-05 05:30:05.25',_latin1 x'e920',"
      "_gbk x'd6d0','',x'01',x'0200',x'00ff',3,3); INSERT INTO t (id) VALUES (7)");
  // No generated columns there.
  if (GetParam() == Kind::mysql56) sql("UPDATE t SET gv=13, gs='c,d!' WHERE i IS NOT NULL");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto r = reader();
  const RowBatch rows = read_all(*r->open_view(), ref);
  ASSERT_EQ(rows.rows(), 2U);
  EXPECT_THAT(
      cells(rows, 1),
      ElementsAre("18446744073709551615", "12", "-1.500000", "16777216", "1.2345000505447388",
                  "0.1", "9223372036854775808", "2020", "0000-00-00", "-10:00:00.123",
                  "0001-01-01 00:00:00.000001", "2020-05-05 00:00:05.25", "\xe9", "\xd6\xd0", "",
                  std::string("\x01\0\0\0", 4), std::string("\x02\0", 2), std::string("\0\xff", 2),
                  "3", "3", "13", "c,d!"));
  for (std::size_t i = 1; i < rows.columns(); ++i) EXPECT_FALSE(rows.cell(0, i)) << i;
}

TEST_P(MysqlReader, tells_null_from_empty_and_shifted_fields_apart) {
  sql("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9)); "
      "INSERT INTO t VALUES (1,'x0','y'); CREATE TABLE u LIKE t; INSERT INTO u VALUES "
      "(1,'x','0y'); "
      "CREATE TABLE v LIKE t; INSERT INTO v VALUES (1,'',NULL); CREATE TABLE w LIKE t; "
      "INSERT INTO w VALUES (1,NULL,'')");
  const auto shape = schema("t");
  const auto r = reader();
  const auto view = r->open_view();
  std::vector<base::Digest> sums;
  for (const char* name : {"t", "u", "v", "w"}) {
    sums.push_back(view->digest({{"r", name}, &shape}, {}, digest_key).sum);
  }
  std::sort(sums.begin(), sums.end());
  EXPECT_EQ(std::adjacent_find(sums.begin(), sums.end()), sums.end());
}

struct KeyCase {
  const char* key;     // definition of the key columns
  const char* parts;   // their names
  const char* values;  // of n
};

const std::vector<KeyCase> key_cases{
    {"a VARCHAR(40) CHARACTER SET utf8mb4 NOT NULL", "a",
     "CONCAT(CHAR(65+n%26 USING utf8mb4),CHAR(97+n%7 USING utf8mb4),n)"},
    {"a VARCHAR(40) CHARACTER SET latin1 NOT NULL", "a", "CONCAT(n%2,_latin1 x'e9',n)"},
    {"a VARCHAR(40) CHARACTER SET gbk NOT NULL", "a", "CONCAT(_gbk x'd6d0',CONVERT(n USING gbk))"},
    {"a CHAR(40) CHARACTER SET utf8 COLLATE utf8_bin NOT NULL", "a", "CONCAT(IF(n%2,'a','A'),n)"},
    {"a BINARY(8) NOT NULL", "a", "UNHEX(HEX(n*255+65536))"},
    {"a VARBINARY(8) NOT NULL", "a", "UNHEX(MD5(n))"},
    {"a ENUM('z','b','a') NOT NULL, b INT NOT NULL", "a,b", "n%3+1,n"},
    {"a SET('z','b','a','q') NOT NULL, b INT NOT NULL", "a,b", "n%16,n"},
    {"a BIT(64) NOT NULL", "a", "(n*3)^(1<<63)"},
    {"a TIMESTAMP(3) NOT NULL, b SMALLINT UNSIGNED NOT NULL", "a,b",
     "FROM_UNIXTIME(1600000000+n DIV 9),n"},
    {"a DATETIME(6) NOT NULL", "a", "'2020-01-01' + INTERVAL n*1001 MICROSECOND"},
    {"a DECIMAL(30,10) NOT NULL", "a", "n*-1.0000000001"},
    {"a TIME(2) NOT NULL", "a", "SEC_TO_TIME(n*70-30000)"},
    {"a DATE NOT NULL, y YEAR NOT NULL, c CHAR(3) NOT NULL", "a,y,c",
     "'2000-01-01' + INTERVAL n%20 DAY, 1970+n%50, n"},
    {"a BIGINT UNSIGNED NOT NULL, b VARCHAR(9) CHARACTER SET ascii NOT NULL", "b,a",
     "18446744073709551615-n, n%10"},
};

TEST_P(MysqlReader, chunks_of_every_kind_of_key_are_complete_and_read_by_index) {
  make_numbers();
  for (const KeyCase& k : key_cases) {
    SCOPED_TRACE(k.key);
    sql("DROP TABLE IF EXISTS t; CREATE TABLE t (" + std::string(k.key) +
        ", v INT, UNIQUE KEY `k``y` (" + k.parts + ")); INSERT INTO t SELECT " + k.values +
        ", n FROM seq; ANALYZE TABLE t");
    const auto shape = schema("t");
    ASSERT_EQ(shape.key_index, "k`y");
    const contract::TableRef ref{shape.name, &shape};
    const auto r = reader();
    const auto view = r->open_view();
    const auto whole = view->digest(ref, {}, digest_key);
    EXPECT_EQ(whole.rows, 1000U);
    Connection c(endpoint());
    model::ChunkDigest sum;
    Chunk chunk;
    do {
      chunk.through = view->boundary(ref, chunk.after, std::nullopt, 90);
      const auto part = view->digest(ref, chunk, digest_key);
      const RowBatch rows = read_all(*view, ref, chunk);
      EXPECT_EQ(rows.rows(), part.rows);
      EXPECT_EQ(rows.rows(), chunk.through ? 90U : 10U);
      sum.rows += part.rows;
      sum.sum += part.sum;
      std::vector<Key> keys;
      for (std::size_t i = 0; i < rows.rows(); ++i) keys.push_back(rows.key(i, shape.key));
      base::Digest by_key;
      for (const auto& row : view->key_digests(ref, keys, digest_key)) by_key += row.digest;
      EXPECT_EQ(by_key, part.sum);
      EXPECT_EQ(view->read_keys(ref, keys).rows(), keys.size());
      const auto plan = c.query("EXPLAIN SELECT * FROM " + from_table(shape.name, shape) +
                                " WHERE " + key_range(shape, chunk.after, chunk.through));
      if (chunk.after) {
        EXPECT_EQ(plan.text(0, "type"), "range");
      }
      chunk.after = chunk.through;
    } while (chunk.after);
    EXPECT_EQ(sum, whole);
  }
}

TEST_P(MysqlReader, stops_at_the_limit_and_goes_on_behind_it) {
  make_numbers();
  sql("CREATE TABLE t (id INT PRIMARY KEY, v TEXT); INSERT INTO t SELECT n, REPEAT('x', n) FROM "
      "seq");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto r = reader();
  const auto view = r->open_view();
  std::uint64_t rows = 0;
  std::size_t reads = 0;
  Chunk chunk;
  for (bool more = true; more; ++reads) {
    RowBatch out(2);
    const auto last = view->read(ref, chunk, base::Bytes{20'000}, out);
    EXPECT_LT(out.bytes(), 22'000U);
    rows += out.rows();
    if (last) {
      EXPECT_EQ(*last, out.key(out.rows() - 1, shape.key));
    }
    chunk.after = last;
    more = last.has_value();
  }
  EXPECT_EQ(rows, 1000U);
  EXPECT_GT(reads, 20U);
}

TEST_P(MysqlReader, a_killed_connection_is_not_the_end_of_the_rows) {
  make_numbers();
  Connection c(endpoint());
  Connection killer(endpoint());
  Stream rows = c.stream("SELECT a.n, SLEEP(0.0005) FROM r.seq a, r.seq b");
  int count = 0;
  EXPECT_EQ(kind_of([&] {
              while (rows.next()) {
                if (++count == 500) killer.execute("KILL " + std::to_string(c.id()));
              }
            }),
            ErrorKind::connection_lost);
  EXPECT_LT(count, 1'000'000);
}

TEST_P(MysqlReader, opens_another_view_after_its_connection_was_lost) {
  sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto r = reader();
  auto view = r->open_view();
  Connection killer(endpoint());
  const auto others = killer.query(
      "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = "
      "'root'");
  for (std::size_t i = 0; i < others.rows(); ++i)
    killer.execute("KILL " + others.text(i, std::size_t{0}));
  EXPECT_EQ(kind_of([&] { (void)view->digest(ref, {}, digest_key); }), ErrorKind::connection_lost);
  view.reset();
  EXPECT_EQ(r->open_view()->digest(ref, {}, digest_key).rows, 1U);
}

TEST_P(MysqlReader, a_stop_breaks_a_blocked_read) {
  Connection c(endpoint());
  std::stop_source stop;
  const InterruptOnStop guard(stop.get_token(), c);
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of([&] { c.query("SELECT SLEEP(30)"); }), ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  const auto r = reader(stop.get_token());
  EXPECT_EQ(kind_of([&] { (void)r->open_view(); }), ErrorKind::cancelled);
}

// Writers of a table wait behind its change of definition, which waits for the first view: while
// the second waited too, nobody would write until both had ended.
TEST_P(MysqlReader, does_not_wait_behind_a_change_that_waits_for_another_view) {
  sql("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1,1)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto first = reader();
  const auto second = reader();
  auto view = first->open_view();
  (void)view->digest(ref, {}, digest_key);
  const auto other_view = second->open_view();
  std::jthread change([&] { sql("ALTER TABLE t ADD COLUMN w INT"); });
  Connection watcher(endpoint());
  while (watcher.query("SELECT 1 FROM information_schema.PROCESSLIST WHERE STATE LIKE '%metadata%'")
             .empty()) {
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(kind_of([&] { (void)other_view->digest(ref, {}, digest_key); }), ErrorKind::transient);
  view.reset();
}

TEST_P(MysqlReader, refuses_a_table_that_is_not_as_expected) {
  sql("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1,1)");
  const auto shape = schema("t");
  const contract::TableRef ref{shape.name, &shape};
  const auto r = reader();
  auto view = r->open_view();
  sql("ALTER TABLE t MODIFY v BIGINT");
  EXPECT_EQ(kind_of([&] { (void)view->digest(ref, {}, digest_key); }), ErrorKind::data_mismatch);
  view.reset();  // what was read, even in vain, is held
  sql("DROP TABLE t");
  view = r->open_view();
  EXPECT_EQ(kind_of([&] { (void)view->digest(ref, {}, digest_key); }), ErrorKind::data_mismatch);
  EXPECT_FALSE(view->definition({"r", "t"}));
}

TEST_P(MysqlReader, refuses_to_go_without_the_tls_it_was_told_to_use) {
  Endpoint e = endpoint();
  e.tls.verify = true;  // by a CA that never signed this server's certificate
  EXPECT_EQ(kind_of([&] { const Connection c(e); }), ErrorKind::rejected);
  if (GetParam() == Kind::mariadb) {  // the test's MariaDB has no TLS at all
    e.tls.verify = false;
    e.tls.required = true;
    EXPECT_EQ(kind_of([&] { const Connection c(e); }), ErrorKind::rejected);
  }
}

TEST_P(MysqlReader, keeps_the_password_out_of_its_errors) {
  Endpoint e = endpoint("nobody");
  e.password = [] { return std::string("s3cret"); };
  try {
    const Connection c(e);
    ADD_FAILURE() << "was let in";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "mysql.auth");
    EXPECT_THAT(error.what(), Not(HasSubstr("s3cret")));
  }
}

std::vector<std::string> blockers(const std::vector<model::Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& f : findings) {
    if (f.severity == model::Severity::blocker) out.push_back(f.code + " " + f.subject);
  }
  return out;
}

TEST_P(MysqlReader, assess_names_what_cannot_be_moved) {
  sql("CREATE TABLE fine (id INT PRIMARY KEY, e ENUM('a')); CREATE TABLE nokey (a INT, UNIQUE "
      "(a)); "
      "CREATE TABLE floats (f DOUBLE PRIMARY KEY); CREATE TABLE shape (id INT PRIMARY KEY, p "
      "POINT); "
      "CREATE TABLE old (id INT PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE child (id INT PRIMARY "
      "KEY, "
      "p INT, FOREIGN KEY (p) REFERENCES fine (id) ON DELETE SET NULL)");
  const auto found = source().assess([](const auto& name) { return name.schema == "r"; });
  EXPECT_THAT(blockers(found), ElementsAre("source.engine r.old"));
  // A child of a cascade whose parent stays behind is changed by what nobody follows.
  EXPECT_THAT(blockers(source().assess([](const auto& n) { return n.name == "child"; })),
              ElementsAre("source.fk_cascade r.child"));
  EXPECT_THAT(blockers(source().assess([](const auto& n) { return n.name == "fine"; })),
              ElementsAre());
}

TEST_P(MysqlReader, assess_names_each_missing_privilege_with_its_grant) {
  sql("CREATE TABLE t (id INT PRIMARY KEY); CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY "
      "(id) "
      "REFERENCES t (id) ON DELETE CASCADE)");
  // Without IF EXISTS, which MySQL 5.6 does not know.
  sql("GRANT USAGE ON *.* TO mover@localhost; DROP USER mover@localhost; CREATE USER "
      "mover@localhost; GRANT SELECT ON r.t TO mover@localhost");
  const auto filter = [](const model::CollectionName& n) { return n.schema == "r"; };
  Source poor({.endpoint = endpoint("mover"), .identity = "", .server_id = 0});
  const auto missing = poor.assess(filter);
  EXPECT_THAT(blockers(missing), Contains("source.privilege.replication_slave source"));
  EXPECT_THAT(blockers(missing), Contains("source.privilege.replication_client source"));
  for (const auto& f : missing) {
    if (f.code == "source.privilege.replication_slave") {
      EXPECT_EQ(f.what_to_do, "GRANT REPLICATION SLAVE ON *.* TO `mover`@`localhost`;");
    }
  }
  sql("GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO mover@localhost");
  Source enough({.endpoint = endpoint("mover"), .identity = "", .server_id = 0});
  const auto lacking = enough.assess(filter);
  if (GetParam() == tests::ServerKind::mariadb) {
    EXPECT_THAT(blockers(lacking), ElementsAre());
    return;
  }
  EXPECT_THAT(blockers(lacking), ElementsAre("source.privilege.lock_tables r.child"));
  for (const auto& f : lacking) {
    if (f.code == "source.privilege.lock_tables") {
      EXPECT_EQ(f.what_to_do, "GRANT LOCK TABLES ON `r`.* TO `mover`@`localhost`;");
    }
  }
}

TEST_P(MysqlReader, a_server_is_known_again_after_a_restart_and_no_other_is_taken_for_it) {
  const std::string identity = source().identity();
  server_->restart();
  EXPECT_EQ(source().identity(), identity);
  Source other({.endpoint = endpoint(), .identity = identity + "x", .server_id = 0});
  EXPECT_EQ(kind_of([&] { (void)other.position(); }), ErrorKind::rejected);
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlReader,
                         ::testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         tests::name_of_kind);

// What the proof of a migration between the two rests on.
TEST(MysqlReaderPair, both_flavours_digest_equal_rows_alike) {
  if (!tests::Server::mysql57_available())
    GTEST_SKIP() << "MySQL 5.7 cannot be had on this machine";
  std::vector<model::ChunkDigest> digests;
  std::vector<model::TableSchema> shapes;
  for (const Kind kind : {Kind::mariadb, Kind::mysql57}) {
    const auto& server = server_of(kind);
    server.exec_sql(
        "DROP DATABASE IF EXISTS pair; CREATE DATABASE pair; USE pair; SET sql_mode=''; CREATE "
        "TABLE t "
        "(id INT PRIMARY KEY, f FLOAT, d DOUBLE, m DECIMAL(30,9), y YEAR, ts TIMESTAMP(6) NULL, ti "
        "TIME(1), c CHAR(9) CHARACTER SET utf8, x TEXT CHARACTER SET utf8mb4, e ENUM('a','b'), b "
        "BIT(9), "
        "bi BINARY(3), g INT AS (b+1) VIRTUAL); INSERT INTO t (id,f,d,m,y,ts,ti,c,x,e,b,bi) VALUES "
        "(1,3.4e38,-1.7976931348623157e308,-0.1,1901,'1970-01-01 00:00:01','-838:59:59','a ',"
        "REPEAT('x',9999),'b',b'1','a'),(2,1e-38,2.2250738585072014e-308,99,0,'0000-00-00','0:0:0."
        "1',"
        "'','','',0,''),(3,0.1,1e15,0,2155,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(4,-0,1e16,1,1,NULL,"
        "NULL,NULL,NULL,'a',511,NULL)");
    Endpoint e;
    e.socket = server.socket();
    e.user = "root";
    Connection c(e);
    shapes.push_back(read_table(c, {"pair", "t"}).value());
    const auto r = open_reader(e, {});
    digests.push_back(r->open_view()->digest({shapes[0].name, shapes.data()}, {}, digest_key));
  }
  EXPECT_TRUE(shapes[0].carries_like(shapes[1]));
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace wherry::stores::mysql
