#include "wire/mysql/row_layout.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "wire/mysql/captured_events.h"
#include "wire/mysql/decoder.h"

namespace wherry::wire::mysql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::literals;

constexpr std::string_view null = "NULL";

// Decodes events as one stream; keeps their bytes.
class Stream {
 public:
  explicit Stream(std::string_view format) { decode(format); }
  Event decode(std::string_view hex) {
    bytes_ = captured::bytes(hex);
    return decoder_.decode(bytes_);
  }
  TableMap map(std::string_view hex) { return std::get<TableMap>(decode(hex).body); }

 private:
  std::string bytes_;
  BinlogDecoder decoder_{false};
};

using Texts = std::vector<std::string>;

Texts row(const model::RowBatch& batch, std::size_t r) {
  Texts all;
  for (std::size_t c = 0; c < batch.columns(); ++c)
    all.emplace_back(batch.cell(r, c).value_or(null));
  return all;
}

model::RowEvent read(std::string_view format, std::string_view map, std::string_view rows,
                     const model::TableSchema& schema) {
  Stream stream(format);
  const RowLayout layout(stream.map(map), schema);
  const Event event = stream.decode(rows);
  const auto& r = std::get<Rows>(event.body);
  model::RowEvent out = layout.empty_event(7, r.kind);
  layout.read(r, out);
  return out;
}

std::string code_of(const auto& call) {
  try {
    call();
  } catch (const base::Error& e) {
    return e.code() + ": " + e.what();
  }
  return "no error";
}

void expect_nums(const model::RowEvent& e) {
  EXPECT_EQ(e.kind, model::ChangeKind::insert);
  EXPECT_EQ(e.collection, 7U);
  ASSERT_EQ(e.after.rows(), 3U);
  EXPECT_TRUE(e.before.empty());
  EXPECT_THAT(row(e.after, 0),
              ElementsAre("-128", "255", "-32768", "-8388608", "16777215", "1901", "4294967295",
                          "-9223372036854775808", "18446744073709551615", "16777216", "0.1",
                          "-1234567.891", "-123456789012345678.12345678901234567890", "0.000000001",
                          "2730", "18446744073709551615"));
  EXPECT_EQ(row(e.after, 1), Texts(16, std::string(null)));
  EXPECT_THAT(
      row(e.after, 2),
      ElementsAre("1", "1", "1", "1", "1", "0000", "1", "1", "1", "0.10000000149011612", "-1e+300",
                  "0.000", "12.00000000000000000000", "-0.500000000", "1", "9223372036854775808"));
}

TEST(RowLayout, reads_numbers_of_mariadb) {
  using namespace captured::mariadb;
  expect_nums(read(format, nums_map, nums_rows, captured::nums()));
}

TEST(RowLayout, reads_numbers_of_mysql) {
  using namespace captured::mysql57;
  expect_nums(read(format, nums_map, nums_rows, captured::nums()));
}

void expect_times(const model::RowEvent& e) {
  ASSERT_EQ(e.after.rows(), 2U);
  EXPECT_THAT(
      row(e.after, 0),
      ElementsAre("2024-02-29", "-838:59:59", "12:34:56.7", "-00:00:00.001", "-838:59:58.999999",
                  "9999-12-31 23:59:59", "2024-02-29 12:34:56.78", "1000-01-01 00:00:00.000001",
                  "2024-02-29 10:34:56", "2024-02-29 10:34:56.7890"));
  EXPECT_THAT(row(e.after, 1), ElementsAre("0000-00-00", "00:00:00", "-00:00:00.1", "100:00:00.001",
                                           "00:00:00.000001", "2023-00-31 01:02:03",
                                           "0000-00-00 00:00:00.00", "0000-00-00 00:00:00.000000",
                                           "0000-00-00 00:00:00", "0000-00-00 00:00:00.0000"));
}

TEST(RowLayout, reads_times_of_mariadb) {
  using namespace captured::mariadb;
  expect_times(read(format, times_map, times_rows, captured::times()));
}

TEST(RowLayout, reads_times_of_mysql) {
  using namespace captured::mysql57;
  expect_times(read(format, times_map, times_rows, captured::times()));
}

void expect_strs(const model::RowEvent& e) {
  ASSERT_EQ(e.after.rows(), 3U);
  EXPECT_THAT(row(e.after, 0), ElementsAre("abc", "€ü", " x ", "long", "\0\1\2\0\0\0\0\0"s, "\0\0"s,
                                           "t", "\0"s, "2", "5", "2"));
  EXPECT_THAT(row(e.after, 1),
              ElementsAre("", "", "", "", std::string(8, '\0'), "", "", "", "0", "0", "2"));
  EXPECT_EQ(row(e.after, 2).front(), null);
}

