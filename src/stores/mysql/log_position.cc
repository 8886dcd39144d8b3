#include "stores/mysql/log_position.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

using namespace std::chrono_literals;

std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

constexpr const char* owned_statement = "SELECT @@GLOBAL.gtid_mode, @@GLOBAL.gtid_owned";

// "uuid:7#31:8#32,\nuuid2:1#40" as "uuid:7", "uuid:8", "uuid2:1". Nothing unless gtid_mode is ON:
// transactions that have no GTID own none.
std::optional<std::set<std::string>> owned_gtids(const Result& r) {
  if (r.text(0, std::size_t{0}) != "ON") return std::nullopt;
  const std::string text = r.text(0, std::size_t{1});
  std::set<std::string> owned;
  std::string_view sources = text;
  while (!sources.empty()) {
    std::string_view numbers = next_part(sources, ',');
    while (!numbers.empty() && (numbers.front() == '\n' || numbers.front() == ' '))
      numbers.remove_prefix(1);
    std::string source(next_part(numbers, ':'));
    while (!numbers.empty()) {
      const std::string_view item = next_part(numbers, ':');
      const std::size_t hash = item.find('#');
      if (hash == std::string_view::npos) {
        source += ":" + std::string(item);  // a tag
      } else {
        owned.insert(source + ":" + std::string(item.substr(0, hash)));
      }
    }
  }
  return owned;
}

}  // namespace

std::string_view log_status_statement(const ServerVersion& server) {
  const bool renamed = !server.is_mariadb() && server.number >= 80200;
  return renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
}

namespace {

std::optional<model::Position> end_and_executed(const Result& r) {
  if (r.empty()) return std::nullopt;
  std::string gtid = r.text(0, "Executed_Gtid_Set");
  std::erase(gtid, '\n');
  return model::Position::in_log(r.text(0, "File"), r.number(0, "Position").value_or(0),
                                 std::move(gtid));
}

}  // namespace

std::optional<model::Position> log_end_and_executed(Connection& connection) {
  return end_and_executed(connection.query(log_status_statement(connection.server())));
}

std::optional<model::Position> log_end(const Result& status) {
  auto end = end_and_executed(status);
  if (end) end->gtid.clear();
  return end;
}

std::optional<model::Position> log_end(Connection& connection) {
  return log_end(connection.query(log_status_statement(connection.server())));
}

std::optional<model::Position> visible_log_end(Connection& connection) {
  const auto answers = connection.query_all(
      {std::string(log_status_statement(connection.server())), owned_statement});
  auto end = log_end(answers[0]);
  if (!end) return end;
  const auto first = owned_gtids(answers[1]);
  if (!first) return std::nullopt;
  std::set<std::string> pending = *first;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  for (auto pause = 1ms; !pending.empty(); pause = std::min(pause * 2, 50ms)) {
    if (std::chrono::steady_clock::now() > give_up) {
      throw base::Error(
          base::ErrorKind::transient, "mysql.commit_pending",
          "a transaction in the log has not become visible for 10 s: " + *pending.begin(),
          connection.endpoint().text());
    }
    std::this_thread::sleep_for(pause);
    const auto owned = owned_gtids(connection.query(owned_statement));
    if (!owned) return std::nullopt;
    std::erase_if(pending, [&](const std::string& gtid) { return !owned->contains(gtid); });
  }
  return end;
}

}  // namespace wherry::stores::mysql
