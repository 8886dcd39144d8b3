#include "app/stores.h"

#include <array>
#include <utility>
#include <variant>

#include <unistd.h>

#include "base/error.h"
#include "stores/file/store.h"
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

std::unique_ptr<contract::RowSource> mysql_source(const config::Migration& config) {
  stores::mysql::SourceOptions options;
  const auto& store = std::get<config::MysqlStore>(config.source);
  options.endpoint = endpoint(store);
  options.server_id = config.server_id.value_or(0);
  options.new_log_every = store.new_log_every;
  if (store.read_from) options.read_from = endpoint(*store.read_from);
  return std::make_unique<stores::mysql::Source>(std::move(options));
}

RowTargetParts mysql_target(const config::Migration& config) {
  auto target = std::make_unique<stores::mysql::Target>(
      endpoint(std::get<config::MysqlStore>(config.target)), std::string(), config.definers);
  RowTargetParts parts;
  parts.ddl = target.get();
  parts.objects = target.get();
  parts.watched = target.get();
  parts.target = std::move(target);
  return parts;
}

std::unique_ptr<contract::ObjectStore> file_tree(const config::Store& store) {
  const stores::file::Carried carried{::geteuid() == 0};
  return std::make_unique<stores::file::Store>(std::get<config::FileStore>(store).path.string(),
                                               carried);
}

constexpr std::array<StoreKind, 2> kinds{{
    {"mysql", "tables of MariaDB and MySQL servers", mysql_source, mysql_target, true, nullptr},
    {"file", "directory trees of this machine", nullptr, nullptr, false, file_tree},
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
