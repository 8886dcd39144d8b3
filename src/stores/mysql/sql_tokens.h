#pragma once
// The words of an SQL statement, so that names in it can be found and rewritten; tolerant: it knows
// quotes, comments and executable comments, and nothing of the grammar. Pure. Statements are in an
// ASCII-compatible encoding whose other characters have no bytes below 0x80 (not GBK or Shift-JIS).
// Errors: Error(not_supported, "ddl.unreadable") for a quote or comment that does not end.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::stores::mysql {

struct SqlDialect {
  bool ansi_quotes = false;       // "x" is a name
  bool backslash_escapes = true;  // in texts
};
SqlDialect dialect_of(std::string_view sql_mode);

enum class TokenKind {
  word,    // a keyword, a bare name or a number
  name,    // `quoted`, or "quoted" in ANSI_QUOTES
  text,    // 'quoted'
  symbol,  // one character
  mark,    // where an executable comment begins or ends: its content counts
};

struct Token {
  TokenKind kind = TokenKind::symbol;
  std::size_t begin = 0;  // bytes of the statement
  std::size_t end = 0;
  std::string value;  // a name or text without its quotes; others as written

  bool is(std::string_view upper_case_word) const;  // an unquoted word, without regard to case
  bool is(char symbol) const { return kind == TokenKind::symbol && value[0] == symbol; }
};

std::vector<Token> tokenize(std::string_view sql, SqlDialect dialect);

// A statement with pieces of it exchanged.
class Rewrite {
 public:
  explicit Rewrite(std::string_view sql) : sql_(sql) {}
  // Requires: not overlapping with an earlier one.
  void replace(std::size_t begin, std::size_t end, std::string text);
  bool replaces(std::size_t at) const;  // whether this byte is in an exchanged piece
  std::string finish() const;

 private:
  struct Edit {
    std::size_t begin;
    std::size_t end;
    std::string text;
  };
  std::string_view sql_;
  std::vector<Edit> edits_;  // by position
};

}  // namespace wherry::stores::mysql
