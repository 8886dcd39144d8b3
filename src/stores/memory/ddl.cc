#include "stores/memory/ddl.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "stores/memory/writer.h"

namespace wherry::stores::memory {

namespace {

struct Definition {
  std::optional<model::CollectionName> before;
  std::optional<model::TableSchema> after;
  bool computed = false;
};

Definition definition_in(const std::string& statement) {
  try {
    const auto json = nlohmann::json::parse(statement);
    Definition out;
    if (json.contains("before")) out.before = json.at("before").get<model::CollectionName>();
    if (json.contains("after")) out.after = json.at("after").get<model::TableSchema>();
    out.computed = json.value("computed", false);
    return out;
  } catch (const nlohmann::json::exception&) {
    throw base::Error(base::ErrorKind::not_supported, "ddl.unknown",
                      "the statement is not understood", statement);
  }
}

}  // namespace

contract::DdlPlan DdlTarget::plan(const model::DdlEvent& event, const contract::TableFilter& filter,
                                  const contract::TableRoute& route) {
  Definition change = definition_in(event.statement);
  // A table that comes into the migration's view by its new name is created, one that leaves it is
  // dropped.
  if (change.before && !filter(*change.before)) change.before.reset();
  if (change.after && !filter(change.after->name)) change.after.reset();
  contract::DdlPlan plan;
  if (!change.before && !change.after) return plan;
  plan.kind = contract::DdlPlan::Kind::apply;
  plan.what = !change.before ? "create table" : !change.after ? "drop table" : "alter table";
  contract::DdlPlan::TableChange table;
  nlohmann::json statement;
  if (change.before) {
    table.before = change.before;
    statement["before"] = route(*change.before);
  }
  if (change.after) {
    table.after = change.after->name;
    change.after->name = route(change.after->name);
    statement["after"] = *change.after;
  }
  if (change.computed) statement["computed"] = true;
  plan.statement = statement.dump();
  plan.tables.push_back(std::move(table));
  return plan;
}

std::optional<std::string> DdlTarget::learn(const contract::Fence&, contract::RowSource&,
                                            const contract::DdlPlan& plan, const model::DdlEvent&,
                                            const contract::TableRoute&,
                                            const contract::WindowMark&, const std::stop_token&) {
  if (!definition_in(plan.statement).computed) return std::nullopt;
  return "its rows got values that the log does not tell";
}

// Rows, definition and position change in one transaction here, so that a repeat is known by the
// position.
void DdlTarget::apply(const contract::Fence& fence, const contract::DdlPlan& plan,
                      const model::DdlEvent&, const contract::TableRoute&,
                      const contract::WindowMark& mark,
                      const std::vector<contract::TablePair>& again, const std::stop_token&) {
  const Definition change = definition_in(plan.statement);
  server_->transaction([&](Transaction& t) {
    t.check(fence);
    const auto stream = t.progress().streams.find(fence.migration);
    if (stream != t.progress().streams.end() && stream->second.position >= mark.end) return;
    for (const auto& table : again) {
      t.erase_range(table.target, {}, {});
      forget_chunks(t, fence, table.id);
    }
    t.define(change.before, change.after);
    move_stream(t, fence, mark);
  });
}

}  // namespace wherry::stores::memory
