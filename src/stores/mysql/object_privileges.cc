#include "stores/mysql/object_privileges.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/text.h"
#include "stores/mysql/assessed_server.h"
#include "stores/mysql/object_plan.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Severity;

// SHOW VIEW, for what was made is compared with what was meant; DROP, to replace it.
constexpr std::array<std::string_view, 6> for_views{"SELECT", "CREATE",      "DROP",
                                                    "ALTER",  "CREATE VIEW", "SHOW VIEW"};
// The routine's maker may then execute it, which views that call it need.
constexpr std::array<std::string_view, 3> for_routines{"CREATE", "CREATE ROUTINE", "ALTER ROUTINE"};

// What the server calls the right to name another account as the definer.
std::string_view of_definers(const ServerVersion& version) {
  if (version.is_mariadb()) return version.number >= 100500 ? "SET USER" : "SUPER";
  if (version.number >= 80200) return "SET_ANY_DEFINER, ALLOW_NONEXISTENT_DEFINER";
  return version.number >= 80000 ? "SET_USER_ID" : "SUPER";
}

struct Wanted {
  std::string example;  // "view shop.v"
  std::vector<std::string_view> privileges;
};

void want(Wanted& wanted, std::string_view privilege) {
  auto& all = wanted.privileges;
  if (std::find(all.begin(), all.end(), privilege) == all.end()) all.push_back(privilege);
}

class Check {
 public:
  Check(Connection& target, const DefinerMap& definers)
      : server_(target),
        version_(target.server()),
        own_account_(target.scalar("SELECT CURRENT_USER()").value_or("")),
        definers_(definers) {}

  void look_at(const ObjectDefinition& definition, const std::string& home) {
    const std::string subject = definition.subject();
    Wanted& wanted = schemas_[home];
    if (wanted.example.empty()) wanted.example = subject;
    if (is_routine(definition.kind)) {
      for (const auto privilege : for_routines) want(wanted, privilege);
    } else if (acts_by_itself(definition.kind)) {
      want(wanted, definition.kind == ObjectKind::trigger ? "TRIGGER" : "EVENT");
    } else {
      for (const auto privilege : for_views) want(wanted, privilege);
    }
    const bool needs_trust =
        definition.kind == ObjectKind::function || definition.kind == ObjectKind::trigger;
    if (needs_trust && function_.empty()) function_ = subject;
    const auto mapped = definers_.find(definition.definer);
    const std::string& definer = mapped == definers_.end() ? definition.definer : mapped->second;
    if (foreign_.empty() && definer != own_account_) {
      foreign_ = subject;
      foreign_definer_ = definer;
    }
  }

  std::vector<model::Finding> findings() {
    for (const auto& [schema, wanted] : schemas_) check_schema(schema, wanted);
    check_definers();
    check_functions();
    return server_.take_findings();
  }

 private:
  void check_schema(const std::string& schema, const Wanted& wanted) {
    std::string missing;
    for (const auto privilege : wanted.privileges) {
      if (server_.grants().has_on(schema, privilege)) continue;
      if (!missing.empty()) missing += ", ";
      missing += privilege;
    }
    if (missing.empty()) return;
    server_.add(Severity::blocker, "target.privilege_missing", base::printable(schema),
                "the account may not " + missing + ", which " + wanted.example + " takes",
                server_.grant(missing, identifier(schema) + ".*"));
  }

  void check_definers() {
    const auto names = of_definers(version_);
    const bool may = server_.has("SUPER") || server_.has(names.substr(0, names.find(',')));
    if (foreign_.empty() || may) return;
    server_.add(Severity::blocker, "target.privilege_missing", foreign_,
                "its definer is " + base::printable(foreign_definer_) +
                    ", and the account may not make what is another's (" + std::string(names) +
                    "); or name its own account in `definers: map`",
                server_.grant(names));
  }

  void check_functions() {
    const bool trusted = server_.variable("log_bin") != "ON" ||
                         server_.variable("log_bin_trust_function_creators") == "ON";
    if (function_.empty() || trusted || server_.has("SUPER")) return;
    server_.add(Severity::blocker, "target.function_creators", function_,
                "the target writes a log, and lets only accounts with SUPER make functions and "
                "triggers "
                "(log_bin_trust_function_creators=OFF)",
                "SET GLOBAL log_bin_trust_function_creators=ON;");
  }

  AssessedServer server_;
  ServerVersion version_;
  std::string own_account_;
  const DefinerMap& definers_;
  std::map<std::string, Wanted> schemas_;
  std::string function_;  // or trigger: the first one
  std::string foreign_;   // the first one of another definer
  std::string foreign_definer_;
};

}  // namespace

std::vector<model::Finding> missing_privileges(Connection& target,
                                               const std::vector<ObjectDefinition>& definitions,
                                               const contract::TableRoute& route,
                                               const DefinerMap& definers) {
  Check check(target, definers);
  for (const auto& definition : definitions) {
    check.look_at(definition, object_home(route, definition.kind, definition.name).schema);
  }
  return check.findings();
}

std::vector<model::Finding> missing_object_privileges(
    Connection& target, const std::vector<ObjectDefinition>& definitions,
    const contract::TableRoute& route, const DefinerMap& definers) {
  auto made = definitions;
  // Who may make tables may make sequences.
  std::erase_if(made, [](const ObjectDefinition& definition) {
    return acts_by_itself(definition.kind) || !is_carried(definition.kind) ||
           definition.kind == ObjectKind::sequence;
  });
  return missing_privileges(target, made, route, definers);
}

}  // namespace wherry::stores::mysql
