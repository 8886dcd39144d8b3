#include "stores/mysql/json_text.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"

namespace wherry::stores::mysql {
namespace {

using base::code_of;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> asked(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& q : open_types(text, "c")) {
    out.push_back(q.expression + " " + std::string(text.substr(q.begin, q.end - q.begin)));
  }
  return out;
}

std::string typed(std::string_view text, const std::vector<std::string_view>& types) {
  return typed_json(text, open_types(text, "c"), types);
}

std::string expression(std::string_view typed) {
  Statement out;
  append_json_expression(out, typed);
  EXPECT_TRUE(out.parameters.empty());
  return out.sql;
}

TEST(JsonText, asks_for_numbers_and_for_strings_that_may_be_more) {
  EXPECT_THAT(asked(R"({"a": 1, "b": ["x", 2.5, true, null]})"),
              ElementsAre("JSON_EXTRACT(c,_utf8mb4'$.\"a\"') 1",
                          "JSON_EXTRACT(c,_utf8mb4'$.\"b\"[1]') 2.5"));
  EXPECT_THAT(asked(R"(["2020-01-01", "10:11:12.000000", "-01:00:00.000000"])").size(), 3U);
  EXPECT_THAT(asked(R"(["2020-01-01 10:11:12.000000"])").size(), 1U);
  EXPECT_THAT(asked("[\"base64:type15:QUJD\nQUJD\"]").size(), 1U);
  EXPECT_THAT(asked(R"(["2020", "", "12-34", "2020-01-01x", "base64", "1.5", "\"1\""])"),
              IsEmpty());
  EXPECT_THAT(asked("-1.5e300"), ElementsAre("JSON_EXTRACT(c,_utf8mb4'$') -1.5e300"));
}

