#pragma once
// The types inside JSON documents, which no text of a MySQL server tells. Used by one thread, on
// the connection that the rows were read from, in the same transaction.

#include "contract/row_reader.h"
#include "model/row.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

bool has_json(const model::TableSchema& shape);

// Appends `rows`, whose documents are as the server prints them, to `out` as typed text
// (wire/mysql/json.h). Asks the server for the types it needs, by key. Requires: the table has a
// key.
void append_with_types(Connection& connection, const contract::TableRef& table,
                       const model::RowBatch& rows, model::RowBatch& out);

}  // namespace wherry::stores::mysql
