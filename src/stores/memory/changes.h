#pragma once
// The change log of a server in memory, followed from a position on. As contract/change_log.h says.

#include <memory>

#include "contract/change_log.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

std::unique_ptr<contract::ChangeLog> open_changes(std::shared_ptr<Server> server,
                                                  const model::Position& from,
                                                  contract::TrackedTables tables,
                                                  const Meant& meant = {});

}  // namespace wherry::stores::memory
