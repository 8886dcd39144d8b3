#include "stores/mysql/assess_source_log.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/log_barrier.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/server_support.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::Severity;
using model::TableSchema;

// A rate of copying that is nearly always reached, for an estimate on the safe side.
constexpr std::uint64_t slow_bytes_a_second = 10'000'000;
constexpr std::uint64_t day_seconds = 86'400;

class LogAssessment {
 public:
  LogAssessment(Connection& connection, AssessedServer& server,
                const std::vector<TableSchema>& tables)
      : c_(connection), s_(server), tables_(tables) {}

  void run() {
    check_log();
    check_log_contents();
    check_retention();
    check_replica();
  }

 private:
  bool is_mariadb() const { return c_.server().is_mariadb(); }

  void check_log() {
    if (s_.variable("log_bin") != "ON") {
      s_.add(Severity::blocker, "source.binlog_off", "source",
             "the server writes no binary log, so changes cannot be followed",
             "start the server with log_bin, binlog_format=ROW and binlog_row_image=FULL");
      return;
    }
    if (s_.variable("binlog_format") != "ROW") {
      s_.add(
          Severity::blocker, "source.binlog_format", "source",
          "binlog_format is " + s_.variable("binlog_format") + ": changes are not logged as rows",
          "SET GLOBAL binlog_format='ROW'; and let every session reconnect");
    }
    const std::string image = s_.variable("binlog_row_image");
    if (!image.empty() && image != "FULL" && image != "FULL_NODUP") {
      s_.add(Severity::blocker, "source.binlog_row_image", "source",
             "binlog_row_image is " + image + ": the log leaves columns out",
             "SET GLOBAL binlog_row_image='FULL'; and let every session reconnect");
    } else if (image == "FULL_NODUP") {
      s_.add(Severity::blocker, "source.binlog_row_image", "source",
             "binlog_row_image is FULL_NODUP: updates leave unchanged columns out",
             "SET GLOBAL binlog_row_image='FULL'; and let every session reconnect");
    }
    if (const std::string options = s_.variable("binlog_row_value_options"); !options.empty()) {
      s_.add(Severity::blocker, "source.binlog_partial_json", "source",
             "binlog_row_value_options is " + options + ": updates of JSON are logged in parts",
             "SET GLOBAL binlog_row_value_options='';");
    }
    if (s_.number("server_id") == 0) {
      s_.add(Severity::blocker, "source.server_id", "source",
             "server_id is 0: the server sends its log to nobody",
             "SET GLOBAL server_id to a number that no other server of the topology has");
    }
    check_gtids();
    if (has_tags(s_.variable("gtid_executed"))) {
      s_.add(Severity::blocker, "source.tagged_gtid", "source",
             "the server has transactions with tagged GTIDs (MySQL 8.3), which are not carried",
             "move from a server without them");
    }
    if (s_.variable("binlog_checksum") == "NONE") {
      s_.add(Severity::warning, "source.binlog_checksum", "source",
             "binlog_checksum is NONE: damage to the log on disk or on the way is not noticed",
             "SET GLOBAL binlog_checksum='CRC32';");
    }
    if (!s_.has("REPLICATION SLAVE") && !s_.has("REPLICATION REPLICA")) {
      s_.add(Severity::blocker, "source.privilege.replication_slave", "source",
             "the account may not read the log", s_.grant("REPLICATION SLAVE"));
    }
    if (s_.variable("encrypt_binlog") == "ON" || s_.variable("binlog_encryption") == "ON") {
      s_.add(Severity::note, "source.binlog_encrypted", "source",
             "the log is encrypted on disk; the server decrypts it for its readers",
             "use TLS for this connection if the network is not trusted");
    }
    if (s_.variable("sync_binlog") != "1" || s_.variable("innodb_flush_log_at_trx_commit") != "1") {
      s_.add(Severity::note, "source.not_crash_safe", "source",
             "sync_binlog and innodb_flush_log_at_trx_commit are not both 1: after a crash of the "
             "machine log and data may differ",
             "after such a crash verify everything again");
    }
  }

