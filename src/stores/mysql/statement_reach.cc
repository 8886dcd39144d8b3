#include "stores/mysql/statement_reach.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <vector>

#include "base/error.h"
#include "wire/mysql/sql_mode.h"

namespace wherry::stores::mysql {

namespace {

bool same_letter(unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); }

bool mentions(std::string_view text, std::string_view name) {
  return std::search(text.begin(), text.end(), name.begin(), name.end(), same_letter) != text.end();
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Whether servers and tokenize() surely see the same quotes and comments: letters of some character
// sets hold the bytes of quotes, and control characters make comments.
bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\n' || c == '\r';
  });
}

// Whether the schema's name stands where a schema can be named; also within texts and comments, and
// as a part of other words, if they cannot surely be told apart.
bool names(const wire::mysql::Query& query, std::string_view schema) {
  if (!mentions(query.statement, schema)) return false;
  const auto tokens = tokens_for_sure(query);
  if (!tokens) return true;
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    const bool is_name = token.kind == TokenKind::word || token.kind == TokenKind::name;
    const bool is_qualified = i > 0 && (*tokens)[i - 1].is('.');
    if (is_name && !is_qualified && equal_without_case(token.value, schema)) return true;
  }
  return false;
}

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_letter);
}

bool begins_with_words(std::string_view statement, std::string_view upper_case_words) {
  return equal_without_case(statement.substr(0, upper_case_words.size()), upper_case_words);
}

std::optional<SqlDialect> dialect_of(const wire::mysql::Query& query) {
  if (!query.sql_mode) return std::nullopt;
  return dialect_of(wire::mysql::sql_mode_text(*query.sql_mode, false));
}

std::optional<std::vector<Token>> tokens_for_sure(const wire::mysql::Query& query) {
  const auto dialect = dialect_of(query);
  if (!dialect || !is_plain(query.statement)) return std::nullopt;
  try {
    auto tokens = tokenize(query.statement, *dialect);
    const bool has_marks = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
      return token.kind == TokenKind::mark;
    });
    if (!has_marks) return tokens;
  } catch (const base::Error&) {
    // A quote or comment that does not end.
  }
  return std::nullopt;
}

bool may_touch(const wire::mysql::Query& query, std::string_view schema) {
  if (equal_without_case(query.schema, schema) || names(query, schema)) return true;
  // In another character set the name has other bytes.
  if (!is_ascii(schema) && !is_ascii(query.statement)) return true;
  if (!query.updated_schemas) return false;
  const auto& updated = *query.updated_schemas;
  return std::any_of(updated.begin(), updated.end(),
                     [&](std::string_view one) { return equal_without_case(one, schema); });
}

}  // namespace wherry::stores::mysql
