#pragma once
// What a running migration answers on its local socket. GET /status; POST /pause, /resume, /verify,
// /repair, /repair?dry_run. GET /cutover and /rollback: what must hold for it; POST: begins it; GET
// /switch: how it goes.

#include <stop_token>

#include "control/server.h"
#include "engine/any_migration.h"

namespace wherry::app {

// The migration must outlive the handler.
control::Handler local_handler(engine::AnyMigration& migration, std::stop_token stop);

}  // namespace wherry::app
