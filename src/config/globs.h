#pragma once
// Names of tables as patterns: `db.table` with * (any bytes), ? (one character), [abc], [a-z],
// [!a]. A backslash takes the next character as it is (`\*`, `\.`, `\\`), `\xHH` is one byte; so
// every name printable() shows can be written. The first bare dot parts schema and table. Compared
// byte by byte; with Case::ignore ASCII letters of either case are equal, for servers with
// lower_case_table_names. Thread-safety: immutable values. Errors: parse functions return what is
// wrong as text.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/schema.h"

namespace wherry::config {

enum class Case { exact, ignore };

struct PatternError {
  std::string why;
};

// A pattern for one name.
class Glob {
 public:
  static std::variant<Glob, PatternError> parse(std::string_view text);
  bool matches(std::string_view name, Case fold) const;
  // The one name it matches; nothing if it has wildcards.
  const std::string* literal() const;

 private:
  struct Any {};  // *
  struct One {};  // ?
  struct Set {
    bool negated = false;
    std::vector<std::pair<unsigned char, unsigned char>> ranges;
  };
  using Part = std::variant<std::string, Any, One, Set>;
  friend class GlobParser;

  std::vector<Part> parts_;
};

struct TableGlob {
  std::string text;  // as written
  Glob schema;
  Glob table;
  static std::variant<TableGlob, PatternError> parse(std::string_view text);
  bool matches(const model::CollectionName& name, Case fold) const;
};

// Splits at the first bare dot and takes the backslashes away: "shop.orders", "shop". Wildcards are
// an error. Without a dot the table is empty.
std::variant<model::CollectionName, PatternError> parse_name(std::string_view text);

// Schemas that belong to the server or to Wherry; they are never moved.
bool is_system_schema(std::string_view schema);

// Which tables a migration moves: in one of `include` and in none of `exclude`; never a system
// schema.
struct Tables {
  std::vector<TableGlob> include;
  std::vector<TableGlob> exclude;
  bool selects(const model::CollectionName& name, Case fold = Case::exact) const;
};

}  // namespace wherry::config
