#include "stores/mysql/json_match.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/text.h"

namespace wherry::stores::mysql {
namespace {

std::string same(std::string_view typed, bool point = false) {
  std::string out;
  append_same_json(out, typed, "`j`", point);
  return out;
}

std::string same_text(const std::string& text) {
  return "CAST(`j` AS BINARY)=x'" + base::to_hex(text) + "'";
}

TEST(JsonMatch, is_by_text_alone_where_it_tells_everything) {
  EXPECT_EQ(same(R"({"a": ["x", true, null], "b": {}})"),
            same_text(R"({"a": ["x", true, null], "b": {}})"));
}

TEST(JsonMatch, is_by_the_type_of_each_value_that_text_leaves_open) {
  EXPECT_EQ(same(R"({"a": 1, "b": [2u, 1.50m, 1e20, 2.5], "c": "2020-01-01"})"),
            same_text(R"({"a": 1, "b": [2, 1.50, 1e20, 2.5], "c": "2020-01-01"})") +
                " AND CONCAT_WS(',',JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"a\"')),"
                "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"b\"[0]')),"
                "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"b\"[1]')),"
                "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"b\"[2]')),"
                "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"b\"[3]')),"
                "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$.\"c\"')))="
                "'INTEGER,UNSIGNED INTEGER,DECIMAL,DOUBLE,DOUBLE,STRING'");
}

TEST(JsonMatch, knows_days_times_and_bytes_from_strings) {
  const std::string condition = same(
      "[date\"2020-01-01\", time\"-01:00:00.000000\", datetime\"2020-01-01 00:00:00.000000\", "
      "timestamp\"2020-01-01 00:00:00.000000\", opaque\"base64:type252:QUJD\nQQ==\"]");
  EXPECT_TRUE(condition.starts_with(
      same_text("[\"2020-01-01\", \"-01:00:00.000000\", \"2020-01-01 00:00:00.000000\", "
                "\"2020-01-01 00:00:00.000000\", \"base64:type252:QUJD\nQQ==\"]")));
  EXPECT_TRUE(condition.ends_with(
      "JSON_TYPE(JSON_EXTRACT(`j`,_utf8mb4'$[4]'))='STRING')='DATE,TIME,DATETIME,TIMESTAMP,0'"));
}

TEST(JsonMatch, prints_doubles_as_the_server_does) {
  constexpr std::string_view typed = "[1.0, -0.0, 1.0m, 10.5, \"1.0\"]";
  EXPECT_TRUE(same(typed).starts_with(same_text("[1, -0, 1.0, 10.5, \"1.0\"]")));
  EXPECT_TRUE(same(typed, true).starts_with(same_text("[1.0, -0.0, 1.0, 10.5, \"1.0\"]")));
}

}  // namespace
}  // namespace wherry::stores::mysql
