#pragma once
// A log as a server wrote it (recorded/, made by ./record), taken apart: its TABLE_MAP and its
// first rows event, and the rows in them. Immutable.

#include <cstdint>
#include <string>
#include <string_view>

#include "model/row.h"
#include "model/schema.h"
#include "wire/mysql/decoder.h"
#include "wire/mysql/row_layout.h"

namespace wherry::bench {

struct RecordedLog {
  std::string format;  // the events, as bytes
  std::string map;
  std::string rows;
  wire::mysql::TableMap table;
  model::TableSchema schema;
  model::RowBatch batch{0};
  std::uint64_t batch_bytes = 0;  // of its values
};

// Throws std::runtime_error if the log cannot be read or is another one.
const RecordedLog& sysbench();
const RecordedLog& orders();

}  // namespace wherry::bench
