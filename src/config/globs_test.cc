#include "config/globs.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace wherry::config {
namespace {

bool matches(std::string_view pattern, const std::string& schema, const std::string& table,
             Case fold = Case::exact) {
  const auto parsed = TableGlob::parse(pattern);
  if (const auto* error = std::get_if<PatternError>(&parsed)) {
    ADD_FAILURE() << pattern << ": " << error->why;
    return false;
  }
  return std::get<TableGlob>(parsed).matches({schema, table}, fold);
}

std::string error_of(std::string_view pattern) {
  const auto parsed = TableGlob::parse(pattern);
  const auto* error = std::get_if<PatternError>(&parsed);
  return error == nullptr ? "" : error->why;
}

TEST(Glob, star_takes_any_bytes_and_steps_back) {
  EXPECT_TRUE(matches("shop.*", "shop", "orders"));
  EXPECT_TRUE(matches("*.*", "a", "b"));
  EXPECT_TRUE(matches("s*p.o*r*s", "shop", "orders"));
  EXPECT_TRUE(matches("a.*ab", "a", "aab"));
  EXPECT_TRUE(matches("a.*a*b", "a", "xaxbxb"));
  EXPECT_FALSE(matches("a.*ab", "a", "abx"));
  EXPECT_FALSE(matches("shop.*", "shop2", "orders"));
  EXPECT_TRUE(matches("a.x*", "a", "x"));
}

TEST(Glob, many_stars_do_not_take_exponential_time) {
  EXPECT_FALSE(matches("a.*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "a", std::string(5000, 'a')));
}

TEST(Glob, question_mark_takes_one_character) {
  EXPECT_TRUE(matches("a.t?", "a", "t1"));
  EXPECT_TRUE(matches("a.t?", "a", "t\xc3\xa9"));
  EXPECT_TRUE(matches("a.t?", "a", "t\xff"));
  EXPECT_FALSE(matches("a.t?", "a", "t"));
  EXPECT_FALSE(matches("a.t?", "a", "t12"));
}

TEST(Glob, sets_take_one_of_theirs) {
  EXPECT_TRUE(matches("a.t[0-9a]", "a", "t7"));
  EXPECT_TRUE(matches("a.t[0-9a]", "a", "ta"));
  EXPECT_FALSE(matches("a.t[0-9a]", "a", "tb"));
  EXPECT_TRUE(matches("a.t[!0-9]", "a", "tb"));
  EXPECT_FALSE(matches("a.t[!0-9]", "a", "t5"));
  EXPECT_TRUE(matches("a.t[a-]", "a", "t-"));
  EXPECT_TRUE(matches("[.]x.t", ".x", "t"));
}

TEST(Glob, backslash_takes_the_next_character_as_it_is) {
  EXPECT_TRUE(matches("a\\.b.c", "a.b", "c"));
  EXPECT_TRUE(matches("a.\\*", "a", "*"));
  EXPECT_FALSE(matches("a.\\*", "a", "x"));
  EXPECT_TRUE(matches("a.\\\\", "a", "\\"));
  EXPECT_TRUE(matches("a.caf\\xe9", "a", "caf\xe9"));
}

TEST(Glob, case_is_folded_only_when_told_and_only_in_ascii) {
  EXPECT_FALSE(matches("Shop.Orders", "shop", "orders"));
  EXPECT_TRUE(matches("Shop.O*[S]", "sHOP", "orders", Case::ignore));
  EXPECT_FALSE(matches("a.\xc3\x89", "a", "\xc3\xa9", Case::ignore));
}

TEST(Glob, mistakes_say_what_to_write) {
  EXPECT_EQ(error_of("shop"), "expected schema.table; for all its tables write shop.*");
  EXPECT_EQ(error_of("a.b.c"), "there are two dots; write \\. for a dot inside a name");
  EXPECT_EQ(error_of("a."), "a name is empty");
  EXPECT_EQ(error_of(".a"), "a name is empty");
  EXPECT_EQ(error_of("a.[b"), "'[' is not closed; write \\[ for the character");
  EXPECT_EQ(error_of("a.[]"), "[] is empty");
  EXPECT_EQ(error_of("a.[z-a]"), "a range in [] runs backwards");
  EXPECT_EQ(error_of("a.b\\"), "it ends in a backslash; write \\\\ for one");
  EXPECT_EQ(error_of("a.\\xg1"), "\\x needs two hex digits, such as \\xe9");
  EXPECT_EQ(error_of("a.\\x1"), "\\x needs two hex digits, such as \\xe9");
}

TEST(Name, is_split_at_the_bare_dot) {
  const auto name = parse_name("a\\.b.c\\xff");
  ASSERT_TRUE(std::holds_alternative<model::CollectionName>(name));
  EXPECT_EQ(std::get<model::CollectionName>(name).schema, "a.b");
  EXPECT_EQ(std::get<model::CollectionName>(name).name, "c\xff");
  const auto schema = parse_name("shop");
  EXPECT_EQ(std::get<model::CollectionName>(schema).name, "");
  EXPECT_TRUE(std::holds_alternative<PatternError>(parse_name("shop.*")));
}

TEST(Tables, exclude_wins_and_system_schemas_are_never_selected) {
  Tables tables;
  tables.include.push_back(std::get<TableGlob>(TableGlob::parse("*.*")));
  tables.exclude.push_back(std::get<TableGlob>(TableGlob::parse("*.tmp_*")));
  EXPECT_TRUE(tables.selects({"shop", "orders"}));
  EXPECT_FALSE(tables.selects({"shop", "tmp_1"}));
  for (const char* schema :
       {"mysql", "sys", "INFORMATION_SCHEMA", "performance_schema", "_wherry"}) {
    EXPECT_FALSE(tables.selects({schema, "t"})) << schema;
  }
  EXPECT_TRUE(tables.selects({"mysql2", "t"}));
}

}  // namespace
}  // namespace wherry::config
