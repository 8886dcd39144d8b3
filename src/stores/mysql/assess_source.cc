#include "stores/mysql/assess_source.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/assess_distance.h"
#include "stores/mysql/assess_source_log.h"
#include "stores/mysql/assessed_server.h"
#include "stores/mysql/foreign_keys.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/xa_book.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::Column;
using model::ColumnType;
using model::Severity;
using model::TableSchema;

class Assessment {
 public:
  Assessment(Connection& connection, const contract::TableFilter& filter)
      : c_(connection), filter_(filter), s_(connection) {}

  std::vector<model::Finding> run() {
    check_version();
    tables_ = read_tables(c_, filter_);
    if (tables_.empty()) {
      s_.add(
          Severity::blocker, "source.no_tables", "source",
          "no table is chosen, or the account may see none",
          "check tables.include and tables.exclude, and that the account has SELECT on the tables");
    }
    assess_source_log(c_, s_, tables_);
    for (const TableSchema& t : tables_) check_table(t);
    check_readable();
    check_other_tables();
    check_generated();
    check_what_is_seen();
    check_prepared();
    check_settings();
    note_distance(c_, s_, AssessedSide::source);
    return s_.take_findings();
  }

 private:
  bool is_mariadb() const { return c_.server().is_mariadb(); }

  void check_version() {
    const std::string name = describe_server(c_);
    switch (support_of(c_.server())) {
      case Support::too_old:
        s_.add(Severity::blocker, "source.version_too_old", "source",
               name + " is older than what Wherry can follow safely",
               "move from MariaDB 10.3 or MySQL 5.6 or newer; replicate to such a server and take "
               "that as the source");
        return;
      case Support::by_documents:
        s_.add(Severity::warning, "source.version_by_documents", "source",
               "no server of MySQL 8 or newer was tried: " + name +
                   " is read as MySQL's documents describe it",
               "rehearse the migration first; watch the proofs");
        return;
      case Support::not_tested:
        s_.add(
            Severity::warning, "source.version_not_tested", "source",
            name +
                " is not among the versions Wherry is tested with (MariaDB 10.11, MySQL 5.6, 5.7)",
            "rehearse the migration first; watch the proofs");
        return;
      case Support::tested:
        return;
    }
  }

  void check_table(const TableSchema& t) {
    const std::string subject = t.name.text();
    if (t.engine != "InnoDB") {
      s_.add(
          Severity::blocker, "source.engine", subject,
          fmt::format("engine {} has no consistent reads", t.engine.empty() ? "unknown" : t.engine),
          fmt::format("ALTER TABLE {} ENGINE=InnoDB; or exclude the table", qualified(t.name)));
    }
    for (const Column& column : t.columns) {
      if (column.type != ColumnType::unsupported) continue;
      s_.add(Severity::blocker, "source.column_type", subject + "." + base::printable(column.name),
             "columns of type " + base::printable(column.declared) +
                 " are not carried in this version",
             "exclude the table, or change the column's type");
    }
    check_key(t);
  }

  void check_key(const TableSchema& t) {
    const std::string subject = t.name.text();
    if (t.key.empty()) {
      s_.add(
          Severity::warning, "source.no_key", subject,
          fmt::format(
              "no primary key, and no unique key of whole NOT NULL columns, tells its rows apart: "
              "its {} are copied in one piece while following waits, each changed row is searched "
              "for in the whole table, every change voids the proof of all of it, and `repair` "
              "copies it again",
              base::human_bytes(t.byte_estimate)),
          "add a primary key if it is large or busy");
      check_exact(t);
      return;
    }
    for (const std::size_t at : t.key) {
      const Column& column = t.columns[at];
      if ((column.type == ColumnType::set && column.member_count > 8) ||
          (column.type == ColumnType::enum_ && column.member_count > most_listed_members)) {
        s_.add(Severity::warning, "source.slow_key", subject,
               "key column " + base::printable(column.name) +
                   " has so many members that ranges of it scan the index",
               "choose another key if the table is large");
      }
    }
  }

  // Some dozens in a round trip, if nothing is wrong with any of them.
  void check_readable() {
    constexpr std::size_t at_once = 64;
    std::vector<const TableSchema*> some;
    for (const TableSchema& t : tables_) {
      if (t.columns.empty()) continue;
      some.push_back(&t);
      if (some.size() < at_once) continue;
      check_readable(some);
      some.clear();
    }
    if (!some.empty()) check_readable(some);
  }

  void check_readable(const std::vector<const TableSchema*>& tables) {
    std::vector<std::string> reads;
    std::vector<model::CollectionName> names;
    for (const TableSchema* t : tables) {
      reads.push_back(no_rows_of(*t));
      names.push_back(t->name);
    }
    std::vector<std::optional<std::string>> definitions;
    try {
      c_.query_all(reads);
      definitions = show_create(c_, names);
    } catch (const Error& e) {
      if (e.may_retry()) throw;
    }
    const auto is_known = [](const auto& definition) { return definition.has_value(); };
    if (definitions.empty() || !std::all_of(definitions.begin(), definitions.end(), is_known)) {
      for (const TableSchema* t : tables) check_readable(*t);
      return;
    }
    for (std::size_t i = 0; i < tables.size(); ++i) check_foreign_keys(*tables[i], *definitions[i]);
  }

