#include "stores/mysql/assess_target.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/assess_distance.h"
#include "stores/mysql/assessed_server.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/target_log.h"

namespace wherry::stores::mysql {

namespace {

using contract::TablePair;
using model::CollectionName;
using model::Severity;

constexpr std::uint64_t comfortable_packet = std::uint64_t{16} << 20U;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

class Assessment {
 public:
  Assessment(Connection& connection, const std::vector<TablePair>& tables)
      : c_(connection), tables_(tables), s_(connection) {}

  std::vector<model::Finding> run() {
    check_version();
    check_writable();
    check_privileges();
    check_progress();
    check_load_path();
    check_log();
    check_collations();
    check_names();
    read_triggers();
    for (const auto& pair : tables_) check_table(pair);
    check_space();
    note_distance(c_, s_, AssessedSide::target);
    return s_.take_findings();
  }

 private:
  void check_version() {
    const std::string name = describe_server(c_);
    switch (support_of(c_.server())) {
      case Support::too_old:
        s_.add(Severity::blocker, "target.version_too_old", "target",
               name + " is older than what Wherry writes to",
               "move to MariaDB 10.3 or MySQL 5.6 or newer");
        break;
      case Support::by_documents:
        s_.add(Severity::warning, "target.version_by_documents", "target",
               "no server of MySQL 8 or newer was tried: " + name +
                   " is written as MySQL's documents describe it",
               "rehearse the migration first; watch the proofs");
        break;
      case Support::not_tested:
        s_.add(
            Severity::warning, "target.version_not_tested", "target",
            name +
                " is not among the versions Wherry is tested with (MariaDB 10.11, MySQL 5.6, 5.7)",
            "rehearse the migration first; watch the proofs");
        break;
      case Support::tested:
        break;
    }
    if (s_.variable("wsrep_on") == "ON") {
      s_.add(Severity::warning, "target.galera", "target",
             "the target is a Galera node: a commit may fail there that would not elsewhere, and "
             "locks "
             "by name hold on one node only",
             "write to one node only, and rehearse the migration first");
    }
  }

  void check_writable() {
    const std::string read_only = s_.variable("read_only");
    const std::string super = s_.variable("super_read_only");
    if (super == "ON" || (read_only != "OFF" && read_only != "0" && !read_only.empty())) {
      s_.add(Severity::blocker, "target.read_only", "target",
             "the target takes no writes (read_only)",
             super == "ON" ? "SET GLOBAL super_read_only=OFF; SET GLOBAL read_only=OFF;"
                           : "SET GLOBAL read_only=OFF;");
    }
  }

  void check_privileges() {
    std::set<std::string> schemas{std::string(progress_schema)};
    for (const auto& pair : tables_) schemas.insert(pair.target.schema);
    for (const auto& schema : schemas) require_privileges(schema, {schema}, schema);
    std::vector<std::string> shadows;
    for (unsigned number = 1; number <= shadow_schemas; ++number) {
      shadows.push_back(numbered_shadow_schema(number));
    }
    require_privileges(shadow_schema, shadows, shadow_schema_pattern);
  }

  void require_privileges(std::string_view subject, const std::vector<std::string>& schemas,
                          std::string_view pattern) {
    std::string missing;
    for (const auto privilege : writer_privileges) {
      const bool everywhere = std::all_of(
          schemas.begin(), schemas.end(),
          [&](const std::string& schema) { return s_.grants().has_on(schema, privilege); });
      if (everywhere) continue;
      if (!missing.empty()) missing += ", ";
      missing += privilege;
    }
    if (missing.empty()) return;
    s_.add(Severity::blocker, "target.privilege_missing", base::printable(subject),
           "the account may not " + missing, s_.grant(missing, identifier(pattern) + ".*"));
  }

  void check_progress() {
    if (!has_progress()) return;
    const auto version = c_.query("SELECT `version` FROM `_wherry`.`meta`");
    if (!version.empty() && version.number(0, std::size_t{0}).value_or(0) > progress_version) {
      s_.add(Severity::blocker, "target.progress_newer", "_wherry",
             "the target holds the progress of a newer Wherry", "use the newer one");
    }
  }

