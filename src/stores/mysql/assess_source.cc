#include "stores/mysql/assess_source.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/foreign_keys.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/log_barrier.h"
#include "stores/mysql/log_position.h"
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

// A rate of copying that is nearly always reached, for an estimate on the safe side.
constexpr std::uint64_t slow_bytes_a_second = 10'000'000;
constexpr std::uint64_t day_seconds = 86'400;

class Assessment {
 public:
  Assessment(Connection& connection, const contract::TableFilter& filter)
      : c_(connection), filter_(filter) {}

  std::vector<model::Finding> run() {
    read_variables();
    read_grants();
    check_version();
    check_log();
    check_log_contents();
    tables_ = read_tables(c_, filter_);
    if (tables_.empty()) {
      add(Severity::blocker, "source.no_tables", "source",
          "no table is chosen, or the account may see none",
          "check tables.include and tables.exclude, and that the account has SELECT on the tables");
    }
    check_retention();
    check_replica();
    for (const TableSchema& t : tables_) check_table(t);
    check_other_tables();
    check_generated();
    check_what_is_seen();
    check_prepared();
    check_settings();
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string code, std::string subject, std::string why,
           std::string what_to_do) {
    findings_.push_back(
        {severity, std::move(code), std::move(subject), std::move(why), std::move(what_to_do)});
  }

  bool is_mariadb() const { return c_.server().is_mariadb(); }

