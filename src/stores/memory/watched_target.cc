#include "stores/memory/watched_target.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::stores::memory {

namespace {

class Log final : public contract::TargetLog {
 public:
  Log(std::shared_ptr<Server> server, std::string migration, std::uint64_t place,
      std::uint64_t most_keys)
      : server_(std::move(server)),
        migration_(std::move(migration)),
        generation_(server_->generation()),
        place_(place),
        most_keys_(most_keys) {}

  std::optional<contract::ForeignWrites> next(std::chrono::milliseconds patience,
                                              const std::stop_token& stop) override {
    std::optional<Logged> commit;
    try {
      commit = server_->logged(generation_, place_, patience, stop);
    } catch (const base::Error& error) {
      if (error.code() != "source.log_purged") throw;
      throw base::Error(base::ErrorKind::rejected, std::string(contract::target_log_lost),
                        error.message(), error.context());
    }
    if (!commit) return std::nullopt;
    contract::ForeignWrites out;
    out.begin = position_at(place_++);
    out.end = position_at(place_);
    if (commit->writer != migration_) take(*commit, out);
    return out;
  }

  void watch(contract::WatchedTables tables) override { tables_ = std::move(tables); }

 private:
  void take(const Logged& commit, contract::ForeignWrites& out) const {
    for (const auto& [id, pair] : tables_) {
      const auto& key = pair->source.key;
      auto& keys = out.keys[id];
      for (const auto& change : commit.changes) {
        if (change.table != pair->target) continue;
        if (key.empty()) out.tables.insert(id);
        if (commit.foreign_keys_on) note(change, out.carried_on[id]);
        for (const auto& row : {change.before, change.after}) {
          if (!row || key.empty()) continue;
          // Of another definition than is known here.
          if (row->size() != pair->source.columns.size()) {
            out.tables.insert(id);
          } else {
            keys.push_back(key_of(*row, key));
          }
        }
      }
      const auto& defined = commit.defined;
      if (std::find(defined.begin(), defined.end(), pair->target) != defined.end() ||
          keys.size() > most_keys_) {
        out.tables.insert(id);
      }
      if (keys.empty() || out.tables.contains(id)) out.keys.erase(id);
    }
    out.transactions = out.keys.empty() && out.tables.empty() ? 0 : 1;
  }

  static void note(const Logged::Change& change, contract::CarriedOn& out) {
    if (!change.before) return;
    if (!change.after || change.after->size() != change.before->size()) {
      out.removed = true;
      return;
    }
    for (std::size_t i = 0; i < change.after->size(); ++i) {
      if (change.before->at(i) != change.after->at(i)) out.columns.insert(i);
    }
  }

  static model::Key key_of(const Row& row, const std::vector<std::size_t>& key) {
    std::vector<std::string> parts;
    for (const auto column : key) parts.push_back(row.at(column).value_or(""));
    return model::Key(parts);
  }

  std::shared_ptr<Server> server_;
  std::string migration_;
  std::uint64_t generation_;
  std::uint64_t place_;
  std::uint64_t most_keys_;
  contract::WatchedTables tables_;
};

}  // namespace

std::unique_ptr<contract::TargetLog> WatchedTarget::open_log(const std::string& migration,
                                                             const model::Position& from,
                                                             std::uint64_t most_keys) {
  return std::make_unique<Log>(server_, migration, from.offset, most_keys);
}

}  // namespace wherry::stores::memory
