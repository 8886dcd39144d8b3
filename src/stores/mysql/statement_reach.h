#pragma once
// How far a statement in the log may reach, told by its words. Errs towards far. Pure.

#include <optional>
#include <string_view>
#include <vector>

#include "stores/mysql/sql_tokens.h"
#include "wire/mysql/query.h"

namespace wherry::stores::mysql {

bool equal_without_case(std::string_view a, std::string_view b);
// "XA COMMIT": with single spaces, as servers write it.
bool begins_with_words(std::string_view statement, std::string_view upper_case_words);

std::optional<SqlDialect> dialect_of(const wire::mysql::Query& query);  // if the log says
// Nothing where servers may see other quotes and comments than tokenize() does, or decide by their
// version what counts.
std::optional<std::vector<Token>> tokens_for_sure(const wire::mysql::Query& query);

// A trigger, a view or a routine may change tables the statement does not name, but of a schema
// that it is run in, that it names, or that its server lists. A name within a text or a comment
// does not count where these can surely be told: statements in the log make no statements from
// texts.
bool may_touch(const wire::mysql::Query& query, std::string_view schema);

}  // namespace wherry::stores::mysql
