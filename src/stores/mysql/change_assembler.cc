#include "stores/mysql/change_assembler.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <variant>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/statement_kind.h"
#include "stores/mysql/statement_reach.h"
#include "wire/mysql/sql_mode.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
namespace wire = wire::mysql;

}  // namespace

ChangeAssembler::ChangeAssembler(model::Position from, contract::TrackedTables tables,
                                 Collations collations, std::string system_zone)
    : collations_(std::move(collations)),
      system_zone_(std::move(system_zone)),
      resume_(std::move(from)),
      boundary_(resume_.to_read_from()),
      history_(GtidHistory::parse(resume_.gtid)),
      log_(boundary_.log),
      offset_(boundary_.offset),
      given_(resume_) {
  track(std::move(tables));
}

void ChangeAssembler::track(contract::TrackedTables tables) {
  prepared_.redefine(tables_, tables);
  tables_ = std::move(tables);
  ids_.clear();
  layouts_.clear();
  mapped_.clear();
  for (const auto& [id, schema] : tables_) ids_[{schema.name.schema, schema.name.name}] = id;
}

void ChangeAssembler::add(const wire::Event& event) {
  assert(!release_);
  const wire::EventHeader& header = event.header;
  if (std::holds_alternative<wire::Heartbeat>(event.body)) return;
  if (header.unix_time != 0) last_time_ = header.unix_time;
  advance(header);
  try {
    if (const auto* f = std::get_if<wire::FormatDescription>(&event.body)) {
      mariadb_ = f->mariadb;
      server_ = series_of(f->mariadb, f->server_version);
      mapped_.clear();
      // One that is in the log, not made for this stream, begins a log: a transaction cannot reach
      // over it.
      if (!header.artificial()) expect_no_transaction("a new log");
    } else if (const auto* r = std::get_if<wire::Rotate>(&event.body)) {
      on_rotate(header, *r);
    } else if (const auto* g = std::get_if<wire::MariadbGtid>(&event.body)) {
      enter(header);
      open_->mariadb_gtid = *g;
      open_->server_id = header.server_id;
      open_->past = open_->past || (history_ && history_->holds(*g, header.server_id));
      open_->begun = true;
      open_->xa = (g->flags & wire::MariadbGtid::prepared_xa) != 0;
      open_->single_statement = (g->flags & wire::MariadbGtid::standalone) != 0;
    } else if (const auto* m = std::get_if<wire::MysqlGtid>(&event.body)) {
      enter(header);
      open_->mysql_gtid = *m;
      open_->past = open_->past || (history_ && history_->holds(*m));
    } else if (const auto* q = std::get_if<wire::Query>(&event.body)) {
      on_query(header, *q);
    } else if (const auto* t = std::get_if<wire::TableMap>(&event.body)) {
      on_table_map(*t);
    } else if (const auto* rows = std::get_if<wire::Rows>(&event.body)) {
      on_rows(header, *rows);
    } else if (std::holds_alternative<wire::Xid>(event.body)) {
      finish(header);
    } else if (const auto* x = std::get_if<wire::XaPrepare>(&event.body)) {
      on_xa_prepare(header, *x);
    } else if (std::holds_alternative<wire::TransactionPayload>(event.body)) {
      if (!open_) {
        throw Error(ErrorKind::data_mismatch, "binlog.malformed",
                    "a compressed transaction came without its GTID");
      }
    } else if (std::holds_alternative<wire::PayloadEnd>(event.body)) {
      // What a server that fell had begun to write may be cut off; a payload is written as a whole.
      if (open_) {
        throw Error(ErrorKind::data_mismatch, "binlog.malformed",
                    "a compressed transaction does not end with its COMMIT");
      }
    } else if (const auto* i = std::get_if<wire::Incident>(&event.body)) {
      throw Error(
          ErrorKind::not_supported, "source.incident",
          fmt::format("the source says that changes are missing in its log ({}); the tables "
                      "must be copied again",
                      base::printable(i->message)));
    } else if (std::holds_alternative<wire::Stop>(event.body)) {
      expect_no_transaction("the server's stop");
    }
  } catch (const Error& e) {
    throw e.within(fmt::format("{}, {}", log_, header.text()));
  }
  settle();
}

// The log's own count is of 32 bits; a log grows beyond that with one large transaction.
void ChangeAssembler::advance(const wire::EventHeader& header) {
  if (header.artificial()) return;
  log_bytes_ += header.event_size;
  constexpr std::uint64_t low = 0xffffffff;
  const std::uint64_t at_least = offset_ + header.event_size;
  std::uint64_t end = (offset_ & ~low) | header.end_position;
  if (end < at_least) end += low + 1;
  offset_ = end;  // beyond `at_least` where the server left out events that were not asked for
}

