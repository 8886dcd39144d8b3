#include "stores/mysql/row_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/repair_statements.h"

namespace wherry::stores::mysql {
namespace {

using model::Column;
using model::ColumnType;
using ::testing::ElementsAre;

Column column(std::string name, ColumnType type, bool nullable = true) {
  Column c;
  c.name = std::move(name);
  c.type = type;
  c.nullable = nullable;
  return c;
}

model::TableSchema shape_of(std::vector<Column> columns) {
  model::TableSchema shape;
  shape.name = {"s", "t"};
  shape.columns = std::move(columns);
  shape.key = {0};
  return shape;
}

model::RowBatch batch(std::size_t columns, const std::vector<model::Cell>& cells) {
  model::RowBatch rows(columns);
  for (const auto& cell : cells) rows.append(cell);
  return rows;
}

std::string lines(const model::TableSchema& shape, const model::RowBatch& rows, std::size_t piece) {
  const auto columns = written_columns(shape);
  RowLines source(shape, columns, rows, 0, rows.rows());
  std::string out;
  std::string buffer(piece, '\0');
  while (const std::size_t n = source.read(buffer)) out.append(buffer, 0, n);
  return out;
}

TEST(RowLines, escape_every_byte_that_means_something) {
  const auto shape = shape_of({column("a", ColumnType::varbinary), column("b", ColumnType::blob)});
  const std::string odd("\0\t\n\\N'\"\r\x1a", 9);
  const auto rows = batch(2, {odd, std::nullopt, "", "\\N"});
  const std::string expected = "\\0\\t\\n\\\\N'\"\r\x1a\t\\N\n\t\\\\N\n";
  EXPECT_EQ(lines(shape, rows, 4096), expected);
  EXPECT_EQ(lines(shape, rows, 1), expected);
}

TEST(RowLines, leave_generated_columns_out_and_write_years_in_full) {
  auto generated = column("g", ColumnType::integer);
  generated.generated = true;
  const auto shape = shape_of({column("y", ColumnType::year), generated});
  EXPECT_EQ(lines(shape, batch(2, {"0", "7", "2024", "8"}), 64), "0000\n2024\n");
}

TEST(LoadStatement, turns_numbers_of_enums_sets_and_bits_into_numbers) {
  const auto shape = shape_of({column("i`d", ColumnType::integer), column("e", ColumnType::enum_),
                               column("b", ColumnType::bit)});
  EXPECT_EQ(load_statement({"d", "t"}, shape, written_columns(shape)),
            "LOAD DATA LOCAL INFILE 'rows' REPLACE INTO TABLE `d`.`t` CHARACTER SET binary FIELDS "
            "TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
            "(`i``d`,@w1,@w2) SET `e`=CAST(@w1 AS UNSIGNED), `b`=CAST(@w2 AS UNSIGNED)");
}

TEST(ReplaceStatement, holds_bytes_as_they_are) {
  const auto shape = shape_of({column("id", ColumnType::bigint), column("v", ColumnType::varchar),
                               column("y", ColumnType::year), column("d", ColumnType::double_)});
  const auto columns = written_columns(shape);
  Statement statement{replace_head({"d", "t"}, shape, columns), {}};
  append_values(statement, shape, columns, batch(4, {"-5", "a'\\\xff", "0", "1.5"}), 0);
  EXPECT_EQ(statement.sql,
            "REPLACE INTO `d`.`t` (`id`,`v`,`y`,`d`) VALUES (-5,'a\\'\\\\\xff','0000',1.5e0)");
}

TEST(RowFacts, count_zero_enums_and_refuse_null_where_it_cannot_be) {
  const auto shape =
      shape_of({column("e", ColumnType::enum_), column("n", ColumnType::integer, false)});
  const auto rows = batch(2, {"0", "12", "1", std::nullopt});
  const auto columns = written_columns(shape);
  EXPECT_EQ(facts_of(shape, columns, rows, 0).zero_enums, 1U);
  EXPECT_EQ(facts_of(shape, columns, rows, 0).bytes, 3U);
  EXPECT_THROW(facts_of(shape, columns, rows, 1), base::Error);
}

TEST(RepairStatements, can_be_read_and_run) {
  auto text = column("v", ColumnType::varchar);
  text.charset = "utf8mb4";
  contract::TablePair pair{1, shape_of({column("id", ColumnType::integer), text}), {"d", "t"}};
  const auto out = repair_statements(pair, {model::Key({"7"})},
                                     batch(2, {"1", "plain", "2", "it's", "3", std::nullopt}));
  ASSERT_EQ(out.size(), 5U);
  EXPECT_THAT(std::vector(out.begin() + 1, out.end()),
              ElementsAre("DELETE FROM `d`.`t` WHERE `id`=7;",
                          "REPLACE INTO `d`.`t` (`id`,`v`) VALUES (1,'plain');",
                          "REPLACE INTO `d`.`t` (`id`,`v`) VALUES (2,_utf8mb4 x'69742773');",
                          "REPLACE INTO `d`.`t` (`id`,`v`) VALUES (3,NULL);"));
  EXPECT_TRUE(repair_statements(pair, {}, model::RowBatch(2)).empty());
}

TEST(RepairStatements, say_what_their_parameters_are) {
  contract::TablePair pair{
      1, shape_of({column("id", ColumnType::integer), column("j", ColumnType::json)}), {"d", "t"}};
  const auto out = repair_statements(
      pair, {},
      batch(2, {"1", R"([timestamp"2020-01-01 00:00:00.000000", opaque"base64:type254:QQ=="])"}));
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(out[1],
            "REPLACE INTO `d`.`t` (`id`,`j`) VALUES (1,JSON_ARRAY(?,?)); -- ? = TIMESTAMP "
            "'2020-01-01 00:00:00.000000', x'41' as type 254");
}

}  // namespace
}  // namespace wherry::stores::mysql
