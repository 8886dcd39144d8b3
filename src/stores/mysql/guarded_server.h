#pragma once
// The server that guards are raised on. A value; connections are the caller's. Each verifies that
// it reached the server that is meant. Errors: those of a connection, and "<side>.replaced".

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct GuardedServer {
  Endpoint endpoint;
  // Of the source or target that is guarded, thread-safe; empty = whichever server answers.
  std::function<std::string()> identity;
  std::string side;  // "source", "target"

  // Its statements give up a lock after some seconds: Error(transient, "mysql.lock"). A requested
  // stop interrupts it.
  std::unique_ptr<Connection> connect(const std::stop_token& stop = {}) const;
};

}  // namespace wherry::stores::mysql
