#include "stores/memory/server.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace wherry::stores::memory {

using base::Error;
using base::ErrorKind;

void Server::throw_purged() const {
  throw Error(ErrorKind::rejected, "source.log_purged", "the log does not reach back that far",
              name_);
}

model::Position position_at(std::uint64_t place) { return model::Position::in_log("", place); }

Server::Server(std::string name, Clock clock) : name_(std::move(name)), clock_(std::move(clock)) {}

void Server::require(std::uint64_t generation) const {
  if (generation == generation_) return;
  throw Error(ErrorKind::connection_lost, "memory.gone", "the server was restarted", name_);
}

model::Position Server::commit(const std::function<void(Transaction&)>& body) {
  Transaction transaction(*this);
  try {
    body(transaction);
  } catch (...) {
    transaction.undo();
    throw;
  }
  transaction.committed_at_ = clock_();
  transaction.gtid_ = name_ + ":" + std::to_string(log_.size() + 1);
  log_.push_back(std::move(transaction));
  show();
  return at_commits(log_.size());
}

model::Position Server::at_commits(std::uint64_t commits) const {
  return position_at(first_place_ + commits);
}

std::string Server::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

model::Position Server::with_history(model::Position at) const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t commits = at.offset - first_place_;
  at.gtid = commits == 0 ? "none" : log_.at(commits - 1).gtid_;
  return at;
}

std::optional<model::Position> Server::after(const std::string& gtid) const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(log_.begin(), log_.end(), [&](const Transaction& t) { return t.gtid_ == gtid; });
  if (found == log_.end() && gtid != "none") return std::nullopt;
  const auto commits = found == log_.end() ? 0 : found - log_.begin() + 1;
  auto at = at_commits(static_cast<std::uint64_t>(commits));
  at.gtid = gtid;
  return at;
}

void Server::show() {
  if (log_.size() > lag_) visible_ = std::max<Version>(visible_, log_.size() - lag_);
  changed_.notify_all();
}

model::Position Server::transaction(const std::function<void(Transaction&)>& body) {
  const std::lock_guard lock(mutex_);
  return commit(body);
}

model::Position Server::transaction(std::uint64_t generation,
                                    const std::function<void(Transaction&)>& body) {
  const std::lock_guard lock(mutex_);
  require(generation);
  return commit(body);
}

model::Position Server::create_table(const model::TableSchema& schema) {
  return transaction([&](Transaction& t) { t.define(std::nullopt, schema); });
}

void Server::try_out(std::uint64_t generation, const std::function<void(Transaction&)>& body) {
  const std::lock_guard lock(mutex_);
  require(generation);
  Transaction transaction(*this);
  try {
    body(transaction);
  } catch (...) {
    transaction.undo();
    throw;
  }
  transaction.undo();
}

void Server::add_foreign_key(ForeignKey key) {
  const std::lock_guard lock(mutex_);
  foreign_keys_.push_back(std::move(key));
}

std::vector<ForeignKey> Server::foreign_keys() const {
  const std::lock_guard lock(mutex_);
  return foreign_keys_;
}

model::Position Server::insert(const model::CollectionName& table, Row row) {
  return transaction([&](Transaction& t) { t.insert(table, std::move(row)); });
}

model::Position Server::update(const model::CollectionName& table, const model::Key& key, Row row) {
  return transaction([&](Transaction& t) { t.update(table, key, std::move(row)); });
}

model::Position Server::remove(const model::CollectionName& table, const model::Key& key) {
  return transaction([&](Transaction& t) { t.remove(table, key); });
}

std::vector<Row> Server::rows(const model::CollectionName& table) const {
  const std::lock_guard lock(mutex_);
  std::vector<Row> out;
  table_now(table)->each({}, {}, log_.size(), [&](const RowPtr& row) {
    out.push_back(*row);
    return true;
  });
  return out;
}

void Server::set_visibility_lag(std::uint64_t commits) {
  const std::lock_guard lock(mutex_);
  lag_ = commits;
  show();
}

void Server::set_views_worth_keeping(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  views_worth_keeping_ = time;
}

std::chrono::milliseconds Server::views_worth_keeping() const {
  const std::lock_guard lock(mutex_);
  return views_worth_keeping_;
}

void Server::set_load(const contract::SourceLoad& load) {
  const std::lock_guard lock(mutex_);
  load_ = load;
}

contract::SourceLoad Server::load() const {
  const std::lock_guard lock(mutex_);
  return load_;
}

void Server::set_rows_per_part(std::size_t rows) {
  const std::lock_guard lock(mutex_);
  rows_per_part_ = rows;
}

void Server::crash(std::uint64_t lose_last_commits) {
  const std::lock_guard lock(mutex_);
  fall(lose_last_commits);
}

void Server::fall(std::uint64_t lose_last_commits) {
  for (; lose_last_commits != 0 && !log_.empty(); --lose_last_commits) {
    log_.back().undo();
    log_.pop_back();
  }
  visible_ = log_.size();
  ++generation_;
  changed_.notify_all();
}

void Server::fail_over(const std::string& name, std::uint64_t lose_last_commits) {
  const std::lock_guard lock(mutex_);
  fall(lose_last_commits);
  name_ = name;
  // Elsewhere than before, sometimes earlier.
  constexpr std::uint64_t elsewhere = 1000;
  first_place_ = first_place_ == 0 ? elsewhere : first_place_ / 2;
}

void Server::purge_log(const model::Position& before) {
  const std::lock_guard lock(mutex_);
  purged_ = std::max(purged_, before.offset - first_place_);
}

void Server::begin_log_anew(const std::function<void(Transaction&)>& meanwhile) {
  const std::lock_guard lock(mutex_);
  commit(meanwhile);
  begun_at_ = log_.size();
  fall(0);
}

