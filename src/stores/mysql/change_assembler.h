#pragma once
// Binlog events into transactions: which events make one, where it begins and ends, what of it is
// wanted. No I/O. Not thread-safe. The caller gives events in the order of the log and takes parts
// out after each.
//
// States: between transactions → (GTID, BEGIN) → in a transaction → (XID, COMMIT, ROLLBACK, a
// definition) → between transactions. Positions: a part begins where its transaction's first event
// begins and ends after its last one. Events between transactions move the position too; so do
// transactions of which nothing is wanted: moved() tells. SAVEPOINT and ROLLBACK TO, and a ROLLBACK
// at a transaction's end, take back rows of transactional tables; rows of the others (MyISAM, …)
// stay, as they do on the source.
//
// XA: the log has a prepared transaction's rows at its XA PREPARE and, however much later, its XA
// COMMIT or XA ROLLBACK as a transaction of its own. The rows are held until then, and given with
// that. While one is prepared, positions carry its beginning as `since`: who goes on from such a
// position reads from there on, and what ended before the position is not given again.
// So they do after a statement elsewhere was passed over, until the log is where definitions were
// read (definition_reach.h).
// If `from` says which transactions are before it (GtidHistory), so do all positions after it, and
// transactions that are among those before are passed over.
//
// Errors: not_supported "source.statement_format" (rows changed by a statement that may be about a
// tracked table), "source.statement_reach" (the same, where it is not known how far the definitions
// of other schemas reach), "source.incident" (the source says that changes are missing in its log),
// "source.savepoint" (what was given away as part of a large transaction is rolled back),
// "source.xa_unknown" (an XA COMMIT of what was not seen prepared), "source.xa_definition" (see
// PreparedXa::redefine, disturb), "source.xa_statement"; data_mismatch "binlog.no_table_map",
// "binlog.torn_transaction", "binlog.malformed"; all of wire::mysql::RowLayout's and of HeldRows'.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/change_log.h"
#include "model/change.h"
#include "model/position.h"
#include "stores/mysql/definition_reach.h"
#include "stores/mysql/gtid_history.h"
#include "stores/mysql/held_rows.h"
#include "stores/mysql/prepared_xa.h"
#include "wire/mysql/events.h"
#include "wire/mysql/row_layout.h"

namespace wherry::stores::mysql {

// A collation as the server numbers it.
struct CollationName {
  std::string charset;
  std::string collation;
};
using Collations = std::unordered_map<std::uint32_t, CollationName>;

class ChangeAssembler {
 public:
  static constexpr std::uint64_t part_bytes =
      8U << 20U;  // a transaction beyond this is given in parts

  // Requires: `from` is a boundary between transactions. Events are given from
  // from.to_read_from() on.
  // `system_zone` is what a session's time zone SYSTEM stands for; empty if that is not known.
  ChangeAssembler(model::Position from, contract::TrackedTables tables, Collations collations,
                  std::string system_zone = {});

  void track(contract::TrackedTables tables);
  // Of a MariaDB; until it is told, statements that change rows anywhere are refused there.
  void know(DefinitionReach reach) { reach_ = std::move(reach); }

  // As wire::mysql::LogReader gives them.
  void add(const wire::mysql::Event& event);
  // The next finished part.
  std::optional<model::ChangePart> take();
  // Between transactions, if the position has moved since the last part: a part without events.
  // Requires: take() gave nothing.
  std::optional<model::ChangePart> moved();

  // After the last whole transaction; and what is prepared there.
  const model::Position& position() const { return boundary_; }
  const PreparedXa& prepared() const { return prepared_; }

