#include "app/stores.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <variant>

#include <unistd.h>

#include "base/error.h"
#include "stores/file/store.h"
#include "stores/mysql/guard_accounts.h"
#include "stores/mysql/guard_events.h"
#include "stores/mysql/guard_read_only.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/source.h"
#include "stores/mysql/target.h"

namespace wherry::app {

namespace {

stores::mysql::Endpoint endpoint(const config::MysqlServer& from) {
  stores::mysql::Endpoint to;
  to.host = from.host;
  to.port = from.port;
  to.socket = from.socket.string();
  to.user = from.user;
  if (from.password.given()) to.password = [secret = from.password] { return secret.reveal(); };
  to.tls.ca = from.tls.ca.string();
  to.tls.cert = from.tls.cert.string();
  to.tls.key = from.tls.key.string();
  to.tls.required = from.tls.required;
  to.tls.verify = from.tls.verify;
  to.compress = from.compress;
  return to;
}

RowSourceParts mysql_source(const config::Migration& config) {
  stores::mysql::SourceOptions options;
  const auto& store = std::get<config::MysqlStore>(config.source);
  options.endpoint = endpoint(store);
  options.server_id = config.server_id.value_or(0);
  options.new_log_every = store.new_log_every;
  if (store.read_from) options.read_from = endpoint(*store.read_from);
  auto source = std::make_unique<stores::mysql::Source>(std::move(options));
  RowSourceParts parts;
  parts.counters = source.get();
  parts.kept_log = source.get();
  parts.source = std::move(source);
  return parts;
}

RowTargetParts mysql_target(const config::Migration& config) {
  auto target = std::make_unique<stores::mysql::Target>(
      endpoint(std::get<config::MysqlStore>(config.target)), std::string(), config.definers);
  RowTargetParts parts;
  parts.ddl = target.get();
  parts.objects = target.get();
  parts.watched = target.get();
  parts.counters = target.get();
  parts.rehearsals = target.get();
  parts.target = std::move(target);
  return parts;
}

// Schemas on that side in which something of the migration may be.
std::function<bool(const std::string&)> schemas_of(const config::Migration& config,
                                                   engine::Side side) {
  return [tables = config.tables, routes = config.routes, side](const std::string& schema) {
    const auto& all = routes.all();
    if (side == engine::Side::target && std::any_of(all.begin(), all.end(), [&](const auto& route) {
          return route.second.schema == schema;
        })) {
      return true;
    }
    return tables.selects({schema, std::string(stores::mysql::any_table)});
  };
}

Guards mysql_guards(const config::Migration& config, engine::Side side,
                    contract::RowSource& server) {
  const auto& store = side == engine::Side::source ? config.source : config.target;
  const stores::mysql::GuardedServer guarded{endpoint(std::get<config::MysqlStore>(store)),
                                             [&server] { return server.identity(); },
                                             std::string(engine::to_string(side))};
  const config::Guards& wanted = config.cutover.guards;
  Guards guards;
  if (wanted.events) {
    guards.push_back(
        std::make_unique<stores::mysql::EventsGuard>(guarded, schemas_of(config, side)));
  }
  if (!wanted.accounts.empty()) {
    guards.push_back(std::make_unique<stores::mysql::AccountsGuard>(guarded, wanted.accounts));
  }
  if (wanted.read_only) guards.push_back(std::make_unique<stores::mysql::ReadOnlyGuard>(guarded));
  return guards;
}

std::unique_ptr<contract::ObjectStore> file_tree(const config::Store& store) {
  const stores::file::Carried carried{::geteuid() == 0};
  return std::make_unique<stores::file::Store>(std::get<config::FileStore>(store).path.string(),
                                               carried);
}

constexpr std::array<StoreKind, 2> kinds{{
    {"mysql", "tables of MariaDB and MySQL servers", mysql_source, mysql_target, true, nullptr,
     mysql_guards},
    {"file", "directory trees of this machine", nullptr, nullptr, false, file_tree, nullptr},
}};

}  // namespace

std::span<const StoreKind> stores() { return kinds; }

const StoreKind& store_of(const config::Store& store) {
  for (const StoreKind& kind : kinds) {
    if (kind.name == config::kind_name(store)) return kind;
  }
  throw base::Error(base::ErrorKind::not_supported, "stores.unknown",
                    "no such store: " + std::string(config::kind_name(store)));
}

}  // namespace wherry::app
