#include "stores/mysql/object_statement.h"

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;

constexpr std::array<std::pair<std::string_view, ObjectKind>, 7> kinds{
    {{"VIEW", ObjectKind::view},
     {"PROCEDURE", ObjectKind::procedure},
     {"FUNCTION", ObjectKind::function},
     {"TRIGGER", ObjectKind::trigger},
     {"EVENT", ObjectKind::event},
     {"SEQUENCE", ObjectKind::sequence},
     {"PACKAGE", ObjectKind::package}}};

bool is_name(const Token& token) {
  return token.kind == TokenKind::name || token.kind == TokenKind::word;
}

std::vector<Token> words_of(std::string_view sql, SqlDialect dialect) {
  std::vector<Token> tokens = tokenize(sql, dialect);
  std::erase_if(tokens, [](const Token& t) { return t.kind == TokenKind::mark; });
  return tokens;
}

class HeadReader {
 public:
  HeadReader(std::string_view sql, SqlDialect dialect, const std::string& default_schema)
      : tokens_(words_of(sql, dialect)), default_schema_(default_schema) {}

  std::optional<ObjectStatement> run() {
    if (tokens_.empty() || !read_verb() || !read_kind()) return std::nullopt;
    if (out_.kind == ObjectKind::package) take("BODY");
    read_condition();
    const bool many = out_.verb == ObjectStatement::Verb::drop &&
                      (out_.kind == ObjectKind::view || out_.kind == ObjectKind::sequence);
    do {
      if (!read_name()) return std::nullopt;
    } while (many && take(','));
    if (out_.kind == ObjectKind::trigger && out_.verb == ObjectStatement::Verb::create) {
      read_table();
    }
    return std::move(out_);
  }

 private:
  template <typename What>
  bool next_is(What what) const {
    return at_ < tokens_.size() && tokens_[at_].is(what);
  }
  template <typename What>
  bool take(What what) {
    if (!next_is(what)) return false;
    ++at_;
    return true;
  }

  bool read_verb() {
    using Verb = ObjectStatement::Verb;
    const std::size_t begin = tokens_[0].begin;
    if (take("CREATE")) {
      out_.verb = Verb::create;
      if (next_is("OR")) at_ += 2;
    } else if (take("ALTER")) {
      out_.verb = Verb::alter;
    } else if (take("DROP")) {
      out_.verb = Verb::drop;
    } else {
      return false;
    }
    if (at_ > tokens_.size()) return false;
    out_.verb_at = {begin, tokens_[at_ - 1].end};
    return true;
  }

  // What may stand before the kind: ALGORITHM = x, DEFINER = x, SQL SECURITY x, AGGREGATE.
  bool read_kind() {
    while (at_ < tokens_.size()) {
      if (take("DEFINER")) {  // or the end of SQL SECURITY DEFINER
        if (take('=') && !read_definer()) return false;
        continue;
      }
      for (const auto& [word, kind] : kinds) {
        if (!take(word)) continue;
        out_.kind = kind;
        return true;
      }
      const bool may_come_before = next_is("ALGORITHM") || next_is('=') || next_is("UNDEFINED") ||
                                   next_is("MERGE") || next_is("TEMPTABLE") || next_is("SQL") ||
                                   next_is("SECURITY") || next_is("INVOKER") ||
                                   next_is("AGGREGATE");
      if (!may_come_before) return false;
      ++at_;
    }
    return false;
  }

  bool read_definer() {
    if (at_ >= tokens_.size()) return false;
    out_.definer_at.first = tokens_[at_].begin;
    out_.definer = tokens_[at_].value;
    ++at_;
    if (next_is('(')) at_ += 2;  // CURRENT_USER()
    if (next_is('@') && at_ + 1 < tokens_.size()) {
      out_.definer += "@" + tokens_[at_ + 1].value;
      at_ += 2;
    }
    out_.definer_at.second = tokens_[at_ - 1].end;
    return at_ < tokens_.size();
  }

  void read_condition() {
    if (!next_is("IF")) return;
    const std::size_t begin = tokens_[at_].begin;
    ++at_;
    out_.if_not_exists = take("NOT");
    take("EXISTS");
    out_.if_not_exists_at = {begin, tokens_[at_ - 1].end};
  }

  bool read_name() {
    auto name = take_name();
    if (!name) return false;
    out_.names.push_back(*std::move(name));
    return true;
  }

