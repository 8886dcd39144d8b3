#include "engine/copy_rows.h"

#include <algorithm>
#include <exception>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/bracket.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

// Rows that make up about one chunk's bytes, by the source's own estimate of its average row.
// No chunk is more than a thread's share of a second at the rates that are kept.
std::uint64_t rows_per_chunk(const model::TableSchema& table, const Limits& limits) {
  const std::uint64_t row =
      table.row_estimate == 0
          ? 256
          : std::max<std::uint64_t>(1, table.byte_estimate / table.row_estimate);
  const std::uint64_t threads = std::max(1U, limits.threads.load());
  std::uint64_t rows = std::clamp<std::uint64_t>(limits.chunk_bytes / row, 100, 100'000);
  if (const std::uint64_t rate = limits.rows_per_second; rate != 0) {
    rows = std::min(rows, rate / threads);
  }
  if (const std::uint64_t rate = limits.bytes_per_second; rate != 0) {
    rows = std::min(rows, rate / row / threads);
  }
  return std::max<std::uint64_t>(rows, 100);
}

bool is_as_known(contract::RowView& view, const contract::TablePair& pair) {
  const auto definition = view.definition(pair.source.name);
  return definition && pair.source.takes_rows_of(*definition);
}

}  // namespace

bool copy_whole_table(Parts& parts, contract::RowView& view, contract::RowWriter& writer,
                      const contract::TablePair& pair, contract::ChunkMark& mark,
                      const std::stop_token& stop) {
  if (!is_as_known(view, pair)) return false;
  writer.begin_table(pair);
  bool as_known = true;
  try {
    view.read_all({pair.source.name, &pair.source}, base::Bytes{parts.limits.chunk_bytes},
                  [&](const model::RowBatch& rows) {
                    if (stop.stop_requested()) base::throw_cancelled();
                    writer.append(pair, rows);
                    mark.rows += rows.rows();
                    mark.bytes += rows.bytes();
                  });
    // Asked after the read: from then on the read keeps the definition from changing.
    as_known = is_as_known(view, pair);
  } catch (const base::Error& error) {
    writer.rollback();
    if (error.kind() != base::ErrorKind::data_mismatch || is_as_known(view, pair)) throw;
    as_known = false;
  } catch (...) {
    writer.rollback();
    throw;
  }
  if (as_known) {
    writer.commit_table(mark);
  } else {
    writer.rollback();
  }
  return as_known;
}

void CopyRows::run(const std::stop_token& stop) {
  std::stop_source workers_stop;
  const std::stop_callback pass_on(stop, [&] { workers_stop.request_stop(); });
  std::mutex mutex;
  std::exception_ptr failed;
  {
    std::vector<std::jthread> workers;
    for (std::uint32_t i = 0; i < std::max(1U, parts_.limits.threads.load()); ++i) {
      workers.emplace_back([&] {
        try {
          worker(workers_stop.get_token());
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failed) failed = std::current_exception();
          workers_stop.request_stop();
        }
      });
    }
  }
  if (failed) std::rethrow_exception(failed);
}

void CopyRows::worker(const std::stop_token& stop) {
  bool all_done = false;
  const auto work_on = [&] {
    Session session{parts_.source.copy_reader(stop), parts_.target.writer(parts_.fence, stop), {}};
    (void)load_progress(parts_, stop);
    while (!all_done) work(session, all_done, stop);
  };
  keep_trying(stop, "copying", work_on);
}

void CopyRows::work(Session& session, bool& all_done, const std::stop_token& stop) {
  if (stop.stop_requested()) base::throw_cancelled();
  const auto task = plan_.next();
  if (const auto* to_plan = std::get_if<ChunkPlan::PlanIt>(&task)) {
    bool planned = false;
    try {
      plan(session, *to_plan);
      planned = true;
    } catch (const base::Error& error) {
      plan_.planning_ended(to_plan->table);
      if (error.kind() != base::ErrorKind::data_mismatch) throw;
    } catch (...) {
      plan_.planning_ended(to_plan->table);
      throw;
    }
    if (planned) return plan_.planning_ended(to_plan->table);
    // The source's table is not as following knows it yet, as in copy().
    session.kept.reset();
    sleep_for(50ms, stop);
  } else if (const auto* to_copy = std::get_if<ChunkPlan::CopyIt>(&task)) {
    copy(session, to_copy->chunk, stop);
  } else if (const auto* to_finish = std::get_if<ChunkPlan::FinishIt>(&task)) {
    session.kept.reset();
    finish(to_finish->table, stop);
  } else if (std::holds_alternative<ChunkPlan::Wait>(task)) {
    session.kept.reset();
    sleep_for(20ms, stop);
  } else {
    session.kept.reset();
    all_done = true;
  }
}