  static std::string no_rows_of(const TableSchema& t) {
    return "SELECT " + select_list(t) + " FROM " + qualified(t.name) + " `t` LIMIT 0";
  }

  // Its definition may change between its reading and this.
  void check_readable(TableSchema t) {
    constexpr int tries = 3;
    for (int attempt = 1;; ++attempt) {
      try {
        if (t.columns.empty()) return;
        c_.query(no_rows_of(t));
        check_foreign_keys(t, show_create(c_, t.name));
        return;
      } catch (const Error& e) {
        if (e.may_retry()) throw;
        if (e.code() == "mysql.privilege") {
          s_.add(Severity::blocker, "source.privilege.select", t.name.text(),
                 "the account may not read it", s_.grant("SELECT", qualified(t.name)));
          return;
        }
        if (attempt == tries) {
          s_.add(Severity::blocker, "source.unreadable", t.name.text(), e.message(),
                 "mend or exclude the table");
          return;
        }
      }
      auto now = read_table(c_, t.name);
      if (!now) return;  // it is gone
      t = std::move(*now);
    }
  }

  void check_foreign_keys(const TableSchema& t, std::string_view definition) {
    for (const ForeignKey& key : foreign_keys_in(definition, t.name)) check_foreign_key(t, key);
  }

  void check_foreign_key(const TableSchema& t, const ForeignKey& key) {
    if (key.cascades() && !filter_(key.parent)) {
      s_.add(
          Severity::blocker, "source.fk_cascade", t.name.text(),
          fmt::format(
              "a foreign key to {}, which is not moved, changes its rows by ON DELETE or ON "
              "UPDATE, and the log does not show these changes",
              key.parent.text()),
          "include that table as well, or make the foreign key RESTRICT (NO ACTION) for the time "
          "of "
          "the migration");
      return;
    }
    if (key.cascades()) check_exact(t);
    if (!filter_(key.parent)) {
      s_.add(Severity::warning, "source.fk_parent_excluded", t.name.text(),
             fmt::format("its foreign key refers to {}, which is not moved", key.parent.text()),
             "include that table as well, or drop the foreign key on the target before it is used");
    }
  }

  // What is copied at an exact place of the log: MySQL tells it only under a lock.
  void check_exact(const TableSchema& t) {
    if (is_mariadb() || s_.has("LOCK TABLES") || !asked_lock_.insert(t.name.schema).second) return;
    try {
      c_.execute("SET SESSION lock_wait_timeout=1");
      c_.execute("LOCK TABLES " + qualified(t.name) + " READ");
      c_.execute("UNLOCK TABLES");
    } catch (const Error& e) {
      if (e.kind() == base::ErrorKind::transient) return;  // it is allowed, but in use
      if (e.code() != "mysql.privilege") throw;
      s_.add(
          Severity::blocker, "source.privilege.lock_tables", t.name.text(),
          "its copy needs a read lock for some milliseconds, to know the exact place in the log, "
          "and the account may not take it",
          s_.grant("LOCK TABLES", "`" + t.name.schema + "`.*"));
    }
  }

