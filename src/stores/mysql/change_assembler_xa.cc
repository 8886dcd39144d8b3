// What ChangeAssembler does about XA transactions.

#include <utility>

#include "base/error.h"
#include "stores/mysql/change_assembler.h"
#include "stores/mysql/xa_id.h"

namespace wherry::stores::mysql {

using base::Error;
using base::ErrorKind;
namespace wire = wire::mysql;

void ChangeAssembler::on_xa(const wire::EventHeader& header, const wire::Query& query) {
  const XaStatement statement = read_xa_statement(query.statement);
  switch (statement.verb) {
    case XaStatement::Verb::start:
      open_->begun = open_->xa = true;
      return;
    case XaStatement::Verb::end:
      return;
    case XaStatement::Verb::commit:
    case XaStatement::Verb::rollback:
      end_prepared(statement);
      finish(header);
  }
}

void ChangeAssembler::on_xa_prepare(const wire::EventHeader& header, const wire::XaPrepare& event) {
  if (!open_ || !open_->xa) {
    throw Error(ErrorKind::data_mismatch, "binlog.malformed",
                "an XA PREPARE came outside of an XA transaction");
  }
  if (event.one_phase) return finish(header);
  hold();
  PreparedXa::Transaction told = std::move(open_->told);
  told.begin = open_->begin;
  told.rows = std::move(open_->held);
  told.lasting_rows = open_->lasting_rows;
  prepared_.add(XaId::of(event), std::move(told));
  leave();
}

void ChangeAssembler::end_prepared(const XaStatement& statement) {
  auto prepared = prepared_.end(statement.id);
  if (open_->past) return;
  const bool commits = statement.verb == XaStatement::Verb::commit;
  if (open_->xa) {  // of one group with its rows
    if (!commits) drop_xa();
    return;
  }
  if (!prepared) {
    if (!commits) return;  // what was never given needs no taking back
    throw Error(ErrorKind::not_supported, "source.xa_unknown",
                "an XA transaction was committed that the log has not shown as prepared since this "
                "migration began; its rows may have been kept out of the log (sql_log_bin=0) or "
                "lost from it in a crash. "
                "Start the migration anew",
                statement.id.text());
  }
  open_->lasting_rows = prepared->lasting_rows;
  open_->held = std::move(prepared->rows);
  if (!commits) return drop_xa();
  if (prepared->unknown) throw Error(*prepared->unknown);
}

void ChangeAssembler::drop_xa() {
  if (open_->lasting_rows) {
    throw Error(ErrorKind::not_supported, "source.savepoint",
                "an XA transaction that also changed tables without transactions was rolled back");
  }
  open_->held = {};
  open_->events.clear();
  open_->parts_given = 0;
}

void ChangeAssembler::hold() {
  if (open_->events.empty()) return;
  open_->held.add(std::exchange(open_->events, {}));
  open_->bytes = 0;
  open_->may_merge = false;
  ++open_->parts_given;
}

// What is past was read with the definitions that held then, and need not be readable with those of
// the position to go on from. It matters if the transaction commits after that.
void ChangeAssembler::misread(const Error& error) {
  if (!open_->told.unknown) open_->told.unknown = error;
}

std::optional<model::ChangePart> ChangeAssembler::take_released() {
  if (!release_) return std::nullopt;
  model::ChangePart part = release_->part;
  part.events = release_->rows.take();
  // A table that was dropped meanwhile has taken its rows along.
  std::erase_if(part.events,
                [&](const model::RowEvent& e) { return !tables_.contains(e.collection); });
  part.last = release_->rows.empty();
  if (part.last) {
    release_.reset();
  } else {
    part.end = part.begin;
    part.log_bytes = 0;
  }
  return part;
}

}  // namespace wherry::stores::mysql
