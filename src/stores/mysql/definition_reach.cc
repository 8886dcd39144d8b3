#include "stores/mysql/definition_reach.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/object_statement.h"
#include "stores/mysql/statement_reach.h"

namespace wherry::stores::mysql {

namespace {

std::string in_lower_case(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Names are as the server keeps them, texts in UTF-8.
constexpr const char* all_definitions =
    "SELECT TRIGGER_SCHEMA, ACTION_STATEMENT, SQL_MODE FROM information_schema.TRIGGERS UNION ALL "
    "SELECT TABLE_SCHEMA, VIEW_DEFINITION, '' FROM information_schema.VIEWS UNION ALL "
    "SELECT db, CONCAT(param_list, ' ', body_utf8), sql_mode FROM mysql.proc";

bool drops_or_replaces(const std::vector<Token>& tokens) {
  if (tokens.size() < 2) return false;
  return tokens[0].is("DROP") || (tokens[0].is("CREATE") && tokens[1].is("OR")) ||
         (tokens[0].is("ALTER") && !tokens[1].is("TABLE"));
}

bool may_define_an_object(const std::vector<Token>& tokens) {
  constexpr std::size_t head = 4;  // CREATE OR REPLACE TABLE
  const auto is_table = [](const Token& token) { return token.is("TABLE"); };
  const auto is_object = [](const Token& token) {
    return token.is("TRIGGER") || token.is("VIEW") || token.is("FUNCTION") ||
           token.is("PROCEDURE") || token.is("PACKAGE");
  };
  return std::none_of(tokens.begin(),
                      tokens.begin() + static_cast<std::ptrdiff_t>(std::min(head, tokens.size())),
                      is_table) &&
         std::any_of(tokens.begin(), tokens.end(), is_object);
}

}  // namespace

DefinitionReach DefinitionReach::read(Connection& connection) {
  DefinitionReach reach;
  const Grants grants = read_grants(connection);
  for (const auto* privilege : {"SELECT", "SHOW VIEW", "TRIGGER"}) {
    if (grants.has_everywhere(privilege)) continue;
    reach.grant_ = "GRANT SELECT, SHOW VIEW, TRIGGER ON *.* TO " + account_of(connection) + ";";
    return reach;
  }
  const Result r = connection.query(all_definitions);
  for (std::size_t row = 0; row < r.rows(); ++row) {
    reach.add(r.text(row, std::size_t{0}), r.text(row, std::size_t{1}),
              dialect_of(r.text(row, std::size_t{2})));
  }
  reach.read_at_ = log_end(connection).value_or(model::Position{});
  reach.known_ = true;
  return reach;
}

void DefinitionReach::add(std::string_view schema, std::string_view text, SqlDialect dialect) {
  Names& names = mentioned_[in_lower_case(schema)];
  try {
    for (const auto& token : tokenize(text, dialect)) {
      if (token.kind == TokenKind::word || token.kind == TokenKind::name) {
        names.all.insert(in_lower_case(token.value));
      }
    }
  } catch (const base::Error&) {
    names.anything = true;
  }
}

// Its session's, and those that stand before a point; which aliases of tables do too.
DefinitionReach::Names DefinitionReach::schemas_of(const wire::mysql::Query& query) {
  Names names;
  names.all.insert(in_lower_case(query.schema));
  const auto tokens = tokens_for_sure(query);
  names.anything = !tokens;
  for (std::size_t i = 0; tokens && i + 1 < tokens->size(); ++i) {
    if ((*tokens)[i + 1].is('.')) names.all.insert(in_lower_case((*tokens)[i].value));
  }
  return names;
}

bool DefinitionReach::follow(const wire::mysql::Query& query, const model::Position& place) {
  const auto tokens = tokens_for_sure(query);
  if (passed_since(place) && (!tokens || drops_or_replaces(*tokens))) {
    const Names names = schemas_of(query);
    const bool meet = std::any_of(names.all.begin(), names.all.end(),
                                  [&](const auto& name) { return passed_.all.contains(name); });
    if (meet || names.anything || passed_.anything) return false;
  }
  if (tokens && !may_define_an_object(*tokens)) return true;
  if (const auto dialect = dialect_of(query); tokens && dialect) {
    if (const auto object = read_object(query.statement, *dialect, std::string(query.schema))) {
      for (const auto& name : object->names) add(name.name.schema, query.statement, *dialect);
      return true;
    }
  }
  for (const auto& name : schemas_of(query).all) mentioned_[name].anything = true;
  return true;
}

bool DefinitionReach::may_touch(const wire::mysql::Query& query, std::string_view schema) const {
  const std::string wanted = in_lower_case(schema);
  std::set<std::string_view> seen;
  std::vector<const Names*> next;
  const auto go_to = [&](const std::string& name, const Names& names) {
    if (seen.insert(name).second) next.push_back(&names);
  };
  for (const auto& [name, names] : mentioned_) {
    if (mysql::may_touch(query, name)) go_to(name, names);
  }
  while (!next.empty()) {
    const Names& names = *next.back();
    next.pop_back();
    if (names.anything || names.all.contains(wanted)) return true;
    for (const auto& [name, further] : mentioned_) {
      if (names.all.contains(name)) go_to(name, further);
    }
  }
  return false;
}

void DefinitionReach::pass(const wire::mysql::Query& query, const model::Position& place) {
  if (read_at_ <= place) return;
  if (!first_passed_) first_passed_ = {place.log, place.offset};
  Names names = schemas_of(query);
  passed_.all.merge(names.all);
  passed_.anything = passed_.anything || names.anything;
}

std::optional<model::Position::Place> DefinitionReach::passed_since(
    const model::Position& place) const {
  return place < read_at_ ? first_passed_ : std::nullopt;
}

}  // namespace wherry::stores::mysql
