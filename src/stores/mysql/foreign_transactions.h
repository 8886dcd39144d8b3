#pragma once
// A target's binlog events into what others wrote to the watched tables: contract::ForeignWrites.
// No I/O. Not thread-safe. Events come in the order of the log.
//
// A transaction is ours if it writes a row of `_wherry`.`stream` or `_wherry`.`chunk` of this
// migration; which it does last, so rows are held back undecoded until the transaction's end, and
// those of ours are let go unread. Beyond `most_bytes` of them only the tables' names are kept.
// What cannot be told by key is told by table: statements, rows with other columns than are known,
// XA transactions, changes of definition. Those that we make ourselves come between two states of
// our row in `_wherry`.`ddl`.
//
// Errors: none of its own; what the decoder throws leaves a gap, and ends it.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/foreign_writes.h"
#include "model/position.h"
#include "model/schema.h"
#include "stores/mysql/definition_reach.h"
#include "wire/mysql/events.h"
#include "wire/mysql/row_layout.h"

namespace wherry::stores::mysql {

// Those of `_wherry`, as the target has them.
struct ProgressTables {
  model::TableSchema stream;
  model::TableSchema chunk;
  model::TableSchema ddl;
};

class ForeignTransactions {
 public:
  static constexpr std::uint64_t most_bytes = 8U << 20U;

  // Requires: `from` is a boundary between transactions.
  ForeignTransactions(model::Position from, std::string migration, ProgressTables progress,
                      std::uint64_t most_keys);

  void watch(const contract::WatchedTables& tables);
  // The table as the target has it; nothing: not as the pair says, so that its keys cannot be read.
  void define(model::CollectionId id, std::optional<model::TableSchema> schema);
  // Tables whose definition was changed in the log since the last call: define() them again.
  std::set<model::CollectionId> take_redefined() { return std::exchange(redefined_, {}); }

  // Of a MariaDB; until it is told, a statement counts as one about all tables.
  void know(DefinitionReach reach) { reach_ = std::move(reach); }

  void add(const wire::mysql::Event& event);
  bool between_transactions() const { return !open_; }
  bool has_foreign() const { return ready_.transactions != 0; }
  // Everything since the last call; nothing if the log has not moved. Requires: between
  // transactions.
  std::optional<contract::ForeignWrites> take();

 private:
  enum class Role { stream, chunk, ddl, watched };
  struct Mapped {
    Role role = Role::watched;
    model::CollectionId id = 0;
    std::shared_ptr<const wire::mysql::RowLayout> layout;  // null: not readable
  };
  struct Table {
    std::shared_ptr<const contract::TablePair> pair;
    std::optional<model::TableSchema> schema;
    std::optional<wire::mysql::TableMap> map;  // that `layout` was made of
    std::shared_ptr<const wire::mysql::RowLayout> layout;
  };
  // A rows event, not decoded.
  struct Held {
    model::CollectionId id = 0;
    std::shared_ptr<const wire::mysql::RowLayout> layout;
    wire::mysql::Rows rows;  // its views are of `bytes`
    std::string bytes;
    bool carries_on = false;  // foreign keys were on
  };
  struct OpenTransaction {
    model::Position begin;
    bool begun = false;             // BEGIN was seen, or is not needed
    bool single_statement = false;  // MariaDB: ends with its statement
    bool ours = false;
    std::string xid;
    std::vector<std::unique_ptr<Held>> held;
    std::uint64_t bytes = 0;
    std::set<model::CollectionId> tables;
  };

  void advance(const wire::mysql::EventHeader& header);
  void on_rotate(const wire::mysql::EventHeader& header, const wire::mysql::Rotate& rotate);
  void on_query(const wire::mysql::EventHeader& header, const wire::mysql::Query& query);
  void on_xa(const wire::mysql::Query& query);
  void on_definition(const wire::mysql::Query& query);
  void on_table_map(const wire::mysql::TableMap& map);
  void on_rows(const wire::mysql::Rows& rows);
  void on_our_rows(const Mapped& mapped, const wire::mysql::Rows& rows);
  void enter(const wire::mysql::EventHeader& header);
  void hold(const Mapped& mapped, const wire::mysql::Rows& rows);
  void prepare();
  void finish();
  void tell(OpenTransaction& transaction);
  void read_keys(const Held& held);
  void note_carried_on(const model::RowEvent& event);
  void touch(const wire::mysql::Query& query, std::set<model::CollectionId>& tables);
  void touch_schema(const wire::mysql::Query& query, std::set<model::CollectionId>& tables) const;
  std::set<model::CollectionId> all_tables() const;

  const std::string migration_;
  const ProgressTables progress_;
  const std::uint64_t most_keys_;

  std::map<model::CollectionId, Table> tables_;
  std::map<std::pair<std::string, std::string>, model::CollectionId> ids_;
  std::unordered_map<std::uint64_t, Mapped> mapped_;  // by the server's table number
  std::set<model::CollectionId> redefined_;
  DefinitionReach reach_;
  bool our_definition_ = false;  // a change of definition of ours is under way
  std::map<std::string, std::set<model::CollectionId>> prepared_;  // XA, by xid

  std::string log_;
  std::uint64_t offset_ = 0;  // after the last event
  model::Position boundary_;  // after the last whole transaction
  bool mariadb_ = false;
  std::optional<OpenTransaction> open_;
  contract::ForeignWrites ready_;
  model::Position taken_;
};

}  // namespace wherry::stores::mysql