std::string Server::log_mark() const {
  const std::lock_guard lock(mutex_);
  return std::to_string(begun_at_);
}

std::uint64_t Server::generation(const Meant& meant) const {
  const std::lock_guard lock(mutex_);
  if (!meant.name.empty() && meant.name != name_) {
    throw Error(ErrorKind::rejected, meant.code, "another server answers", name_);
  }
  return generation_;
}

model::Position Server::log_end() const {
  const std::lock_guard lock(mutex_);
  return at_commits(log_.size());
}

std::pair<Version, model::Bracket> Server::view() const {
  const std::lock_guard lock(mutex_);
  return {visible_, {at_commits(visible_), at_commits(log_.size())}};
}

std::shared_ptr<Table> Server::table_at(const model::CollectionName& name, Version at) const {
  const auto found = tables_.find(name);
  if (found == tables_.end()) return nullptr;
  const auto& versions = found->second;
  const auto entry = std::find_if(versions.rbegin(), versions.rend(),
                                  [&](const auto& v) { return v.first <= at; });
  return entry == versions.rend() ? nullptr : entry->second;
}

std::shared_ptr<Table> Server::table_now(const model::CollectionName& name) const {
  auto table = table_at(name, std::numeric_limits<Version>::max());
  if (!table) {
    throw Error(ErrorKind::rejected, "memory.no_table", "there is no such table", name.text());
  }
  return table;
}

void Server::with_table(std::uint64_t generation, const model::CollectionName& name, Version at,
                        const std::function<void(const Table*)>& use) const {
  const std::lock_guard lock(mutex_);
  require(generation);
  use(table_at(name, at).get());
}

std::vector<model::TableSchema> Server::definitions() const {
  const std::lock_guard lock(mutex_);
  std::vector<model::TableSchema> out;
  for (const auto& [name, versions] : tables_) {
    const auto table = table_at(name, log_.size());
    if (table) out.push_back(table->schema());
  }
  return out;
}

void Server::with_progress(const std::function<void(const Progress&)>& use) const {
  const std::lock_guard lock(mutex_);
  use(progress_);
}

namespace {

void append(model::RowBatch& batch, const RowPtr& row) {
  if (!row) return;
  if (batch.columns() == 0) batch = model::RowBatch(row->size());
  for (const auto& cell : *row) batch.append(cell ? model::Cell(*cell) : model::Cell());
}

}  // namespace

const Transaction* Server::wait_for_commit(std::unique_lock<std::mutex>& lock,
                                           std::uint64_t generation, std::uint64_t place,
                                           std::chrono::milliseconds patience,
                                           const std::stop_token& stop) const {
  require(generation);
  changed_.wait_for(lock, stop, patience, [&] {
    return generation != generation_ || place < first_place_ + log_.size();
  });
  if (stop.stop_requested()) base::throw_cancelled();
  require(generation);
  if (place < first_place_ + purged_ || place > first_place_ + log_.size()) throw_purged();
  return place == first_place_ + log_.size() ? nullptr : &log_[place - first_place_];
}

std::optional<Logged> Server::logged(std::uint64_t generation, std::uint64_t place,
                                     std::chrono::milliseconds patience,
                                     const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  const Transaction* const commit = wait_for_commit(lock, generation, place, patience, stop);
  if (commit == nullptr) return std::nullopt;
  if (place - first_place_ < begun_at_) return Logged{};
  Logged out{commit->writer_, {}, commit->defined_, commit->foreign_keys_on_};
  for (const auto& change : commit->changes_) {
    out.changes.push_back({change.table, change.before, change.after});
  }
  return out;
}

std::vector<model::ChangePart> Server::parts(
    std::uint64_t generation, std::uint64_t place,
    const std::map<model::CollectionId, model::TableSchema>& tracked,
    std::chrono::milliseconds patience, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  const Transaction* const commit = wait_for_commit(lock, generation, place, patience, stop);
  if (commit == nullptr) return {};
  const Transaction& transaction = *commit;
  place -= first_place_;
  std::vector<model::ChangePart> out;
  const auto begin_part = [&] {
    model::ChangePart part;
    part.begin = at_commits(place);
    part.begin.gtid = place == 0 ? "none" : log_[place - 1].gtid_;
    part.end = at_commits(place + 1);
    part.end.gtid = transaction.gtid_;
    part.last = false;
    part.committed_at = transaction.committed_at_;
    out.push_back(std::move(part));
  };
  begin_part();
  if (transaction.ddl_) out.back().ddl.push_back(*transaction.ddl_);
  std::size_t rows = 0;
  for (const auto& change : transaction.changes_) {
    const auto table = std::find_if(tracked.begin(), tracked.end(),
                                    [&](const auto& t) { return t.second.name == change.table; });
    if (table == tracked.end()) continue;
    const std::size_t columns = (change.before ? change.before : change.after)->size();
    if (columns != table->second.columns.size()) {
      throw Error(ErrorKind::data_mismatch, "source.log_definition",
                  "a row in the log does not fit the table's definition", change.table.text());
    }
    if (rows == rows_per_part_) {
      begin_part();
      rows = 0;
    }
    ++rows;
    const auto kind = !change.before  ? model::ChangeKind::insert
                      : !change.after ? model::ChangeKind::remove
                                      : model::ChangeKind::update;
    auto& events = out.back().events;
    if (events.empty() || events.back().collection != table->first || events.back().kind != kind) {
      auto& event = events.emplace_back();
      event.collection = table->first;
      event.kind = kind;
    }
    append(events.back().before, change.before);
    append(events.back().after, change.after);
  }
  for (auto& part : out) part.log_bytes = part.weight();
  out.back().last = true;
  return out;
}

}  // namespace wherry::stores::memory
