#pragma once
// A server-wide lock by name (GET_LOCK), held while the object lives or until its connection ends.
// MySQL 5.6 gives up a lock when the same session takes a second one: hold one at a time.

#include <chrono>
#include <string>
#include <string_view>

#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Names of locks are short; what they are of need not be. Requires: `kind` is a short ASCII word.
std::string lock_name(std::string_view kind, std::string_view of);

class UserLock {
 public:
  // Throws Error(transient, "target.lock_wait") if another session holds it for all of `patience`.
  // Requires: `name` is ASCII and not longer than 64 characters.
  UserLock(Connection& connection, std::string_view name, std::chrono::seconds patience);
  ~UserLock();
  UserLock(const UserLock&) = delete;
  UserLock& operator=(const UserLock&) = delete;

 private:
  Connection& connection_;
  std::string name_;  // as a literal
};

}  // namespace wherry::stores::mysql
