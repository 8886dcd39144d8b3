#include "stores/mysql/foreign_transactions.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/error.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/statement_kind.h"
#include "stores/mysql/statement_reach.h"
#include "wire/mysql/sql_mode.h"

namespace wherry::stores::mysql {

namespace {

namespace wire = wire::mysql;

// The words behind `XA COMMIT` and the like: they name the transaction, and are the same in all of
// its statements.
std::string xid_of(std::string_view statement) {
  std::string text(statement.substr(statement.find(' ') + 1));
  return text.substr(std::min(text.size(), text.find(' ') + 1));
}

// A layout that the log's own description of the table agrees with; null if it does not.
std::shared_ptr<const wire::RowLayout> layout_of(const wire::TableMap& map,
                                                 const std::optional<model::TableSchema>& schema) {
  if (!schema) return nullptr;
  try {
    return std::make_shared<wire::RowLayout>(map, *schema);
  } catch (const base::Error&) {
    return nullptr;  // it counts as a table whose rows are not readable
  }
}

wire::Rows moved_to(const wire::Rows& rows, std::string& bytes) {
  bytes.reserve(rows.present.size() + rows.present_after.size() + rows.images.size());
  bytes.append(rows.present).append(rows.present_after).append(rows.images);
  wire::Rows out = rows;
  std::string_view rest = bytes;
  out.present = rest.substr(0, rows.present.size());
  rest.remove_prefix(rows.present.size());
  out.present_after = rest.substr(0, rows.present_after.size());
  rest.remove_prefix(rows.present_after.size());
  out.images = rest;
  return out;
}

}  // namespace

ForeignTransactions::ForeignTransactions(model::Position from, std::string migration,
                                         ProgressTables progress, std::uint64_t most_keys)
    : migration_(std::move(migration)),
      progress_(std::move(progress)),
      most_keys_(most_keys),
      log_(from.log),
      offset_(from.offset),
      boundary_(std::move(from)),
      taken_(boundary_) {}

void ForeignTransactions::watch(const contract::WatchedTables& tables) {
  std::map<model::CollectionId, Table> now;
  ids_.clear();
  mapped_.clear();
  for (const auto& [id, pair] : tables) {
    const auto known = tables_.find(id);
    if (known != tables_.end() && known->second.pair == pair) {
      now.emplace(id, std::move(known->second));
    } else {
      now.emplace(id, Table{pair, std::nullopt, std::nullopt, nullptr});
      redefined_.insert(id);
    }
    ids_[{pair->target.schema, pair->target.name}] = id;
  }
  tables_ = std::move(now);
}

void ForeignTransactions::define(model::CollectionId id, std::optional<model::TableSchema> schema) {
  const auto found = tables_.find(id);
  if (found == tables_.end()) return;
  Table& table = found->second;
  table.layout = nullptr;
  table.map.reset();
  table.schema.reset();
  if (schema && table.pair->source.carries_like(*schema)) table.schema = std::move(schema);
}

void ForeignTransactions::add(const wire::Event& event) {
  const wire::EventHeader& header = event.header;
  if (header.type == wire::EventType::heartbeat) return;
  advance(header);
  if (const auto* f = std::get_if<wire::FormatDescription>(&event.body)) {
    mariadb_ = f->mariadb;
    mapped_.clear();
    // What a server that fell had begun to write is no transaction, to nobody.
    if (!header.artificial()) open_.reset();
  } else if (const auto* r = std::get_if<wire::Rotate>(&event.body)) {
    on_rotate(header, *r);
  } else if (const auto* g = std::get_if<wire::MariadbGtid>(&event.body)) {
    enter(header);
    open_->begun = (g->flags & wire::MariadbGtid::completed_xa) == 0;
    open_->single_statement = (g->flags & wire::MariadbGtid::standalone) != 0;
  } else if (std::holds_alternative<wire::MysqlGtid>(event.body)) {
    enter(header);
  } else if (const auto* q = std::get_if<wire::Query>(&event.body)) {
    on_query(header, *q);
  } else if (const auto* t = std::get_if<wire::TableMap>(&event.body)) {
    on_table_map(*t);
  } else if (const auto* rows = std::get_if<wire::Rows>(&event.body)) {
    on_rows(*rows);
  } else if (std::holds_alternative<wire::Xid>(event.body)) {
    finish();
  } else if (const auto* x = std::get_if<wire::XaPrepare>(&event.body)) {
    if (!x->one_phase) prepare();
    finish();
  } else if (std::holds_alternative<wire::Incident>(event.body)) {
    // The server says that changes are missing in its log.
    if (!open_) enter(header);
    open_->tables = all_tables();
    finish();
  } else if (std::holds_alternative<wire::Stop>(event.body)) {
    open_.reset();
  }
  if (!open_) boundary_ = model::Position::in_log(log_, offset_);
}

// As ChangeAssembler::advance.
void ForeignTransactions::advance(const wire::EventHeader& header) {
  if (header.artificial()) return;
  constexpr std::uint64_t low = 0xffffffff;
  const std::uint64_t at_least = offset_ + header.event_size;
  std::uint64_t end = (offset_ & ~low) | header.end_position;
  if (end < at_least) end += low + 1;
  offset_ = end;
}

void ForeignTransactions::on_rotate(const wire::EventHeader& header, const wire::Rotate& rotate) {
  if (header.artificial() && rotate.log == log_) return;
  open_.reset();
  log_ = rotate.log;
  offset_ = rotate.offset;
}

void ForeignTransactions::enter(const wire::EventHeader& header) {
  OpenTransaction t;
  t.begin = model::Position::in_log(log_, offset_ - header.event_size);
  open_ = std::move(t);
  mapped_.clear();
}

void ForeignTransactions::on_query(const wire::EventHeader& header, const wire::Query& query) {
  if (!open_) enter(header);  // MySQL before 5.7 without GTIDs
  switch (kind_of(query.statement)) {
    case StatementKind::begin:
      open_->begun = true;
      return;
    case StatementKind::commit:
    case StatementKind::rollback:  // rows of tables without transactions stay
      finish();
      return;
    case StatementKind::savepoint:
    case StatementKind::rollback_to:
      return;
    case StatementKind::xa:
      on_xa(query);
      return;
    case StatementKind::rows:
      touch(query, open_->tables);
      break;
    case StatementKind::administration:
    case StatementKind::accounts:
    case StatementKind::temporary:
      break;
    case StatementKind::definition:
      on_definition(query);
      break;
  }
  if (!open_->begun || open_->single_statement) finish();
}

void ForeignTransactions::on_xa(const wire::Query& query) {
  const auto words = [&](std::string_view head) {
    return begins_with_words(query.statement, head);
  };
  const std::string xid = xid_of(query.statement);
  if (words("XA COMMIT") || words("XA ROLLBACK")) {
    const auto known = prepared_.find(xid);
    // One that was prepared before we read along may have touched anything.
    if (words("XA COMMIT")) open_->tables = known == prepared_.end() ? all_tables() : known->second;
    if (known != prepared_.end()) prepared_.erase(known);
    finish();
    return;
  }
  open_->begun = true;
  open_->xid = xid;
}

// Not committed yet, and seen by nobody: it counts when it is.
void ForeignTransactions::prepare() {
  constexpr std::size_t most = 10'000;
  if (!open_) return;
  for (const auto& held : open_->held) open_->tables.insert(held->id);
  if (!open_->xid.empty() && prepared_.size() < most) {
    prepared_[open_->xid] = std::move(open_->tables);
  }
  open_->held.clear();
  open_->tables.clear();
}

void ForeignTransactions::on_definition(const wire::Query& query) {
  if (mariadb_ && reach_.known() && !reach_.follow(query, open_->begin)) {
    open_->tables = all_tables();
  }
  const std::string mode =
      query.sql_mode ? wire::sql_mode_text(*query.sql_mode, mariadb_) : std::string();
  std::set<model::CollectionId> touched;
  try {
    const auto ddl = read_ddl(query.statement, dialect_of(mode), std::string(query.schema));
    if (ddl.counts_only) return;
    switch (ddl.kind) {
      case DdlKind::create_index:  // rows and their columns stay as they are
      case DdlKind::drop_index:
      case DdlKind::create_schema:
      case DdlKind::alter_schema:
      case DdlKind::not_carried:
      case DdlKind::no_change:
        return;
      case DdlKind::drop_schema:
      case DdlKind::unknown:
        touch_schema(query, touched);
        break;
      case DdlKind::create_table:
      case DdlKind::create_table_like:
      case DdlKind::create_table_select:
      case DdlKind::drop_table:
      case DdlKind::alter_table:
      case DdlKind::rename_table:
      case DdlKind::truncate_table:
      case DdlKind::exchange_partition:
      case DdlKind::discard_tablespace:
      case DdlKind::import_tablespace:
        for (const auto& [id, table] : tables_) {
          const auto is_this = [&, &name = table.pair->target](const NamedTable& named) {
            return equal_without_case(named.name.schema, name.schema) &&
                   equal_without_case(named.name.name, name.name);
          };
          if (std::any_of(ddl.tables.begin(), ddl.tables.end(), is_this) ||
              (ddl.renamed_to && is_this(*ddl.renamed_to))) {
            touched.insert(id);
          }
        }
        break;
    }
  } catch (const base::Error&) {
    touch_schema(query, touched);  // not readable: it may be about any of them
  }
  redefined_.insert(touched.begin(), touched.end());
  // Until they are defined again they are not read.
  for (const auto id : touched) define(id, std::nullopt);
  mapped_.clear();
  if (!our_definition_) open_->tables.insert(touched.begin(), touched.end());
}

void ForeignTransactions::touch(const wire::Query& query, std::set<model::CollectionId>& tables) {
  if (mariadb_ && !reach_.known()) {
    tables = all_tables();
    return;
  }
  touch_schema(query, tables);
  if (!mariadb_) return;
  for (const auto& [id, table] : tables_) {
    if (reach_.may_touch(query, table.pair->target.schema)) tables.insert(id);
  }
  reach_.pass(query, open_->begin);
}

void ForeignTransactions::touch_schema(const wire::Query& query,
                                       std::set<model::CollectionId>& tables) const {
  for (const auto& [id, table] : tables_) {
    if (may_touch(query, table.pair->target.schema)) tables.insert(id);
  }
}

std::set<model::CollectionId> ForeignTransactions::all_tables() const {
  std::set<model::CollectionId> all;
  for (const auto& [id, table] : tables_) all.insert(id);
  return all;
}

void ForeignTransactions::on_table_map(const wire::TableMap& map) {
  if (map.schema == progress_schema) {
    const auto ours = [&](Role role, const model::TableSchema& schema) {
      mapped_[map.table_id] = {role, 0, layout_of(map, schema)};
    };
    if (map.table == progress_.stream.name.name) return ours(Role::stream, progress_.stream);
    if (map.table == progress_.chunk.name.name) return ours(Role::chunk, progress_.chunk);
    if (map.table == progress_.ddl.name.name) return ours(Role::ddl, progress_.ddl);
  }
  const auto id = ids_.find({map.schema, map.table});
  if (id == ids_.end()) {
    mapped_.erase(map.table_id);
    return;
  }
  Table& table = tables_.at(id->second);
  if (!table.map || !table.map->same_table(map)) {
    table.layout = layout_of(map, table.schema);
    table.map = map;
  }
  mapped_[map.table_id] = {Role::watched, id->second, table.layout};
}

void ForeignTransactions::on_rows(const wire::Rows& rows) {
  const auto at = mapped_.find(rows.table_id);
  if (at != mapped_.end() && open_) {
    if (at->second.role == Role::watched) {
      hold(at->second, rows);
    } else {
      on_our_rows(at->second, rows);
    }
  }
  if ((rows.flags & wire::Rows::statement_end) != 0) mapped_.clear();
}

void ForeignTransactions::on_our_rows(const Mapped& mapped, const wire::Rows& rows) {
  if (!mapped.layout) return;
  auto event = mapped.layout->empty_event(0, rows.kind);
  mapped.layout->read(rows, event);
  const auto& images = event.after.empty() ? event.before : event.after;
  for (std::size_t row = 0; row < images.rows(); ++row) {
    if (images.cell(row, 0) != migration_) continue;
    if (mapped.role == Role::ddl) {
      our_definition_ = images.cell(row, progress_.ddl.columns.size() - 1) == "0";
    } else {
      open_->ours = true;
    }
  }
}

void ForeignTransactions::hold(const Mapped& mapped, const wire::Rows& rows) {
  open_->bytes += rows.images.size();
  const bool by_key = mapped.layout && !tables_.at(mapped.id).pair->source.key.empty();
  if (open_->bytes > most_bytes) {
    for (const auto& held : open_->held) open_->tables.insert(held->id);
    open_->held.clear();
  }
  if (!by_key || open_->bytes > most_bytes) {
    open_->tables.insert(mapped.id);
    return;
  }
  auto held = std::make_unique<Held>();
  held->id = mapped.id;
  held->layout = mapped.layout;
  held->rows = moved_to(rows, held->bytes);
  held->carries_on = (rows.flags & wire::Rows::no_foreign_keys) == 0;
  open_->held.push_back(std::move(held));
}

void ForeignTransactions::finish() {
  if (!open_) return;
  if (!open_->ours && (!open_->held.empty() || !open_->tables.empty())) tell(*open_);
  open_.reset();
  mapped_.clear();
}

void ForeignTransactions::tell(OpenTransaction& transaction) {
  if (ready_.transactions++ == 0) ready_.begin = transaction.begin;
  ready_.tables.insert(transaction.tables.begin(), transaction.tables.end());
  for (const auto& held : transaction.held) {
    if (!ready_.tables.contains(held->id)) read_keys(*held);
  }
  for (const auto id : ready_.tables) ready_.keys.erase(id);
}

void ForeignTransactions::read_keys(const Held& held) {
  const auto& key = tables_.at(held.id).pair->source.key;
  auto& keys = ready_.keys[held.id];
  auto event = held.layout->empty_event(held.id, held.rows.kind);
  try {
    held.layout->read(held.rows, event);
  } catch (const base::Error&) {
    ready_.tables.insert(held.id);  // a minimal image, say
    return;
  }
  for (const auto* images : {&event.before, &event.after}) {
    for (std::size_t row = 0; row < images->rows(); ++row) keys.push_back(images->key(row, key));
  }
  if (keys.size() > most_keys_) ready_.tables.insert(held.id);
  if (held.carries_on) note_carried_on(event);
}

void ForeignTransactions::note_carried_on(const model::RowEvent& event) {
  if (event.before.rows() == 0) return;
  auto& carried = ready_.carried_on[event.collection];
  if (event.after.rows() == 0) carried.removed = true;
  for (std::size_t row = 0; row < event.after.rows(); ++row) {
    for (std::size_t column = 0; column < event.after.columns(); ++column) {
      if (event.before.cell(row, column) != event.after.cell(row, column)) {
        carried.columns.insert(column);
      }
    }
  }
}

std::optional<contract::ForeignWrites> ForeignTransactions::take() {
  if (boundary_ == taken_ && ready_.transactions == 0) return std::nullopt;
  auto out = std::exchange(ready_, {});
  if (out.transactions == 0) out.begin = taken_;
  out.end = taken_ = boundary_;
  for (auto& [id, keys] : out.keys) {
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }
  return out;
}

}  // namespace wherry::stores::mysql
