#include "stores/mysql/statement_kind.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace wherry::stores::mysql {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Gives a statement's words in upper case, one at a time; anything else is given as one character.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}

  std::string next() {
    skip();
    if (text_.empty()) return {};
    if (text_.front() == '`') return quoted();
    std::size_t n = 0;
    while (n < text_.size() && is_word(text_[n])) ++n;
    n = std::max<std::size_t>(n, 1);
    std::string word(text_.substr(0, n));
    text_.remove_prefix(n);
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return word;
  }

  std::string_view rest() const { return text_; }

  // The next word as it is written; a quoted name without its quotes.
  std::string name() {
    skip();
    if (!text_.empty() && text_.front() == '`') return quoted();
    std::size_t n = 0;
    while (n < text_.size() && !is_space(text_[n]) && text_[n] != ';') ++n;
    return std::string(text_.substr(0, n));
  }

 private:
  void skip() {
    for (;;) {
      if (text_.empty()) return;
      if (is_space(text_.front()) || text_.front() == '(') {
        text_.remove_prefix(1);
      } else if (text_.starts_with("*/")) {  // the end of an executable comment
        text_.remove_prefix(2);
      } else if (text_.starts_with("/*!") || text_.starts_with("/*M!")) {
        text_.remove_prefix(text_[2] == 'M' ? 4 : 3);
        while (!text_.empty() && std::isdigit(static_cast<unsigned char>(text_.front())) != 0) {
          text_.remove_prefix(1);
        }
      } else if (text_.starts_with("/*")) {
        pass("*/");
      } else if (text_.front() == '#' ||
                 (text_.starts_with("--") && (text_.size() == 2 || is_space(text_[2])))) {
        pass("\n");
      } else {
        return;
      }
    }
  }

  void pass(std::string_view end) {
    const std::size_t at = text_.find(end);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + end.size());
  }

  std::string quoted() {
    std::string name;
    text_.remove_prefix(1);
    while (!text_.empty()) {
      if (text_.front() == '`') {
        if (text_.size() < 2 || text_[1] != '`') break;
        text_.remove_prefix(1);
      }
      name += text_.front();
      text_.remove_prefix(1);
    }
    if (!text_.empty()) text_.remove_prefix(1);
    return name;
  }

  std::string_view text_;
};

template <std::size_t n>
bool is_one_of(const std::string& word, const std::array<std::string_view, n>& all) {
  return std::find(all.begin(), all.end(), word) != all.end();
}

constexpr std::array<std::string_view, 10> of_rows{
    "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "SELECT", "WITH", "DO", "VALUES"};
constexpr std::array<std::string_view, 10> administrative{
    "FLUSH", "ANALYZE", "OPTIMIZE",  "CHECK", "SET",
    "RESET", "INSTALL", "UNINSTALL", "KILL",  "PURGE"};
constexpr std::array<std::string_view, 2> accounts{"USER", "ROLE"};
constexpr std::array<std::string_view, 3> set_of_accounts{"PASSWORD", "ROLE", "DEFAULT"};

}  // namespace

StatementKind kind_of(std::string_view statement) {
  Words words(statement);
  const std::string first = words.next();
  const std::string second = words.next();
  if (first == "BEGIN" || (first == "START" && second == "TRANSACTION"))
    return StatementKind::begin;
  if (first == "COMMIT") return StatementKind::commit;
  if (first == "ROLLBACK") {
    return second == "TO" || (second == "WORK" && words.next() == "TO") ? StatementKind::rollback_to
                                                                        : StatementKind::rollback;
  }
  if (first == "SAVEPOINT") return StatementKind::savepoint;
  if (first == "RELEASE") return StatementKind::administration;
  if (first == "XA") return StatementKind::xa;
  if (is_one_of(first, of_rows)) return StatementKind::rows;
  if (first == "SET" && second == "STATEMENT") {
    // MariaDB: settings for the one statement behind FOR.
    for (std::string word = words.next(); !word.empty(); word = words.next()) {
      if (word == "FOR") return kind_of(words.rest());
    }
    return StatementKind::definition;
  }
  if (first == "GRANT" || first == "REVOKE" ||
      (first == "SET" && is_one_of(second, set_of_accounts))) {
    return StatementKind::accounts;
  }
  if (is_one_of(first, administrative)) return StatementKind::administration;
  if (first == "CREATE" || first == "ALTER" || first == "DROP" || first == "RENAME") {
    std::string object = second;
    if (object == "OR") {
      words.next();  // REPLACE
      object = words.next();
    }
    if (object == "TEMPORARY") return StatementKind::temporary;
    if (is_one_of(object, accounts)) return StatementKind::accounts;
    if (object == "SERVER") return StatementKind::administration;
  }
  return StatementKind::definition;
}

std::string savepoint_name(std::string_view statement) {
  Words words(statement);
  if (words.next() == "ROLLBACK") {
    if (words.next() == "WORK") words.next();  // TO
    Words after_to = words;
    if (after_to.next() == "SAVEPOINT" && !after_to.name().empty()) words.next();
  }
  return words.name();
}

std::string account_statement(std::string_view statement) {
  Words words(statement);
  const std::string verb = words.next();
  if (verb == "GRANT" || verb == "REVOKE") return verb;
  std::string object = words.next();
  if (object == "STATEMENT") {
    while (!object.empty() && object != "FOR") object = words.next();
    return account_statement(words.rest());
  }
  if (object == "OR") {
    words.next();  // REPLACE
    object = words.next();
  }
  return verb + " " + object;
}

std::string statement_head(std::string_view statement) {
  Words words(statement);
  std::string head;
  for (int i = 0; i < 4; ++i) {
    const std::string word = words.next();
    if (word.empty()) break;
    head += (head.empty() ? "" : " ") + base::printable(word);
  }
  return head + " …";
}

}  // namespace wherry::stores::mysql
