#include "stores/mysql/foreign_keys.h"

#include <cstddef>

namespace wherry::stores::mysql {

namespace {

struct Word {
  std::string text;
  bool quoted = false;  // a name in backquotes
};

// Words, names and punctuation; string literals are left out.
std::vector<Word> words_of(std::string_view sql) {
  std::vector<Word> out;
  for (std::size_t i = 0; i < sql.size();) {
    const char c = sql[i];
    if (c == '\'' || c == '"' || c == '`') {
      std::string text;
      for (++i; i < sql.size(); ++i) {
        if (sql[i] == '\\' && c != '`') {
          ++i;
          continue;
        }
        if (sql[i] == c) {
          if (i + 1 >= sql.size() || sql[i + 1] != c) break;
          ++i;
        }
        text += sql[i];
      }
      ++i;
      if (c == '`') out.push_back({std::move(text), true});
    } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_') {
      const std::size_t end = sql.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789", i);
      out.push_back({std::string(sql.substr(i, end - i)), false});
      i = end == std::string_view::npos ? sql.size() : end;
    } else {
      if (c != ' ' && c != '\n') out.push_back({std::string(1, c), false});
      ++i;
    }
  }
  return out;
}

class Reader {
 public:
  explicit Reader(const std::vector<Word>& words) : words_(words) {}
  bool done() const { return at_ >= words_.size(); }
  bool take(std::string_view word) {
    if (done() || words_[at_].quoted || words_[at_].text != word) return false;
    ++at_;
    return true;
  }
  std::string name() { return done() ? std::string() : words_[at_++].text; }
  void skip() { ++at_; }

  // "(`a`,`b`)", if it is there.
  std::vector<std::string> names() {
    std::vector<std::string> out;
    if (!take("(")) return out;
    while (!done() && !take(")")) {
      if (!take(",")) out.push_back(name());
    }
    return out;
  }

  std::string action() {
    if (take("SET")) return "SET " + name();
    if (take("NO")) return "NO " + name();
    return name();
  }

 private:
  const std::vector<Word>& words_;
  std::size_t at_ = 0;
};

bool is_cascade(std::string_view action) {
  return action == "CASCADE" || action == "SET NULL" || action == "SET DEFAULT";
}

}  // namespace

bool ForeignKey::cascades() const { return is_cascade(on_delete) || is_cascade(on_update); }

std::vector<ForeignKey> foreign_keys_in(std::string_view create,
                                        const model::CollectionName& table) {
  const std::vector<Word> words = words_of(create);
  std::vector<ForeignKey> out;
  Reader r(words);
  std::vector<std::string> columns;
  while (!r.done()) {
    if (r.take("FOREIGN") && r.take("KEY")) {
      columns = r.names();
      continue;
    }
    if (!r.take("REFERENCES")) {
      if (!r.done()) r.skip();
      continue;
    }
    ForeignKey key;
    key.columns = std::move(columns);
    columns.clear();
    key.parent = {table.schema, r.name()};
    if (r.take(".")) key.parent = {key.parent.name, r.name()};
    key.parent_columns = r.names();
    while (r.take("ON")) {
      if (r.take("DELETE")) {
        key.on_delete = r.action();
      } else if (r.take("UPDATE")) {
        key.on_update = r.action();
      }
    }
    out.push_back(std::move(key));
  }
  return out;
}

}  // namespace wherry::stores::mysql
