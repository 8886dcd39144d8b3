#pragma once
// How the row images of one table are read: made of what the log says about the table (TABLE_MAP)
// and of what is known about it (the schema as of that event), which must agree. Immutable: safe to
// share between threads.
//
// Columns are mapped by their order. Virtual generated columns are in the log and in its images
// like all others (MariaDB 10.2+, MySQL 5.7+); a generated column that an image leaves out is given
// as NULL, any other one is refused.
//
// Errors, all naming the table:
//   not_supported  "binlog.column_type"      a column of a type that is not carried
//   not_supported  "binlog.minimal_image"    an image without all columns (binlog_row_image is not
//                                            FULL)
//   data_mismatch  "binlog.schema_mismatch"  log and schema differ in number, type, length, digits,
//                                            sign or name of columns
//   data_mismatch  "binlog.malformed"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/change.h"
#include "model/schema.h"
#include "wire/mysql/events.h"
#include "wire/mysql/table_map.h"

namespace wherry::wire::mysql {

class RowLayout {
 public:
  RowLayout(const TableMap& map, const model::TableSchema& schema);

  // Appends the event's rows to `out`, whose batches have columns() columns.
  // Requires: rows.table_id is the map's; out.kind is rows.kind's. After an error `out` may end
  // within a row.
  void read(const Rows& rows, model::RowEvent& out) const;
  // An event with no rows yet, to be given to read().
  model::RowEvent empty_event(model::CollectionId collection, Rows::Kind kind) const;

  std::size_t columns() const { return columns_.size(); }

 private:
  enum class Form {
    integer,
    float_,
    double_,
    decimal,
    bit,
    year,
    date,
    time_old,
    time_hires,
    time2,
    datetime_old,
    datetime_hires,
    datetime2,
    timestamp_old,
    timestamp_hires,
    timestamp2,
    bytes,         // a length of `size` bytes, then as many bytes
    padded_bytes,  // the same, without the trailing 0x00 of a value of `most` bytes
    compressed,    // a length of `size` bytes, then what MariaDB's COMPRESSED columns hold
    json,          // a length of `size` bytes, then MySQL's binary form: for a column of text
    typed_json,    // the same: for a column of JSON
  };
  struct Column {
    Form form = Form::integer;
    bool is_unsigned = false;
    unsigned size = 0;  // bytes of an integer or a length; bits; precision
    unsigned digits = 0;
    std::uint64_t most = 0;  // bytes of a value
  };

  static Column column_of(const MappedColumn& wire, const model::Column& known);
  static bool agree(const MappedColumn& wire, const model::Column& known);
  void check_optional(const TableMap& map, const std::vector<MappedColumn>& wire,
                      const model::TableSchema& schema) const;
  std::vector<bool> present(std::string_view bits) const;
  void read_image(Cursor& in, const std::vector<bool>& present, model::RowBatch& out) const;
  void read_value(Cursor& in, const Column& column, std::string& out) const;

  std::string table_;
  JsonStyle json_style_;
  std::vector<Column> columns_;
  std::vector<std::string> names_;
  std::vector<bool> generated_;
};

}  // namespace wherry::wire::mysql
