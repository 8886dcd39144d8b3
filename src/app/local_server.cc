#include "app/local_server.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "app/repair_view.h"
#include "base/error.h"

namespace wherry::app {

control::Handler local_handler(engine::AnyMigration& migration, std::stop_token stop) {
  return [&migration, stop = std::move(stop)](const control::Request& request) {
    const auto asked = [&](std::string_view method, std::string_view path) {
      return request.method == method && request.path == path;
    };
    nlohmann::json answer;
    if (asked("POST", "/pause")) {
      migration.pause();
    } else if (asked("POST", "/resume")) {
      migration.resume();
    } else if (asked("POST", "/verify")) {
      migration.verify();
    } else if (asked("POST", "/repair") || asked("POST", "/repair?dry_run")) {
      const bool dry_run = request.path != "/repair";
      answer = repair_document(migration.repair(dry_run, stop), dry_run);
    } else if (!asked("GET", "/status")) {
      throw base::Error(base::ErrorKind::rejected, "control.unknown_request",
                        "there is no " + request.method + " " + request.path);
    }
    if (answer.is_null()) answer = migration.status();
    return control::Response{200, answer.dump()};
  };
}

}  // namespace wherry::app
