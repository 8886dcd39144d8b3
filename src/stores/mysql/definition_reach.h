#pragma once
// How far statements reach by way of definitions on a MariaDB, whose log, unlike MySQL's, does not
// list the schemas that a statement changes. A statement about a schema may do whatever the
// triggers, views and routines there do, and those of the schemas that they mention, and so on.
// Errs towards far. A value; not thread-safe.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/position.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/sql_tokens.h"
#include "wire/mysql/query.h"

namespace wherry::stores::mysql {

class DefinitionReach {
 public:
  // No definitions are known, nor whether there are any.
  DefinitionReach() = default;
  // There are none; those of the log come to it. What it says before `place` was before that.
  explicit DefinitionReach(model::Position place) : known_(true), read_at_(std::move(place)) {}
  // As the server has them now. Where the account may not see all of them, none are known, and
  // grant() says what would change that. Errors: those of the connection.
  static DefinitionReach read(Connection& connection);

  bool known() const { return known_; }
  const std::string& grant() const { return grant_; }  // a statement; empty if none was asked for

  void add(std::string_view schema, std::string_view text, SqlDialect dialect);
  // A definition in the log, at `place`. False if what it drops or replaces, and could not be read
  // any more, may have been met by a statement that was passed over.
  bool follow(const wire::mysql::Query& query, const model::Position& place);

  // Whether definitions may make this statement change tables of `schema`. Requires: known().
  bool may_touch(const wire::mysql::Query& query, std::string_view schema) const;
  // The statement at `place` was found to change no table that matters.
  void pass(const wire::mysql::Query& query, const model::Position& place);
  // From where the log has to be read again to go on at `place` knowing what was passed; nothing
  // if that does not matter any more.
  std::optional<model::Position::Place> passed_since(const model::Position& place) const;

 private:
  struct Names {
    std::set<std::string, std::less<>> all;  // in lower case
    bool anything = false;                   // they cannot be told
  };
  static Names schemas_of(const wire::mysql::Query& query);

  std::map<std::string, Names, std::less<>> mentioned_;  // by schema, in lower case
  bool known_ = false;
  std::string grant_;
  model::Position read_at_;
  Names passed_;  // the schemas of statements before that
  std::optional<model::Position::Place> first_passed_;
};

}  // namespace wherry::stores::mysql
