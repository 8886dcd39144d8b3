#include "stores/mysql/held_back.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "stores/mysql/ddl_apply.h"
#include "stores/mysql/definer_accounts.h"
#include "stores/mysql/made_objects.h"
#include "stores/mysql/object_definitions.h"
#include "stores/mysql/object_privileges.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

using contract::HeldBack;
using model::CollectionName;
using model::Finding;
using model::Severity;

ObjectDefinition definition_of(const HeldBack& one) {
  ObjectDefinition out;
  out.kind = one.kind == to_string(ObjectKind::trigger) ? ObjectKind::trigger : ObjectKind::event;
  out.name = one.name;
  out.table = one.table;
  out.definer = one.definer;
  out.sql = one.sql;
  out.sql_mode = one.sql_mode;
  out.charset = one.charset;
  out.collation = one.collation;
  out.database_collation = one.database_collation;
  out.time_zone = one.time_zone;
  return out;
}

// A change of a table that others use holds it up: rather again than long. Another Wherry's, which
// the server still runs, is waited for.
class Session {
 public:
  Session(Connection& target, const contract::Fence& fence)
      : lock_(target, ddl_lock_name(fence.migration), ddl_lock_patience) {
    target.execute("SET SESSION lock_wait_timeout=5");
  }

 private:
  UserLock lock_;
};

Finding not_there(const ObjectDefinition& definition) {
  return {Severity::blocker, "objects.not_there", definition.subject(),
          "the target took its statement and has nothing of it, as of an event that is over",
          "drop it on the source, or change when it is to run there"};
}

Finding twice(const ObjectDefinition& definition, const CollectionName& home) {
  return {Severity::blocker, "objects.name_taken_twice", definition.subject(),
          "another of the list has its name on the target, " + home.text(),
          "rename one of them on the source, or make it on the target by hand"};
}

Finding changed(const ObjectDefinition& listed) {
  return {Severity::blocker, "objects.changed", listed.subject(),
          "it is not as it was when it was listed, and is not dropped",
          "list it anew, or drop it by hand"};
}

bool same(const ObjectDefinition& a, const ObjectDefinition& b) {
  return a.sql == b.sql && a.definer == b.definer && a.sql_mode == b.sql_mode &&
         a.charset == b.charset && a.collation == b.collation &&
         a.database_collation == b.database_collation && a.time_zone == b.time_zone;
}

void remove_all(MadeObjects& made, const std::set<ObjectKind>& kinds) {
  for (const auto& [kind, home] : made.all_ours()) {
    if (kinds.contains(kind)) made.remove(kind, home);
  }
}

class HeldBackMaker {
 public:
  HeldBackMaker(Connection& target, const contract::Fence& fence, const contract::TableRoute& route,
                const DefinerMap& definers)
      : c_(target),
        made_(target, fence, route, definers),
        route_(route),
        definers_(definers),
        accounts_(target) {}

  void make_all(const std::vector<HeldBack>& list) {
    made_.leave_session();
    std::vector<ObjectDefinition> definitions;
    std::set<ObjectKind> kinds;
    for (const auto& one : list) kinds.insert(definitions.emplace_back(definition_of(one)).kind);
    remove_all(made_, kinds);
    for (auto& definition : definitions) make(std::move(definition));
  }
  std::vector<Finding> finish() && { return std::move(findings_); }

 private:
  void make(ObjectDefinition definition) {
    const auto head =
        read_object(definition.sql, dialect_of(definition.sql_mode), definition.name.schema);
    if (definition.sql.empty() || !head || head->kind != definition.kind) {
      findings_.push_back(unreadable(definition));
      return;
    }
    const CollectionName home = object_home(route_, *head);
    if (!homes_.emplace(definition.kind, home).second) {
      findings_.push_back(twice(definition, home));
      return;
    }
    const model::DdlEvent event = event_of(definition);
    if (auto finding = made_.make(*head, event)) {
      findings_.push_back(*std::move(finding));
      return;
    }
    definition.sql = made_.statement_for(*head, event);
    const auto now = read_object_definition(c_, definition.kind, home);
    auto other = now ? difference(definition, *now, definers_) : not_there(definition);
    if (other) findings_.push_back(*std::move(other));
    if (auto missing = accounts_.missing(definition.subject(), definition.definer, definers_)) {
      findings_.push_back(*std::move(missing));
    }
  }