void ChangeAssembler::settle() {
  if (open_) return;
  boundary_.offset = offset_;
}

void ChangeAssembler::expect_no_transaction(std::string_view at) {
  if (!open_) return;
  if (open_->parts_given != 0 && !open_->xa) {
    throw Error(ErrorKind::data_mismatch, "binlog.torn_transaction",
                fmt::format("the log holds the beginning of a transaction and then {}", at));
  }
  // What a server that fell had begun to write is no transaction, to nobody.
  open_.reset();
}

void ChangeAssembler::enter(const wire::EventHeader& header) {
  expect_no_transaction("another transaction");
  OpenTransaction t;
  t.begin = boundary_;
  t.begin.offset = offset_ - header.event_size;
  t.before_resume = t.past = t.begin < resume_;
  open_ = std::move(t);
  mapped_.clear();
}

// Only now does the transaction count as one that was: a server that fell while it wrote one gives
// its number to another.
model::Position ChangeAssembler::after_transaction() {
  if (history_ && !open_->before_resume) {
    if (open_->mysql_gtid) history_->add(*open_->mysql_gtid);
    if (open_->mariadb_gtid) history_->add(*open_->mariadb_gtid, open_->server_id);
  }
  return here();
}

void ChangeAssembler::give(bool last, const wire::EventHeader& header) {
  model::ChangePart part;
  part.begin = open_->begin;
  part.last = last;
  part.end = last ? after_transaction() : open_->begin;
  part.committed_at = std::chrono::system_clock::from_time_t(header.unix_time);
  part.events = std::move(open_->events);
  part.log_bytes = std::exchange(log_bytes_, 0);
  for (const auto& e : part.events) {
    if (is_transactional(e.collection)) ++open_->transactional_rows_given;
  }
  open_->events.clear();
  open_->bytes = 0;
  open_->may_merge = false;
  ++open_->parts_given;
  if (last) {
    open_->last_given = true;
    given_ = part.end;
  }
  ready_.push_back(std::move(part));
}

void ChangeAssembler::finish(const wire::EventHeader& header) {
  if (!open_) return;
  if (open_->past) return leave();
  const bool anything = !open_->events.empty() || open_->parts_given != 0;
  if (!open_->held.empty()) {
    hold();
    HeldRows rows = std::move(open_->held);
    give(true, header);
    release_ = Release{std::move(ready_.back()), std::move(rows)};
    ready_.pop_back();
  } else if (anything && !open_->last_given) {
    give(true, header);
  }
  leave();
}

void ChangeAssembler::leave() {
  boundary_ = after_transaction();
  open_.reset();
  mapped_.clear();
}

model::Position ChangeAssembler::here() const {
  auto position =
      model::Position::in_log(log_, offset_, history_ ? history_->text() : std::string());
  const auto place_of = [](const auto& place) {
    return model::Position::in_log(place.log, place.offset);
  };
  if (const auto oldest = prepared_.oldest()) {
    position.since = model::Position::Place{oldest->log, oldest->offset};
  }
  if (auto passed = reach_.passed_since(position)) {
    if (!position.since || place_of(*passed) < place_of(*position.since)) {
      position.since = std::move(passed);
    }
  }
  return position;
}

std::optional<model::ChangePart> ChangeAssembler::take() {
  if (ready_.empty()) return take_released();
  model::ChangePart part = std::move(ready_.front());
  ready_.pop_front();
  return part;
}

std::optional<model::ChangePart> ChangeAssembler::moved() {
  if (open_ || boundary_ <= given_) return std::nullopt;
  model::ChangePart part;
  part.begin = given_;
  part.end = boundary_;
  part.committed_at = std::chrono::system_clock::from_time_t(last_time_);
  part.log_bytes = std::exchange(log_bytes_, 0);
  given_ = boundary_;
  return part;
}

void ChangeAssembler::on_rotate(const wire::EventHeader& header, const wire::Rotate& rotate) {
  // The stream's own, at its beginning and after each log's end, repeats where we are.
  if (!header.artificial()) expect_no_transaction("the log's end");
  if (header.artificial() && rotate.log == log_) return;
  if (open_) expect_no_transaction("another log");
  log_ = rotate.log;
  offset_ = rotate.offset;
  boundary_ = here();
}

