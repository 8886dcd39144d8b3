#include "wire/mysql/decoder.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"
#include "wire/mysql/captured_events.h"
#include "wire/mysql/event_bytes.h"
#include "wire/mysql/sql_mode.h"

namespace wherry::wire::mysql {
namespace {

using testing::HasSubstr;
using namespace std::literals;

std::string code_of(BinlogDecoder& decoder, std::string_view bytes) {
  try {
    (void)decoder.decode(bytes);
  } catch (const base::Error& e) {
    return e.code() + ": " + e.what();
  }
  return "no error";
}

TEST(BinlogDecoder, reads_the_format_of_both_servers) {
  BinlogDecoder decoder(false);
  const std::string m = captured::bytes(captured::mariadb::format);
  const Event mariadb = decoder.decode(m);
  const auto& f = std::get<FormatDescription>(mariadb.body);
  EXPECT_EQ(f.server_version.substr(0, 9), "10.11.19-");
  EXPECT_TRUE(f.mariadb);
  EXPECT_TRUE(f.checksummed);
  EXPECT_EQ(f.post_header_lengths.size(), 171U);
  EXPECT_EQ(mariadb.header.server_id, 1U);
  EXPECT_EQ(mariadb.header.end_position, 256U);
  const std::string o = captured::bytes(captured::mysql57::format);
  const Event oracle = decoder.decode(o);
  EXPECT_EQ(std::get<FormatDescription>(oracle.body).server_version, "5.7.29-log");
  EXPECT_FALSE(std::get<FormatDescription>(oracle.body).mariadb);
}

TEST(BinlogDecoder, the_flag_of_a_log_in_use_is_no_part_of_the_checksum) {
  std::string bytes = captured::bytes(captured::mariadb::format);
  bytes[17] = static_cast<char>(bytes[17] ^ 1);
  BinlogDecoder decoder(false);
  EXPECT_EQ(code_of(decoder, bytes), "no error");
}

class Captured : public testing::Test {
 protected:
  BinlogDecoder mariadb_{false};
  BinlogDecoder mysql_{false};
  std::string bytes_;