  // BEFORE INSERT ON t
  void read_table() {
    if (!take("BEFORE") && !take("AFTER")) return;
    if (!take("INSERT") && !take("UPDATE") && !take("DELETE")) return;
    if (take("ON")) out_.table = take_name();
  }

  std::optional<ObjectName> take_name() {
    if (at_ >= tokens_.size() || !is_name(tokens_[at_])) return std::nullopt;
    const Token& first = tokens_[at_++];
    const bool dotted = next_is('.') && at_ + 1 < tokens_.size() && is_name(tokens_[at_ + 1]);
    if (!dotted) return ObjectName{{default_schema_, first.value}, first.begin, first.end};
    const Token& second = tokens_[at_ + 1];
    at_ += 2;
    return ObjectName{{first.value, second.value}, first.begin, second.end};
  }

  std::vector<Token> tokens_;
  const std::string& default_schema_;
  std::size_t at_ = 0;
  ObjectStatement out_;
};

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Exchanges the names in the body: those whose home is elsewhere.
class BodyRewriter {
 public:
  BodyRewriter(std::string_view sql, const ObjectStatement& statement, SqlDialect dialect,
               const std::string& default_schema, const contract::TableRoute& route,
               Rewrite& rewrite)
      : statement_(statement),
        tokens_(words_of(sql, dialect)),
        default_schema_(default_schema),
        route_(route),
        rewrite_(rewrite) {}

  void run() {
    const std::size_t head = statement_.table.value_or(statement_.names[0]).end;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].begin < head) continue;
      if (tokens_[i].kind == TokenKind::text) {
        const bool may_be_sql =
            statement_.kind != ObjectKind::view && !(i > 0 && tokens_[i - 1].is("COMMENT"));
        if (may_be_sql) check_text(tokens_[i].value);
      } else if (is_name(tokens_[i])) {
        i = name(i);
      }
    }
  }

 private:
  [[noreturn]] void throw_ambiguous(const std::string& name, std::string_view where) const {
    throw Error(
        ErrorKind::not_supported, "objects.names",
        "`routes` gives " + base::printable(name) + " another name, and " + std::string(where),
        std::string(to_string(statement_.kind)) + " " + statement_.names[0].name.text());
  }

  bool is(std::size_t i, char symbol) const { return i < tokens_.size() && tokens_[i].is(symbol); }

  // The last token that was looked at.
  std::size_t name(std::size_t i) {
    if (i > 0 && (is(i - 1, '.') || is(i - 1, '@'))) return i;
    const Token& first = tokens_[i];
    const bool dotted = is(i + 1, '.') && i + 2 < tokens_.size() && is_name(tokens_[i + 2]);
    if (!dotted) {
      check_bare(first.value);
      return i;
    }
    const Token& second = tokens_[i + 2];
    const CollectionName named{first.value, second.value};
    const CollectionName as_routine{schema_home(route_, named.schema), named.name};
    const bool calls = is(i + 3, '(') && !(i > 0 && tokens_[i - 1].is("INTO"));
    const CollectionName home = calls ? as_routine : route_(named);
    if (calls && route_(named) != home) {
      throw_ambiguous(second.value, "its body may mean a routine by it");
    }
    if (home != named) {
      rewrite_.replace(first.begin, second.end, qualified(home));
    } else if (moves_away(first.value)) {
      throw_ambiguous(first.value, "its body names it without its schema");
    }
    return i + 2;
  }

  // Whether a table named without its schema would not be found where the body looks for it.
  bool moves_away(const std::string& table) const {
    return route_({default_schema_, table}) !=
           CollectionName{schema_home(route_, default_schema_), table};
  }

  void check_bare(const std::string& name) const {
    if (schema_home(route_, name) != name) {
      throw_ambiguous(name, "its body has something else of that name");
    }
    if (moves_away(name)) throw_ambiguous(name, "its body names it without its schema");
  }

  // A text may become a statement (PREPARE).
  void check_text(const std::string& text) const {
    std::string before;
    for (std::size_t at = 0; at < text.size();) {
      if (!is_word_byte(text[at])) {
        if (text[at] != '.' && text[at] != '`') before.clear();
        ++at;
        continue;
      }
      std::size_t end = at;
      while (end < text.size() && is_word_byte(text[end])) ++end;
      const std::string word = text.substr(at, end - at);
      const bool renamed =
          schema_home(route_, word) != word || moves_away(word) ||
          (!before.empty() && route_({before, word}) != CollectionName{before, word});
      if (renamed) throw_ambiguous(word, "a text in its body has that word");
      before = word;
      at = end;
    }
  }

  const ObjectStatement& statement_;
  std::vector<Token> tokens_;
  const std::string& default_schema_;
  const contract::TableRoute& route_;
  Rewrite& rewrite_;
};

