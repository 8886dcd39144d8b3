#pragma once
// The XA transactions that the log has shown as prepared and not yet as ended, with their rows.
// Their rows take memory_limit at most together; beyond it they go to files (held_rows.h).
// Not thread-safe.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "contract/change_log.h"
#include "model/position.h"
#include "stores/mysql/held_rows.h"
#include "stores/mysql/xa_id.h"

namespace wherry::stores::mysql {

bool may_empty_a_table(std::string_view definition);

class PreparedXa {
 public:
  static constexpr std::uint64_t memory_limit = 64U << 20U;

  struct Transaction {
    model::Position begin;
    HeldRows rows;
    std::set<model::CollectionId> collections;  // of the rows
    std::set<std::string> tables;               // names of all tables it changed, wanted or not
    bool lasting_rows = false;                  // some of them are of tables without transactions
    std::optional<base::Error> unknown;         // why its rows are not known exactly
  };

  // The server gives an id to one transaction at a time: an older one of this id is over.
  void add(const XaId& id, Transaction transaction);
  // Takes it out; nothing if it is not known.
  std::optional<Transaction> end(const XaId& id);

  bool empty() const { return all_.empty(); }
  std::uint64_t version() const {
    return version_;
  }  // another after each change of what is prepared
  // Where the oldest begins.
  std::optional<model::Position> oldest() const;
  std::map<XaId, std::set<std::string>> tables() const;  // that each of them changed
  std::uint64_t bytes_in_memory() const;

  // Other definitions hold from here on. What is prepared changed rows as `before` tells; rows of a
  // table that is not what it was would be misread.
  void redefine(const contract::TrackedTables& before, const contract::TrackedTables& now);
  // A change of definition that may be about a prepared transaction's table: whether its rows are
  // still to come cannot be told.
  void disturb(std::string_view statement);

 private:
  std::map<XaId, Transaction> all_;
  std::uint64_t version_ = 1;
};

}  // namespace wherry::stores::mysql