  void SetUp() override {
    (void)mariadb_.decode(captured::bytes(captured::mariadb::format));
    (void)mysql_.decode(captured::bytes(captured::mysql57::format));
  }
  template <typename T>
  T read(BinlogDecoder& decoder, std::string_view hex) {
    bytes_ = captured::bytes(hex);
    return std::get<T>(decoder.decode(bytes_).body);
  }
};

TEST_F(Captured, gtids_of_both_servers) {
  const auto m = read<MariadbGtid>(mariadb_, captured::mariadb::gtid);
  EXPECT_THAT(m.text(1), testing::MatchesRegex("0-1-[0-9]+"));
  EXPECT_EQ(m.flags & MariadbGtid::standalone, 0);
  EXPECT_NE(m.flags & MariadbGtid::transactional, 0);
  const auto o = read<MysqlGtid>(mysql_, captured::mysql57::gtid);
  EXPECT_THAT(o.text(),
              testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+:[0-9]+"));
  const auto list = read<GtidList>(mariadb_, captured::mariadb::gtid_list);
  ASSERT_EQ(list.entries.size(), 1U);
  EXPECT_EQ(list.entries[0].server_id, 1U);
  EXPECT_EQ(list.entries[0].number + 1, m.number) << "the log begins where the last one ended";
  const auto set = read<PreviousGtids>(mysql_, captured::mysql57::previous_gtids);
  EXPECT_EQ(set.set.substr(0, 36), o.text().substr(0, 36));
  EXPECT_EQ(set.set.substr(36, 3), ":1-");
}

TEST_F(Captured, what_stands_around_the_rows) {
  EXPECT_EQ(read<Rotate>(mariadb_, captured::mariadb::rotate).log, "mysql-bin.000010");
  EXPECT_EQ(read<Rotate>(mysql_, captured::mysql57::rotate).log, "mysql-bin.000007");
  EXPECT_EQ(read<Rotate>(mysql_, captured::mysql57::rotate).offset, 4U);
  EXPECT_THAT(std::string(read<BinlogCheckpoint>(mariadb_, captured::mariadb::checkpoint).log),
              HasSubstr("mysql-bin.00000"));
  EXPECT_EQ(read<AnnotateRows>(mariadb_, captured::mariadb::annotate).statement,
            "DELETE FROM strs WHERE a=''");
  EXPECT_EQ(read<RowsQuery>(mysql_, captured::mysql57::rows_query).statement,
            "DELETE FROM strs WHERE a=''");
  EXPECT_NE(read<Xid>(mariadb_, captured::mariadb::xid).number, 0U);
  EXPECT_NE(read<Xid>(mysql_, captured::mysql57::xid).number, 0U);
}

TEST_F(Captured, a_statement_comes_with_its_session) {
  const auto q = read<Query>(mysql_, captured::mysql57::begin);
  EXPECT_EQ(q.statement, "BEGIN");
  EXPECT_EQ(q.schema, "t");
  ASSERT_TRUE(q.sql_mode);
  EXPECT_EQ(sql_mode_text(*q.sql_mode, false), "ALLOW_INVALID_DATES");
  ASSERT_TRUE(q.charset);
  EXPECT_EQ(q.charset->client, 45) << "utf8mb4_general_ci";
}

TEST_F(Captured, a_compressed_statement_is_unpacked) {
  const auto q = read<Query>(mariadb_, captured::mariadb::query_compressed);
  EXPECT_EQ(q.statement, "create table packed(i int comment '" + std::string(100, 'a') + "')");
}

TEST_F(Captured, one_bit_changed_anywhere_is_noticed) {
  const std::string whole = captured::bytes(captured::mariadb::strs_rows);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_NE(code_of(mariadb_, changed), "no error") << "byte " << i;
  }
  EXPECT_EQ(code_of(mariadb_, whole), "no error");
}

TEST_F(Captured, an_event_cut_anywhere_is_malformed) {
  for (const auto hex :
       {captured::mysql57::begin, captured::mysql57::strs_map, captured::mysql57::previous_gtids,
        captured::mysql57::format, captured::mysql57::strs_update}) {
    const std::string whole = captured::bytes(hex);
    for (std::size_t n = 0; n < whole.size(); ++n) {
      EXPECT_THAT(code_of(mysql_, whole.substr(0, n)), HasSubstr("binlog.malformed")) << n;
    }
  }
}

TEST(BinlogDecoder, a_wrong_checksum_names_the_event) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(captured::bytes(captured::mariadb::format));
  std::string bytes = captured::bytes(captured::mariadb::xid);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_THAT(code_of(decoder, bytes), HasSubstr("binlog.checksum"));
  EXPECT_THAT(code_of(decoder, bytes), HasSubstr("XID (type 16) ending at 1134"));
}

TEST(BinlogDecoder, the_first_rotate_has_a_checksum_if_the_reader_asked_for_it) {
  std::string with = event_of(4, little(4, 8) + "mysql-bin.000001", EventHeader::artificial_flag);
  const std::string without = with;
  with.replace(9, 4, little(with.size() + 4, 4));
  with += little(crc32_z(0, reinterpret_cast<const Bytef*>(with.data()), with.size()), 4);
  BinlogDecoder asked(true);
  EXPECT_EQ(std::get<Rotate>(asked.decode(with).body).log, "mysql-bin.000001");
  BinlogDecoder not_asked(false);
  EXPECT_EQ(std::get<Rotate>(not_asked.decode(without).body).log, "mysql-bin.000001");
  EXPECT_THAT(code_of(asked, without), HasSubstr("binlog.checksum"));
}

TEST(BinlogDecoder, an_unknown_event_is_refused_by_number_and_position) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(plain_format());
  const std::string bytes = event_of(99, "whatever");
  EXPECT_THAT(code_of(decoder, bytes), HasSubstr("binlog.event"));
  EXPECT_THAT(code_of(decoder, bytes), HasSubstr("(type 99) ending at 1027"));
}

TEST(BinlogDecoder, an_unknown_event_its_server_calls_ignorable_is_passed_over) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(plain_format());
  const std::string bytes = event_of(99, "whatever", EventHeader::ignorable_flag);
  EXPECT_TRUE(std::holds_alternative<Ignored>(decoder.decode(bytes).body));
}

TEST(BinlogDecoder, events_that_are_not_carried_are_refused_by_name) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(plain_format());
  const auto refused = [&](unsigned type) {
    return code_of(decoder, event_of(type, std::string(64, '\0'), EventHeader::ignorable_flag));
  };
  EXPECT_THAT(refused(39), HasSubstr("binlog.partial_update"));
  EXPECT_THAT(refused(42), HasSubstr("binlog.tagged_gtid"));
  for (const unsigned load : {6U, 8U, 9U, 10U, 11U, 12U, 17U, 18U}) {
    EXPECT_THAT(refused(load), HasSubstr("binlog.load_event")) << load;
  }
  EXPECT_THAT(code_of(decoder, event_of(35, little(0x0100000000000001, 8) + std::string(64, '\0'))),
              HasSubstr("binlog.tagged_gtid"));
  EXPECT_THAT(code_of(decoder, event_of(20, std::string(64, '\0'))), HasSubstr("binlog.event"))
      << "rows in the form of MySQL 5.1 betas";
}

