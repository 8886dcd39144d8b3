#pragma once
// Lands rows in tables exactly, inside the transaction that its user has open: what the server says
// it stored is compared with what was sent, statement by statement. The session is not strict,
// since values that a strict server would refuse (zero dates, invalid enums) must travel; instead
// any warning that is not expected is Error(data_mismatch), and the transaction must be rolled
// back. Used by one thread, on one connection, which it prepares for itself and must outlive it.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "contract/row_writer.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

class RowSink {
 public:
  // Requires: the connection was opened with local_infile.
  explicit RowSink(Connection& connection);

  void put(const contract::TablePair& table, const model::RowBatch& rows);
  void remove(const contract::TablePair& table, const std::vector<model::Key>& keys);

  // Removes every row of the chunk's range.
  void remove_range(const contract::TablePair& table, const model::Chunk& range);
  // Throws Error(rejected, "target.max_allowed_packet") if the server would not take the statement.
  void require_fit(const Statement& statement, const contract::TablePair& table) const;

  // Of the last statement: throws Error(data_mismatch, "target.value_changed") unless its warnings
  // are those that so many enums of number 0 make, or say nothing about values.
  void require_only_zero_enums(const contract::TablePair& table, std::uint64_t warnings,
                               std::uint64_t zero_enums);

  // How rows are sent, the fastest first; not every server takes all of them.
  enum class Way { arrays, lines, statements };
  // The fastest way from now on. Another is taken where a server or a row needs it.
  void use(Way way) {
    arrays_allowed_ = way <= Way::arrays && server_takes_arrays_;
    lines_allowed_ = way <= Way::lines && server_allows_lines_;
  }

  // The greatest statement that is sent, in bytes.
  std::size_t statement_limit() const { return statement_limit_; }

 private:
  struct Batch;
  struct Run;
  Run next_run(const Batch& batch, std::size_t first) const;
  void put_arrays(const Batch& batch, const Run& run);
  void load(const Batch& batch, std::size_t first, std::size_t last, std::uint64_t zero_enums);
  void replace(const Batch& batch, std::size_t first, std::size_t last);
  void replace_bounded(const Batch& batch, const Statement& statement, std::size_t rows,
                       std::uint64_t zero_enums);
  const Prepared& prepared(std::string sql);
  void expect_replaced(const Batch& batch, std::uint64_t sent, const Executed& done,
                       std::uint64_t zero_enums);
  void expect(const Batch& batch, std::uint64_t sent, std::uint64_t stored, std::uint64_t warnings,
              std::uint64_t zero_enums);
  [[noreturn]] static void refuse(std::size_t statement, bool fits_as_lines,
                                  const contract::TablePair& table);
  [[noreturn]] void mismatch(const std::string& table, const std::string& what);

  Connection& connection_;
  bool server_takes_arrays_ = false;
  bool arrays_allowed_ = false;
  bool server_allows_lines_ = false;
  bool lines_allowed_ = false;
  std::size_t packet_limit_ = 0;
  std::size_t statement_limit_ = 0;
  std::map<std::string, Prepared> prepared_;  // by the statement's text
};

}  // namespace wherry::stores::mysql
