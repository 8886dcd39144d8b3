#include "bench/micro/recorded_log.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace wherry::bench {

namespace {

using model::Column;
using T = model::ColumnType;

constexpr std::size_t magic_bytes = 4;

Column column(std::string name, T type, std::uint64_t length = 0) {
  Column c;
  c.name = std::move(name);
  c.type = type;
  c.length = length;
  c.declared = model::to_string(type);
  return c;
}

Column decimal(std::string name, std::uint32_t precision, std::uint32_t scale) {
  Column c = column(std::move(name), T::decimal);
  c.precision = precision;
  c.scale = scale;
  return c;
}

Column unsigned_column(std::string name, T type) {
  Column c = column(std::move(name), type);
  c.is_unsigned = true;
  return c;
}

model::TableSchema schema(std::string name, std::vector<Column> columns) {
  model::TableSchema s;
  s.name = {"t", std::move(name)};
  s.columns = std::move(columns);
  s.key = {0};
  s.key_index = "PRIMARY";
  s.engine = "InnoDB";
  return s;
}

model::TableSchema sysbench_schema() {
  return schema("sbtest1", {column("id", T::integer), column("k", T::integer),
                            column("c", T::char_, 120), column("pad", T::char_, 60)});
}

model::TableSchema orders_schema() {
  auto s =
      schema("orders",
             {unsigned_column("id", T::bigint), unsigned_column("customer", T::integer),
              column("state", T::enum_), decimal("price", 12, 2), decimal("tax", 20, 6),
              column("weight", T::double_), column("paid", T::bit, 1), column("ordered", T::date),
              column("created", T::datetime), column("changed", T::timestamp),
              column("note", T::varchar, 800), column("remark", T::varchar, 800),
              column("token", T::binary, 16), column("items", T::json, 0xffffffff)});
  s.columns[2].member_count = 3;
  s.columns[8].fraction = 6;
  for (const std::size_t i : {4U, 5U, 10U, 11U}) s.columns[i].nullable = true;
  return s;
}

std::string read_file(const std::string& name) {
  const std::string path = std::string(WHERRY_RECORDED) + "/" + name;
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in || bytes.size() < magic_bytes) throw std::runtime_error(path + " cannot be read");
  return bytes;
}

RecordedLog read(const std::string& name, model::TableSchema schema) {
  const std::string file = read_file(name);
  RecordedLog log;
  log.schema = std::move(schema);
  wire::mysql::BinlogDecoder decoder(true);
  std::string_view left = std::string_view(file).substr(magic_bytes);
  while (!left.empty() && log.rows.empty()) {
    wire::mysql::Cursor header(left);
    const auto bytes = left.substr(0, wire::mysql::EventHeader::read(header).event_size);
    left.remove_prefix(bytes.size());
    const auto event = decoder.decode(bytes);
    if (std::holds_alternative<wire::mysql::FormatDescription>(event.body)) {
      log.format = bytes;
    } else if (const auto* map = std::get_if<wire::mysql::TableMap>(&event.body)) {
      log.map = bytes;
      log.table = *map;
    } else if (const auto* rows = std::get_if<wire::mysql::Rows>(&event.body)) {
      log.rows = bytes;
      const wire::mysql::RowLayout layout(log.table, log.schema);
      auto out = layout.empty_event(1, rows->kind);
      layout.read(*rows, out);
      log.batch = std::move(out.after);
    }
  }
  if (log.batch.empty()) throw std::runtime_error(name + " holds no rows");
  for (std::size_t row = 0; row < log.batch.rows(); ++row) {
    for (std::size_t c = 0; c < log.batch.columns(); ++c) {
      if (const auto cell = log.batch.cell(row, c)) log.batch_bytes += cell->size();
    }
  }
  return log;
}

}  // namespace

const RecordedLog& sysbench() {
  static const RecordedLog log = read("sysbench", sysbench_schema());
  return log;
}

const RecordedLog& orders() {
  static const RecordedLog log = read("orders", orders_schema());
  return log;
}

}  // namespace wherry::bench
