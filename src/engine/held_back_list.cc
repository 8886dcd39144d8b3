#include "engine/held_back_list.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace wherry::engine {

namespace {

using contract::HeldBack;

// One list for both directions. Names and statements may hold any bytes.
constexpr std::pair<const char*, std::string HeldBack::*> fields[] = {
    {"kind", &HeldBack::kind},
    {"table_name", &HeldBack::table},
    {"definer", &HeldBack::definer},
    {"sql_mode", &HeldBack::sql_mode},
    {"charset", &HeldBack::charset},
    {"collation", &HeldBack::collation},
    {"database_collation", &HeldBack::database_collation},
    {"time_zone", &HeldBack::time_zone},
    {"sql", &HeldBack::sql},
};

[[noreturn]] void throw_damaged() {
  throw base::Error(base::ErrorKind::internal, "journal.damaged",
                    "the journal's list of triggers and events cannot be read");
}

std::string text_of(const nlohmann::json& row, const char* field) {
  const auto found = row.find(field);
  if (found == row.end() || !found->is_string()) throw_damaged();
  auto bytes = base::unprintable(found->get<std::string>());
  if (!bytes) throw_damaged();
  return *std::move(bytes);
}

}  // namespace

nlohmann::json held_back_json(const std::vector<HeldBack>& list) {
  auto rows = nlohmann::json::array();
  for (const auto& one : list) {
    nlohmann::json row{{"name", one.name.text()},
                       {"schema", base::printable(one.name.schema)},
                       {"own_name", base::printable(one.name.name)}};
    if (!one.table.empty()) {
      row["table"] = model::CollectionName{one.name.schema, one.table}.text();
    }
    for (const auto& [field, member] : fields) row[field] = base::printable(one.*member);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<HeldBack> held_back_from(const nlohmann::json& list) {
  std::vector<HeldBack> out;
  for (const auto& row : list) {
    HeldBack one;
    one.name = {text_of(row, "schema"), text_of(row, "own_name")};
    for (const auto& [field, member] : fields) one.*member = text_of(row, field);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace wherry::engine
