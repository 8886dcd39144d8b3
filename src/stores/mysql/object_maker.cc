#include "stores/mysql/object_maker.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "stores/mysql/ddl_apply.h"
#include "stores/mysql/definer_accounts.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/made_objects.h"
#include "stores/mysql/object_plan.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::CollectionName;
using model::Finding;
using model::Severity;
using Verb = ObjectStatement::Verb;

constexpr std::size_t packet = std::size_t{512} << 10U;

// After a crash nobody could tell whether the names were exchanged already.
Finding exchanged(const CollectionName& name) {
  return {Severity::blocker, "objects.exchanged", subject_of(ObjectKind::view, name),
          "it came to its name by an exchange of names in one RENAME TABLE, which is not carried",
          "run CREATE OR REPLACE VIEW with its definition on the source: that makes it on the "
          "target"};
}

// Nothing if the target has what is of this kind.
std::optional<Finding> no_such_kind(Connection& target, const ObjectDefinition& definition) {
  const std::string subject = definition.subject();
  if (!is_carried(definition.kind)) return object_not_carried(definition.kind, subject);
  if (definition.kind != ObjectKind::sequence || target.server().is_mariadb()) return std::nullopt;
  return Finding{Severity::blocker, "objects.no_sequences", subject,
                 "the target is a MySQL, which has no sequences",
                 "exclude it, and take its numbers from elsewhere"};
}

// Those of earlier attempts; but for those that tables name although they are not chosen.
void remove_old_sequences(Connection& target, MadeObjects& maker,
                          const std::vector<ObjectDefinition>& definitions,
                          const contract::TableRoute& route, std::vector<Finding>& findings) {
  std::set<CollectionName> wanted;
  for (const auto& definition : definitions) {
    if (definition.kind != ObjectKind::sequence) continue;
    wanted.insert(object_home(route, definition.kind, definition.name));
  }
  for (const auto& [kind, home] : maker.all_ours()) {
    if (kind != ObjectKind::sequence || wanted.contains(home)) continue;
    const Result users = target.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMNS WHERE "
        "INSTR(COLUMN_DEFAULT, " +
        text_literal("nextval(" + qualified(home) + ")") + ")");
    if (users.empty()) {
      maker.remove(kind, home);
      continue;
    }
    const CollectionName user{users.text(0, std::size_t{0}), users.text(0, std::size_t{1})};
    findings.push_back({Severity::blocker, "objects.sequence_not_chosen", subject_of(kind, home),
                        "the target's table " + user.text() +
                            " takes values of it, and the configuration does not choose it, or "
                            "sends it elsewhere",
                        "include it, and give its tables no schema of their own"});
  }
}

}  // namespace

std::vector<Finding> make_objects(Connection& target, const contract::Fence& fence,
                                  const std::vector<ObjectDefinition>& definitions,
                                  const contract::TableRoute& route, const DefinerMap& definers) {
  MadeObjects maker(target, fence, route, definers);
  maker.leave_session();
  for (const auto& [kind, home] : maker.all_ours()) {
    // Tables take values of sequences, and name them.
    if (!acts_by_itself(kind) && kind != ObjectKind::sequence) maker.remove(kind, home);
  }
  const DefinerAccounts accounts(target);
  std::vector<Finding> findings;
  const auto finish = [&](const ObjectDefinition& definition) {
    const auto made = read_object_definition(target, definition.kind,
                                             object_home(route, definition.kind, definition.name));
    if (auto other = made ? difference(definition, *made, definers) : std::nullopt) {
      findings.push_back(*std::move(other));
    }
    if (auto missing = accounts.missing(definition.subject(), definition.definer, definers)) {
      findings.push_back(*std::move(missing));
    }
  };
  std::vector<const ObjectDefinition*> waiting;
  for (const auto& definition : definitions) waiting.push_back(&definition);
  // Views stand on views and on functions, whatever their names: what fails may succeed when others
  // are there.
  for (bool progress = true; progress && !waiting.empty();) {
    progress = false;
    std::vector<const ObjectDefinition*> failed;
    std::vector<Finding> reasons;
    for (const auto* definition : waiting) {
      if (auto missing = no_such_kind(target, *definition)) {
        findings.push_back(*std::move(missing));
        continue;
      }
      const auto head =
          read_object(definition->sql, dialect_of(definition->sql_mode), definition->name.schema);
      if (definition->sql.empty() || !head) {
        findings.push_back(unreadable(*definition));
        continue;
      }
      auto reason = maker.make(*head, event_of(*definition));
      if (!reason) {
        progress = true;
        finish(*definition);
        continue;
      }
      if (reason->code == "objects.refused") {
        failed.push_back(definition);
        reasons.push_back(*std::move(reason));
      } else {
        findings.push_back(*std::move(reason));
      }
    }
    waiting = std::move(failed);
    if (!progress) findings.insert(findings.end(), reasons.begin(), reasons.end());
  }
  remove_old_sequences(target, maker, definitions, route, findings);
  return findings;
}

