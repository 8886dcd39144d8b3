#pragma once
// Writes to a server in memory. As contract/row_writer.h says. A window is kept here and takes
// effect when it commits.

#include <memory>

#include "contract/row_writer.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

std::unique_ptr<contract::RowWriter> open_writer(std::shared_ptr<Server> server,
                                                 const contract::Fence& fence,
                                                 const Meant& meant = {});

// Within a transaction: the stream is at the window's end. Requires: the stream was started.
void move_stream(Transaction& transaction, const contract::Fence& fence,
                 const contract::WindowMark& mark);
// … and the table's chunks are not done any more.
void forget_chunks(Transaction& transaction, const contract::Fence& fence, model::CollectionId id);

}  // namespace wherry::stores::memory
