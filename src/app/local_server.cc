#include "app/local_server.h"

#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "app/repair_view.h"
#include "base/error.h"

namespace wherry::app {

namespace {

engine::SwitchDirection direction_of(std::string_view path) {
  return path == "/cutover" ? engine::SwitchDirection::cutover : engine::SwitchDirection::rollback;
}

engine::SwitchOptions switch_options(const std::string& body) {
  const auto json = nlohmann::json::parse(body);
  engine::SwitchOptions options;
  options.max_downtime = std::chrono::milliseconds(json.at("max_downtime_ms").get<long>());
  options.patience = std::chrono::milliseconds(json.at("patience_ms").get<long>());
  return options;
}

std::chrono::seconds lasting(const std::string& body) {
  return std::chrono::seconds(nlohmann::json::parse(body).at("lasting_seconds").get<long>());
}

}  // namespace

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
    } else if (asked("GET", "/switch")) {
      answer = migration.switch_view();
    } else if (asked("GET", "/rehearsal")) {
      answer = migration.rehearsal();
    } else if (asked("POST", "/rehearsal/check")) {
      answer = migration.check_rehearsal(lasting(request.body));
    } else if (asked("POST", "/rehearsal/begin")) {
      migration.begin_rehearsal(lasting(request.body));
      answer = migration.rehearsal();
    } else if (asked("POST", "/rehearsal/end")) {
      migration.end_rehearsal(nlohmann::json::parse(request.body).at("resync").get<bool>());
      answer = migration.rehearsal();
    } else if (asked("GET", "/cutover") || asked("GET", "/rollback")) {
      answer = migration.check_switch(direction_of(request.path));
    } else if (asked("POST", "/cutover") || asked("POST", "/rollback")) {
      migration.begin_switch(direction_of(request.path), switch_options(request.body));
      answer = migration.switch_view();
    } else if (!asked("GET", "/status")) {
      throw base::Error(base::ErrorKind::rejected, "control.unknown_request",
                        "there is no " + request.method + " " + request.path);
    }
    if (answer.is_null()) answer = migration.status();
    return control::Response{200, answer.dump()};
  };
}

}  // namespace wherry::app
