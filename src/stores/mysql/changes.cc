#include "stores/mysql/changes.h"

#include <cassert>
#include <utility>
#include <variant>

#include "base/error.h"
#include "stores/mysql/binlog_stream.h"

namespace wherry::stores::mysql {

BinlogChanges::BinlogChanges(Endpoint endpoint, model::Position from,
                             contract::TrackedTables tables, std::uint32_t server_id,
                             std::shared_ptr<XaBook> xa_book, std::string identity,
                             std::shared_ptr<DamagedReads> damaged)
    : endpoint_(std::move(endpoint)),
      from_(std::move(from)),
      tables_(std::move(tables)),
      server_id_(server_id),
      xa_book_(std::move(xa_book)),
      identity_(std::move(identity)),
      damaged_(std::move(damaged)) {}

BinlogChanges::~BinlogChanges() = default;

void BinlogChanges::track(contract::TrackedTables tables) {
  awaits_track_ = false;
  if (assembler_) {
    assembler_->track(std::move(tables));
  } else {
    tables_ = std::move(tables);
  }
}

void BinlogChanges::open(const std::stop_token& stop) {
  stream_ = std::make_unique<BinlogStream>(
      endpoint_,
      BinlogStream::Reader{.server_id = server_id_, .identity = identity_, .definitions = true},
      from_, stop);
  reader_.emplace(stream_->checksummed());
  assembler_.emplace(from_, std::move(tables_), stream_->collations(), stream_->system_zone());
  assembler_->know(std::move(stream_->definition_reach()));
  last_part_ = std::chrono::steady_clock::now();
}

std::optional<model::ChangePart> BinlogChanges::give(model::ChangePart part) {
  awaits_track_ = !part.ddl.empty();
  last_part_ = std::chrono::steady_clock::now();
  return part;
}

void BinlogChanges::note_prepared() {
  if (xa_book_) xa_book_->write(assembler_->position(), assembler_->prepared());
}

std::optional<model::ChangePart> BinlogChanges::next(std::chrono::milliseconds patience,
                                                     const std::stop_token& stop) {
  assert(!awaits_track_);
  const auto started = std::chrono::steady_clock::now();
  if (!stream_) open(stop);
  for (;;) {
    if (auto part = assembler_->take()) return give(std::move(*part));
    if (stop.stop_requested()) base::throw_cancelled();
    const wire::mysql::Event event =
        damaged_->pass_on([&] { return reader_->next([&] { return stream_->next(stop); }); });
    assembler_->add(event);
    note_prepared();
    if (auto part = assembler_->take()) return give(std::move(*part));
    const auto now = std::chrono::steady_clock::now();
    const bool silent = std::holds_alternative<wire::mysql::Heartbeat>(event.body);
    if (silent || now - last_part_ >= moved_at_least_every) {
      if (auto part = assembler_->moved()) return give(std::move(*part));
    }
    if (silent && now - started >= patience) return std::nullopt;
  }
}

}  // namespace wherry::stores::mysql
