#pragma once
// A consistent view of one server: a transaction on a connection that it is lent. As
// contract/row_reader.h says.

#include <memory>

#include "contract/row_reader.h"
#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// From now on the connection reads what is there now. Requires: its transactions are REPEATABLE
// READ, and no view of it lives.
void begin_view(Connection& connection);

// Requires: begin_view() was the connection's last statement that read rows. The connection
// outlives the view.
std::unique_ptr<contract::RowView> make_view(Connection& connection, model::Bracket bracket);

}  // namespace wherry::stores::mysql