  void check_other_tables() {
    const Result r = c_.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE "
        "TABLE_TYPE='SYSTEM VERSIONED'");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const model::CollectionName name{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
      if (is_system_schema(name.schema) || !filter_(name)) continue;
      s_.add(Severity::blocker, "source.system_versioned", name.text(),
             "system-versioned tables are not carried in this version: their history cannot be "
             "written",
             "exclude it, or ALTER TABLE … DROP SYSTEM VERSIONING");
    }
  }

  void check_generated() {
    std::size_t count = 0;
    std::string example;
    for (const TableSchema& t : tables_) {
      for (const Column& column : t.columns) {
        if (!column.generated) continue;
        if (count++ == 0) example = t.name.text() + "." + base::printable(column.name);
      }
    }
    if (count == 0) return;
    s_.add(Severity::note, "source.generated_columns", "source",
           fmt::format("{} generated columns (such as {}) are computed by the target and compared "
                       "with the source's",
                       count, example),
           "nothing; a difference would show in the proofs");
  }

  // How many of what is only counted, in schemas of which a table is chosen.
  std::size_t count_in_schemas(const std::string& table, const std::string& column,
                               std::string& example) {
    std::set<std::string> schemas;
    for (const TableSchema& t : tables_) schemas.insert(t.name.schema);
    std::size_t count = 0;
    const Result r = c_.query("SELECT " + column + " FROM information_schema." + table);
    for (std::size_t row = 0; row < r.rows(); ++row) {
      if (!schemas.contains(r.text(row, std::size_t{0}))) continue;
      if (count++ == 0)
        example =
            model::CollectionName{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})}.text();
    }
    return count;
  }

  void note_checks() {
    if (!is_mariadb() && c_.server().number < 80016) return;  // it has none
    std::string example;
    const std::size_t count =
        count_in_schemas("CHECK_CONSTRAINTS", "CONSTRAINT_SCHEMA, CONSTRAINT_NAME", example);
    if (count == 0) return;
    s_.add(Severity::note, "source.check_constraints", "source",
           fmt::format("{} CHECK constraints (such as {}) are kept by the target only if it is a "
                       "MariaDB, or MySQL 8.0.16 or newer",
                       count, example),
           "nothing, or see to it in the applications");
  }

  void check_what_is_seen() {
    note_checks();
    std::string missing;
    for (const char* privilege : {"TRIGGER", "EVENT", "SHOW VIEW"}) {
      if (!s_.has(privilege)) missing += (missing.empty() ? "" : ", ") + std::string(privilege);
    }
    if (!missing.empty()) {
      s_.add(Severity::note, "source.privilege.hidden_objects", "source",
             "the account does not see all triggers, events and views, so they may exist although "
             "nothing is said of them",
             s_.grant(missing));
    }
    check_routines_are_seen();
    if (!s_.has("SELECT")) {
      s_.add(Severity::note, "source.privilege.partial_view", "source",
             "the account sees only the tables it has privileges on; others that the configuration "
             "includes are not known to Wherry",
             s_.grant("SELECT"));
    }
    if (!s_.has("PROCESS")) {
      s_.add(
          Severity::note, "source.privilege.process", "source",
          "the account does not see the transactions and sessions of others; the switch will need "
          "to",
          s_.grant("PROCESS"));
    }
  }

  // Without it routines of others are not listed, or without their bodies.
  void check_routines_are_seen() {
    if (s_.has("SELECT") || s_.has("SHOW_ROUTINE")) return;
    const bool in_a_table = is_mariadb() || c_.server().number < 80000;
    if (in_a_table) {
      try {
        c_.query("SELECT 1 FROM mysql.proc LIMIT 0");
        return;
      } catch (const Error& e) {
        if (e.code() != "mysql.privilege") throw;
      }
    }
    s_.add(Severity::warning, "source.privilege.hidden_routines", "source",
           "the account does not see the procedures and functions of others: where there are any, "
           "they are not made on the target, and nothing is said of them",
           in_a_table ? s_.grant("SELECT", "`mysql`.`proc`") : s_.grant("SHOW_ROUTINE"));
  }

  void check_prepared() {
    try {
      const auto prepared = listed_prepared(c_);
      if (prepared.empty()) return;
      constexpr std::size_t most = 5;
      std::string names;
      for (auto id = prepared.begin(); id != prepared.end(); ++id) {
        if (id != prepared.begin()) names += "; ";
        if (std::distance(prepared.begin(), id) == most) {
          names += "…";
          break;
        }
        names += id->text();
      }
      s_.add(
          Severity::warning, "source.xa_prepared", "source",
          fmt::format("{} XA transactions are prepared and have not ended; a migration begins when "
                      "they have: {}",
                      prepared.size(), names),
          "end them (XA COMMIT, XA ROLLBACK) if nobody else will");
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      s_.add(Severity::blocker, "source.privilege.xa_recover", "source",
             "the account may not list prepared XA transactions, whose rows are in the log already",
             s_.grant("XA_RECOVER_ADMIN"));
    }
  }

  void check_settings() {
    std::set<std::string> charsets;
    for (const TableSchema& t : tables_) {
      for (const Column& column : t.columns) {
        if (!column.collation.empty()) charsets.insert(column.collation);
      }
    }
    std::string collations;
    for (const std::string& name : charsets) collations += (collations.empty() ? "" : ", ") + name;
    s_.add(
        Severity::note, "source.settings", "source",
        fmt::format("time_zone={} (system {}), sql_mode={}, character_set_server={}, collations of "
                    "columns: {}, "
                    "lower_case_table_names={}, max_allowed_packet={}",
                    s_.variable("time_zone"), s_.variable("system_time_zone"),
                    s_.variable("sql_mode"), s_.variable("character_set_server"),
                    collations.empty() ? "none" : collations, s_.variable("lower_case_table_names"),
                    s_.variable("max_allowed_packet")),
        "give the target the same; Wherry itself moves values unconverted, in UTC, whatever they "
        "are");
    if (s_.variable("lower_case_table_names") == "2") {
      s_.add(Severity::warning, "source.lower_case_table_names", "source",
             "lower_case_table_names is 2: the log may spell names unlike the tables",
             "use names in lower case only");
    }
  }

  Connection& c_;
  const contract::TableFilter& filter_;
  AssessedServer s_;
  std::set<std::string> asked_lock_;  // by schema
  std::vector<TableSchema> tables_;
};

}  // namespace

std::vector<model::Finding> assess_source(Connection& connection,
                                          const contract::TableFilter& filter) {
  return Assessment(connection, filter).run();
}

}  // namespace wherry::stores::mysql
