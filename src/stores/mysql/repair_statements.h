#pragma once
// The SQL that removes keys and puts rows, for people to read and to run in any client: ASCII but
// for names, one row a statement. Pure.

#include <string>
#include <vector>

#include "contract/row_writer.h"

namespace wherry::stores::mysql {

std::vector<std::string> repair_statements(const contract::TablePair& table,
                                           const std::vector<model::Key>& remove,
                                           const model::RowBatch& put);

}  // namespace wherry::stores::mysql