contract::ObjectOutcome apply_object_change(Connection& target, const contract::Fence& fence,
                                            const model::DdlEvent& event,
                                            const contract::TableFilter& filter,
                                            const contract::TableRoute& route,
                                            const DefinerMap& definers,
                                            const contract::WindowMark& mark) {
  contract::ObjectOutcome outcome;
  const UserLock lock(target, ddl_lock_name(fence.migration), ddl_lock_patience);
  const auto head = read_object(event.statement, dialect_of(event.sql_mode), event.default_schema);
  const ObjectKind kind = head ? head->kind : ObjectKind::view;
  MadeObjects maker(target, fence, route, definers);
  maker.check_still_the_writer();
  std::vector<CollectionName> dropped;
  const auto drop = [&](const CollectionName& name) {
    dropped.push_back(object_home(route, kind, name));
    maker.drop(kind, dropped.back());
    outcome.mended.push_back(subject_of(kind, name));
  };
  if (!head) {
    const RenamedViews renamed = renamed_views(target, event, filter, route);
    for (const auto& [from, to] : renamed.views) {
      std::optional<Finding> finding;
      if (filter(to)) finding = renamed.exchange ? exchanged(to) : maker.rename_view(from, to);
      drop(from);
      if (finding) outcome.findings.push_back(*std::move(finding));
    }
  } else if (head->verb == Verb::drop) {
    for (const auto& [name, begin, end] : head->names) {
      if (filter(name)) drop(name);
    }
  } else {
    const std::string subject = subject_of(head->kind, head->names[0].name);
    auto finding = maker.make(*head, event);
    const bool replaces = head->verb == Verb::create || head->kind == ObjectKind::view;
    if (!finding && replaces) outcome.mended.push_back(subject);
    if (finding) outcome.findings.push_back(*std::move(finding));
    if (auto missing = DefinerAccounts(target).missing(subject, head->definer, definers)) {
      outcome.findings.push_back(*std::move(missing));
    }
  }
  maker.leave_session();
  target.execute("START TRANSACTION");
  for (const auto& home : dropped) maker.forget(kind, home);
  move_stream(target, fence.migration, mark, packet);
  check_fence(target, fence);
  target.execute("COMMIT");
  return outcome;
}

std::vector<Finding> assess_objects(Connection& target,
                                    const std::vector<ObjectDefinition>& definitions,
                                    const contract::TableRoute& route, const DefinerMap& definers) {
  std::vector<Finding> findings;
  const contract::Fence nobody;
  MadeObjects maker(target, nobody, route, definers);
  const DefinerAccounts accounts(target);
  const bool has_notes =
      !target
           .query(
               "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA='_wherry' AND "
               "TABLE_NAME='made_object'")
           .empty();
  std::size_t views = 0;
  for (const auto& definition : definitions) {
    const std::string subject = definition.subject();
    if (acts_by_itself(definition.kind)) {
      findings.push_back({Severity::note, "source." + std::string(to_string(definition.kind)),
                          subject,
                          "it is held back: it is not made on the target before the switch",
                          "nothing; what it does on the source arrives as rows"});
      continue;
    }
    if (auto missing = no_such_kind(target, definition)) {
      findings.push_back(*std::move(missing));
      continue;
    }
    ++views;
    const auto head =
        read_object(definition.sql, dialect_of(definition.sql_mode), definition.name.schema);
    if (definition.sql.empty() || !head) {
      findings.push_back(unreadable(definition));
      continue;
    }
    const CollectionName home = object_home(route, definition.kind, definition.name);
    if (maker.exists(definition.kind, home) &&
        !(has_notes && made_by_anyone(target, definition.kind, home))) {
      findings.push_back(
          {Severity::blocker, "target.object_exists", subject,
           "the target has something of its name, " + home.text() + ", that Wherry did not make",
           "drop or rename it on the target, or exclude the object"});
    }
    if (is_read_as_it_is(definition.sql, definition.charset)) {
      try {
        rehome(definition.sql, *head, dialect_of(definition.sql_mode), definition.name.schema,
               route, definers);
      } catch (const Error& e) {
        findings.push_back({Severity::warning, std::string(e.code()), subject, e.message(),
                            "make it on the target by hand, or leave the name as it is"});
      }
    }
    if (auto missing = accounts.missing(subject, definition.definer, definers)) {
      findings.push_back(*std::move(missing));
    }
  }
  if (views != 0) {
    findings.push_back(
        {Severity::note, "source.objects", "source",
         fmt::format("{} views, routines and sequences are made on the target from their "
                     "definitions",
                     views),
         "nothing"});
  }
  return findings;
}

}  // namespace wherry::stores::mysql
