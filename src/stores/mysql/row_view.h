#pragma once
// A consistent view of one server: a transaction on a connection that it is lent. As
// contract/row_reader.h says.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "contract/row_reader.h"
#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// From now on the connection reads what is there now. Requires: its transactions are REPEATABLE
// READ, and no view of it lives. Answers the statements that are run just before and just after.
std::vector<Result> begin_view(Connection& connection, std::vector<std::string> before = {},
                               const std::vector<std::string>& after = {});

// Bytes of a row, as read last, so that what is asked for at once is what fits.
using RowSizes = std::map<model::CollectionName, std::uint64_t>;

// Requires: begin_view() was the connection's last statement that read rows. The connection and the
// sizes outlive the view. `log_end` answers where the log ends, if that is not the connection's own
// (names_settled_by()).
using AskLogEnd = std::function<model::Position()>;
std::unique_ptr<contract::RowView> make_view(Connection& connection, model::Bracket bracket,
                                             RowSizes& sizes, AskLogEnd log_end = nullptr);

}  // namespace wherry::stores::mysql
