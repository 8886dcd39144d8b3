#pragma once
// Changes of a table without a key: each concerns one of the rows that equal its before image in
// every column, to the bit. Uses the connection and the open transaction it is given.

#include <cstddef>

#include "contract/row_writer.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/row_sink.h"

namespace wherry::stores::mysql {

// Rows of this server whose written columns all equal this row's; for a statement without an alias.
std::string same_row(const model::TableSchema& shape, const model::RowBatch& rows, std::size_t row,
                     const ServerVersion& server);

// Requires: the session is as `sink` prepares it. Throws Error(data_mismatch,
// "target.row_missing").
void replay(Connection& connection, RowSink& sink, const contract::TablePair& table,
            const model::RowEvent& event, contract::Replay way);

}  // namespace wherry::stores::mysql
