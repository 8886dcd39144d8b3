#include "stores/mysql/foreign_keys.h"

#include <cstddef>

#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view create) : tokens_(tokenize(create, {})) {}
  bool done() const { return at_ >= tokens_.size(); }
  template <typename WordOrSymbol>
  bool take(WordOrSymbol what) {
    if (done() || !tokens_[at_].is(what)) return false;
    ++at_;
    return true;
  }
  std::string name() { return done() ? std::string() : tokens_[at_++].value; }
  void skip() { ++at_; }

  // "(`a`,`b`)", if it is there.
  std::vector<std::string> names() {
    std::vector<std::string> out;
    if (!take('(')) return out;
    while (!done() && !take(')')) {
      if (!take(',')) out.push_back(name());
    }
    return out;
  }

  std::string action() {
    if (take("SET")) return "SET " + name();
    if (take("NO")) return "NO " + name();
    return name();
  }

 private:
  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

bool is_cascade(std::string_view action) {
  return action == "CASCADE" || action == "SET NULL" || action == "SET DEFAULT";
}

}  // namespace

bool ForeignKey::cascades() const { return is_cascade(on_delete) || is_cascade(on_update); }

std::vector<ForeignKey> foreign_keys_in(std::string_view create,
                                        const model::CollectionName& table) {
  std::vector<ForeignKey> out;
  Reader r(create);
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
    if (r.take('.')) key.parent = {key.parent.name, r.name()};
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
