#include "stores/mysql/user_lock.h"

#include <cassert>
#include <exception>

#include <fmt/format.h>

#include "base/digest.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

std::string lock_name(std::string_view kind, std::string_view of) {
  const auto key = base::DigestKey::from_text("00000000000000000000000000000000");
  return fmt::format("wherry_{}_{}", kind, base::digest_of(key, of).text());
}

UserLock::UserLock(Connection& connection, std::string_view name, std::chrono::seconds patience)
    : connection_(connection), name_(text_literal(name)) {
  assert(name.size() <= 64);
  const auto got =
      connection_.scalar(fmt::format("SELECT GET_LOCK({},{})", name_, patience.count()));
  if (got != "1") {
    throw base::Error(base::ErrorKind::transient, "target.lock_wait",
                      fmt::format("another session holds the lock {}", name),
                      connection_.endpoint().text());
  }
}

UserLock::~UserLock() {
  try {
    connection_.scalar(fmt::format("SELECT RELEASE_LOCK({})", name_));
  } catch (const std::exception&) {
    // The connection is gone, and the lock with it.
    return;
  }
}

}  // namespace wherry::stores::mysql