TEST(BinlogDecoder, small_events_have_their_fields) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(plain_format());
  const std::string incident = event_of(26, little(1, 2) + "\x04lost");
  EXPECT_EQ(std::get<Incident>(decoder.decode(incident).body).message, "lost");
  const std::string heartbeat = event_of(27, "mysql-bin.000001");
  EXPECT_EQ(std::get<Heartbeat>(decoder.decode(heartbeat).body).log, "mysql-bin.000001");
  const std::string newer = event_of(41, "\x01\x10mysql-bin.000001\x02\x01\x04\x00"s);
  EXPECT_TRUE(std::holds_alternative<Heartbeat>(decoder.decode(newer).body)) << "MySQL 8.0.26";
  const std::string xa = event_of(38, "\x01" + little(7, 4) + little(3, 4) + little(1, 4) + "abcd");
  const auto prepare = std::get<XaPrepare>(decoder.decode(xa).body);
  EXPECT_TRUE(prepare.one_phase);
  EXPECT_EQ(prepare.format, 7U);
  EXPECT_EQ(prepare.global_id, "abc");
  EXPECT_EQ(prepare.branch_id, "d");
  const std::string two_phases = event_of(38, std::string(13, '\0'));
  EXPECT_FALSE(std::get<XaPrepare>(decoder.decode(two_phases).body).one_phase);
  const std::string encryption = event_of(164, "\x01" + little(7, 4) + std::string(12, 'n'));
  EXPECT_EQ(std::get<StartEncryption>(decoder.decode(encryption).body).key_version, 7U);
  const std::string anonymous = event_of(34, std::string(42, '\0'));
  EXPECT_EQ(std::get<MysqlGtid>(decoder.decode(anonymous).body).text(), "");
  const std::string stop = event_of(3, "");
  EXPECT_TRUE(std::holds_alternative<Stop>(decoder.decode(stop).body));
  for (const unsigned input : {5U, 13U, 14U}) {
    const std::string bytes = event_of(input, std::string(16, '\0'));
    EXPECT_TRUE(std::holds_alternative<StatementInput>(decoder.decode(bytes).body)) << input;
  }
}

TEST(BinlogDecoder, session_variables_are_read_in_any_order_and_unknown_ones_end_them) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(plain_format());
  const std::string session = "\x83\x01" + little(0, 4)         // MariaDB 11's, first
                              + "\x01"s + little(1U << 21U, 8)  // sql_mode
                              + "\x05\x06+02:00"                // time zone
                              + "\x0c\x02" + "one\0two\0"s      // schemas
                              + "\x12"s + little(45, 2)         // what utf8mb4 alone stands for
                              + "\x80"s + little(123456, 3) + "\x7f" + "unknown";
  const std::string bytes =
      event_of(2, little(5, 4) + little(0, 4) + "\x01" + little(0, 2) + little(session.size(), 2) +
                      session + "d\0DROP TABLE x"s);
  const Event event = decoder.decode(bytes);
  const auto& q = std::get<Query>(event.body);
  EXPECT_EQ(q.schema, "d");
  EXPECT_EQ(q.statement, "DROP TABLE x");
  EXPECT_EQ(sql_mode_text(q.sql_mode.value(), true), "STRICT_TRANS_TABLES");
  EXPECT_EQ(q.time_zone, "+02:00");
  EXPECT_EQ(q.microseconds, 123456U);
  EXPECT_EQ(q.utf8mb4_collation, 45U);
  EXPECT_THAT(q.updated_schemas.value(), testing::ElementsAre("one", "two"));
}

TEST(BinlogDecoder, a_compressed_body_that_lies_is_malformed) {
  BinlogDecoder decoder(false);
  (void)decoder.decode(captured::bytes(captured::mariadb::format));
  std::string format = captured::bytes(captured::mariadb::format);
  format[format.size() - 5] = 0;
  (void)decoder.decode(format);
  const std::string head =
      little(5, 4) + little(0, 4) + "\0"s + little(0, 2) + little(0, 2) + "\0"s;
  EXPECT_THAT(code_of(decoder, event_of(165, head + "\x84\xff\xff\xff\xff" + "abc")),
              HasSubstr("impossible length"));
  EXPECT_THAT(code_of(decoder, event_of(165, head + "\x81\x05" + "abcdefgh")),
              HasSubstr("does not unpack"));
  EXPECT_THAT(code_of(decoder, event_of(165, head + "\x91\x05" + "abcdefgh")),
              HasSubstr("binlog.compression"));
}

TEST(BinlogDecoder, rows_before_any_format_are_malformed) {
  BinlogDecoder decoder(false);
  EXPECT_THAT(code_of(decoder, event_of(30, std::string(64, '\0'))), HasSubstr("binlog.malformed"));
}

TEST(SqlMode, bits_are_told_in_the_words_of_their_server) {
  EXPECT_EQ(sql_mode_text(0, true), "");
  EXPECT_EQ(sql_mode_text((1U << 2U) | (1U << 30U), true), "ANSI_QUOTES,NO_ENGINE_SUBSTITUTION");
  EXPECT_EQ(sql_mode_text(std::uint64_t{1} << 32U, true), "EMPTY_STRING_IS_NULL");
  EXPECT_EQ(sql_mode_text(std::uint64_t{1} << 32U, false), "TIME_TRUNCATE_FRACTIONAL");
}

}  // namespace
}  // namespace wherry::wire::mysql
