#include "stores/mysql/statement_reach.h"

#include <algorithm>
#include <cctype>

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

}  // namespace

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_letter);
}

bool begins_with_words(std::string_view statement, std::string_view upper_case_words) {
  return equal_without_case(statement.substr(0, upper_case_words.size()), upper_case_words);
}

bool may_touch(const wire::mysql::Query& query, std::string_view schema) {
  if (equal_without_case(query.schema, schema) || mentions(query.statement, schema)) return true;
  // In another character set the name has other bytes.
  if (!is_ascii(schema) && !is_ascii(query.statement)) return true;
  if (!query.updated_schemas) return false;
  const auto& updated = *query.updated_schemas;
  return std::any_of(updated.begin(), updated.end(),
                     [&](std::string_view one) { return equal_without_case(one, schema); });
}

}  // namespace wherry::stores::mysql