TEST(RowLayout, reads_strings_of_mariadb_and_pads_binary) {
  using namespace captured::mariadb;
  expect_strs(read(format, strs_map, strs_rows, captured::strs()));
}

TEST(RowLayout, reads_strings_of_mysql_and_pads_binary) {
  using namespace captured::mysql57;
  expect_strs(read(format, strs_map, strs_rows, captured::strs()));
}

TEST(RowLayout, enums_and_sets_wider_than_a_byte_are_little_endian) {
  const auto m = read(captured::mariadb::format, captured::mariadb::wide_map,
                      captured::mariadb::wide_rows, captured::wide());
  EXPECT_THAT(row(m.after, 0), ElementsAre("300", "9223372036854775809", "513"));
  EXPECT_THAT(row(m.after, 1), ElementsAre("1", "0", "256"));
  const auto o = read(captured::mysql57::format, captured::mysql57::wide_map,
                      captured::mysql57::wide_rows, captured::wide());
  EXPECT_EQ(row(o.after, 0), row(m.after, 0));
  EXPECT_EQ(row(o.after, 1), row(m.after, 1));
}

TEST(RowLayout, an_update_has_both_images_and_a_delete_the_one_before) {
  for (const bool mariadb : {true, false}) {
    const auto schema = captured::strs();
    const auto format = mariadb ? captured::mariadb::format : captured::mysql57::format;
    const auto map = mariadb ? captured::mariadb::strs_map : captured::mysql57::strs_map;
    const auto u =
        read(format, map, mariadb ? captured::mariadb::strs_update : captured::mysql57::strs_update,
             schema);
    EXPECT_EQ(u.kind, model::ChangeKind::update);
    ASSERT_EQ(u.before.rows(), 1U);
    ASSERT_EQ(u.after.rows(), 1U);
    EXPECT_EQ(u.before.cell(0, 2), " x ");
    EXPECT_EQ(u.after.cell(0, 2), "new");
    const auto d =
        read(format, map, mariadb ? captured::mariadb::strs_delete : captured::mysql57::strs_delete,
             schema);
    EXPECT_EQ(d.kind, model::ChangeKind::remove);
    ASSERT_EQ(d.before.rows(), 1U);
    EXPECT_TRUE(d.after.empty());
    EXPECT_EQ(d.before.cell(0, 0), "");
  }
}

TEST(RowLayout, reads_compressed_rows) {
  using namespace captured::mariadb;
  auto schema = captured::strs();
  const auto e = read(format, strs_map_compressed, rows_compressed, schema);
  ASSERT_EQ(e.after.rows(), 1U);
  EXPECT_EQ(e.after.cell(0, 3), std::string(290, 'a'));
}

TEST(RowLayout, full_metadata_agrees_with_the_schema) {
  using namespace captured::mariadb;
  const auto e = read(format, nums_map_full, nums_rows_full, captured::nums());
  EXPECT_EQ(e.after.cell(0, 0), "-1");
  EXPECT_EQ(e.after.cell(0, 5), "2020");
  EXPECT_EQ(e.after.cell(0, 8), "1");
  const auto s = read(format, strs_map_full, strs_rows_full, captured::strs());
  EXPECT_EQ(s.after.cell(0, 8), "1");
}

TEST(RowLayout, full_metadata_tells_signs_names_charsets_and_members) {
  Stream stream(captured::mariadb::format);
  const auto nums_map = stream.map(captured::mariadb::nums_map_full);
  const auto strs_map = stream.map(captured::mariadb::strs_map_full);
  const auto mismatch = [](const TableMap& map, const model::TableSchema& schema) {
    return code_of([&] { RowLayout(map, schema); });
  };
  auto sign = captured::nums();
  sign.columns[8].is_unsigned = false;
  EXPECT_THAT(mismatch(nums_map, sign), HasSubstr("column h is unsigned in the log"));
  auto name = captured::nums();
  name.columns[3].name = "renamed";
  EXPECT_THAT(mismatch(nums_map, name), HasSubstr("column renamed is named d in the log"));
  auto bytes = captured::strs();
  bytes.columns[5].type = model::ColumnType::varchar;
  EXPECT_THAT(mismatch(strs_map, bytes), HasSubstr("column f holds bytes in the log"));
  auto members = captured::strs();
  members.columns[8].member_count = 3;
  EXPECT_THAT(mismatch(strs_map, members), HasSubstr("column i has other members in the log"));
}