  void check_gtids() {
    if (is_mariadb() || s_.variable("gtid_mode") == "ON") return;
    s_.add(
        Severity::warning, "source.gtid_mode", "source",
        "gtid_mode is " + s_.variable("gtid_mode") +
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
      s_.add(Severity::blocker, "source.xa_without_gtids", "source",
             "clients use XA transactions, and without GTIDs it cannot be told whether a read sees "
             "them",
             "switch gtid_mode to ON; or, if they are used no more, restart the server");
    }
    if (s_.has("RELOAD")) return;
    s_.add(Severity::blocker, "source.privilege.reload", "source",
           "without GTIDs a copy needs new log files, and the account may not have them begun",
           s_.grant("RELOAD"));
  }

  void check_log_contents() {
    try {
      const Result r = c_.query(log_status_statement(c_.server()));
      const bool filtered = !r.empty() && (!r.text(0, "Binlog_Do_DB").empty() ||
                                           !r.text(0, "Binlog_Ignore_DB").empty());
      if (filtered) {
        s_.add(Severity::blocker, "source.binlog_filtered", "source",
               "binlog_do_db or binlog_ignore_db keep changes out of the log",
               "remove these options and restart the server");
      }
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      const bool named_monitor = is_mariadb() && c_.server().number >= 100500;
      s_.add(Severity::blocker, "source.privilege.replication_client", "source",
             "the account may not ask where the log stands",
             s_.grant(named_monitor ? "BINLOG MONITOR" : "REPLICATION CLIENT"));
    }
  }

  void check_retention() {
    std::uint64_t keep = s_.number("binlog_expire_logs_seconds");
    if (keep == 0) keep = static_cast<std::uint64_t>(s_.number("expire_logs_days") * day_seconds);
    std::uint64_t bytes = 0;
    for (const TableSchema& t : tables_) bytes += t.byte_estimate;
    const std::uint64_t copy = bytes / slow_bytes_a_second;
    if (keep != 0 && keep < std::max(day_seconds, 2 * copy)) {
      s_.add(Severity::warning, "source.log_retention", "source",
             fmt::format("logs are kept for {}; copying {} may take {}, and a log that is purged "
                         "while Wherry is stopped "
                         "ends the migration",
                         base::human_duration(std::chrono::seconds(keep)), base::human_bytes(bytes),
                         base::human_duration(std::chrono::seconds(copy))),
             fmt::format("SET GLOBAL {} for the time of the migration",
                         s_.variable("binlog_expire_logs_seconds").empty()
                             ? "expire_logs_days=7"
                             : "binlog_expire_logs_seconds=604800"));
    }
    if (s_.number("max_binlog_total_size") != 0) {
      s_.add(
          Severity::warning, "source.log_size_limit", "source",
          "max_binlog_total_size purges logs by size: a busy hour can purge what was not read yet",
          "SET GLOBAL max_binlog_total_size=0; for the time of the migration");
    }
  }

  void check_replica() {
    const std::string own = s_.variable("log_slave_updates") + s_.variable("log_replica_updates");
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
    s_.add(known ? Severity::blocker : Severity::warning, "source.log_slave_updates", "source",
           known
               ? "the source is a replica with log_slave_updates=OFF: what it replicates is not in "
                 "its own log"
               : "log_slave_updates is OFF: if the source is a replica, what it replicates is not "
                 "in its own log",
           "restart it with log_slave_updates=ON, or take its primary as the source");
  }

  Connection& c_;
  AssessedServer& s_;
  const std::vector<TableSchema>& tables_;
};

}  // namespace

void assess_source_log(Connection& connection, AssessedServer& server,
                       const std::vector<TableSchema>& tables) {
  LogAssessment(connection, server, tables).run();
}

}  // namespace wherry::stores::mysql
