#pragma once
// Where the reader of a source's log stands, and which XA transactions are prepared there: what it
// tells those who read the source's tables meanwhile. Thread-safe; one writer.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/position.h"
#include "model/schema.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/prepared_xa.h"
#include "stores/mysql/xa_id.h"

namespace wherry::stores::mysql {

class XaBook {
 public:
  struct Page {
    model::Position at;
    // There, with the names of the tables they changed; their ends stand behind it in the log.
    std::map<XaId, std::set<std::string>> prepared;
  };

  void write(const model::Position& at, const PreparedXa& prepared);
  std::optional<Page> read() const;  // nothing: nobody has read the log yet
  // Whether all of these are prepared at `at`, as far as can be told within a moment.
  bool has_prepared(const std::set<XaId>& ids, const model::Position& at) const;
  // Those of them of which it is not known that they changed none of these tables.
  std::set<XaId> perhaps_about(const std::set<XaId>& ids,
                               const std::vector<model::CollectionName>& tables) const;

 private:
  mutable std::mutex mutex_;
  std::optional<Page> page_;
  std::uint64_t version_ = 0;  // of PreparedXa; the writer's own
};

// Whether the server logs an XA transaction's rows when it is prepared; if not, only at its commit.
bool logs_prepared_xa(const ServerVersion& server);

// Of the answer of XA RECOVER.
std::set<XaId> listed_prepared(const Result& answer);
// The XA transactions that the server lists as prepared, now; none if it logs them at their commit.
std::set<XaId> listed_prepared(Connection& connection);

// What MySQL's XA COMMIT did can be visible before it stands in the log, unless the session that
// prepared the transaction commits it; the server lists it as prepared for so long. Waits until
// none is listed that may be about these tables. Throws Error(transient) if that takes long.
void wait_for_logged_ends(Connection& connection, const std::vector<model::CollectionName>& tables,
                          const XaBook& book);

// MariaDB. XA COMMIT stands in the log before its rows are visible, unless the session that
// prepared the transaction commits it; the server lists it as prepared for so long.
struct VisibleEnd {
  model::Position at;     // every XA COMMIT before it is visible to views opened from now on
  std::set<XaId> listed;  // as prepared: these are, or are being committed
};
// `end`: the log's end as it was just read. Throws Error(transient) if the reader of the log does
// not come to know of what is listed within some time.
VisibleEnd visible_end(Connection& connection, const model::Position& end, const XaBook& book);

}  // namespace wherry::stores::mysql
