#include "stores/mysql/writer.h"

#include <cassert>
#include <exception>

#include <fmt/format.h>

#include "stores/mysql/cascade.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/replay.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

// Errors that say for certain that the transaction was rolled back.
bool surely_rolled_back(const Error& e) {
  return e.kind() == ErrorKind::transient && e.code() == "mysql.lock";
}

}  // namespace

Writer::Writer(const Endpoint& endpoint, const std::string& identity, contract::Fence fence,
               const std::stop_token& stop)
    : fence_(std::move(fence)),
      connection_(endpoint, ConnectOptions{.together = true, .local_infile = true, .stop = stop}),
      sink_(connection_) {
  check_identity(connection_, identity, "target");
  // A transaction begins with its first statement, without a round trip of its own.
  connection_.execute("SET SESSION autocommit=0");
}

Writer::~Writer() { rollback(); }

void Writer::begin() {
  assert(!open_);
  open_ = true;
}

void Writer::commit(std::vector<std::string> last) {
  last.push_back(fence_question(fence_));
  require_fence(connection_, fence_, connection_.query_all(last).back());
  try {
    connection_.execute("COMMIT");
  } catch (const Error& e) {
    if (surely_rolled_back(e) || e.kind() == ErrorKind::cancelled) throw;
    throw Error(ErrorKind::connection_lost, "target.commit_unknown",
                "it is not known whether a transaction was committed: " + e.message(), e.context());
  }
  open_ = false;
}

void Writer::rollback() noexcept {
  if (!open_) return;
  open_ = false;
  try {
    connection_.execute("ROLLBACK");
  } catch (const std::exception&) {
    return;  // the connection is gone; the server rolls back by itself
  }
}

template <typename Step>
auto Writer::in_transaction(const Step& step) {
  assert(open_);
  try {
    return step();
  } catch (...) {
    rollback();
    throw;
  }
}

void Writer::write_chunk(const contract::TablePair& table, const model::RowBatch& rows,
                         const contract::ChunkMark& mark, contract::ChunkWrite way) {
  begin();
  in_transaction([&] {
    if (way == contract::ChunkWrite::replace_range) sink_.remove_range(table, mark.chunk);
    sink_.put(table, rows);
    commit(put_chunk(fence_.migration, mark));
  });
}

void Writer::begin_table(const contract::TablePair& table) {
  begin();
  in_transaction([&] { sink_.remove_range(table, {}); });
}

void Writer::append(const contract::TablePair& table, const model::RowBatch& rows) {
  put(table, rows);
}

void Writer::commit_table(const contract::ChunkMark& mark) {
  in_transaction([&] { commit(put_chunk(fence_.migration, mark)); });
}

void Writer::begin_window() { begin(); }

void Writer::remove(const contract::TablePair& table, const std::vector<model::Key>& keys) {
  in_transaction([&] { sink_.remove(table, keys); });
}

void Writer::put(const contract::TablePair& table, const model::RowBatch& rows) {
  in_transaction([&] { sink_.put(table, rows); });
}

void Writer::replay(const contract::TablePair& table, const model::RowEvent& event,
                    contract::Replay way) {
  in_transaction([&] { mysql::replay(connection_, sink_, table, event, way); });
}

contract::Cascaded Writer::cascade(const contract::CascadeRules& rules,
                                   const contract::ParentChange& change, std::uint64_t most_keys) {
  return in_transaction([&] {
    Cascade carried(connection_, sink_, rules, most_keys);
    carried.follow(change);
    return carried.touched();
  });
}

void Writer::commit_window(const contract::WindowMark& mark, std::uint64_t forget_through) {
  const std::string where = where_migration(fence_.migration);
  in_transaction([&] {
    if (forget_through > forgotten_through_) {
      connection_.execute(fmt::format("DELETE FROM `_wherry`.`window_part`{} AND `number`<={}",
                                      where, forget_through));
    }
    move_stream(connection_, fence_.migration, mark, sink_.statement_limit());
    commit();
  });
  forgotten_through_ = std::max(forgotten_through_, forget_through);
}

}  // namespace wherry::stores::mysql
