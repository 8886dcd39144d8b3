#include "stores/mysql/table_fingerprint.h"

#include "base/error.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

std::string fingerprint_of(std::string_view shown, const model::CollectionName& table,
                           const model::CollectionName& stands_for) {
  const std::vector<Token> tokens = tokenize(shown, {});
  if (tokens.size() < 3 || !tokens[0].is("CREATE") || !tokens[1].is("TABLE")) {
    throw base::Error(base::ErrorKind::not_supported, "ddl.not_a_table",
                      "it is not a table that can be compared", table.text());
  }
  std::string out;
  int depth = 0;
  for (std::size_t i = 3; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (token.is('(')) ++depth;
    if (token.is(')')) --depth;
    if (depth == 0 && token.is("AUTO_INCREMENT") && i + 2 < tokens.size() &&
        tokens[i + 1].is('=')) {
      i += 2;
      continue;
    }
    // The server makes up such names from the table's, and changes them with it.
    const bool made_up = token.kind == TokenKind::name &&
                         token.value.starts_with(table.name + "_ibfk_") &&
                         tokens[i - 1].is("CONSTRAINT");
    if (made_up) {
      out += token.value.substr(table.name.size()) + " ";
      continue;
    }
    // As written: quotes are part of it, so that no two kinds of words look alike.
    out += shown.substr(token.begin, token.end - token.begin);
    out += ' ';
    if (!token.is("REFERENCES") || i + 1 >= tokens.size()) continue;
    model::CollectionName parent{table.schema, tokens[++i].value};
    if (i + 2 < tokens.size() && tokens[i + 1].is('.')) {
      parent = {parent.name, tokens[i + 2].value};
      i += 2;
    }
    out += parent == table || parent == stands_for ? "itself" : qualified(parent);
    out += ' ';
  }
  return out;
}

std::optional<std::string> read_fingerprint(Connection& connection,
                                            const model::CollectionName& table) {
  try {
    const Result r = connection.query("SHOW CREATE TABLE " + qualified(table));
    return fingerprint_of(r.text(0, std::size_t{1}), table, table);
  } catch (const base::Error& e) {
    if (e.code() == "mysql.no_such_object") return std::nullopt;
    throw;
  }
}

}  // namespace wherry::stores::mysql
