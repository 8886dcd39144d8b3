#include "model/schema.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wherry::model {
namespace {

TableSchema sample() {
  TableSchema s;
  s.name = {"shop", "or\xff"};
  Column id;
  id.name = "id";
  id.type = ColumnType::bigint;
  id.is_unsigned = true;
  id.declared = "bigint(20) unsigned";
  Column color;
  color.name = "color";
  color.type = ColumnType::enum_;
  color.member_count = 3;
  color.charset = "utf8mb4";
  s.columns = {id, color};
  s.key = {0};
  s.key_index = "PRIMARY";
  s.unique_keys = {{"PRIMARY", {0}, true}};
  s.engine = "InnoDB";
  s.row_estimate = 7;
  return s;
}

TEST(Schema, goes_through_json_unchanged_even_with_names_that_are_not_utf8) {
  const TableSchema s = sample();
  const auto back = nlohmann::json::parse(nlohmann::json(s).dump()).get<TableSchema>();
  EXPECT_EQ(back.name, s.name);
  EXPECT_EQ(back.columns, s.columns);
  EXPECT_EQ(back.unique_keys, s.unique_keys);
  EXPECT_EQ(back.row_estimate, 7U);
}

TEST(Schema, carries_like_looks_at_values_not_at_spelling) {
  const TableSchema a = sample();
  TableSchema b = sample();
  b.name = {"other", "t"};
  b.columns[0].declared = "bigint unsigned";
  EXPECT_TRUE(a.carries_like(b));
  b.columns[0].is_unsigned = false;
  EXPECT_FALSE(a.carries_like(b));
}

TEST(Schema, documents_are_not_made_of_text) {
  TableSchema documents;
  documents.columns.resize(1);
  documents.columns[0].type = ColumnType::json;
  TableSchema texts = documents;
  texts.columns[0].type = ColumnType::text;
  EXPECT_TRUE(texts.carries_like(documents));
  EXPECT_TRUE(documents.takes_rows_of(documents));
  EXPECT_TRUE(texts.takes_rows_of(documents));
  EXPECT_FALSE(documents.takes_rows_of(texts));
  texts.columns.clear();
  EXPECT_FALSE(texts.takes_rows_of(documents));
}

}  // namespace
}  // namespace wherry::model
