#include "stores/mysql/guarded_server.h"

#include "stores/mysql/identity.h"

namespace wherry::stores::mysql {

std::unique_ptr<Connection> GuardedServer::connect(const std::stop_token& stop) const {
  auto connection = std::make_unique<Connection>(endpoint, ConnectOptions{.stop = stop});
  if (identity) check_identity(*connection, identity(), side);
  // Who waits for a lock on everything makes all others wait behind him.
  connection->execute("SET SESSION lock_wait_timeout=2");
  return connection;
}

}  // namespace wherry::stores::mysql