void ChangeAssembler::on_query(const wire::EventHeader& header, const wire::Query& query) {
  const StatementKind kind = kind_of(query.statement);
  if (!open_) enter(header);  // MySQL before 5.7 without GTIDs
  switch (kind) {
    case StatementKind::begin:
      open_->begun = true;
      return;
    case StatementKind::commit:
      finish(header);
      return;
    case StatementKind::rollback:
      if (open_->xa) drop_xa();
      drop_transactional(0);
      if (open_->transactional_rows_given != 0) {
        throw Error(
            ErrorKind::not_supported, "source.savepoint",
            "a large transaction that also changed tables without transactions was rolled back");
      }
      finish(header);
      return;
    case StatementKind::savepoint:
      open_->savepoints.push_back(
          {savepoint_name(query.statement), open_->events.size(), open_->parts_given});
      open_->may_merge = false;
      return;
    case StatementKind::rollback_to:
      roll_back_to(savepoint_name(query.statement));
      return;
    case StatementKind::xa:
      on_xa(header, query);
      return;
    case StatementKind::rows:
      if (!open_->past) {
        check_reach(query);
      } else if (mariadb_) {
        reach_.pass(query, open_->begin);
      }
      break;
    case StatementKind::administration:
    case StatementKind::temporary:
      break;
    case StatementKind::accounts:
      // Its passwords go no further.
      if (!open_->past) give_definition(header, query, account_statement(query.statement));
      break;
    case StatementKind::definition:
      on_definition(header, query);
      break;
  }
  if (!open_->begun || open_->single_statement) finish(header);
}

void ChangeAssembler::on_definition(const wire::EventHeader& header, const wire::Query& query) {
  if (!mariadb_ && (open_->past || may_empty_a_table(query.statement))) {
    // MariaDB keeps a prepared transaction's tables as they are; MySQL does not, once its session
    // has ended. What such a change means is known from track(), but not of a time that is past,
    // nor that a table was emptied.
    prepared_.disturb(query.statement);
  }
  if (open_->past) return;
  if (mariadb_ && reach_.known() && !reach_.follow(query, open_->begin)) {
    throw Error(ErrorKind::not_supported, "source.statement_reach",
                fmt::format("a definition of a schema that is not moved went away ({}) after rows "
                            "there were changed by a statement logged as such: whether that "
                            "changed tables that are moved cannot be told any more. Begin a new "
                            "migration",
                            statement_head(query.statement)));
  }
  give_definition(header, query, std::string(query.statement));
}

void ChangeAssembler::give_definition(const wire::EventHeader& header, const wire::Query& query,
                                      std::string statement) {
  if (!open_->events.empty()) give(false, header);
  model::DdlEvent ddl;
  ddl.default_schema = query.schema;
  ddl.statement = std::move(statement);
  if (query.sql_mode) ddl.sql_mode = wire::sql_mode_text(*query.sql_mode, mariadb_);
  if (query.charset) {
    if (const auto c = collations_.find(query.charset->client); c != collations_.end()) {
      ddl.charset = c->second.charset;
    }
    ddl.collation = collation_of(query.charset->connection);
    ddl.server_collation = collation_of(query.charset->server);
  }
  if (query.utf8mb4_collation) ddl.utf8mb4_collation = collation_of(*query.utf8mb4_collation);
  ddl.json_is_text = mariadb_;
  ddl.server = server_;
  ddl.unix_time = header.unix_time;
  ddl.microseconds = query.microseconds;
  if (query.time_zone) {
    ddl.time_zone = *query.time_zone == "SYSTEM" ? system_zone_ : std::string(*query.time_zone);
  }
  ddl.explicit_timestamps = query.explicit_timestamps;
  // MariaDB 10.8 and newer; older ones never set it, so that its absence tells nothing.
  constexpr std::uint32_t mariadb_explicit_timestamps = 1U << 24U;
  if (mariadb_ && (query.option_flags.value_or(0) & mariadb_explicit_timestamps) != 0) {
    ddl.explicit_timestamps = true;
  }
  // CREATE TABLE … SELECT of MariaDB goes on with the rows.
  give(!open_->begun || open_->single_statement, header);
  ready_.back().ddl.push_back(std::move(ddl));
}

std::string ChangeAssembler::collation_of(std::uint32_t id) const {
  const auto at = collations_.find(id);
  return at == collations_.end() ? std::string() : at->second.collation;
}

void ChangeAssembler::on_table_map(const wire::TableMap& map) {
  if (open_ && open_->xa) open_->told.tables.emplace(map.table);
  const auto id = ids_.find(std::pair(map.schema, map.table));
  if (id == ids_.end()) {
    mapped_[map.table_id] = {};
    return;
  }
  if (open_ && open_->past && !open_->xa) {
    mapped_[map.table_id] = {};
    return;
  }
  KnownTable& known = layouts_[id->second];
  if (!known.layout || !known.map.same_table(map)) {
    try {
      known.layout = std::make_shared<wire::RowLayout>(map, tables_.at(id->second));
    } catch (const Error& e) {
      if (!open_ || !open_->past) throw;
      misread(e);
      layouts_.erase(id->second);
      mapped_[map.table_id] = {};
      return;
    }
    known.map = map;
  }
  mapped_[map.table_id] = {id->second, known.layout};
}