void CopyRows::plan(Session& session, const ChunkPlan::PlanIt& task) {
  constexpr int boundaries_at_once = 8;
  const auto pair = parts_.book.find(task.table);
  if (!pair) return plan_.forget(task.table);
  if (copied_whole(parts_, *pair)) return plan_.planned(task.table, std::nullopt);
  const auto fresh = session.kept ? nullptr : session.reader->open_view();
  contract::RowView& view = fresh ? *fresh : session.kept->view();
  const contract::TableRef table{pair->source.name, &pair->source};
  const auto rows = rows_per_chunk(pair->source, parts_.limits);
  std::optional<model::Key> after = task.after;
  for (int i = 0; i < boundaries_at_once; ++i) {
    auto through = view.boundary(table, after, std::nullopt, rows);
    plan_.planned(task.table, through);
    if (!through) return;
    after = std::move(through);
  }
}

void CopyRows::finish(model::CollectionId table, const std::stop_token& stop) {
  try {
    // By its name now; a table that changed its name or is gone lacks nothing (end_filling).
    if (const auto pair = parts_.book.find(table)) {
      parts_.target.end_filling(parts_.fence, pair->target, stop);
    }
  } catch (...) {
    plan_.filling_ended(table);
    throw;
  }
  plan_.filled(table);
}

void CopyRows::copy(Session& session, const model::Chunk& chunk, const std::stop_token& stop) {
  model::Chunk current = chunk;
  try {
    for (int tries = 0; !try_copy(session, current, stop); ++tries) {
      // The source's table is not as following knows it yet: a change of definition is on its way.
      session.kept.reset();
      sleep_for(std::min<std::chrono::milliseconds>(20ms * (tries + 1), 500ms), stop);
    }
  } catch (...) {
    plan_.give_back(current);
    throw;
  }
}

bool CopyRows::try_copy(Session& session, model::Chunk& chunk, const std::stop_token& stop) {
  if (session.kept && !parts_.throttle.before(session.kept->worth_keeping_until(), stop)) {
    session.kept.reset();
  }
  if (!session.kept) parts_.throttle.before(stop);
  const auto pair = parts_.book.find(chunk.collection);
  if (!pair) {
    plan_.forget(chunk.collection);
    return true;
  }
  return copied_exactly(parts_, *pair) ? copy_exactly(session, chunk, stop)
                                       : copy_loosely(session, chunk, stop);
}

bool CopyRows::copy_exactly(Session& session, model::Chunk& chunk, const std::stop_token& stop) {
  session.kept.reset();  // following has to come to the place of this read
  auto hold = parts_.gate.hold();
  const auto pair = parts_.book.find(chunk.collection);
  if (!pair || !copied_exactly(parts_, *pair)) return false;
  const auto cascades = parts_.cascades.get();
  std::unique_ptr<contract::RowView> view;
  try {
    view = open_exact_source_view(*session.reader, hold, exact_with(parts_, *pair), stop);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::data_mismatch) throw;
    return false;
  }
  contract::ChunkMark mark;
  mark.chunk = chunk;
  mark.bracket = view->bracket();
  hold.let_go_on_to(mark.bracket.low);
  const auto come_to_stand = [&] {
    parts_.gate.wait_applied(mark.bracket.low, stop);
    // A change of definition may have been on the way there.
    return parts_.book.find(chunk.collection) == pair && parts_.cascades.get() == cascades;
  };
  if (copied_whole(parts_, *pair) && !chunk.after && !chunk.through) {
    if (!come_to_stand()) return false;
    if (!copy_whole_table(parts_, *view, *session.writer, *pair, mark, stop)) return false;
    note_done(*pair, mark);
    return true;
  }
  model::RowBatch rows(pair->source.columns.size());
  std::optional<model::Key> cut;
  if (!read_chunk(*view, *pair, chunk, rows, cut, stop)) return false;
  view.reset();
  if (!come_to_stand()) return false;
  if (cut) chunk = plan_.split(chunk, *cut);
  mark.chunk = chunk;
  write_chunk(*session.writer, *pair, rows, std::move(mark), contract::ChunkWrite::replace_range);
  return true;
}

