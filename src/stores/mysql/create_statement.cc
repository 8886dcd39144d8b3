#include "stores/mysql/create_statement.h"

#include <utility>

#include "base/error.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;

// nextval(`s`.`q`) and the like: MariaDB prints both names.
bool names_sequence(const std::vector<Token>& tokens, std::size_t i) {
  if (i + 4 >= tokens.size() || !tokens[i + 1].is('(') || !tokens[i + 3].is('.')) return false;
  return (tokens[i].is("NEXTVAL") || tokens[i].is("LASTVAL") || tokens[i].is("SETVAL")) &&
         tokens[i + 2].kind == TokenKind::name && tokens[i + 4].kind == TokenKind::name;
}

class CreateRewriter {
 public:
  CreateRewriter(std::string_view shown, const CollectionName& source, const FindTarget& target_of,
                 const ServerVersion& target)
      : source_(source),
        target_of_(target_of),
        target_(target),
        tokens_(tokenize(shown, {})),
        rewrite_(shown) {}

  std::string run() {
    rename_table();
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind == TokenKind::mark) {
        i = mark(i);
      } else if (tokens_[i].is("REFERENCES")) {
        reference(i + 1);
      } else if (names_sequence(tokens_, i)) {
        sequence(i + 2);
      } else if (const std::size_t after = forgotten_check(i); after != i) {
        cut(i, after);
        i = after - 1;
      } else if (const std::size_t end = placement(i); end != i) {
        cut(i, end);
        i = end - 1;
      }
    }
    return rewrite_.finish();
  }

 private:
  [[noreturn]] void throw_unknown_form() const {
    throw Error(ErrorKind::not_supported, "target.create_statement",
                "the table's definition is of a form that is not known", source_.text());
  }

  bool is(std::size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].is(word);
  }
  bool is(std::size_t i, char symbol) const { return i < tokens_.size() && tokens_[i].is(symbol); }

  const Token& name_at(std::size_t i) const {
    if (i >= tokens_.size() || tokens_[i].kind != TokenKind::name) throw_unknown_form();
    return tokens_[i];
  }

  // CREATE TABLE `t` (: the server prints no schema here.
  void rename_table() {
    if (!is(0, "CREATE") || !is(1, "TABLE")) throw_unknown_form();
    const Token& name = name_at(2);
    if (!is(3, '(')) throw_unknown_form();
    const auto target = target_of_(source_);
    if (!target) throw_unknown_form();
    rewrite_.replace(name.begin, name.end, qualified(*target));
  }

  // REFERENCES `t` or `s`.`t`
  void reference(std::size_t i) {
    CollectionName parent{source_.schema, name_at(i).value};
    std::size_t last = i;
    if (is(i + 1, '.')) {
      last = i + 2;
      parent = {name_at(i).value, name_at(last).value};
    }
    const auto target = target_of_(parent);
    if (!target) {
      throw Error(ErrorKind::rejected, "target.foreign_key_outside",
                  "a foreign key refers to " + parent.text() +
                      ", which is not moved: include that table, or drop the foreign key",
                  source_.text());
    }
    rewrite_.replace(tokens_[i].begin, tokens_[last].end, qualified(*target));
  }

  // `s`.`q`
  void sequence(std::size_t i) {
    const CollectionName name{name_at(i).value, name_at(i + 2).value};
    const auto target = target_of_(name);
    if (!target) {
      throw Error(ErrorKind::rejected, "target.sequence_outside",
                  "a default is of the sequence " + name.text() +
                      ", in a schema of which no table is moved, or each to another one",
                  source_.text());
    }
    rewrite_.replace(tokens_[i].begin, tokens_[i + 2].end, qualified(*target));
  }

  // Opens an executable comment, or drops it if it only says how a MySQL server stores something.
  std::size_t mark(std::size_t i) {
    const bool storage = is(i + 1, "COLUMN_FORMAT") || is(i + 1, "STORAGE") ||
                         is(i + 1, "TABLESPACE") || is(i + 1, "SECONDARY_ENGINE_ATTRIBUTE") ||
                         (is(i + 1, "COMPRESSED") && !target_.is_mariadb());
    if (!storage) {
      rewrite_.replace(tokens_[i].begin, tokens_[i].end, "");
      return i;
    }
    std::size_t end = i + 1;
    while (end < tokens_.size() && tokens_[end].kind != TokenKind::mark) ++end;
    cut(i, end + 1);
    return end;
  }

  void cut(std::size_t first, std::size_t end) {
    rewrite_.replace(tokens_[first].begin, tokens_[end - 1].end, "");
  }

  bool keeps_checks() const { return target_.is_mariadb() || target_.number >= 80016; }

  // The end of a CHECK constraint of a column, or of the table with its name and the comma in front
  // of it; `i` if none that the target forgets begins at `i`.
  std::size_t forgotten_check(std::size_t i) const {
    if (keeps_checks()) return i;
    std::size_t at = i;
    if (is(at, ',')) {
      ++at;
      if (is(at, "CONSTRAINT")) at += 2;
    }
    if (!is(at, "CHECK") || !is(at + 1, '(')) return i;
    int depth = 0;
    for (++at; at < tokens_.size(); ++at) {
      if (is(at, '(')) ++depth;
      if (is(at, ')') && --depth == 0) return at + 1;
    }
    throw_unknown_form();
  }

  // The end of an option that says where or how the source's disk holds the table; `i` if none
  // begins at `i`. Names are quoted in what a server prints, so these words can be nothing else.
  std::size_t placement(std::size_t i) const {
    std::size_t at = i;
    if ((is(i, "DATA") || is(i, "INDEX")) && is(i + 1, "DIRECTORY")) {
      at = i + 2;
    } else if (is(i, "TABLESPACE") || is(i, "ENCRYPTION") || is(i, "COMPRESSION")) {
      at = i + 1;
    } else {
      return i;
    }
    if (is(at, '=')) ++at;
    if (at >= tokens_.size()) throw_unknown_form();
    return at + 1;
  }

  const CollectionName& source_;
  const FindTarget& target_of_;
  const ServerVersion& target_;
  std::vector<Token> tokens_;
  Rewrite rewrite_;
};

}  // namespace

std::vector<CollectionName> sequences_in(std::string_view shown) {
  const auto tokens = tokenize(shown, {});
  std::vector<CollectionName> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (names_sequence(tokens, i)) out.push_back({tokens[i + 2].value, tokens[i + 4].value});
  }
  return out;
}

std::string rewrite_create(std::string_view shown, const CollectionName& source,
                           const FindTarget& target_of, const ServerVersion& target) {
  return CreateRewriter(shown, source, target_of, target).run();
}

}  // namespace wherry::stores::mysql