void ChangeAssembler::on_rows(const wire::EventHeader& header, const wire::Rows& rows) {
  const auto at = mapped_.find(rows.table_id);
  if (at == mapped_.end()) {
    const bool only_ends = rows.table_id == wire::Rows::no_table && rows.images.empty();
    if (only_ends) return;
    throw Error(ErrorKind::data_mismatch, "binlog.no_table_map",
                "rows came without the definition of their table; the stream did not begin between "
                "transactions");
  }
  const Mapped& m = at->second;
  if (m.collection && !open_) {
    throw Error(ErrorKind::data_mismatch, "binlog.malformed", "rows came outside of a transaction");
  }
  if (m.collection) {
    if (open_->xa) {
      open_->told.collections.insert(*m.collection);
      open_->lasting_rows = open_->lasting_rows || !is_transactional(*m.collection);
    }
    model::RowEvent fresh = m.layout->empty_event(*m.collection, rows.kind);
    fresh.cascades = (rows.flags & wire::Rows::no_foreign_keys) == 0;
    const bool joins = open_->may_merge && open_->events.back().collection == fresh.collection &&
                       open_->events.back().kind == fresh.kind &&
                       open_->events.back().cascades == fresh.cascades;
    if (!joins) open_->events.push_back(std::move(fresh));
    model::RowEvent& into = open_->events.back();
    const std::uint64_t before = into.before.bytes() + into.after.bytes();
    try {
      m.layout->read(rows, into);
    } catch (const Error& e) {
      if (!open_->past) throw;
      misread(e);
    }
    open_->bytes += into.before.bytes() + into.after.bytes() - before;
    open_->may_merge = true;
    if (open_->bytes >= part_bytes) {
      if (open_->xa) {
        hold();
        open_->held.spool();
      } else {
        give(false, header);
      }
    }
  }
  if ((rows.flags & wire::Rows::statement_end) != 0) mapped_.clear();
}

void ChangeAssembler::roll_back_to(std::string_view name) {
  auto& all = open_->savepoints;
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const Savepoint& s) {
    return equal_without_case(s.name, name);
  });
  const bool given_away = found != all.rend() && found->given != open_->parts_given;
  if (found == all.rend() || given_away) {
    throw Error(ErrorKind::not_supported, "source.savepoint",
                fmt::format("ROLLBACK TO {} reaches back to what is not known any more",
                            base::printable(name)));
  }
  drop_transactional(found->events);
  all.erase(found.base(), all.end());
}

void ChangeAssembler::drop_transactional(std::size_t from) {
  auto& events = open_->events;
  const auto first = events.begin() + static_cast<std::ptrdiff_t>(std::min(from, events.size()));
  events.erase(
      std::remove_if(first, events.end(),
                     [&](const model::RowEvent& e) { return is_transactional(e.collection); }),
      events.end());
  open_->may_merge = false;
}

bool ChangeAssembler::is_transactional(model::CollectionId id) const {
  constexpr std::array<std::string_view, 5> engines{"InnoDB", "RocksDB", "TokuDB", "ndbcluster",
                                                    "SPIDER"};
  const auto& engine = tables_.at(id).engine;
  return std::any_of(engines.begin(), engines.end(),
                     [&](std::string_view e) { return equal_without_case(e, engine); });
}

// Of a statement that changed rows.
void ChangeAssembler::check_reach(const wire::Query& query) {
  const auto any_tracked = [&](const auto& touches) {
    return std::any_of(tables_.begin(), tables_.end(),
                       [&](const auto& table) { return touches(table.second.name.schema); });
  };
  const auto refuse = [&] {
    throw Error(ErrorKind::not_supported, "source.statement_format",
                fmt::format("rows were changed by a statement logged as such ({}). Which rows "
                            "cannot be told, and following cannot pass it: set "
                            "binlog_format=ROW for every session of the source, stop tools that "
                            "set it otherwise for their own, and begin a new migration",
                            statement_head(query.statement)));
  };
  if (any_tracked([&](const auto& schema) { return may_touch(query, schema); })) refuse();
  if (!mariadb_) return;
  if (!reach_.known()) {
    throw Error(ErrorKind::not_supported, "source.statement_reach",
                fmt::format("rows of a schema that is not moved were changed by a statement logged "
                            "as such ({}), and the account may not see whether triggers, views "
                            "or routines there make it change tables that are: {} Then start "
                            "again",
                            statement_head(query.statement), reach_.grant()));
  }
  if (any_tracked([&](const auto& schema) { return reach_.may_touch(query, schema); })) refuse();
  reach_.pass(query, open_->begin);
}

}  // namespace wherry::stores::mysql