  bool has_progress() {
    return !c_.query(
                  "SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='_wherry' AND "
                  "TABLE_NAME='made_table' AND COLUMN_NAME='found'")
                .empty();
  }

  void check_load_path() {
    if (!c_.takes_arrays() && s_.variable("local_infile") != "ON") {
      s_.add(Severity::note, "target.local_infile", "target",
             "local_infile is off: rows are sent as REPLACE statements, which is slower",
             "SET GLOBAL local_infile=ON; while the data is copied");
    }
    const std::string packet = s_.variable("max_allowed_packet");
    if (!packet.empty() && std::stoull(packet) < comfortable_packet) {
      s_.add(Severity::warning, "target.max_allowed_packet", "target",
             "max_allowed_packet is " + base::human_bytes(std::stoull(packet)) +
                 ": a row greater than that can only be loaded where local_infile is on",
             "SET GLOBAL max_allowed_packet=1073741824;");
    }
  }

  void check_log() {
    if (s_.variable("log_bin") != "ON") {
      s_.add(
          Severity::note, "target.binlog_off", "target",
          "the target writes no binary log: writes of others to it are not noticed before a proof "
          "is "
          "made again, and there is no way back after a switch",
          "start the target with log_bin, binlog_format=ROW and binlog_row_image=FULL");
      return;
    }
    if (auto why = why_unwatchable(c_)) s_.add(*std::move(why));
    const std::string format = s_.variable("binlog_format");
    if (format == "STATEMENT") {
      s_.add(Severity::blocker, "target.binlog_format", "target",
             "binlog_format is STATEMENT: the target refuses the transactions that Wherry writes",
             "SET GLOBAL binlog_format='ROW';");
    } else if (format != "ROW" && !format.empty()) {
      s_.add(Severity::note, "target.binlog_format", "target", "binlog_format is " + format,
             "SET GLOBAL binlog_format='ROW'; for the way back");
    }
    if (s_.variable("innodb_flush_log_at_trx_commit") != "1" || s_.variable("sync_binlog") != "1") {
      s_.add(
          Severity::note, "target.durability", "target",
          "the target may lose its last transactions in a power cut; Wherry's progress is lost "
          "with "
          "them, so nothing is missing afterwards, but replicas of the target may differ from it",
          "SET GLOBAL innodb_flush_log_at_trx_commit=1, GLOBAL sync_binlog=1;");
    }
  }

  void check_collations() {
    const std::set<std::string> known = read_collations(c_);
    std::map<std::string, std::string> missing;  // collation → first column
    for (const auto& pair : tables_) {
      for (const auto& column : pair.source.columns) {
        if (column.collation.empty() || known.contains(one_name(column.collation))) continue;
        missing.emplace(column.collation,
                        pair.source.name.text() + " column " + base::printable(column.name));
      }
    }
    for (const auto& [collation, column] : missing) {
      s_.add(Severity::blocker, "target.collation_missing", column,
             "the target does not know the collation " + collation,
             "move to a server that knows it, or change the column on the source first");
    }
  }

  void check_names() {
    const std::string folding = s_.variable("lower_case_table_names");
    const bool folds = folding != "0" && !folding.empty();
    std::map<CollectionName, std::string> taken;
    for (const auto& pair : tables_) {
      const CollectionName name =
          folds ? CollectionName{lower(pair.target.schema), lower(pair.target.name)} : pair.target;
      const auto [at, is_new] = taken.emplace(name, pair.source.name.text());
      if (!is_new) {
        s_.add(Severity::blocker, "target.name_taken_twice", pair.target.text(),
               at->second + " and " + pair.source.name.text() +
                   " would be moved to the same table" +
                   (folds ? " (lower_case_table_names=" + folding + ")" : ""),
               "rename one of them on its way");
      }
      if (folding == "1" && name != pair.target) {
        s_.add(Severity::blocker, "target.lower_case_table_names", pair.target.text(),
               "the target keeps names in lower case only (lower_case_table_names=1)",
               "rename it to " + name.text() +
                   " on its way, or move to a server with the source's "
                   "lower_case_table_names");
      }
    }
  }

