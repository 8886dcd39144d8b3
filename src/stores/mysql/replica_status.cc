#include "stores/mysql/replica_status.h"

#include <array>
#include <string_view>
#include <utility>

#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"

namespace wherry::stores::mysql {

namespace {

// A column by its name, or by the one it has since MySQL 8.0.22: "Source" for "Master", "Replica"
// for "Slave".
std::string text_of(const Result& r, std::size_t row, std::string name) {
  const std::string old = r.text(row, name);
  if (!old.empty()) return old;
  for (const auto& [word, now] :
       {std::pair<std::string_view, std::string_view>{"Master", "Source"}, {"Slave", "Replica"}}) {
    for (std::size_t at = 0; (at = name.find(word, at)) != std::string::npos; at += now.size()) {
      name.replace(at, word.size(), now);
    }
  }
  return r.text(row, name);
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

// What a list of schemas or tables ("a,b.c") leaves out besides the server's own schemas.
bool hides_rows(std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = list.find(',');
    std::string_view item = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    while (item.starts_with(' ')) item.remove_prefix(1);
    if (!is_system_schema(item.substr(0, item.find('.')))) return true;
  }
  return false;
}

std::vector<std::string> filters_of(const Result& r, std::size_t row) {
  constexpr std::array<const char*, 7> always{"Replicate_Do_DB",
                                              "Replicate_Do_Table",
                                              "Replicate_Wild_Do_Table",
                                              "Replicate_Rewrite_DB",
                                              "Replicate_Do_Domain_Ids",
                                              "Replicate_Ignore_Domain_Ids",
                                              "Replicate_Ignore_Server_Ids"};
  constexpr std::array<const char*, 3> by_name{"Replicate_Ignore_DB", "Replicate_Ignore_Table",
                                               "Replicate_Wild_Ignore_Table"};
  std::vector<std::string> out;
  for (const char* name : always) {
    const std::string value = r.text(row, name);
    if (!value.empty()) out.push_back(std::string(name) + "=" + value);
  }
  for (const char* name : by_name) {
    const std::string value = r.text(row, name);
    if (hides_rows(value)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

}  // namespace

ReplicaStatus replica_status(const Result& r, std::size_t row) {
  ReplicaStatus status;
  status.primary_uuid = text_of(r, row, "Master_UUID");
  status.primary_server_id = number_of(text_of(r, row, "Master_Server_Id"));
  const std::string log = text_of(r, row, "Relay_Master_Log_File");
  const std::uint64_t offset = number_of(text_of(r, row, "Exec_Master_Log_Pos"));
  if (!log.empty() && offset != 0) status.applied = model::Position::in_log(log, offset);
  status.receiving = text_of(r, row, "Slave_IO_Running") == "Yes";
  status.applying = text_of(r, row, "Slave_SQL_Running") == "Yes";
  const std::string state = text_of(r, row, "Slave_SQL_Running_State");
  status.idle = !status.applying || state.find("has read all relay log") != std::string::npos ||
                state.starts_with("Waiting until");
  status.error = text_of(r, row, "Last_SQL_Error");
  if (status.error.empty()) status.error = text_of(r, row, "Last_IO_Error");
  if (const std::string behind = text_of(r, row, "Seconds_Behind_Master"); !behind.empty()) {
    status.seconds_behind = number_of(behind);
  }
  status.filters = filters_of(r, row);
  return status;
}

PrimaryMark primary_mark(Connection& primary) {
  PrimaryMark mark;
  mark.server_id = number_of(primary.scalar("SELECT @@GLOBAL.server_id").value_or(""));
  if (!primary.server().is_mariadb()) {
    mark.uuid = primary.scalar("SELECT @@GLOBAL.server_uuid").value_or("");
  }
  return mark;
}

std::vector<ReplicaStatus> replica_statuses(Connection& replica) {
  const Result r = replica.query(std::string(show_replica(replica.server())));
  std::vector<ReplicaStatus> out;
  for (std::size_t row = 0; row < r.rows(); ++row) out.push_back(replica_status(r, row));
  return out;
}

bool settled(const model::Position& place, const ReplicaStatus& later) {
  if (!later.applied) return false;
  return place < *later.applied || (place == *later.applied && later.idle);
}

bool overtakes(Connection& replica) {
  if (!replica.server().is_mariadb()) return false;
  const Result r = replica.query("SELECT @@GLOBAL.slave_parallel_threads, @@GLOBAL.gtid_slave_pos");
  const std::string domains = r.text(0, std::size_t{1});
  return r.number(0, std::size_t{0}).value_or(0) > 0 && domains.find(',') != std::string::npos;
}

std::optional<bool> follows(const ReplicaStatus& status, const PrimaryMark& primary) {
  if (!primary.uuid.empty() && !status.primary_uuid.empty()) {
    return status.primary_uuid == primary.uuid;
  }
  if (status.primary_server_id == 0) return std::nullopt;
  return status.primary_server_id == primary.server_id;
}

}  // namespace wherry::stores::mysql
