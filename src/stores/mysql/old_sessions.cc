#include "stores/mysql/old_sessions.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/open_transactions.h"

namespace wherry::stores::mysql {

using namespace std::chrono_literals;

namespace {

bool is_of_replication(const Session& session) {
  return session.user == "system user" || session.command.starts_with("Binlog Dump");
}

class Ending {
 public:
  Ending(Connection& connection, const OldSessions& old) : connection_(connection), old_(old) {}

  // What still may write, by the number of its session.
  std::map<std::uint64_t, contract::Writer> left() {
    const auto sessions = read_sessions(connection_);
    std::map<std::uint64_t, contract::Writer> out;
    std::set<std::uint64_t> present;
    for (const auto& session : sessions) {
      present.insert(session.id);
      if (session.id >= old_.before || is_of_replication(session)) continue;
      if (!old_.are_meant(session)) continue;
      names_[session.id] =
          fmt::format("{}@{}, connection {}", base::printable(session.user),
                      base::printable(session.host.substr(0, session.host.rfind(':'))), session.id);
      out[session.id] = {names_[session.id], old_.why};
    }
    if (!out.empty()) return out;
    // The list forgets a session before its transaction is undone.
    for (const auto& transaction : read_open_transactions(connection_)) {
      const auto id = transaction.session;
      if (id == 0 || id >= old_.before || present.contains(id)) continue;
      const auto known = names_.find(id);
      const std::string who =
          known == names_.end() ? fmt::format("connection {}", id) : known->second;
      out[id] = {who, "it has ended, and its transaction is still being undone"};
    }
    return out;
  }

  void kill(std::map<std::uint64_t, contract::Writer>& sessions) {
    for (auto& [id, writer] : sessions) {
      if (auto tried = refused_.find(id); tried != refused_.end()) {
        if (!tried->second.empty()) writer.why += "; it cannot be ended: " + tried->second;
        continue;
      }
      std::string& refusal = refused_[id];
      try {
        connection_.execute(fmt::format("KILL CONNECTION {}", id));
      } catch (const base::Error& e) {
        // It may have gone by itself; if not, the next look tells.
        if (e.kind() != base::ErrorKind::rejected) throw;
        refusal = e.message();
      }
    }
  }

 private:
  Connection& connection_;
  const OldSessions& old_;
  std::map<std::uint64_t, std::string> names_;
  std::map<std::uint64_t, std::string> refused_;  // those that were killed: why not, or nothing
};

}  // namespace

std::vector<Session> read_sessions(Connection& connection) {
  const Result r =
      connection.query("SELECT ID, USER, HOST, COMMAND FROM information_schema.PROCESSLIST");
  std::vector<Session> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    Session s{r.number(row, std::size_t{0}).value_or(0), r.text(row, std::size_t{1}),
              r.text(row, std::size_t{2}), r.text(row, std::size_t{3})};
    out.push_back(std::move(s));
  }
  return out;
}

std::uint64_t newest_session(Connection& connection) {
  return connection.query("SELECT CONNECTION_ID()").number(0, std::size_t{0}).value_or(0);
}

std::uint64_t still_before(Connection& connection, std::uint64_t raised_at) {
  const std::uint64_t newest = newest_session(connection);
  return raised_at == 0 || newest < raised_at ? newest : raised_at;
}

std::vector<contract::Writer> end_sessions(Connection& connection, const OldSessions& old,
                                           std::chrono::milliseconds patience,
                                           const std::stop_token& stop) {
  constexpr auto to_end = 3s;
  const auto kill_at = std::chrono::steady_clock::now() + patience;
  Ending ending(connection, old);
  while (true) {
    auto left = ending.left();
    if (left.empty()) return {};
    const auto now = std::chrono::steady_clock::now();
    if (now >= kill_at) ending.kill(left);
    if (now >= kill_at + to_end) {
      std::vector<contract::Writer> out;
      for (auto& [id, writer] : left) out.push_back(std::move(writer));
      return out;
    }
    if (stop.stop_requested()) base::throw_cancelled();
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace wherry::stores::mysql
