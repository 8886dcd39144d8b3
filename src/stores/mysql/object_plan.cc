#include "stores/mysql/object_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/statement_kind.h"

namespace wherry::stores::mysql {

namespace {

using model::CollectionName;
using model::Severity;
using Kind = contract::ObjectPlan::Kind;

contract::ObjectPlan accounts_not_moved(const std::string& statement) {
  contract::ObjectOutcome outcome;
  outcome.findings.push_back({Severity::note, "source.accounts", account_statement(statement),
                              "the source changed accounts or privileges, which are not moved",
                              "do the same on the target, if it is to have them"});
  return {Kind::not_carried, "account", std::move(outcome)};
}

}  // namespace

bool made_by_anyone(Connection& target, ObjectKind kind, const CollectionName& home) {
  return !target
              .query(fmt::format("SELECT 1 FROM `_wherry`.`made_object` WHERE `kind`={} AND "
                                 "`schema_name`={} AND `object_name`={}",
                                 bytes_literal(to_string(kind)), bytes_literal(home.schema),
                                 bytes_literal(home.name)))
              .empty();
}

std::string subject_of(ObjectKind kind, const CollectionName& name) {
  return std::string(to_string(kind)) + " " + name.text();
}

model::Finding object_not_carried(ObjectKind kind, const std::string& subject) {
  return {Severity::blocker, "objects.not_carried", subject,
          "a " + std::string(to_string(kind)) + " is not carried",
          "exclude it, and make it on the target by hand"};
}

namespace {

// Whether a migration has a table of this name. Letters of either case count as one: a server may
// take them so.
bool is_table(Connection& target, const CollectionName& home) {
  const auto same = [](const char* column, const std::string& name) {
    return fmt::format("CONVERT(`{}` USING utf8mb4) COLLATE utf8mb4_general_ci={}", column,
                       text_literal(name));
  };
  return !target
              .query(fmt::format("SELECT 1 FROM `_wherry`.`made_table` WHERE {} AND {} LIMIT 1",
                                 same("schema_name", home.schema), same("table_name", home.name)))
              .empty();
}

}  // namespace

RenamedViews renamed_views(Connection& target, const model::DdlEvent& event,
                           const contract::TableFilter& filter, const contract::TableRoute& route) {
  const DdlStatement read =
      read_ddl(event.statement, dialect_of(event.sql_mode), event.default_schema);
  if (read.kind != DdlKind::rename_table) return {};
  std::set<CollectionName> names;
  RenamedViews out;
  for (std::size_t i = 0; i + 1 < read.tables.size(); i += 2) {
    const CollectionName& from = read.tables[i].name;
    const CollectionName& to = read.tables[i + 1].name;
    const bool new_from = names.insert(from).second;
    out.exchange |= !names.insert(to).second || !new_from;
    const auto moved = std::find_if(out.views.begin(), out.views.end(),
                                    [&](const RenamedView& view) { return view.to == from; });
    if (moved != out.views.end()) {
      moved->to = to;
      continue;
    }
    if (is_system_schema(from.schema) || (!filter(from) && !filter(to))) continue;
    if (!filter(from) || is_table(target, route(from))) return {};
    out.views.push_back({from, to});
  }
  return out;
}

contract::ObjectPlan plan_object_change(Connection& target, const model::DdlEvent& event,
                                        const contract::TableFilter& filter,
                                        const contract::TableRoute& route) {
  if (kind_of(event.statement) == StatementKind::accounts)
    return accounts_not_moved(event.statement);
  const auto head = read_object(event.statement, dialect_of(event.sql_mode), event.default_schema);
  if (!head) {
    if (renamed_views(target, event, filter, route).views.empty()) return {};
    return {Kind::apply, "view", {}};
  }
  const auto is_chosen = [&](const ObjectName& name) {
    return !is_system_schema(name.name.schema) && filter(name.name);
  };
  if (acts_by_itself(head->kind)) {
    // A trigger is chosen with its table, which its DROP does not name.
    const bool system = is_system_schema(head->names[0].name.schema);
    return {system ? Kind::none : Kind::held_back, std::string(to_string(head->kind)), {}};
  }
  if (std::none_of(head->names.begin(), head->names.end(), is_chosen)) return {};
  const bool has_kind = head->kind != ObjectKind::sequence || target.server().is_mariadb();
  if (!is_carried(head->kind) || !has_kind) {
    contract::ObjectOutcome outcome;
    for (const auto& [name, begin, end] : head->names) {
      const std::string subject = subject_of(head->kind, name);
      outcome.mended.push_back(subject);
      if (head->verb != ObjectStatement::Verb::drop) {
        outcome.findings.push_back(object_not_carried(head->kind, subject));
      }
    }
    return {Kind::not_carried, std::string(to_string(head->kind)), std::move(outcome)};
  }
  return {Kind::apply, is_routine(head->kind) ? "routine" : std::string(to_string(head->kind)), {}};
}

}  // namespace wherry::stores::mysql
