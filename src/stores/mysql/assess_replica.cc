#include "stores/mysql/assess_replica.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::Severity;

class Assessment {
 public:
  Assessment(const Endpoint& replica, const PrimaryMark& primary)
      : c_(replica), primary_(primary) {}

  std::vector<model::Finding> run(const std::vector<model::TableSchema>& tables) {
    check_status();
    if (overtakes(c_)) {
      add(Severity::blocker, "source.replica_parallel",
          "it applies several GTID domains at the same time, so the place it tells says nothing "
          "about all of them",
          "SET GLOBAL slave_parallel_threads=0 there, while its replication is stopped");
    }
    for (const auto& table : tables) check_table(table);
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string code, std::string why, std::string what_to_do) {
    findings_.push_back({severity, std::move(code), "replica " + c_.endpoint().text(),
                         std::move(why), std::move(what_to_do)});
  }

  std::string grant(std::string_view privileges, std::string_view on) {
    const std::string account = c_.scalar("SELECT CURRENT_USER()").value_or("");
    const std::size_t at = account.rfind('@');
    return fmt::format("GRANT {} ON {} TO '{}'@'{}'; (at the replica)", privileges, on,
                       account.substr(0, at), account.substr(at + 1));
  }

  void check_status() {
    std::vector<ReplicaStatus> statuses;
    try {
      statuses = replica_statuses(c_);
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      const bool by_monitor = c_.server().is_mariadb() && c_.server().number >= 100500;
      add(Severity::blocker, "source.privilege.replica_status",
          "the account may not ask how far the replica has come",
          grant(by_monitor ? "SLAVE MONITOR" : "REPLICATION CLIENT", "*.*"));
      return;
    }
    bool unknown = false;
    for (const auto& status : statuses) {
      const auto ours = follows(status, primary_);
      if (!ours) unknown = true;
      if (ours && *ours) return check_lineage(status);
    }
    if (unknown) {
      add(Severity::warning, "source.replica_stopped",
          "it has not connected to its primary since it was started, so it is not known whether "
          "that is the source; copying waits for it",
          "START SLAVE there");
    } else {
      add(Severity::blocker, "source.replica_other_primary",
          "it does not replicate from the source",
          "name a replica of the source in read_from, one that reads from it without another "
          "server between them");
    }
  }

  void check_lineage(const ReplicaStatus& status) {
    for (const auto& filter : status.filters) {
      add(Severity::blocker, "source.replica_filtered",
          "it leaves out what it replicates: " + base::printable(filter),
          "remove the filter, or take another replica");
    }
    if (!status.applying || !status.receiving) {
      add(Severity::warning, "source.replica_stopped",
          "its replication does not run, and copying waits for it" +
              (status.error.empty() ? std::string() : ": " + base::printable(status.error)),
          "mend what stopped it; START SLAVE there");
    } else if (status.seconds_behind.value_or(0) > 0) {
      add(Severity::note, "source.replica_behind",
          fmt::format("it is {} behind; copying waits for it, and following with it",
                      base::human_duration(std::chrono::seconds(*status.seconds_behind))),
          "nothing, or take another replica");
    }
  }

  void check_table(const model::TableSchema& table) {
    const std::string name = table.name.text();
    try {
      const auto found = read_table(c_, table.name);
      if (!found || !found->carries_like(table)) {
        add(Severity::blocker, "source.replica_tables",
            name + (found ? " is not defined there as at the source" : " is not there"),
            "mend the replica, or take another; a change of definition that is on its way arrives "
            "by itself");
        return;
      }
      c_.query("SELECT 1 FROM " + qualified(table.name) + " LIMIT 0");
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      add(Severity::blocker, "source.privilege.replica_select",
          "the account may not read " + name + " at the replica",
          grant("SELECT", qualified(table.name)));
    }
  }

  Connection c_;
  const PrimaryMark& primary_;
  std::vector<model::Finding> findings_;
};

}  // namespace

std::vector<model::Finding> assess_replica(const Endpoint& replica, const PrimaryMark& primary,
                                           const std::vector<model::TableSchema>& tables) {
  try {
    return Assessment(replica, primary).run(tables);
  } catch (const Error& e) {
    return {{Severity::blocker, "source.replica_unreachable", "replica " + replica.text(),
             "it cannot be asked: " + e.message(),
             "see that it runs and that read_from names it and an account of it"}};
  }
}

}  // namespace wherry::stores::mysql