// A name in the head, in a session whose schema is that of its home.
void rename_in_head(std::string_view sql, const ObjectName& name, SqlDialect dialect,
                    const CollectionName& home, Rewrite& rewrite) {
  const bool bare = words_of(sql.substr(name.begin, name.end - name.begin), dialect).size() == 1;
  if (home == name.name || (bare && home.name == name.name.name)) return;
  rewrite.replace(name.begin, name.end, bare ? identifier(home.name) : qualified(home));
}

void rename_what_acts(std::string_view sql, const ObjectStatement& statement, SqlDialect dialect,
                      const std::string& default_schema, const contract::TableRoute& route,
                      Rewrite& rewrite) {
  const CollectionName home = object_home(route, statement);
  if (home.schema != schema_home(route, default_schema)) {
    throw Error(ErrorKind::not_supported, "objects.names",
                "`routes` gives its table a schema of its own, where names in its body would mean "
                "other things",
                std::string(to_string(statement.kind)) + " " + statement.names[0].name.text());
  }
  rename_in_head(sql, statement.names[0], dialect, home, rewrite);
  if (statement.table) {
    rename_in_head(sql, *statement.table, dialect, route(statement.table->name), rewrite);
  }
}

std::string account_sql(const std::string& account) {
  const std::size_t at = account.rfind('@');
  if (at == std::string::npos) return identifier(account);
  return identifier(account.substr(0, at)) + "@" + identifier(account.substr(at + 1));
}

}  // namespace

std::string_view to_string(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::view:
      return "view";
    case ObjectKind::procedure:
      return "procedure";
    case ObjectKind::function:
      return "function";
    case ObjectKind::trigger:
      return "trigger";
    case ObjectKind::event:
      return "event";
    case ObjectKind::sequence:
      return "sequence";
    case ObjectKind::package:
      return "package";
  }
  return "?";
}

std::string_view sql_word(ObjectKind kind) {
  for (const auto& [word, known] : kinds) {
    if (known == kind) return word;
  }
  return "?";
}

std::optional<ObjectStatement> read_object(std::string_view sql, SqlDialect dialect,
                                           const std::string& default_schema) {
  return HeadReader(sql, dialect, default_schema).run();
}

std::string schema_home(const contract::TableRoute& route, const std::string& schema) {
  return route({schema, std::string(any_table)}).schema;
}

CollectionName object_home(const contract::TableRoute& route, ObjectKind kind,
                           const CollectionName& name) {
  if (kind == ObjectKind::view) return route(name);
  return {schema_home(route, name.schema), name.name};
}

CollectionName object_home(const contract::TableRoute& route, const ObjectStatement& statement) {
  const CollectionName& name = statement.names[0].name;
  if (statement.table) return {route(statement.table->name).schema, name.name};
  return object_home(route, statement.kind, name);
}

std::string rehome(std::string_view sql, const ObjectStatement& statement, SqlDialect dialect,
                   const std::string& default_schema, const contract::TableRoute& route,
                   const DefinerMap& definers) {
  Rewrite rewrite(sql);
  const bool view = statement.kind == ObjectKind::view;
  if (view) {
    rewrite.replace(statement.verb_at.first, statement.verb_at.second, "CREATE OR REPLACE");
  } else if (statement.verb == ObjectStatement::Verb::create) {
    rewrite.replace(statement.verb_at.first, statement.verb_at.second, "CREATE");
  }
  if (const auto mapped = definers.find(statement.definer); mapped != definers.end()) {
    rewrite.replace(statement.definer_at.first, statement.definer_at.second,
                    account_sql(mapped->second));
  }
  if (acts_by_itself(statement.kind)) {
    rename_what_acts(sql, statement, dialect, default_schema, route, rewrite);
  } else {
    if (statement.if_not_exists) {
      rewrite.replace(statement.if_not_exists_at.first, statement.if_not_exists_at.second, "");
    }
    const ObjectName& name = statement.names[0];
    rewrite.replace(name.begin, name.end, qualified(object_home(route, statement)));
  }
  if (statement.kind != ObjectKind::sequence) {
    BodyRewriter(sql, statement, dialect, default_schema, route, rewrite).run();
  }
  return rewrite.finish();
}

}  // namespace wherry::stores::mysql
