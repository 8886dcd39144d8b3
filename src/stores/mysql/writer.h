#pragma once
// contract::RowWriter on a MariaDB or MySQL server: chunks and windows, each one transaction with
// its mark and a check of the fence (lease.h). One connection, one thread. The target has no
// triggers while it is written to, and foreign keys are not checked. A COMMIT whose answer is lost
// is Error(connection_lost): the engine looks at load_progress().

#include <cstdint>
#include <string>
#include <vector>

#include "contract/row_writer.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/row_sink.h"

namespace wherry::stores::mysql {

class Writer final : public contract::RowWriter {
 public:
  // `identity` as check_identity() expects it.
  Writer(const Endpoint& endpoint, const std::string& identity, contract::Fence fence,
         const std::stop_token& stop);
  ~Writer() override;

  void write_chunk(const contract::TablePair& table, const model::RowBatch& rows,
                   const contract::ChunkMark& mark, contract::ChunkWrite way) override;
  void begin_table(const contract::TablePair& table) override;
  void append(const contract::TablePair& table, const model::RowBatch& rows) override;
  void commit_table(const contract::ChunkMark& mark) override;
  void begin_window() override;
  void remove(const contract::TablePair& table, const std::vector<model::Key>& keys) override;
  void put(const contract::TablePair& table, const model::RowBatch& rows) override;
  void replay(const contract::TablePair& table, const model::RowEvent& event,
              contract::Replay way) override;
  contract::Cascaded cascade(const contract::CascadeRules& rules,
                             const contract::ParentChange& change,
                             std::uint64_t most_keys) override;
  void commit_window(const contract::WindowMark& mark, std::uint64_t forget_through) override;
  void rollback() noexcept override;

  RowSink& sink() { return sink_; }

 private:
  void begin();
  // After these statements, which give no rows, and the check of the fence.
  void commit(std::vector<std::string> last = {});
  // Does it in the open transaction; rolls back if it fails.
  template <typename Step>
  auto in_transaction(const Step& step);

  contract::Fence fence_;
  Connection connection_;
  RowSink sink_;
  bool open_ = false;
  std::uint64_t forgotten_through_ = 0;
};

}  // namespace wherry::stores::mysql
