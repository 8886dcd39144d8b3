#pragma once
// Rows as a MariaDB takes them for one run of a prepared REPLACE (COM_STMT_BULK_EXECUTE): integers,
// bits and numbers of enums and sets in binary, all else as its bytes, so that the server has
// nothing to take apart. Generated columns are left out: the server computes them. Sessions are as
// row_sink.h prepares them. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/row.h"
#include "model/schema.h"

namespace wherry::stores::mysql {

// "REPLACE INTO `s`.`t` (`a`,`b`) VALUES (?,?)"
std::string replace_arrays(const model::CollectionName& table, const model::TableSchema& shape,
                           const std::vector<std::size_t>& columns);

// What a row takes at most in a packet, also of it alone, besides the bytes of its cells.
std::size_t most_framing(const std::vector<std::size_t>& columns);

// The packet that runs the statement over rows [first, last). `statement` is its number at the
// server. Throws Error(data_mismatch) for a number that is none.
std::string arrays_packet(std::uint32_t statement, const model::TableSchema& shape,
                          const std::vector<std::size_t>& columns, const model::RowBatch& rows,
                          std::size_t first, std::size_t last);

}  // namespace wherry::stores::mysql
