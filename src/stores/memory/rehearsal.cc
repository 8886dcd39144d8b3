#include "stores/memory/rehearsal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "stores/memory/writer.h"

namespace wherry::stores::memory {

namespace {

using Definitions = std::map<model::CollectionName, model::TableSchema>;

Definitions definitions(const Server& server, const std::vector<contract::TablePair>& tables) {
  std::set<std::string> schemas;
  for (const auto& pair : tables) schemas.insert(pair.target.schema);
  Definitions out;
  for (auto& table : server.definitions()) {
    if (schemas.contains(table.name.schema)) out.emplace(table.name, table);
  }
  return out;
}

bool same(const model::TableSchema& a, const model::TableSchema& b) {
  return nlohmann::json(a) == nlohmann::json(b);
}

}  // namespace

std::string RehearsalTarget::look(const std::vector<contract::TablePair>& tables) {
  auto list = nlohmann::json::array();
  for (const auto& [name, table] : definitions(*server_, tables)) list.push_back(table);
  return list.dump();
}

contract::MadeAsBefore RehearsalTarget::make_as_before(
    const contract::Fence& fence, const std::string& looked,
    const std::vector<contract::TablePair>& tables, const std::vector<contract::TablePair>& again,
    const std::stop_token& /*stop*/) {
  contract::MadeAsBefore out;
  Definitions before;
  for (const auto& json : nlohmann::json::parse(looked)) {
    auto table = json.get<model::TableSchema>();
    before.emplace(table.name, std::move(table));
  }
  const auto define = [&](const std::optional<model::CollectionName>& from,
                          const std::optional<model::TableSchema>& to) {
    server_->transaction([&](Transaction& t) {
      t.check(fence);
      t.define(from, to);
    });
  };
  const Definitions now = definitions(*server_, tables);
  for (const auto& [name, table] : now) {
    if (before.contains(name)) continue;
    define(name, std::nullopt);
    out.dropped.push_back("table " + name.text());
  }
  for (const auto& pair : tables) {
    const auto made = before.find(pair.target);
    if (made == before.end()) continue;
    const bool wanted =
        std::any_of(again.begin(), again.end(), [&](const auto& one) { return one.id == pair.id; });
    const auto there = now.find(pair.target);
    if (!wanted && there != now.end() && same(there->second, made->second)) continue;
    server_->transaction([&](Transaction& t) {
      t.check(fence);
      forget_chunks(t, fence, pair.id);
    });
    if (there != now.end()) define(pair.target, std::nullopt);
    define(std::nullopt, made->second);
    out.emptied.push_back(pair.id);
  }
  return out;
}

}  // namespace wherry::stores::memory
