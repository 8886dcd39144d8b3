// What a row costs on its way, without servers: out of the log, into a digest, into what is sent to
// the target, and its key. The rows are those of recorded/. bench/mysql measures whole migrations.

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include <benchmark/benchmark.h>

#include "base/digest.h"
#include "bench/micro/recorded_log.h"
#include "model/key.h"
#include "stores/mysql/row_arrays.h"
#include "stores/mysql/row_text.h"

namespace {

using wherry::bench::RecordedLog;
namespace base = wherry::base;
namespace model = wherry::model;
namespace mysql = wherry::stores::mysql;
namespace wire = wherry::wire::mysql;

using Log = const RecordedLog& (*)();

template <typename Count>
std::int64_t times(const benchmark::State& state, Count each) {
  return state.iterations() * static_cast<std::int64_t>(each);
}

// The event's header, checksum and columns, and the layout for a known table: once a statement.
void decode_table_map(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  wire::BinlogDecoder decoder(true);
  (void)decoder.decode(log.format);
  for (auto _ : state) {
    const wire::Event event = decoder.decode(log.map);
    const wire::RowLayout layout(std::get<wire::TableMap>(event.body), log.schema);
    benchmark::DoNotOptimize(layout.columns());
  }
  state.SetItemsProcessed(times(state, 1));
  state.SetBytesProcessed(times(state, log.map.size()));
}

// A rows event: header, checksum, and every value to its canonical text.
void decode_rows(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  wire::BinlogDecoder decoder(true);
  (void)decoder.decode(log.format);
  const wire::RowLayout layout(log.table, log.schema);
  for (auto _ : state) {
    const wire::Event event = decoder.decode(log.rows);
    const auto& rows = std::get<wire::Rows>(event.body);
    auto out = layout.empty_event(1, rows.kind);
    layout.read(rows, out);
    benchmark::DoNotOptimize(out.after.rows());
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
  state.SetBytesProcessed(times(state, log.rows.size()));
}

// A row's digest, added to its chunk's.
void digest(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  base::RowHasher hasher(base::DigestKey::from_text("000102030405060708090a0b0c0d0e0f"));
  base::Digest sum;
  for (auto _ : state) {
    for (std::size_t row = 0; row < log.batch.rows(); ++row) {
      for (std::size_t c = 0; c < log.batch.columns(); ++c) {
        if (const auto cell = log.batch.cell(row, c)) {
          hasher.field(*cell);
        } else {
          hasher.null();
        }
      }
      sum += hasher.finish();
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
  state.SetBytesProcessed(times(state, log.batch_bytes));
}

// What a MariaDB is sent, with the look at each row that comes before it.
void arrays(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  const auto columns = mysql::written_columns(log.schema);
  std::size_t sent = 0;
  for (auto _ : state) {
    for (std::size_t row = 0; row < log.batch.rows(); ++row) {
      benchmark::DoNotOptimize(mysql::facts_of(log.schema, columns, log.batch, row));
    }
    const std::string packet =
        mysql::arrays_packet(1, log.schema, columns, log.batch, 0, log.batch.rows());
    sent += packet.size();
    benchmark::DoNotOptimize(packet.data());
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
  state.SetBytesProcessed(static_cast<std::int64_t>(sent));
}

// What the target is sent by LOAD DATA, likewise.
void lines(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  const auto columns = mysql::written_columns(log.schema);
  std::array<char, 1U << 12U> buffer{};
  std::size_t sent = 0;
  for (auto _ : state) {
    for (std::size_t row = 0; row < log.batch.rows(); ++row) {
      benchmark::DoNotOptimize(mysql::facts_of(log.schema, columns, log.batch, row));
    }
    mysql::RowLines text(log.schema, columns, log.batch, 0, log.batch.rows());
    while (const std::size_t n = text.read(buffer)) sent += n;
    benchmark::DoNotOptimize(buffer);
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
  state.SetBytesProcessed(static_cast<std::int64_t>(sent));
}

// What it is sent as a REPLACE: small windows, and documents.
void statements(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  const auto columns = mysql::written_columns(log.schema);
  std::size_t sent = 0;
  for (auto _ : state) {
    mysql::Statement statement{mysql::replace_head(log.schema.name, log.schema, columns), {}};
    for (std::size_t row = 0; row < log.batch.rows(); ++row) {
      benchmark::DoNotOptimize(mysql::facts_of(log.schema, columns, log.batch, row));
      mysql::append_values(statement, log.schema, columns, log.batch, row);
    }
    sent += statement.size();
    benchmark::DoNotOptimize(statement);
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
  state.SetBytesProcessed(static_cast<std::int64_t>(sent));
}

// A row's key, as following makes one for each change.
void key_of_row(benchmark::State& state, Log recorded) {
  const RecordedLog& log = recorded();
  for (auto _ : state) {
    for (std::size_t row = 0; row < log.batch.rows(); ++row) {
      const model::Key key = log.batch.key(row, log.schema.key);
      benchmark::DoNotOptimize(key.bytes().data());
    }
  }
  state.SetItemsProcessed(times(state, log.batch.rows()));
}

// A key out of a journal or `_wherry`, and its parts.
void key_from_bytes(benchmark::State& state) {
  const std::string bytes =
      model::Key({"4711", "3e11fa47-71ca-11e1-9e33-c80aa9429562", "Köln"}).bytes();
  for (auto _ : state) {
    const auto key = model::Key::from_bytes(bytes);
    if (!key) throw std::logic_error("a key of our own was not read");
    benchmark::DoNotOptimize(key->parts().size());
  }
  state.SetItemsProcessed(times(state, 1));
  state.SetBytesProcessed(times(state, bytes.size()));
}

using wherry::bench::orders;
using wherry::bench::sysbench;

BENCHMARK_CAPTURE(decode_table_map, sysbench, sysbench);
BENCHMARK_CAPTURE(decode_table_map, orders, orders);
BENCHMARK_CAPTURE(decode_rows, sysbench, sysbench);
BENCHMARK_CAPTURE(decode_rows, orders, orders);
BENCHMARK_CAPTURE(digest, sysbench, sysbench);
BENCHMARK_CAPTURE(digest, orders, orders);
BENCHMARK_CAPTURE(arrays, sysbench, sysbench);
BENCHMARK_CAPTURE(arrays, orders, orders);
BENCHMARK_CAPTURE(lines, sysbench, sysbench);
BENCHMARK_CAPTURE(lines, orders, orders);
BENCHMARK_CAPTURE(statements, sysbench, sysbench);
BENCHMARK_CAPTURE(statements, orders, orders);
BENCHMARK_CAPTURE(key_of_row, sysbench, sysbench);
BENCHMARK(key_from_bytes);

}  // namespace

BENCHMARK_MAIN();