TEST(JsonText, names_every_key_in_a_path) {
  EXPECT_THAT(asked(R"({"a'b\\\"c": 1})"),
              ElementsAre(R"(JSON_EXTRACT(c,_utf8mb4'$."a\'b\\\\\\"c"') 1)"));
  EXPECT_THAT(
      asked(R"({"x": {"": {"y": 1}, "z": 2}})"),
      ElementsAre("JSON_EXTRACT(JSON_EXTRACT(c,_utf8mb4'$.\"x\".*'),_utf8mb4'$[0].\"y\"') 1",
                  "JSON_EXTRACT(c,_utf8mb4'$.\"x\".\"z\"') 2"));
}

TEST(JsonText, is_marked_where_the_text_alone_would_not_tell) {
  EXPECT_EQ(
      typed("[1, 1, 1, 1.5, 1.50]", {"INTEGER", "UNSIGNED INTEGER", "DOUBLE", "DOUBLE", "DECIMAL"}),
      "[1, 1u, 1.0, 1.5, 1.50m]");
  EXPECT_EQ(typed(R"({"d": "2020-01-01", "s": "2020-01-01"})", {"DATE", "STRING"}),
            R"({"d": date"2020-01-01", "s": "2020-01-01"})");
  EXPECT_EQ(typed(R"("base64:type15:QQ==")", {"BLOB"}), R"(opaque"base64:type15:QQ==")");
  EXPECT_EQ(code_of([] { return typed("1", {""}); }), "mysql.json");
  EXPECT_EQ(code_of([] { return typed(R"("2020-01-01")", {"OBJECT"}); }), "mysql.json");
}

TEST(JsonText, needs_an_expression_where_a_server_would_read_another_type) {
  for (const auto* plain : {"null", "[]", "{}", R"({"a": [1, "x", -5, true]})", "4294967295",
                            "4294967296u", "18446744073709551615u", "-9223372036854775808", "1.0",
                            "-0.0", "0.1", "1234567890.12345", "1e22", R"("date")"}) {
    EXPECT_FALSE(needs_expression(plain)) << plain;
  }
  for (const auto* typed : {"1.50m", "7m", "99999999999999999999999999m", "1u", "4294967295u",
                            "4294967296", "0.30000000000000004", "1e23", "1e-300",
                            R"(date"2020-01-01")", R"([1, {"a": [opaque"base64:type15:QQ=="]}])"}) {
    EXPECT_TRUE(needs_expression(typed)) << typed;
  }
}

TEST(JsonText, loses_its_marks_as_plain_text) {
  EXPECT_EQ(plain_json(R"({"a": [5u, 1.50m, 1.0], "b": date"2020-01-01", "c": {}, "d": []})"),
            R"({"a": [5, 1.50, 1.0], "b": "2020-01-01", "c": {}, "d": []})");
}

TEST(JsonText, becomes_sql_that_makes_each_type) {
  EXPECT_EQ(expression(R"({"it's": ["\n"]})"), R"(CAST(_utf8mb4'{"it\'s": ["\\n"]}' AS JSON))");
  EXPECT_EQ(expression(R"([1, 5u, 5000000000, -1.50m, 7m, 0.30000000000000004, 1e300, {"k": 1}])"),
            "JSON_ARRAY(CAST(_utf8mb4'1' AS JSON),CAST(5 AS UNSIGNED),5000000000,CAST(-1.50 AS "
            "DECIMAL(65,2)),CAST(7 AS DECIMAL(65,0)),0.30000000000000004e0,1e300,CAST(_utf8mb4'{"
            "\"k\": 1}' AS JSON))");
  EXPECT_EQ(expression(R"({"": date"2020-01-01", "a\"": time"-01:00:00.000000"})"),
            R"(JSON_OBJECT(_utf8mb4'',CAST('2020-01-01' AS DATE),JSON_UNQUOTE(_utf8mb4'"a\\""'),)"
            "CAST('-01:00:00.000000' AS TIME(6)))");
  EXPECT_EQ(expression(R"([opaque"base64:type15:QUJD", opaque"base64:type16:BQ=="])"),
            "JSON_ARRAY(_binary x'414243',x'05')");
  EXPECT_EQ(expression("1.50m"),
            "JSON_EXTRACT(JSON_ARRAY(CAST(1.50 AS DECIMAL(65,2))),_utf8mb4'$[0]')");
}

TEST(JsonText, has_parameters_for_what_sql_has_no_words) {
  Statement out;
  append_json_expression(out, R"([timestamp"2020-01-01 00:00:00.500000", 1, )"
                              "opaque\"base64:type254:QUJDREVG\nQQ==\"]");
  EXPECT_EQ(out.sql, "JSON_ARRAY(?,CAST(_utf8mb4'1' AS JSON),?)");
  ASSERT_EQ(out.parameters.size(), 2U);
  EXPECT_EQ(out.parameters[0].type, Parameter::timestamp);
  EXPECT_EQ(out.parameters[0].value, "2020-01-01 00:00:00.500000");
  EXPECT_EQ(out.parameters[1].type, 254U);
  EXPECT_EQ(out.parameters[1].value, "ABCDEFA");
}

TEST(JsonText, refuses_by_name_what_no_argument_makes) {
  EXPECT_EQ(code_of([] { return expression(R"(opaque"base64:type245:QUJD")"); }),
            "target.json_value");
  EXPECT_EQ(code_of([] { return expression(R"(opaque"base64:QUJD")"); }), "mysql.json");
}

TEST(JsonText, that_is_none_is_malformed) {
  for (const auto* text : {"",     "{",   "[1",     R"({"a" 1})", R"({"a": })", R"("x)", "[1,]",
                           "nul",  "1 2", R"("x\)", "[1}",        R"({a: 1})",  "-",     "-m",
                           "1-2m", "1e",  "1e+",    "1E20m",      "--1u",       "1.2.3"}) {
    EXPECT_EQ(code_of([&] { return read_json_text(text); }), "mysql.json") << text;
  }
  EXPECT_EQ(code_of([] { return read_json_text(std::string(200, '[')); }), "mysql.json");
}

}  // namespace
}  // namespace wherry::stores::mysql
