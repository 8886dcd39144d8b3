#pragma once
// Sessions that began before a guard was raised and keep what they were allowed then: they are
// waited for, then ended. Uses the connections it is given. Errors: those of the connection;
// mysql.privilege without PROCESS.

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct Session {
  std::uint64_t id = 0;
  std::string user;  // as the client said, whichever account it became
  std::string host;
  std::string command;
};

std::vector<Session> read_sessions(Connection& connection);
// Every session that is let in from now on has a greater number.
std::uint64_t newest_session(Connection& connection);

// Which sessions are of before a guard was raised, when newest_session() said `raised_at`; 0 = it
// is not known, so all are. Numbers begin again with the server: a smaller one says nothing.
std::uint64_t still_before(Connection& connection, std::uint64_t raised_at);

struct OldSessions {
  std::uint64_t before = 0;                       // by number
  std::function<bool(const Session&)> are_meant;  // those of replication never are
  std::string why;                                // they may still write
};
// Returns when none is left and none of their transactions is open; those that are left when
// `patience` is over are killed, and who is left some seconds later is returned.
std::vector<contract::Writer> end_sessions(Connection& connection, const OldSessions& old,
                                           std::chrono::milliseconds patience,
                                           const std::stop_token& stop);

}  // namespace wherry::stores::mysql