bool CopyRows::copy_loosely(Session& session, model::Chunk& chunk, const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  if (session.kept && session.kept->worth_keeping_until() <= Clock::now()) session.kept.reset();
  if (!session.kept) session.kept.emplace(*session.reader, parts_.gate, stop);
  HeldView& held = *session.kept;
  const auto pair = parts_.book.find(chunk.collection);
  if (!pair || copied_exactly(parts_, *pair)) return false;
  model::RowBatch rows(pair->source.columns.size());
  std::optional<model::Key> cut;
  if (!read_chunk(held.view(), *pair, chunk, rows, cut, stop)) return false;
  contract::ChunkMark mark;
  mark.bracket = held.bracket();
  mark.bracket.high = std::max(mark.bracket.high, held.view().names_settled_by());
  // By its name now; what it was called when it was read is looked at in definitions.cc.
  const std::shared_lock names(parts_.names);
  if (parts_.book.find(chunk.collection) != pair) return false;
  if (cut) chunk = plan_.split(chunk, *cut);
  mark.chunk = chunk;
  const bool last_use = held.worth_keeping_until() <= Clock::now();
  if (last_use) held.close_view();
  // Rows of a read of what a failover of the source has undone since (failover.h).
  const bool rows_may_be_left = !parts_.followed.value_or("").empty();
  write_chunk(
      *session.writer, *pair, rows, std::move(mark),
      rows_may_be_left ? contract::ChunkWrite::replace_range : contract::ChunkWrite::upsert);
  if (last_use) session.kept.reset();
  return true;
}

// False if the source's table is not as following knows it.
bool CopyRows::read_chunk(contract::RowView& view, const contract::TablePair& pair,
                          const model::Chunk& chunk, model::RowBatch& rows,
                          std::optional<model::Key>& cut, const std::stop_token& stop) const {
  const contract::TableRef table{pair.source.name, &pair.source};
  const std::uint64_t most = 2 * parts_.limits.chunk_bytes;
  model::Chunk rest = chunk;
  try {
    do {
      const auto turn = parts_.turns.next(stop);
      const auto piece = turn.piece();
      const std::uint64_t through = piece ? std::min(most, rows.bytes() + piece->count) : most;
      cut = view.read(table, rest, base::Bytes{through}, rows);
      rest.after = cut;
    } while (cut && rows.bytes() < most);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::data_mismatch || is_as_known(view, pair)) throw;
    return false;
  }
  return true;
}

void CopyRows::write_chunk(contract::RowWriter& writer, const contract::TablePair& pair,
                           const model::RowBatch& rows, contract::ChunkMark mark,
                           contract::ChunkWrite way) {
  mark.rows = rows.rows();
  mark.bytes = rows.bytes();
  writer.write_chunk(pair, rows, mark, way);
  note_done(pair, mark);
}

void CopyRows::note_done(const contract::TablePair& pair, const contract::ChunkMark& mark) {
  ++parts_.chunks_on_target;
  // While following is held: its next change of the table finds its row.
  if (pair.source.key.empty()) parts_.book.set_copied_from(pair.id, mark.bracket.low);
  plan_.done({mark.chunk, true, mark.bracket, mark.rows, mark.bytes});
  ++parts_.unproved_version;
  parts_.counters.rows_copied += mark.rows;
  parts_.counters.bytes_copied += mark.bytes;
  parts_.throttle.done(mark.rows, mark.bytes);
}

}  // namespace wherry::engine