TEST(RowLayout, a_log_unlike_the_schema_is_refused_with_both_definitions) {
  Stream stream(captured::mysql57::format);
  const auto map = stream.map(captured::mysql57::strs_map);
  const auto with = [&](auto change) {
    auto schema = captured::strs();
    change(schema);
    return code_of([&] { RowLayout(map, schema); });
  };
  EXPECT_EQ(with([](auto&) {}), "no error");
  const auto fewer = with([](auto& s) { s.columns.pop_back(); });
  EXPECT_THAT(fewer, HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(fewer, HasSubstr("t.strs"));
  EXPECT_THAT(fewer, HasSubstr("in the log: (char(5 bytes), char(400 bytes), varchar(80 bytes)"));
  EXPECT_THAT(fewer, HasSubstr("known: (a char, b char, c varchar"));
  EXPECT_THAT(with([](auto& s) { s.columns[1].length = 300; }),
              HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(with([](auto& s) { s.columns[2].length = 84; }), HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(with([](auto& s) { s.columns[7].length = 65535; }),
              HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(with([](auto& s) { s.columns[8].member_count = 256; }),
              HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(with([](auto& s) { s.columns[9].member_count = 9; }),
              HasSubstr("binlog.schema_mismatch"));
  EXPECT_THAT(with([](auto& s) { s.columns[10].type = model::ColumnType::bigint; }),
              HasSubstr("binlog.schema_mismatch"));
}

TEST(RowLayout, other_digits_of_decimals_bits_and_times_are_refused) {
  Stream stream(captured::mysql57::format);
  const auto nums = stream.map(captured::mysql57::nums_map);
  const auto times = stream.map(captured::mysql57::times_map);
  auto decimal = captured::nums();
  decimal.columns[11].precision = 11;
  EXPECT_THAT(code_of([&] { RowLayout(nums, decimal); }), HasSubstr("binlog.schema_mismatch"));
  auto bit = captured::nums();
  bit.columns[14].length = 13;
  EXPECT_THAT(code_of([&] { RowLayout(nums, bit); }), HasSubstr("binlog.schema_mismatch"));
  auto fraction = captured::times();
  fraction.columns[9].fraction = 3;
  EXPECT_THAT(code_of([&] { RowLayout(times, fraction); }), HasSubstr("binlog.schema_mismatch"));
}

TEST(RowLayout, types_that_are_not_carried_are_refused_by_name) {
  Stream stream(captured::mysql57::format);
  auto map = stream.map(captured::mysql57::wide_map);
  auto schema = captured::wide();
  schema.columns[2].type = model::ColumnType::unsupported;
  schema.columns[2].declared = "xmltype";
  EXPECT_THAT(code_of([&] { RowLayout(map, schema); }),
              HasSubstr("binlog.column_type: column c of table t.wide is of type xmltype"));
  map.types = "\xf2\xff\x09";
  map.metadata = "\x04\x04";
  EXPECT_THAT(code_of([&] { RowLayout(map, captured::wide()); }),
              HasSubstr("column a of table t.wide is logged as vector"));
  map.types = "\x63\xff\x09";
  EXPECT_THAT(code_of([&] { RowLayout(map, captured::wide()); }),
              HasSubstr("binlog.column_type: column type 99 is not known"));
}

TEST(RowLayout, old_times_are_read_with_their_old_fractions) {
  TableMap map;
  map.types = "\x0b\x0c\x07"s;
  map.nullable = "\x07";
  auto schema = captured::table("old", {captured::column("a", model::ColumnType::time),
                                        captured::column("b", model::ColumnType::datetime),
                                        captured::column("c", model::ColumnType::timestamp)});
  Rows rows;
  rows.columns = 3;
  rows.present = "\x07";
  const std::string image = "\0"s + captured::bytes(
                                        "ffffff"
                                        "80c5aa8b68120000"
                                        "01000000");
  rows.images = image;
  const RowLayout layout(map, schema);
  auto out = layout.empty_event(1, Rows::Kind::write);
  layout.read(rows, out);
  EXPECT_THAT(row(out.after, 0),
              ElementsAre("-00:00:01", "2024-02-29 12:34:56", "1970-01-01 00:00:01"));
  for (auto& column : schema.columns) column.fraction = 1;
  const std::string fractions = "\0"s + captured::bytes(
                                            "01cce05f"
                                            "00a965a7fc67"
                                            "0000000105");
  rows.images = fractions;
  const RowLayout hires(map, schema);
  auto with_fractions = hires.empty_event(1, Rows::Kind::write);
  hires.read(rows, with_fractions);
  EXPECT_THAT(row(with_fractions.after, 0),
              ElementsAre("-00:00:00.1", "2024-02-29 12:34:56.7", "1970-01-01 00:00:01.5"));
}

TEST(RowLayout, images_without_all_columns_are_refused_but_for_generated_ones) {
  TableMap map;
  map.types = "\x01\x01\x01";
  map.nullable = "\x07";
  auto schema = captured::table("t", {captured::column("a", model::ColumnType::tinyint),
                                      captured::column("b", model::ColumnType::tinyint),
                                      captured::column("c", model::ColumnType::tinyint)});
  schema.columns[1].generated = true;
  const RowLayout layout(map, schema);
  Rows rows;
  rows.columns = 3;
  rows.present = "\x05";
  rows.images = "\0\x08\x09"sv;
  auto out = layout.empty_event(1, Rows::Kind::write);
  layout.read(rows, out);
  EXPECT_THAT(row(out.after, 0), ElementsAre("8", "NULL", "9"));
  rows.present = "\x03";
  EXPECT_THAT(code_of([&] { layout.read(rows, out); }),
              HasSubstr("binlog.minimal_image: a change of table t.t was logged without column c"));
}

TEST(RowLayout, images_cut_anywhere_are_malformed) {
  using namespace captured::mariadb;
  Stream stream(format);
  const RowLayout layout(stream.map(strs_map), captured::strs());
  const Event event = stream.decode(strs_rows);
  const Rows whole = std::get<Rows>(event.body);
  std::size_t row_ends = 0;
  for (std::size_t n = 0; n < whole.images.size(); ++n) {
    Rows cut = whole;
    cut.images = whole.images.substr(0, n);
    auto out = layout.empty_event(1, cut.kind);
    const std::string code = code_of([&] { layout.read(cut, out); });
    if (code == "no error") {
      ++row_ends;
    } else {
      EXPECT_THAT(code, HasSubstr("binlog.malformed"));
    }
  }
  EXPECT_EQ(row_ends, 3U) << "nothing, one and two rows";
}

// A table (g GEOMETRY, a VARCHAR(10) latin1, b VARBINARY(10)) with binlog_row_metadata=FULL and all
// the fields of MySQL's sources, libbinlogevents/include/rows_event.h,
// Optional_metadata_field_type. MySQL counts no GEOMETRY among the columns with a character set.
TEST(RowLayout, reads_past_what_mysql_8_says_of_columns_besides) {
  TableMap map;
  map.types = "\xff\x0f\x0f";
  map.metadata = "\x04\x0a\x00\x0a\x00"s;
  map.nullable = "\x07";
  map.optional =
      "\x03\x02\x08\x3f"s  // COLUMN_CHARSET: latin1_swedish_ci, binary
      "\x04\x06\x01g\x01"s
      "a\x01"s
      "b"s              // COLUMN_NAME
      "\x07\x01\x00"s   // GEOMETRY_TYPE
      "\x08\x01\x01"s   // SIMPLE_PRIMARY_KEY
      "\x0a\x01\x21"s   // ENUM_AND_SET_DEFAULT_CHARSET
      "\x0c\x01\xe0"s   // COLUMN_VISIBILITY
      "\x0d\x01\x03"s;  // VECTOR_DIMENSIONALITY
  auto schema = captured::table("t", {captured::column("g", model::ColumnType::geometry),
                                      captured::column("a", model::ColumnType::varchar),
                                      captured::column("b", model::ColumnType::varbinary)});
  schema.columns[1].length = schema.columns[2].length = 10;
  EXPECT_EQ(code_of([&] { RowLayout(map, schema); }), "no error");
  std::swap(map.optional[2], map.optional[3]);
  EXPECT_THAT(code_of([&] { RowLayout(map, schema); }), HasSubstr("holds"));
}

TEST(RowLayout, refuses_kinds_of_columns_of_mysql_8_and_9_by_name) {
  TableMap map;
  map.nullable = "\x01";
  const auto schema = captured::table("t", {captured::column("v", model::ColumnType::blob)});
  map.types = "\xf2";  // VECTOR
  map.metadata = "\x04";
  EXPECT_THAT(code_of([&] { RowLayout(map, schema); }), HasSubstr("binlog.column_type"));
  map.types = "\x14";  // TYPED_ARRAY, of multi-valued indexes
  EXPECT_THAT(code_of([&] { RowLayout(map, schema); }), HasSubstr("binlog.column_type"));
}

TEST(RowLayout, a_value_longer_than_its_column_is_malformed) {
  TableMap map;
  map.types = "\x0f";
  map.metadata = "\x02\x00"s;
  map.nullable = "\x01";
  auto schema = captured::table("t", {captured::column("a", model::ColumnType::varchar)});
  schema.columns[0].length = 2;
  const RowLayout layout(map, schema);
  Rows rows;
  rows.columns = 1;
  rows.present = "\x01";
  rows.images =
      "\0\x03"
      "abc"sv;
  auto out = layout.empty_event(1, Rows::Kind::write);
  EXPECT_THAT(code_of([&] { layout.read(rows, out); }), HasSubstr("longer than its column"));
}

}  // namespace
}  // namespace wherry::wire::mysql
