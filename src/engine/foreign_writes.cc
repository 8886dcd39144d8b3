#include "engine/foreign_writes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace wherry::engine {

namespace {

constexpr const char* counts_fact = "foreign_writes";

std::string list(const std::map<std::string, std::uint64_t>& tables) {
  constexpr std::size_t most = 10;
  std::string out;
  std::size_t named = 0;
  for (const auto& [name, count] : tables) {
    if (named++ == most) return out + fmt::format(", and {} more", tables.size() - most);
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", name, count);
  }
  return out;
}

}  // namespace

bool is_target_watched(journal::Journal& journal) {
  return !journal.fact(watch_place_fact).value_or("").empty();
}

ForeignCounts foreign_writes(journal::Journal& journal) {
  ForeignCounts counts;
  const std::string text = journal.fact(counts_fact).value_or("");
  if (text.empty()) return counts;
  const auto json = nlohmann::json::parse(text);
  counts.transactions = json.at("transactions").get<std::uint64_t>();
  counts.last = json.at("last").get<std::string>();
  counts.tables = json.at("tables").get<std::map<std::string, std::uint64_t>>();
  return counts;
}

void tell_foreign_writes(journal::Journal& journal, const ForeignCounts& more) {
  if (more.transactions == 0) return;
  ForeignCounts all = foreign_writes(journal);
  all.transactions += more.transactions;
  all.last = more.last;
  for (const auto& [name, count] : more.tables) all.tables[name] += count;
  const nlohmann::json json{
      {"transactions", all.transactions}, {"last", all.last}, {"tables", all.tables}};
  journal.set_fact(counts_fact, json.dump());
  journal.open_finding(
      {model::Severity::warning, std::string(foreign_writes_code), "target",
       fmt::format(
           "others wrote to tables of this migration on the target, in {} transactions, last "
           "at {}: {}; what they touched is compared again",
           all.transactions, all.last, list(all.tables)),
       "find out who writes to the target; what differs is a finding of its own, and `wherry "
       "repair` "
       "mends it"});
}

void forget_foreign_writes(journal::Journal& journal) {
  journal.set_fact(counts_fact, "");
  journal.close_findings(std::string(foreign_writes_code), "");
}

}  // namespace wherry::engine