  void read_variables() {
    const Result r = c_.query("SHOW GLOBAL VARIABLES");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      variables_[r.text(row, std::size_t{0})] = r.text(row, std::size_t{1});
    }
  }

  // "" if the server does not know the variable.
  std::string variable(const std::string& name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string() : found->second;
  }

  std::uint64_t number(const std::string& name) const {
    try {
      return static_cast<std::uint64_t>(std::stod(variable(name)));
    } catch (const std::exception&) {
      return 0;
    }
  }

  // Global privileges only: those on schemas are tried out on the tables.
  void read_grants() {
    const Result r = c_.query("SHOW GRANTS");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const std::string grant = r.text(row, std::size_t{0});
      const std::size_t on = grant.find(" ON *.* TO ");
      if (!grant.starts_with("GRANT ") || on == std::string::npos) continue;
      std::string_view list = std::string_view(grant).substr(6, on - 6);
      while (!list.empty()) {
        const std::size_t end = list.find(", ");
        privileges_.emplace(list.substr(0, end));
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 2);
      }
    }
    const std::string account = c_.scalar("SELECT CURRENT_USER()").value_or("");
    const std::size_t at = account.rfind('@');
    account_ = "'" + account.substr(0, at) + "'@'" +
               (at == std::string::npos ? "" : account.substr(at + 1)) + "'";
  }

  bool has(std::string_view privilege) const {
    return privileges_.contains("ALL PRIVILEGES") || privileges_.contains(std::string(privilege));
  }

  std::string grant(std::string_view privileges, std::string_view on = "*.*") const {
    return fmt::format("GRANT {} ON {} TO {};", privileges, on, account_);
  }

  void check_version() {
    const std::string name = describe_server(c_);
    switch (support_of(c_.server())) {
      case Support::too_old:
        add(Severity::blocker, "source.version_too_old", "source",
            name + " is older than what Wherry can follow safely",
            "move from MariaDB 10.3 or MySQL 5.6 or newer; replicate to such a server and take "
            "that as the source");
        return;
      case Support::by_documents:
        add(Severity::warning, "source.version_by_documents", "source",
            "no server of MySQL 8 or newer was tried: " + name +
                " is read as MySQL's documents describe it",
            "rehearse the migration first; watch the proofs");
        return;
      case Support::not_tested:
        add(Severity::warning, "source.version_not_tested", "source",
            name +
                " is not among the versions Wherry is tested with (MariaDB 10.11, MySQL 5.6, 5.7)",
            "rehearse the migration first; watch the proofs");
        return;
      case Support::tested:
        return;
    }
  }

  void check_log() {
    if (variable("log_bin") != "ON") {
      add(Severity::blocker, "source.binlog_off", "source",
          "the server writes no binary log, so changes cannot be followed",
          "start the server with log_bin, binlog_format=ROW and binlog_row_image=FULL");
      return;
    }
    if (variable("binlog_format") != "ROW") {
      add(Severity::blocker, "source.binlog_format", "source",
          "binlog_format is " + variable("binlog_format") + ": changes are not logged as rows",
          "SET GLOBAL binlog_format='ROW'; and let every session reconnect");
    }
    const std::string image = variable("binlog_row_image");
    if (!image.empty() && image != "FULL" && image != "FULL_NODUP") {
      add(Severity::blocker, "source.binlog_row_image", "source",
          "binlog_row_image is " + image + ": the log leaves columns out",
          "SET GLOBAL binlog_row_image='FULL'; and let every session reconnect");
    } else if (image == "FULL_NODUP") {
      add(Severity::blocker, "source.binlog_row_image", "source",
          "binlog_row_image is FULL_NODUP: updates leave unchanged columns out",
          "SET GLOBAL binlog_row_image='FULL'; and let every session reconnect");
    }
    if (const std::string options = variable("binlog_row_value_options"); !options.empty()) {
      add(Severity::blocker, "source.binlog_partial_json", "source",
          "binlog_row_value_options is " + options + ": updates of JSON are logged in parts",
          "SET GLOBAL binlog_row_value_options='';");
    }
    if (number("server_id") == 0) {
      add(Severity::blocker, "source.server_id", "source",
          "server_id is 0: the server sends its log to nobody",
          "SET GLOBAL server_id to a number that no other server of the topology has");
    }
    check_gtids();
    if (has_tags(variable("gtid_executed"))) {
      add(Severity::blocker, "source.tagged_gtid", "source",
          "the server has transactions with tagged GTIDs (MySQL 8.3), which are not carried",
          "move from a server without them");
    }
    if (variable("binlog_checksum") == "NONE") {
      add(Severity::warning, "source.binlog_checksum", "source",
          "binlog_checksum is NONE: damage to the log on disk or on the way is not noticed",
          "SET GLOBAL binlog_checksum='CRC32';");
    }
    if (!has("REPLICATION SLAVE") && !has("REPLICATION REPLICA")) {
      add(Severity::blocker, "source.privilege.replication_slave", "source",
          "the account may not read the log", grant("REPLICATION SLAVE"));
    }
    if (variable("encrypt_binlog") == "ON" || variable("binlog_encryption") == "ON") {
      add(Severity::note, "source.binlog_encrypted", "source",
          "the log is encrypted on disk; the server decrypts it for its readers",
          "use TLS for this connection if the network is not trusted");
    }
    if (variable("sync_binlog") != "1" || variable("innodb_flush_log_at_trx_commit") != "1") {
      add(Severity::note, "source.not_crash_safe", "source",
          "sync_binlog and innodb_flush_log_at_trx_commit are not both 1: after a crash of the "
          "machine log and data may differ",
          "after such a crash verify everything again");
    }
  }

  void check_gtids() {
    if (is_mariadb() || variable("gtid_mode") == "ON") return;
    add(Severity::warning, "source.gtid_mode", "source",
        "gtid_mode is " + variable("gtid_mode") +
            ": only the beginning of a log file tells which transactions a read sees, so the "
            "source is told to begin a new one (FLUSH BINARY LOGS) while chunks are copied and "
            "changed rows are proved, as often as source.new_log_every allows. Commits wait some "
            "milliseconds each time, and the logs are many and small",
        c_.server().number < 50700
            ? "nothing, or restart the server and all its replicas with gtid_mode=ON, "
              "enforce_gtid_consistency=ON and log_slave_updates=ON"
            : "nothing, or switch gtid_mode to ON step by step (OFF_PERMISSIVE, ON_PERMISSIVE, ON) "
              "with enforce_gtid_consistency=ON");
    if (LogBarrier::knows_xa(c_)) {
      add(Severity::blocker, "source.xa_without_gtids", "source",
          "clients use XA transactions, and without GTIDs it cannot be told whether a read sees "
          "them",
          "switch gtid_mode to ON; or, if they are used no more, restart the server");
    }
    if (has("RELOAD")) return;
    add(Severity::blocker, "source.privilege.reload", "source",
        "without GTIDs a copy needs new log files, and the account may not have them begun",
        grant("RELOAD"));
  }

  void check_log_contents() {
    try {
      const Result r = c_.query(log_status_statement(c_.server()));
      const bool filtered = !r.empty() && (!r.text(0, "Binlog_Do_DB").empty() ||
                                           !r.text(0, "Binlog_Ignore_DB").empty());
      if (filtered) {
        add(Severity::blocker, "source.binlog_filtered", "source",
            "binlog_do_db or binlog_ignore_db keep changes out of the log",
            "remove these options and restart the server");
      }
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      const bool named_monitor = is_mariadb() && c_.server().number >= 100500;
      add(Severity::blocker, "source.privilege.replication_client", "source",
          "the account may not ask where the log stands",
          grant(named_monitor ? "BINLOG MONITOR" : "REPLICATION CLIENT"));
    }
  }

  void check_retention() {
    std::uint64_t keep = number("binlog_expire_logs_seconds");
    if (keep == 0) keep = static_cast<std::uint64_t>(number("expire_logs_days") * day_seconds);
    std::uint64_t bytes = 0;
    for (const TableSchema& t : tables_) bytes += t.byte_estimate;
    const std::uint64_t copy = bytes / slow_bytes_a_second;
    if (keep != 0 && keep < std::max(day_seconds, 2 * copy)) {
      add(Severity::warning, "source.log_retention", "source",
          fmt::format("logs are kept for {}; copying {} may take {}, and a log that is purged "
                      "while Wherry is stopped "
                      "ends the migration",
                      base::human_duration(std::chrono::seconds(keep)), base::human_bytes(bytes),
                      base::human_duration(std::chrono::seconds(copy))),
          fmt::format("SET GLOBAL {} for the time of the migration",
                      variable("binlog_expire_logs_seconds").empty()
                          ? "expire_logs_days=7"
                          : "binlog_expire_logs_seconds=604800"));
    }
    if (number("max_binlog_total_size") != 0) {
      add(Severity::warning, "source.log_size_limit", "source",
          "max_binlog_total_size purges logs by size: a busy hour can purge what was not read yet",
          "SET GLOBAL max_binlog_total_size=0; for the time of the migration");
    }
  }

  void check_replica() {
    const std::string own = variable("log_slave_updates") + variable("log_replica_updates");
    if (own.find("OFF") == std::string::npos) return;
    bool known = false;
    bool replica = false;
    try {
      replica = !c_.query(std::string(show_replica(c_.server()))).empty();
      known = true;
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
    }
    if (known && !replica) return;
    add(known ? Severity::blocker : Severity::warning, "source.log_slave_updates", "source",
        known ? "the source is a replica with log_slave_updates=OFF: what it replicates is not in "
                "its own log"
              : "log_slave_updates is OFF: if the source is a replica, what it replicates is not "
                "in its own log",
        "restart it with log_slave_updates=ON, or take its primary as the source");
  }

  void check_table(const TableSchema& t) {
    const std::string subject = t.name.text();
    if (t.engine != "InnoDB") {
      add(Severity::blocker, "source.engine", subject,
          fmt::format("engine {} has no consistent reads", t.engine.empty() ? "unknown" : t.engine),
          fmt::format("ALTER TABLE {} ENGINE=InnoDB; or exclude the table", qualified(t.name)));
    }
    for (const Column& column : t.columns) {
      if (column.type != ColumnType::unsupported) continue;
      add(Severity::blocker, "source.column_type", subject + "." + base::printable(column.name),
          "columns of type " + base::printable(column.declared) +
              " are not carried in this version",
          "exclude the table, or change the column's type");
    }
    check_key(t);
    check_readable(t);
  }

  void check_key(const TableSchema& t) {
    const std::string subject = t.name.text();
    if (t.key.empty()) {
      add(Severity::warning, "source.no_key", subject,
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
        add(Severity::warning, "source.slow_key", subject,
            "key column " + base::printable(column.name) +
                " has so many members that ranges of it scan the index",
            "choose another key if the table is large");
      }
    }
  }

  // Its definition may change between its reading and this.
  void check_readable(TableSchema t) {
    constexpr int tries = 3;
    for (int attempt = 1;; ++attempt) {
      try {
        if (t.columns.empty()) return;
        c_.query("SELECT " + select_list(t) + " FROM " + qualified(t.name) + " `t` LIMIT 0");
        for (const ForeignKey& key : foreign_keys_in(show_create(c_, t.name), t.name))
          check_foreign_key(t, key);
        return;
      } catch (const Error& e) {
        if (e.may_retry()) throw;
        if (e.code() == "mysql.privilege") {
          add(Severity::blocker, "source.privilege.select", t.name.text(),
              "the account may not read it", grant("SELECT", qualified(t.name)));
          return;
        }
        if (attempt == tries) {
          add(Severity::blocker, "source.unreadable", t.name.text(), e.message(),
              "mend or exclude the table");
          return;
        }
      }
      auto now = read_table(c_, t.name);
      if (!now) return;  // it is gone
      t = std::move(*now);
    }
  }

  void check_foreign_key(const TableSchema& t, const ForeignKey& key) {
    if (key.cascades() && !filter_(key.parent)) {
      add(Severity::blocker, "source.fk_cascade", t.name.text(),
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
      add(Severity::warning, "source.fk_parent_excluded", t.name.text(),
          fmt::format("its foreign key refers to {}, which is not moved", key.parent.text()),
          "include that table as well, or drop the foreign key on the target before it is used");
    }
  }

  // What is copied at an exact place of the log: MySQL tells it only under a lock.
  void check_exact(const TableSchema& t) {
    if (is_mariadb() || has("LOCK TABLES") || !asked_lock_.insert(t.name.schema).second) return;
    try {
      c_.execute("SET SESSION lock_wait_timeout=1");
      c_.execute("LOCK TABLES " + qualified(t.name) + " READ");
      c_.execute("UNLOCK TABLES");
    } catch (const Error& e) {
      if (e.kind() == base::ErrorKind::transient) return;  // it is allowed, but in use
      if (e.code() != "mysql.privilege") throw;
      add(Severity::blocker, "source.privilege.lock_tables", t.name.text(),
          "its copy needs a read lock for some milliseconds, to know the exact place in the log, "
          "and the account may not take it",
          grant("LOCK TABLES", "`" + t.name.schema + "`.*"));
    }
  }

  void check_other_tables() {
    const Result r = c_.query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES "
        "WHERE TABLE_TYPE IN ('SYSTEM VERSIONED','SEQUENCE')");
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const model::CollectionName name{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
      if (is_system_schema(name.schema) || !filter_(name)) continue;
      if (r.text(row, std::size_t{2}) == "SEQUENCE") {
        add(Severity::blocker, "source.sequence", name.text(),
            "sequences are not carried in this version",
            "exclude it, and make it on the target with a start beyond its present value at the "
            "switch");
      } else {
        add(Severity::blocker, "source.system_versioned", name.text(),
            "system-versioned tables are not carried in this version: their history cannot be "
            "written",
            "exclude it, or ALTER TABLE … DROP SYSTEM VERSIONING");
      }
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
    add(Severity::note, "source.generated_columns", "source",
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
    add(Severity::note, "source.check_constraints", "source",
        fmt::format("{} CHECK constraints (such as {}) are kept by the target only if it is a "
                    "MariaDB, or MySQL 8.0.16 or newer",
                    count, example),
        "nothing, or see to it in the applications");
  }

  void check_what_is_seen() {
    note_checks();
    std::string missing;
    for (const char* privilege : {"TRIGGER", "EVENT", "SHOW VIEW"}) {
      if (!has(privilege)) missing += (missing.empty() ? "" : ", ") + std::string(privilege);
    }
    if (!missing.empty()) {
      add(Severity::note, "source.privilege.hidden_objects", "source",
          "the account does not see all triggers, events and views, so they may exist although "
          "nothing is said of them",
          grant(missing));
    }
    if (!has("SELECT")) {
      add(Severity::note, "source.privilege.partial_view", "source",
          "the account sees only the tables it has privileges on; others that the configuration "
          "includes are not known to Wherry",
          grant("SELECT"));
    }
    if (!has("PROCESS")) {
      add(Severity::note, "source.privilege.process", "source",
          "the account does not see the transactions and sessions of others; the switch will need "
          "to",
          grant("PROCESS"));
    }
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
      add(Severity::warning, "source.xa_prepared", "source",
          fmt::format("{} XA transactions are prepared and have not ended; a migration begins when "
                      "they have: {}",
                      prepared.size(), names),
          "end them (XA COMMIT, XA ROLLBACK) if nobody else will");
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      add(Severity::blocker, "source.privilege.xa_recover", "source",
          "the account may not list prepared XA transactions, whose rows are in the log already",
          grant("XA_RECOVER_ADMIN"));
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
    add(Severity::note, "source.settings", "source",
        fmt::format("time_zone={} (system {}), sql_mode={}, character_set_server={}, collations of "
                    "columns: {}, "
                    "lower_case_table_names={}, max_allowed_packet={}",
                    variable("time_zone"), variable("system_time_zone"), variable("sql_mode"),
                    variable("character_set_server"), collations.empty() ? "none" : collations,
                    variable("lower_case_table_names"), variable("max_allowed_packet")),
        "give the target the same; Wherry itself moves values unconverted, in UTC, whatever they "
        "are");
    if (variable("lower_case_table_names") == "2") {
      add(Severity::warning, "source.lower_case_table_names", "source",
          "lower_case_table_names is 2: the log may spell names unlike the tables",
          "use names in lower case only");
    }
  }

  Connection& c_;
  const contract::TableFilter& filter_;
  std::map<std::string, std::string> variables_;
  std::set<std::string> privileges_;
  std::string account_;
  std::set<std::string> asked_lock_;  // by schema
  std::vector<TableSchema> tables_;
  std::vector<model::Finding> findings_;
};

}  // namespace

std::vector<model::Finding> assess_source(Connection& connection,
                                          const contract::TableFilter& filter) {
  return Assessment(connection, filter).run();
}

}  // namespace wherry::stores::mysql
