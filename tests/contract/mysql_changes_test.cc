// The binlog of real servers as a change log: every column type exactly, positions to go on from,
// and what it must stop at.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/changes.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using base::Error;
using base::ErrorKind;
using model::Position;
using namespace std::chrono_literals;

using Kind = tests::ServerKind;

class MysqlChanges : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (!tests::Server::available(GetParam())) {
      GTEST_SKIP() << "no " << to_string(GetParam()) << " to be had here";
    }
    server_ = std::make_unique<tests::Server>(tests::Server::start(GetParam()));
    sql("CREATE DATABASE s; CREATE TABLE s.t(id INT PRIMARY KEY, v VARCHAR(20)); "
        "CREATE TABLE s.unwanted(id INT PRIMARY KEY)");
  }

  void sql(const std::string& statements) { server_->exec_sql(statements); }
  Endpoint endpoint() {
    Endpoint e;
    e.port = static_cast<std::uint16_t>(server_->port());
    e.user = "root";
    e.compress = compress_;
    return e;
  }
  Position end() {
    const auto rows = server_->query("SHOW MASTER STATUS");
    return Position::in_log(rows.at(0).at(0).value(), std::stoull(rows.at(0).at(1).value()));
  }
  // Tables are numbered from 1, by name.
  contract::TrackedTables tracked(const std::vector<std::string>& names = {"t"}) {
    Connection connection(endpoint());
    contract::TrackedTables all;
    for (auto& t : read_tables(connection, [&](const model::CollectionName& n) {
           return n.schema == "s" && std::find(names.begin(), names.end(), n.name) != names.end();
         })) {
      all.emplace(static_cast<model::CollectionId>(all.size() + 1), std::move(t));
    }
    return all;
  }
  std::unique_ptr<BinlogChanges> changes(const Position& from, contract::TrackedTables tables) {
    return std::make_unique<BinlogChanges>(endpoint(), from, std::move(tables), 4711U);
  }
  // All parts until the log is silent.
  std::vector<model::ChangePart> read(contract::ChangeLog& log) {
    std::vector<model::ChangePart> parts;
    while (auto part = log.next(300ms, {})) {
      if (!part->ddl.empty()) log.track(tracked());
      parts.push_back(std::move(*part));
    }
    return parts;
  }
  static std::vector<std::string> values(const std::vector<model::ChangePart>& parts) {
    std::vector<std::string> all;
    for (const auto& part : parts) {
      for (const auto& e : part.events) {
        for (std::size_t r = 0; r < e.after.rows(); ++r) {
          all.emplace_back(e.after.cell(r, 1).value_or("NULL"));
        }
      }
    }
    return all;
  }
  static std::optional<Error> error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return e;
    }
    return std::nullopt;
  }

  std::unique_ptr<tests::Server> server_;
  bool compress_ = false;
};