 private:
  struct Savepoint {
    std::string name;
    std::size_t events = 0;   // of the part in the making
    std::uint64_t given = 0;  // parts already given away
  };
  struct OpenTransaction {
    bool begun = false;             // BEGIN was seen, or is not needed
    bool single_statement = false;  // MariaDB: ends with its statement
    model::Position begin;
    std::optional<wire::mysql::MysqlGtid> mysql_gtid;
    std::optional<wire::mysql::MariadbGtid> mariadb_gtid;
    std::uint32_t server_id = 0;
    std::vector<model::RowEvent> events;
    std::uint64_t bytes = 0;  // of `events`
    std::uint64_t parts_given = 0;
    bool last_given = false;
    std::uint64_t transactional_rows_given = 0;
    std::vector<Savepoint> savepoints;
    bool may_merge = false;  // the next rows may join the last event

    bool before_resume = false;
    bool past = false;  // ends at or before the position to go on from, or was applied by then
    bool xa = false;
    bool lasting_rows = false;     // XA: of tables without transactions
    HeldRows held;                 // XA: what came before `events`
    PreparedXa::Transaction told;  // XA: the rest of what is known of it
  };
  // An XA transaction of which more than `events` was held, on its way out.
  struct Release {
    model::ChangePart part;  // the last, without its events
    HeldRows rows;
  };
  struct KnownTable {
    wire::mysql::TableMap map;
    std::shared_ptr<const wire::mysql::RowLayout> layout;
  };
  struct Mapped {
    std::optional<model::CollectionId> collection;  // nothing: not wanted
    std::shared_ptr<const wire::mysql::RowLayout> layout;
  };

  void advance(const wire::mysql::EventHeader& header);
  void enter(const wire::mysql::EventHeader& header);
  model::Position after_transaction();
  void finish(const wire::mysql::EventHeader& header);
  void leave();
  model::Position here() const;
  void settle();
  void expect_no_transaction(std::string_view at);
  void give(bool last, const wire::mysql::EventHeader& header);

  void on_rotate(const wire::mysql::EventHeader& header, const wire::mysql::Rotate& rotate);
  void on_query(const wire::mysql::EventHeader& header, const wire::mysql::Query& query);
  std::string collation_of(std::uint32_t id) const;  // empty if it is not known
  void on_definition(const wire::mysql::EventHeader& header, const wire::mysql::Query& query);
  void give_definition(const wire::mysql::EventHeader& header, const wire::mysql::Query& query,
                       std::string statement);
  void on_table_map(const wire::mysql::TableMap& map);
  void on_rows(const wire::mysql::EventHeader& header, const wire::mysql::Rows& rows);
  void on_xa(const wire::mysql::EventHeader& header, const wire::mysql::Query& query);
  void on_xa_prepare(const wire::mysql::EventHeader& header, const wire::mysql::XaPrepare& event);
  void end_prepared(const XaStatement& statement);
  void misread(const base::Error& error);
  void drop_xa();
  void hold();
  std::optional<model::ChangePart> take_released();
  void roll_back_to(std::string_view name);
  void drop_transactional(std::size_t from);
  void check_reach(const wire::mysql::Query& query);
  bool is_transactional(model::CollectionId id) const;

  contract::TrackedTables tables_;
  std::map<std::pair<std::string, std::string>, model::CollectionId, std::less<>> ids_;
  std::unordered_map<model::CollectionId, KnownTable> layouts_;  // the last of each table
  std::unordered_map<std::uint64_t, Mapped> mapped_;             // by the server's table number
  Collations collations_;
  std::string system_zone_;
  DefinitionReach reach_;

  model::Position resume_;              // transactions before it are not given
  model::Position boundary_;            // after the last whole transaction
  std::optional<GtidHistory> history_;  // of what is before it, and not less than before resume_
  std::string log_;
  std::uint64_t offset_ = 0;  // after the last event
  bool mariadb_ = false;
  std::string server_;           // as DdlEvent::server
  std::uint64_t log_bytes_ = 0;  // since the last part
  std::optional<OpenTransaction> open_;
  PreparedXa prepared_;
  std::optional<Release> release_;  // after what is ready
  std::deque<model::ChangePart> ready_;
  model::Position given_;  // the end of the last part
  std::int64_t last_time_ = 0;
};

}  // namespace wherry::stores::mysql
