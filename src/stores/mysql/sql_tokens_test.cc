#include "stores/mysql/sql_tokens.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> values(std::string_view sql, SqlDialect dialect = {}) {
  std::vector<std::string> out;
  for (const Token& t : tokenize(sql, dialect)) {
    const char* kind = t.kind == TokenKind::name   ? "n:"
                       : t.kind == TokenKind::text ? "t:"
                       : t.kind == TokenKind::mark ? "m:"
                                                   : "";
    out.push_back(kind + t.value);
  }
  return out;
}

TEST(SqlTokens, tell_names_texts_words_and_symbols) {
  EXPECT_THAT(values("ALTER TABLE `a``b`.c$1 ADD x INT DEFAULT 'it''s \\' ok'"),
              ElementsAre("ALTER", "TABLE", "n:a`b", ".", "c$1", "ADD", "x", "INT", "DEFAULT",
                          "t:it's ' ok"));
}

TEST(SqlTokens, pass_over_comments_but_not_over_executable_ones) {
  EXPECT_THAT(values("DROP/* no */TABLE -- no\n# no\n/*!50100 IF EXISTS */ a /*M!100100 b */ --x"),
              ElementsAre("DROP", "TABLE", "m:/*!50100", "IF", "EXISTS", "m:*/", "a",
                          "m:/*M!100100", "b", "m:*/", "-", "-", "x"));
}

TEST(SqlTokens, a_comment_within_quotes_is_text_and_quotes_within_comments_are_nothing) {
  EXPECT_THAT(values("'/* -- #' /* ' */ `--` \"#\""), ElementsAre("t:/* -- #", "n:--", "t:#"));
}

TEST(SqlTokens, follow_the_sql_mode) {
  EXPECT_THAT(values("\"a\"", dialect_of("STRICT_TRANS_TABLES,ANSI_QUOTES")), ElementsAre("n:a"));
  EXPECT_THAT(values("'a\\' b", dialect_of("NO_BACKSLASH_ESCAPES")), ElementsAre("t:a\\", "b"));
  EXPECT_FALSE(dialect_of("").ansi_quotes);
}

TEST(SqlTokens, refuse_what_does_not_end) {
  EXPECT_THROW(tokenize("a 'b", {}), base::Error);
  EXPECT_THROW(tokenize("a /* b", {}), base::Error);
  EXPECT_THROW(tokenize("a /*!1 b", {}), base::Error);
  EXPECT_THROW(tokenize("`a", {}), base::Error);
}

TEST(SqlTokens, pieces_are_exchanged_where_they_stand) {
  Rewrite r("abc def ghi");
  r.replace(8, 11, "G");
  r.replace(0, 3, "alpha");
  r.replace(4, 4, "x");
  EXPECT_EQ(r.finish(), "alpha xdef G");
}

}  // namespace
}  // namespace wherry::stores::mysql
