#include "stores/mysql/change_assembler.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stores/mysql/change_assembler_bed.h"

namespace wherry::stores::mysql {
namespace {

using testing::ElementsAre;
using namespace std::literals;
namespace wire = wire::mysql;

TEST_F(Assembly, a_transaction_begins_before_its_gtid_and_ends_after_its_xid) {
  gtid(7);
  map(inno);
  insert(inno, "\x01\x02", wire::Rows::statement_end);
  EXPECT_TRUE(parts_.empty());
  EXPECT_EQ(assembler_.position().offset, 100U);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_EQ(parts_[0].begin.text(), "bin.000001:100 none");
  EXPECT_EQ(parts_[0].end.text(), "bin.000001:500 0-3-7");
  EXPECT_TRUE(parts_[0].last);
  EXPECT_EQ(parts_[0].log_bytes, 400U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:1", "1:2"));
  EXPECT_EQ(assembler_.moved(), std::nullopt) << "the part itself moved the position";
}

TEST_F(Assembly, rows_of_one_table_and_kind_are_joined) {
  gtid(1);
  map(inno);
  insert(inno, "\x01");
  insert(inno, "\x02", wire::Rows::statement_end);
  map(myisam);
  insert(myisam, "\x03", wire::Rows::statement_end);
  map(inno);
  insert(inno, "\x04", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_EQ(parts_[0].events.size(), 3U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:1", "1:2", "2:3", "1:4"));
}

TEST_F(Assembly, what_is_not_wanted_only_moves_the_position) {
  gtid(1);
  map(other);
  insert(other, "\x01", wire::Rows::statement_end);
  xid();
  gtid(2);
  EXPECT_EQ(assembler_.moved(), std::nullopt) << "in a transaction there is no boundary";
  query("INSERT INTO x VALUES(1)");
  query("COMMIT");
  query("FLUSH TABLES");
  EXPECT_TRUE(parts_.empty());
  const auto moved = assembler_.moved();
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->begin.offset, 100U);
  EXPECT_EQ(moved->end.text(), "bin.000001:900 0-3-2");
  EXPECT_EQ(moved->log_bytes, 800U);
  EXPECT_EQ(assembler_.moved(), std::nullopt);
}

TEST_F(Assembly, mysql_begins_with_a_query_and_myisam_ends_with_one) {
  mysql_gtid();
  query("BEGIN");
  map(myisam);
  insert(myisam, "\x05", wire::Rows::statement_end);
  query("COMMIT");
  query("BEGIN");  // and without GTIDs before 5.7
  map(inno);
  insert(inno, "\x06", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_EQ(parts_[0].begin.offset, 100U);
  EXPECT_EQ(parts_[0].end.offset, 600U);
  EXPECT_EQ(parts_[1].begin.offset, 600U);
  EXPECT_EQ(parts_[1].end.offset, 1000U);
}

TEST_F(Assembly, tells_the_session_of_a_definition_as_far_as_the_log_does) {
  wire::Query q;
  q.statement = "ALTER TABLE i ADD b TIMESTAMP";
  q.schema = "shop";
  q.time_zone = "+03:00";
  q.microseconds = 500;
  q.explicit_timestamps = false;
  mysql_gtid();
  add(wire::EventType::query, q);
  q.time_zone = "SYSTEM";
  mysql_gtid();
  add(wire::EventType::query, q);
  assembler_ =
      ChangeAssembler(model::Position::in_log("bin.000001", offset_), tables(), {}, "+00:00");
  mysql_gtid();
  add(wire::EventType::query, q);
  mysql_gtid();
  query("ALTER TABLE i ADD b INT", "shop");
  ASSERT_EQ(parts_.size(), 4U);
  EXPECT_EQ(parts_[0].ddl[0].time_zone, "+03:00");
  EXPECT_EQ(parts_[0].ddl[0].microseconds, 500U);
  EXPECT_EQ(parts_[0].ddl[0].explicit_timestamps, false);
  EXPECT_EQ(parts_[1].ddl[0].time_zone, "");  // whatever that is there
  EXPECT_EQ(parts_[2].ddl[0].time_zone, "+00:00");
  EXPECT_EQ(parts_[3].ddl[0].time_zone, "");
  EXPECT_EQ(parts_[3].ddl[0].microseconds, std::nullopt);
  EXPECT_EQ(parts_[3].ddl[0].explicit_timestamps, std::nullopt);
}

TEST_F(Assembly, a_definition_stands_alone) {
  gtid(1, wire::MariadbGtid::standalone | wire::MariadbGtid::ddl);
  query("ALTER TABLE i ADD b INT", "shop");
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_TRUE(parts_[0].last);
  EXPECT_TRUE(parts_[0].events.empty());
  ASSERT_EQ(parts_[0].ddl.size(), 1U);
  EXPECT_EQ(parts_[0].ddl[0].statement, "ALTER TABLE i ADD b INT");
  EXPECT_EQ(parts_[0].ddl[0].default_schema, "shop");
  EXPECT_EQ(parts_[0].ddl[0].sql_mode, "ANSI_QUOTES");
  EXPECT_EQ(parts_[0].ddl[0].charset, "utf8mb4");
  EXPECT_EQ(parts_[0].ddl[0].collation, "utf8mb4_general_ci");
  EXPECT_FALSE(parts_[0].ddl[0].json_is_text);  // no MariaDB has said who it is
  EXPECT_EQ(parts_[0].end.offset, 300U);
  mysql_gtid();
  query("DROP TABLE x");
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_EQ(parts_[1].begin.offset, 300U);
  EXPECT_EQ(parts_[1].end.offset, 500U);
}

TEST_F(Assembly, create_table_select_goes_on_with_its_rows) {
  gtid(1, wire::MariadbGtid::ddl);
  query("CREATE TABLE `i` (id TINYINT)");
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_FALSE(parts_[0].last);
  assembler_.track(tables());
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_TRUE(parts_[1].last);
  EXPECT_EQ(parts_[1].begin, parts_[0].begin);
  EXPECT_THAT(ids(parts_[1]), ElementsAre("1:1"));
}

// As MySQL 8.0.21 logs it.
TEST_F(Assembly, create_table_with_start_transaction_goes_on_with_its_rows) {
  mysql_gtid();
  query("BEGIN");
  query("CREATE TABLE `i` (id TINYINT) START TRANSACTION");
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_FALSE(parts_[0].last);
  assembler_.track(tables());
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_TRUE(parts_[1].last);
  EXPECT_THAT(ids(parts_[1]), ElementsAre("1:1"));
}

TEST_F(Assembly, rollback_to_takes_back_transactional_rows_only) {
  gtid(1);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  query("SAVEPOINT `a`");
  map(inno);
  insert(inno, "\x02", wire::Rows::statement_end);
  map(myisam);
  insert(myisam, "\x03", wire::Rows::statement_end);
  query("SAVEPOINT `b`");
  map(inno);
  insert(inno, "\x04", wire::Rows::statement_end);
  query("ROLLBACK TO `A`");
  map(inno);
  insert(inno, "\x05", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:1", "2:3", "1:5"));
  gtid(2);
  EXPECT_EQ(code_of([&] { query("ROLLBACK TO `a`"); }), "source.savepoint");
}

TEST_F(Assembly, a_rollback_at_the_end_keeps_what_cannot_be_rolled_back) {
  gtid(1);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  map(myisam);
  insert(myisam, "\x02", wire::Rows::statement_end);
  query("ROLLBACK");
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("2:2"));
}

TEST_F(Assembly, a_large_transaction_comes_in_parts) {
  const std::string many(ChangeAssembler::part_bytes / 16, '\x01');
  gtid(1);
  query("SAVEPOINT `a`");
  map(inno);
  insert(inno, many);
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_FALSE(parts_[0].last);
  EXPECT_EQ(parts_[0].begin.offset, 100U);
  EXPECT_EQ(assembler_.moved(), std::nullopt);
  EXPECT_EQ(code_of([&] { query("ROLLBACK TO `a`"); }), "source.savepoint");
  xid();
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_TRUE(parts_[1].last);
  EXPECT_TRUE(parts_[1].events.empty());
  EXPECT_EQ(parts_[1].end.offset, 700U);
}

TEST_F(Assembly, statements_that_may_change_tracked_rows_are_refused) {
  gtid(1);
  EXPECT_EQ(code_of([&] { query("INSERT INTO i VALUES(1)", "SHOP"); }), "source.statement_format");
  EXPECT_EQ(code_of([&] { query("UPDATE `Shop`.i SET id=1"); }), "source.statement_format");
  EXPECT_EQ(code_of([&] { query("UPDATE x SET id=1"); }), "no error");
  wire::Query by_trigger;
  by_trigger.statement = "UPDATE x SET id=1";
  by_trigger.updated_schemas = {"elsewhere", "shop"};
  EXPECT_EQ(code_of([&] { add(wire::EventType::query, by_trigger); }), "source.statement_format");
}

class ReachAssembly : public Assembly {
 protected:
  // Definitions were read where the log ended.
  void begin_at(const model::Position& from, std::uint64_t log_end) {
    assembler_ = ChangeAssembler(from, tables(), Collations{});
    assembler_.know(DefinitionReach(model::Position::in_log("bin.000001", log_end)));
    offset_ = static_cast<std::uint32_t>(from.to_read_from().offset);
    read_of_mariadb();
  }
  void read_of_mariadb() {
    wire::FormatDescription mariadb;
    mariadb.mariadb = true;
    add(wire::EventType::format_description, mariadb, wire::EventHeader::artificial_flag);
  }
  void update_elsewhere(std::uint64_t number) {
    gtid(number);
    query("UPDATE x SET id=1");
    xid();
  }
  std::string drop(std::uint64_t number) {
    gtid(number, wire::MariadbGtid::standalone);
    return code_of([&] { query("DROP TRIGGER t"); });
  }
  const model::Position begin_ = model::Position::in_log("bin.000001", 100, "none");
};

TEST_F(ReachAssembly, a_statement_elsewhere_passes_if_definitions_are_known_to_reach_no_table) {
  read_of_mariadb();
  EXPECT_EQ(code_of([&] { update_elsewhere(1); }), "source.statement_reach");
  begin_at(begin_, 100);
  EXPECT_EQ(code_of([&] { update_elsewhere(1); }), "no error");
  gtid(2, wire::MariadbGtid::standalone);
  query("CREATE TRIGGER t AFTER UPDATE ON x FOR EACH ROW DELETE FROM shop.i");
  EXPECT_EQ(code_of([&] { update_elsewhere(3); }), "source.statement_format");
}

TEST_F(ReachAssembly, what_was_gone_when_definitions_were_read_is_missed_also_after_a_new_start) {
  begin_at(begin_, 2000);
  update_elsewhere(1);
  const model::Position after = assembler_.position();
  ASSERT_TRUE(after.since);
  EXPECT_EQ(after.since->offset, 100U) << "of the statement";
  EXPECT_EQ(drop(2), "source.statement_reach");
  begin_at(after, 2000);
  update_elsewhere(1);
  EXPECT_EQ(drop(2), "source.statement_reach");
  begin_at(after, 2000);
  update_elsewhere(1);
  offset_ = 1950;
  gtid(2);
  xid();
  EXPECT_FALSE(assembler_.position().since) << "where definitions were read";
  EXPECT_EQ(drop(3), "no error");
}

TEST_F(Assembly, an_incident_stops) {
  EXPECT_EQ(code_of([&] {
              add(wire::EventType::incident, wire::Incident{1, "lost events"});
            }),
            "source.incident");
}

TEST_F(Assembly, rows_without_their_table_map_are_an_error) {
  gtid(1);
  EXPECT_EQ(code_of([&] { insert(inno, "\x01"); }), "binlog.no_table_map");
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  EXPECT_EQ(code_of([&] { insert(inno, "\x01"); }), "binlog.no_table_map")
      << "its statement has ended";
  EXPECT_EQ(code_of([&] { insert(wire::Rows::no_table, "", wire::Rows::statement_end); }),
            "no error");
}

TEST_F(Assembly, rotation_moves_to_the_next_log) {
  gtid(1);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  xid();
  add(wire::EventType::rotate, wire::Rotate{"bin.000002", 4});
  add(wire::EventType::rotate, wire::Rotate{"bin.000002", 4}, wire::EventHeader::artificial_flag);
  offset_ = 4;
  wire::FormatDescription f;
  f.mariadb = true;
  add(wire::EventType::format_description, f);
  const auto moved = assembler_.moved();
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->end.text(), "bin.000002:104 0-3-1");
  gtid(2);
  map(inno);
  insert(inno, "\x02", wire::Rows::statement_end);
  xid();
  EXPECT_EQ(parts_.back().begin.text(), "bin.000002:104 0-3-1");
}

TEST_F(Assembly, a_transaction_its_server_did_not_finish_is_none) {
  gtid(1);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  add(wire::EventType::rotate, wire::Rotate{"bin.000002", 4}, wire::EventHeader::artificial_flag);
  offset_ = 4;
  add(wire::EventType::format_description, wire::FormatDescription{});
  gtid(1);
  map(inno);
  insert(inno, "\x02", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:2"));
}

TEST_F(Assembly, a_number_that_a_server_gave_to_what_it_did_not_finish_may_come_again) {
  begin_after("01010101-0101-0101-0101-010101010101:1-4");
  mysql_gtid(5);
  query("BEGIN");
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  mysql_gtid(5);
  query("BEGIN");
  map(inno);
  insert(inno, "\x02", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:2"));
  EXPECT_EQ(parts_[0].begin.gtid, "01010101-0101-0101-0101-010101010101:1-4");
  EXPECT_EQ(parts_[0].end.gtid, "01010101-0101-0101-0101-010101010101:1-5");
}

TEST_F(Assembly, what_is_among_those_before_is_passed_over) {
  begin_after("01010101-0101-0101-0101-010101010101:1-4:7");
  mysql_gtid(7);
  query("BEGIN");
  query("UPDATE x SET y=1", "shop");  // in statement format it would be refused
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  xid();
  mysql_gtid(3);
  query("ALTER TABLE i ADD COLUMN x INT", "shop");
  EXPECT_TRUE(parts_.empty());
  mysql_gtid(5);
  query("BEGIN");
  map(inno);
  insert(inno, "\x02", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_THAT(ids(parts_[0]), ElementsAre("1:2"));
  EXPECT_EQ(parts_[0].end.gtid, "01010101-0101-0101-0101-010101010101:1-5:7");
}

TEST_F(Assembly, a_domain_that_is_ahead_is_passed_over_up_to_its_last) {
  begin_after("+0-3-8");
  for (const std::uint64_t number : {7U, 8U, 9U}) {
    gtid(number);
    map(inno);
    insert(inno, "\x01", wire::Rows::statement_end);
    xid();
  }
  gtid(10, wire::MariadbGtid::standalone | wire::MariadbGtid::ddl);
  query("DROP TABLE i", "shop");
  ASSERT_EQ(parts_.size(), 2U);
  EXPECT_EQ(parts_[0].begin.gtid, "0-3-8");
  EXPECT_EQ(parts_[0].end.gtid, "0-3-9");
}

TEST_F(Assembly, where_it_is_not_known_what_was_before_it_stays_so) {
  begin_after("");
  gtid(7);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  xid();
  ASSERT_EQ(parts_.size(), 1U);
  EXPECT_EQ(parts_[0].end.gtid, "");
}

TEST_F(Assembly, offsets_go_on_beyond_four_gib) {
  gtid(1);
  map(inno);
  insert(inno, "\x01", wire::Rows::statement_end);
  offset_ = 0xffffff00;
  insert(wire::Rows::no_table, "");
  insert(wire::Rows::no_table, "");
  xid();
  EXPECT_EQ(parts_.back().end.offset, 0x100000000U + 0x2cU);
}

}  // namespace
}  // namespace wherry::stores::mysql
