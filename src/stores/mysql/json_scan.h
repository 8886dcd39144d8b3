#pragma once
// All rows of a table without a key, with the types inside its JSON documents. Used by one thread,
// on a connection that has a view open (row_view.h).
//
// There is no key to ask for a row's types by. So the types are asked for in the statement that
// reads the row, and each answer comes beside its own document: it can be no other row's. What is
// asked are the values of the rows that came before. A statement whose rows hold others counts only
// up to the first of these, and the next one begins there. Rows are counted, in the order of
// InnoDB's own index, which is the same for all statements of a view.
//
// Cost: once for alike documents, which are most tables'. Where each row has values at places of
// its own (keys of objects that are data), with the square of the rows: some hundreds are read by a
// statement, which passes over all rows before them.

#include <functional>

#include "base/units.h"
#include "contract/row_reader.h"
#include "model/row.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Gives `take` the rows, documents as typed text (wire/mysql/json.h), in batches of about `batch`
// bytes. Throws Error(data_mismatch, "mysql.json") if statements do not see the same rows.
void scan_with_types(Connection& connection, const contract::TableRef& table, base::Bytes batch,
                     const std::function<void(const model::RowBatch&)>& take);

}  // namespace wherry::stores::mysql