  Connection& c_;
  MadeObjects made_;
  const contract::TableRoute& route_;
  const DefinerMap& definers_;
  DefinerAccounts accounts_;
  std::set<std::pair<ObjectKind, CollectionName>> homes_;
  std::vector<Finding> findings_;
};

CollectionName as_it_is(const CollectionName& name) { return name; }

}  // namespace

std::vector<Finding> assess_held_back(Connection& target, const std::vector<HeldBack>& list,
                                      const contract::TableRoute& route,
                                      const DefinerMap& definers) {
  std::vector<ObjectDefinition> definitions;
  for (const auto& one : list) definitions.push_back(definition_of(one));
  auto findings = missing_privileges(target, definitions, route, definers);
  const bool events = std::any_of(definitions.begin(), definitions.end(),
                                  [](const auto& one) { return one.kind == ObjectKind::event; });
  if (events && target.scalar("SELECT @@GLOBAL.event_scheduler") != "ON") {
    findings.push_back({Severity::warning, "objects.event_scheduler", "event_scheduler",
                        "it is off, so that no event runs there",
                        "SET GLOBAL event_scheduler=ON;"});
  }
  return findings;
}

std::vector<Finding> make_held_back(Connection& target, const contract::Fence& fence,
                                    const std::vector<HeldBack>& list,
                                    const contract::TableRoute& route, const DefinerMap& definers) {
  const Session session(target, fence);
  HeldBackMaker maker(target, fence, route, definers);
  maker.make_all(list);
  return std::move(maker).finish();
}

void remove_held_back(Connection& target, const contract::Fence& fence) {
  const Session session(target, fence);
  const contract::TableRoute route = as_it_is;
  const DefinerMap definers;
  MadeObjects made(target, fence, route, definers);
  remove_all(made, {ObjectKind::trigger, ObjectKind::event});
}

std::vector<std::string> statements_of(const std::vector<HeldBack>& list) {
  std::vector<std::string> out;
  for (const auto& one : list) {
    out.emplace_back("SET NAMES utf8mb4");
    out.push_back("USE " + identifier(one.name.schema));
    // Its statement is in the bytes of its own character set.
    std::string session = "SET SESSION character_set_client=" + one.charset +
                          ", collation_connection=" + one.collation +
                          ", sql_mode=" + text_literal(one.sql_mode);
    if (!one.time_zone.empty()) session += ", time_zone=" + text_literal(one.time_zone);
    out.push_back(std::move(session));
    std::string end = "$$";
    while (one.sql.find(end) != std::string::npos) end += '$';
    // The `;` that ends every statement of a script ends this one's last word.
    out.push_back("DELIMITER " + end + "\n" + one.sql + "\n" + end + "\nDELIMITER ");
  }
  return out;
}

std::vector<Finding> drop_listed(Connection& target, const contract::Fence& fence,
                                 const std::vector<HeldBack>& list) {
  const Session session(target, fence);
  const contract::TableRoute route = as_it_is;
  const DefinerMap definers;
  MadeObjects made(target, fence, route, definers);
  std::vector<Finding> findings;
  for (const auto& one : list) {
    const ObjectDefinition listed = definition_of(one);
    const auto now = read_object_definition(target, listed.kind, listed.name);
    if (!now) continue;
    if (!same(listed, *now)) {
      findings.push_back(changed(listed));
      continue;
    }
    made.check_still_the_writer();
    target.execute("DROP " + std::string(sql_word(listed.kind)) + " IF EXISTS " +
                   qualified(listed.name));
  }
  return findings;
}

}  // namespace wherry::stores::mysql
