#include "stores/mysql/row_arrays.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/row_text.h"

namespace wherry::stores::mysql {
namespace {

using model::Column;
using model::ColumnType;
using namespace std::string_literals;

Column column(std::string name, ColumnType type, bool is_unsigned = false) {
  Column c;
  c.name = std::move(name);
  c.type = type;
  c.nullable = true;
  c.is_unsigned = is_unsigned;
  return c;
}

model::TableSchema shape_of(std::vector<Column> columns) {
  model::TableSchema shape;
  shape.name = {"s", "t"};
  shape.columns = std::move(columns);
  shape.key = {0};
  return shape;
}

std::string packet(const model::TableSchema& shape, const std::vector<model::Cell>& cells) {
  model::RowBatch rows(shape.columns.size());
  for (const auto& cell : cells) rows.append(cell);
  return arrays_packet(0x01020304, shape, written_columns(shape), rows, 0, rows.rows());
}

// The statement's number, and that types follow.
const std::string head = "\x04\x03\x02\x01\x80\0"s;
const std::string signed_number = "\x08\0"s;
const std::string unsigned_number = "\x08\x80"s;
const std::string bytes = "\xfe\0"s;

TEST(RowArrays, hold_numbers_in_binary_and_all_else_as_bytes) {
  const auto shape =
      shape_of({column("i", ColumnType::integer), column("b", ColumnType::bigint, true),
                column("e", ColumnType::enum_), column("y", ColumnType::year),
                column("d", ColumnType::decimal)});
  EXPECT_EQ(packet(shape, {"-2", "18446744073709551615", "3", "0", "-1.50"}),
            head + signed_number + unsigned_number + unsigned_number + bytes + bytes +
                "\0\xfe\xff\xff\xff\xff\xff\xff\xff"s + "\0\xff\xff\xff\xff\xff\xff\xff\xff"s +
                "\0\x03\0\0\0\0\0\0\0"s + "\0\x04"s + "0000" + "\0\x05-1.50"s);
}

TEST(RowArrays, tell_null_from_empty_and_keep_every_byte) {
  const auto shape = shape_of({column("a", ColumnType::varbinary), column("b", ColumnType::blob)});
  EXPECT_EQ(packet(shape, {std::nullopt, "", "\\N", "\0\t\n'"s}),
            head + bytes + bytes + "\x01"s + "\0\0"s + "\0\x02\\N"s + "\0\x04\0\t\n'"s);
}

TEST(RowArrays, tell_the_length_of_values_of_every_size) {
  const auto shape = shape_of({column("a", ColumnType::blob)});
  const auto framed = [&](std::size_t size) {
    const std::string value(size, 'x');
    const std::string whole = packet(shape, {value});
    EXPECT_EQ(whole.substr(whole.size() - size), value);
    return whole.substr(head.size() + bytes.size(),
                        whole.size() - size - head.size() - bytes.size());
  };
  EXPECT_EQ(framed(250), "\0\xfa"s);
  EXPECT_EQ(framed(251), "\0\xfc\xfb\0"s);
  EXPECT_EQ(framed(65535), "\0\xfc\xff\xff"s);
  EXPECT_EQ(framed(65536), "\0\xfd\0\0\x01"s);
  EXPECT_EQ(framed(16777216), "\0\xfe\0\0\0\x01\0\0\0\0"s);
}

TEST(RowArrays, leave_generated_columns_out_and_are_no_greater_than_told) {
  auto generated = column("g", ColumnType::integer);
  generated.generated = true;
  const auto shape = shape_of({generated, column("i", ColumnType::tinyint)});
  const std::string one = packet(shape, {"7", "1"});
  EXPECT_EQ(one, head + signed_number + "\0\x01\0\0\0\0\0\0\0"s);
  EXPECT_LE(one.size(), std::string_view("1").size() + most_framing(written_columns(shape)));
  EXPECT_EQ(replace_arrays({"d", "t"}, shape, written_columns(shape)),
            "REPLACE INTO `d`.`t` (`i`) VALUES (?)");
}

TEST(RowArrays, refuse_a_number_that_is_none) {
  const auto shape = shape_of({column("i", ColumnType::integer)});
  for (const std::string_view bad : {"", "1.5", "x", "9223372036854775808"}) {
    EXPECT_THROW(packet(shape, {bad}), base::Error) << bad;
  }
}

}  // namespace
}  // namespace wherry::stores::mysql