  void read_triggers() {
    const Result r =
        c_.query("SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS");
    for (std::size_t i = 0; i < r.rows(); ++i) {
      triggers_.insert({r.text(i, std::size_t{0}), r.text(i, std::size_t{1})});
    }
  }

  enum class Origin { foreign, taken_over, made };
  Origin origin_of(const CollectionName& name) {
    if (!has_progress()) return Origin::foreign;
    const Result r =
        c_.query("SELECT `found` FROM `_wherry`.`made_table` WHERE `schema_name`=" +
                 bytes_literal(name.schema) + " AND `table_name`=" + bytes_literal(name.name));
    if (r.empty()) return Origin::foreign;
    return r.number(0, std::size_t{0}) == 0 ? Origin::made : Origin::taken_over;
  }

  bool is_view(const CollectionName& name) {
    return !c_.query("SELECT 1 FROM information_schema.VIEWS WHERE TABLE_SCHEMA=" +
                     text_literal(name.schema) + " AND TABLE_NAME=" + text_literal(name.name))
                .empty();
  }

  void check_columns(const TablePair& pair) {
    for (const auto& column : pair.source.columns) {
      const std::string why = why_not_held(c_.server(), column);
      if (why.empty()) continue;
      s_.add(
          Severity::blocker, "target.column_type",
          pair.source.name.text() + "." + base::printable(column.name),
          "the column is of type " + base::printable(column.declared) + ", and the target " + why,
          "exclude the table, change the column on the source first, or move to a MariaDB");
    }
  }

  void check_table(const TablePair& pair) {
    check_columns(pair);
    const std::string subject = pair.target.text();
    if (is_view(pair.target)) {
      s_.add(Severity::blocker, "target.table_exists", subject,
             "the target has a view of this name", "drop it, or move to another name");
      return;
    }
    const auto found = read_table(c_, pair.target);
    if (!found) return;
    if (triggers_.contains(pair.target)) {
      s_.add(Severity::blocker, "target.triggers", subject,
             "the target's table has triggers, which would change what is written",
             "drop them until the switch");
    }
    const Origin origin = origin_of(pair.target);
    if (origin != Origin::made && !s_.grants().has_on(pair.target.schema, "TRIGGER")) {
      s_.add(Severity::blocker, "target.privilege_missing", subject,
             "the account may not TRIGGER, and so does not see whether the target's table has "
             "triggers, which would change what is written",
             s_.grant("TRIGGER", identifier(pair.target.schema) + ".*"));
    }
    const bool rows = !c_.query("SELECT 1 FROM " + qualified(pair.target) + " LIMIT 1").empty();
    if (origin == Origin::made && !rows) return;  // planning, which was cut short, makes it again
    if (!found->takes_rows_of(pair.source)) {
      s_.add(Severity::blocker, "target.table_differs", subject,
             "the target's table is not defined as the source's " + pair.source.name.text(),
             "drop it, or move to another name");
    } else if (origin == Origin::foreign && rows) {
      s_.add(Severity::blocker, "target.table_exists", subject,
             "the target has a table of this name with rows that Wherry did not put there",
             "drop it, or move to another name");
    }
  }

  void check_space() {
    std::uint64_t bytes = 0;
    for (const auto& pair : tables_) bytes += pair.source.byte_estimate;
    s_.add(Severity::note, "target.space_unknown", "target",
           "a server does not tell how much room its disk has; the chosen tables take about " +
               base::human_bytes(bytes) + " on the source",
           "see to twice that, for the binary log");
  }

  Connection& c_;
  const std::vector<TablePair>& tables_;
  AssessedServer s_;
  std::set<CollectionName> triggers_;
};

}  // namespace

std::vector<model::Finding> assess_target(Connection& connection,
                                          const std::vector<TablePair>& tables) {
  return Assessment(connection, tables).run();
}

}  // namespace wherry::stores::mysql
