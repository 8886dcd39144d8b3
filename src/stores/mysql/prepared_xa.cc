#include "stores/mysql/prepared_xa.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace wherry::stores::mysql {

namespace {

base::Error unknown_rows(const std::string& why) {
  return {base::ErrorKind::not_supported, "source.xa_definition",
          "the definition of a table was changed while an XA transaction that changed it was "
          "prepared; what its commit does to the table is not told by the log. Start the migration "
          "anew",
          why};
}

bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

// As a word of its own. Errs towards yes: in another character set a name has other bytes.
bool names(std::string_view statement, std::string_view name) {
  const bool ascii = std::all_of(name.begin(), name.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return true;
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  auto from = statement.begin();
  while (true) {
    const auto at = std::search(from, statement.end(), name.begin(), name.end(), same);
    if (at == statement.end()) return false;
    const auto end = at + static_cast<std::ptrdiff_t>(name.size());
    const bool begins = at == statement.begin() || !is_of_word(*(at - 1));
    const bool ends = end == statement.end() || !is_of_word(*end);
    if (begins && ends) return true;
    from = at + 1;
  }
}

}  // namespace

bool may_empty_a_table(std::string_view definition) { return names(definition, "TRUNCATE"); }

void PreparedXa::add(const XaId& id, Transaction transaction) {
  if (bytes_in_memory() + transaction.rows.bytes_in_memory() > memory_limit) {
    transaction.rows.spool();
  }
  ++version_;
  all_.insert_or_assign(id, std::move(transaction));
}

std::optional<PreparedXa::Transaction> PreparedXa::end(const XaId& id) {
  auto node = all_.extract(id);
  if (node.empty()) return std::nullopt;
  ++version_;
  return std::move(node.mapped());
}

std::optional<model::Position> PreparedXa::oldest() const {
  const auto first = std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
    return a.second.begin < b.second.begin;
  });
  if (first == all_.end()) return std::nullopt;
  return first->second.begin;
}

std::map<XaId, std::set<std::string>> PreparedXa::tables() const {
  std::map<XaId, std::set<std::string>> out;
  for (const auto& [id, t] : all_) out.emplace(id, t.tables);
  return out;
}

std::uint64_t PreparedXa::bytes_in_memory() const {
  std::uint64_t total = 0;
  for (const auto& [id, t] : all_) total += t.rows.bytes_in_memory();
  return total;
}

void PreparedXa::redefine(const contract::TrackedTables& before,
                          const contract::TrackedTables& now) {
  for (auto& [id, t] : all_) {
    for (const auto collection : t.collections) {
      const auto old = before.find(collection);
      const auto fresh = now.find(collection);
      // A table that is gone takes its rows along.
      if (old == before.end() || fresh == now.end() || old->second.carries_like(fresh->second))
        continue;
      t.unknown = unknown_rows(id.text() + ", table " + fresh->second.name.text());
    }
  }
}

void PreparedXa::disturb(std::string_view statement) {
  const bool drops_schema =
      names(statement, "DROP") && (names(statement, "DATABASE") || names(statement, "SCHEMA"));
  for (auto& [id, t] : all_) {
    const auto named = std::find_if(t.tables.begin(), t.tables.end(), [&](const std::string& n) {
      return drops_schema || names(statement, n);
    });
    if (named == t.tables.end()) continue;
    t.unknown = unknown_rows(id.text() + ", table " + base::printable(*named));
  }
}

}  // namespace wherry::stores::mysql
