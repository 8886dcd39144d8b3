#pragma once
// Rows read through consistent views of a server in memory. As contract/row_reader.h says.
// `low` of a view is what was visible when it was opened, `high` the log's end then.

#include <memory>

#include "contract/row_reader.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

std::unique_ptr<contract::RowReader> open_reader(std::shared_ptr<Server> server, Meant meant = {});

}  // namespace wherry::stores::memory