TEST_P(MysqlChanges, rows_are_what_a_reader_of_the_table_sees) {
  std::string members;
  for (int i = 0; i < 64; ++i) members += (i == 0 ? "'m" : ",'m") + std::to_string(i) + "'";
  // MySQL 5.6 has none.
  const std::string generated =
      GetParam() == Kind::mysql56 ? std::string() : "g INT GENERATED ALWAYS AS (id+1) VIRTUAL, ";
  sql("CREATE TABLE s.types(id INT PRIMARY KEY, i8 TINYINT, u8 TINYINT UNSIGNED, i24 MEDIUMINT, "
      "u64 BIGINT UNSIGNED, f FLOAT, d DOUBLE, n DECIMAL(30,10), b BIT(64), y YEAR, da DATE, "
      "t0 TIME, t6 TIME(6), dt DATETIME(3), ts TIMESTAMP(6) NULL, ts0 TIMESTAMP NULL, "
      "c CHAR(10) CHARACTER SET latin1, c4 CHAR(255) CHARACTER SET utf8mb4, v VARCHAR(300) "
      "CHARACTER SET utf8mb4, "
      "bi BINARY(16), vb VARBINARY(20), tx TEXT CHARACTER SET latin1, bl LONGBLOB, "
      "e ENUM('a','b'), st SET(" +
      members + "), " + generated + "tail INT UNSIGNED)");
  const Position from = end();
  sql("SET time_zone='+05:00'; SET sql_mode='ALLOW_INVALID_DATES'; SET NAMES utf8mb4; "
      "INSERT INTO "
      "s.types(id,i8,u8,i24,u64,f,d,n,b,y,da,t0,t6,dt,ts,ts0,c,c4,v,bi,vb,tx,bl,e,st,tail) VALUES"
      "(1,-128,255,-8388608,18446744073709551615,16777216,0.1,-12345678901234567890.0123456789,b'1'"
      ","
      "2024,'2024-02-29','-838:59:59','-00:00:00.000001','9999-12-31 23:59:59.999',"
      "'2024-02-29 01:02:03.000004','2038-01-19 "
      "08:14:07','é','ü€',repeat('x',256),x'00010200',x'0000','t',"
      "repeat(x'ff00',40000),'b','m0,m63',4294967295),"
      "(2,0,0,0,0,1.1,-1e-300,0,0,0,'0000-00-00','00:00:00','838:59:58.999999','0000-00-00','0000-"
      "00-00',"
      "'1970-01-01 05:00:01','','','','','','','','a','',0),"
      "(3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,"
      "NULL,NULL,"
      "NULL,NULL,NULL,NULL,NULL,NULL)");
  const auto tables = tracked({"types"});
  const auto& shape = tables.at(1);
  const auto log = changes(from, tables);
  const auto part = log->next(2000ms, {});
  ASSERT_TRUE(part);
  ASSERT_EQ(part->events.size(), 1U);
  const model::RowBatch& logged = part->events[0].after;
  Connection connection(endpoint());
  const Result seen =
      connection.query("SELECT " + select_list(shape) + " FROM " + from_table(shape.name, shape) +
                       " ORDER BY " + order_by_key(shape));
  ASSERT_EQ(logged.rows(), 3U);
  ASSERT_EQ(seen.rows(), 3U);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < shape.columns.size(); ++c) {
      const auto& column = shape.columns[c];
      const model::Cell a = logged.cell(r, c);
      const model::Cell b = seen.cell(r, c);
      const bool is_double =
          column.type == model::ColumnType::float_ || column.type == model::ColumnType::double_;
      if (is_double && a && b) {
        EXPECT_EQ(std::stod(std::string(*a)), std::stod(std::string(*b))) << column.name;
      } else {
        EXPECT_EQ(a, b) << column.name << " of row " << r + 1;
      }
    }
  }
}

TEST_P(MysqlChanges, come_compressed_where_that_is_wanted) {
  compress_ = true;
  EXPECT_EQ(Connection(endpoint())
                .query("SHOW SESSION STATUS LIKE 'Compression'")
                .text(0, std::size_t{1}),
            "ON");
  sql("CREATE TABLE s.wide(id INT PRIMARY KEY, v LONGBLOB)");
  const Position from = end();
  // One that shrinks, one that cannot, and one of more than the 16 MiB that a packet holds, where
  // the server's redo log takes it.
  const std::size_t pairs = GetParam() == Kind::mysql56 ? 2'000'000 : 10'000'000;
  const auto noise = server_->query("SELECT LOWER(HEX(RANDOM_BYTES(1000)))");
  sql("SET GLOBAL max_allowed_packet=67108864");
  sql("INSERT INTO s.wide VALUES (1, REPEAT('a', 100000)), (2, x'" + noise.at(0).at(0).value() +
      "'); INSERT INTO s.wide VALUES (3, REPEAT('bc', " + std::to_string(pairs) + "))");
  const auto log = changes(from, tracked({"wide"}));
  const auto seen = values(read(*log));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0], std::string(100000, 'a'));
  EXPECT_EQ(base::to_hex(seen[1]), noise.at(0).at(0).value());
  EXPECT_EQ(seen[2].size(), 2 * pairs);
}

TEST_P(MysqlChanges, every_end_is_a_place_to_go_on_from) {
  const Position from = end();
  for (int i = 0; i < 6; ++i) {
    const std::string n = std::to_string(i);
    sql("BEGIN; INSERT INTO s.t VALUES(" + n + ",'a" + n + "'); UPDATE s.t SET v='b" + n +
        "' WHERE id=" + n + "; COMMIT; INSERT INTO s.unwanted VALUES(" + n + ")");
    if (i % 2 == 1) sql("FLUSH BINARY LOGS");
  }
  const auto all = read(*changes(from, tracked()));
  const auto expected = values(all);
  ASSERT_EQ(expected.size(), 12U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_TRUE(all[i].last);
    const std::vector<model::ChangePart> before(all.begin(),
                                                all.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    auto joined = values(before);
    const auto rest = values(read(*changes(all[i].end, tracked())));
    joined.insert(joined.end(), rest.begin(), rest.end());
    EXPECT_EQ(joined, expected) << "from " << all[i].end.text();
  }
}

TEST_P(MysqlChanges, the_position_reaches_the_logs_end_when_nothing_is_wanted) {
  const Position from = end();
  const auto log = changes(from, tracked());
  EXPECT_EQ(log->next(100ms, {}), std::nullopt);
  sql("INSERT INTO s.unwanted VALUES(1); FLUSH BINARY LOGS; INSERT INTO s.unwanted VALUES(2)");
  const auto parts = read(*log);
  ASSERT_FALSE(parts.empty());
  EXPECT_TRUE(values(parts).empty());
  EXPECT_EQ(parts.back().end.text().substr(0, parts.back().end.text().find(' ')), end().text());
}

TEST_P(MysqlChanges, a_stop_breaks_a_blocked_read) {
  const auto log = changes(end(), tracked());
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(300ms);
    stop.request_stop();
  });
  const auto begun = std::chrono::steady_clock::now();
  const auto e = error_of([&] { (void)log->next(60s, stop.get_token()); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->kind(), ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_P(MysqlChanges, a_lost_server_is_told_and_a_new_reader_goes_on) {
  const Position from = end();
  sql("INSERT INTO s.t VALUES(1,'one')");
  const auto log = changes(from, tracked());
  const auto first = log->next(2000ms, {});
  ASSERT_TRUE(first);
  server_->kill9();
  const auto e = error_of([&] {
    while (log->next(2000ms, {})) {
    }
  });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->kind(), ErrorKind::connection_lost);
  server_->restart();
  sql("INSERT INTO s.t VALUES(2,'two')");
  EXPECT_THAT(values(read(*changes(first->end, tracked()))), testing::ElementsAre("two"));
}

TEST_P(MysqlChanges, a_purged_log_is_told_before_anything_is_read) {
  const Position from = end();
  sql("FLUSH BINARY LOGS; FLUSH BINARY LOGS");
  sql("PURGE BINARY LOGS TO '" + end().log + "'");
  const auto e = error_of([&] { (void)changes(from, tracked())->next(1s, {}); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->code(), "source.log_purged");
  EXPECT_EQ(e->kind(), ErrorKind::rejected);
}

TEST_P(MysqlChanges, a_log_that_ends_before_the_position_is_another_servers) {
  Position from = end();
  from.offset += 1000;
  const auto e = error_of([&] { (void)changes(from, tracked())->next(1s, {}); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->code(), "source.log_shorter");
}

TEST_P(MysqlChanges, definitions_stand_between_the_rows_before_and_after) {
  const Position from = end();
  sql("INSERT INTO s.t VALUES(1,'old'); ALTER TABLE s.t ADD w INT DEFAULT 5; INSERT INTO s.t "
      "VALUES(2,'new',6)");
  auto before = tracked();
  before.at(1).columns.pop_back();
  const auto log = changes(from, before);
  const auto parts = read(*log);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0].events.at(0).after.columns(), 2U);
  ASSERT_EQ(parts[1].ddl.size(), 1U);
  EXPECT_EQ(parts[1].ddl[0].statement, "ALTER TABLE s.t ADD w INT DEFAULT 5");
  EXPECT_EQ(parts[2].events.at(0).after.cell(0, 2), "6");
}

TEST_P(MysqlChanges, a_definition_not_told_of_is_noticed_at_the_next_row) {
  const Position from = end();
  sql("ALTER TABLE s.t ADD w INT; INSERT INTO s.t VALUES(1,'x',1)");
  auto stale = tracked();
  stale.at(1).columns.pop_back();
  const auto log = changes(from, stale);
  ASSERT_TRUE(log->next(1s, {}));
  log->track(stale);
  const auto e = error_of([&] { (void)log->next(1s, {}); });
  ASSERT_TRUE(e);
  EXPECT_EQ(e->code(), "binlog.schema_mismatch");
}

TEST_P(MysqlChanges, sessions_that_log_less_are_refused) {
  const Position minimal = end();
  sql("INSERT INTO s.t VALUES(1,'a'); SET SESSION binlog_row_image=MINIMAL; UPDATE s.t SET v='b'");
  const auto image = error_of([&] { read(*changes(minimal, tracked())); });
  ASSERT_TRUE(image);
  EXPECT_EQ(image->code(), "binlog.minimal_image");
  const Position statement = end();
  sql("SET SESSION binlog_format=STATEMENT; UPDATE s.t SET v='c'");
  const auto format = error_of([&] { read(*changes(statement, tracked())); });
  ASSERT_TRUE(format);
  EXPECT_EQ(format->code(), "source.statement_format");
  EXPECT_EQ(format->kind(), ErrorKind::not_supported);
  EXPECT_THAT(format->what(), testing::HasSubstr("begin a new migration"));
}

// As pt-table-checksum does it. What triggers and functions did besides, the log does not say.
TEST_P(MysqlChanges,
       a_statement_that_reads_tracked_rows_is_refused_though_it_names_another_to_change) {
  sql("CREATE DATABASE sums; CREATE TABLE sums.sums (id INT PRIMARY KEY, crc BIGINT)");
  const Position before = end();
  sql("SET SESSION binlog_format=STATEMENT; USE sums; "
      "REPLACE INTO sums SELECT 1, SUM(CRC32(v)) FROM s.t");
  const auto error = error_of([&] { read(*changes(before, tracked())); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), "source.statement_format");
  sql("DROP DATABASE sums");
}

// MySQL's log lists the schemas that a statement changes; for MariaDB's, definitions are read.
TEST_P(MysqlChanges, a_statement_elsewhere_is_refused_if_definitions_there_reach_tracked_tables) {
  sql("CREATE DATABASE `e f`; CREATE TABLE `e f`.a (id INT PRIMARY KEY); "
      "CREATE TABLE `e f`.b (id INT PRIMARY KEY); CREATE DATABASE g; "
      "CREATE TABLE g.plain (id INT PRIMARY KEY)");
  const std::string statement = "SET SESSION binlog_format=STATEMENT; ";
  const auto outcome = [&](const Position& from) {
    const auto error = error_of([&] { read(*changes(from, tracked())); });
    return error ? error->code() : "no error";
  };
  const Position harmless = end();
  sql(statement + "USE g; INSERT INTO plain VALUES(1); INSERT INTO `e f`.a VALUES(1)");
  EXPECT_EQ(outcome(harmless), "no error");

  sql("CREATE PROCEDURE g.p() INSERT INTO s.t VALUES(100,'by a procedure'); "
      "CREATE TRIGGER `e f`.r AFTER INSERT ON `e f`.b FOR EACH ROW CALL g.p()");
  const Position by_trigger = end();
  sql(statement + "USE `e f`; INSERT INTO b VALUES(1)");
  EXPECT_EQ(outcome(by_trigger), "source.statement_format") << "known from the server";

  sql("DROP TRIGGER `e f`.r; DROP PROCEDURE g.p; DELETE FROM s.t");
  const Position made_later = end();
  sql("CREATE FUNCTION g.f() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN "
      "INSERT INTO s.t VALUES(1,'by a function'); RETURN 1; END");
  const auto log = changes(made_later, tracked());
  EXPECT_FALSE(read(*log).empty());
  sql(statement + "USE `e f`; INSERT INTO a SELECT 2 FROM (SELECT g.f()) AS one");
  const auto error = error_of([&] { read(*log); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), "source.statement_format") << "known from the log";
  sql("DROP DATABASE `e f`; DROP DATABASE g");
}

TEST_P(MysqlChanges, an_account_that_may_not_see_definitions_stops_at_a_statement_until_it_may) {
  if (GetParam() != Kind::mariadb) GTEST_SKIP() << "its log tells what a statement changes";
  sql("CREATE DATABASE g; CREATE TABLE g.plain (id INT PRIMARY KEY); "
      "CREATE USER w@'127.0.0.1'; GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO "
      "w@'127.0.0.1'; "
      "GRANT SELECT, SHOW VIEW, TRIGGER ON s.* TO w@'127.0.0.1'");
  const Position from = end();
  sql("SET SESSION binlog_format=STATEMENT; INSERT INTO g.plain VALUES(1)");
  Endpoint as_w = endpoint();
  as_w.user = "w";
  const auto try_as_w = [&] {
    BinlogChanges log(as_w, from, tracked(), 4711U);
    return error_of([&] { read(log); });
  };
  const auto refused = try_as_w();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), "source.statement_reach");
  const std::string grant = "GRANT SELECT, SHOW VIEW, TRIGGER ON *.* TO `w`@`127.0.0.1`;";
  EXPECT_THAT(refused->what(), testing::HasSubstr(grant));
  sql(grant);
  EXPECT_FALSE(try_as_w());
  sql("DROP USER w@'127.0.0.1'; DROP DATABASE g");
}

TEST_P(MysqlChanges, a_log_without_checksums_is_read_too) {
  const Position from = end();
  sql("SET GLOBAL binlog_checksum=NONE; INSERT INTO s.t VALUES(1,'plain'); SET GLOBAL "
      "binlog_checksum=CRC32; "
      "INSERT INTO s.t VALUES(2,'checked')");
  EXPECT_THAT(values(read(*changes(from, tracked()))), testing::ElementsAre("plain", "checked"));
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlChanges,
                         testing::Values(Kind::mariadb, Kind::mysql56, Kind::mysql57),
                         [](const auto& kind) { return std::string(to_string(kind.param)); });

}  // namespace
}  // namespace wherry::stores::mysql
