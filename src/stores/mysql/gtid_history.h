#pragma once
// The transactions before a place in a log, by their GTIDs: what a place in one server's log has in
// common with a place in another's. MySQL: a set for each server that wrote some. MariaDB: the last
// one of each domain, as the order within a domain is the same on every server. A value; not
// thread-safe. Kept as text in model::Position::gtid.
//
// After a failover MariaDB's domains may lie in the new log in another order than in the old one:
// where a stream goes on, some domains' last transactions are still to come. Such a domain is
// *ahead*: its transactions are passed over until the last one has come. MySQL's sets tell the same
// by themselves.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "wire/mysql/events.h"

namespace wherry::stores::mysql {

class GtidHistory {
 public:
  // Nothing if the text is empty (nothing is known) or not understood, such as MySQL 8.3's tags.
  static std::optional<GtidHistory> parse(std::string_view text);
  // parse() reads it back. Never empty: "none", "uuid:1-7:9,uuid:1-3", "0-1-77,+1-2-30" (a domain
  // that is ahead). As the servers write it, but for the plus.
  std::string text() const;
  // MariaDB's form for @slave_connect_state: what is ahead as well.
  std::string connect_state() const;
  bool empty() const { return servers_.empty() && domains_.empty(); }

  // Is the transaction among those before? Of MariaDB only if its domain is ahead. Throws
  // Error(data_mismatch, "source.diverged") if the domain goes on without the transaction that was
  // its last.
  bool holds(const wire::mysql::MysqlGtid& gtid) const;
  bool holds(const wire::mysql::MariadbGtid& gtid, std::uint32_t server_id) const;
  void add(const wire::mysql::MysqlGtid& gtid);
  void add(const wire::mysql::MariadbGtid& gtid, std::uint32_t server_id);

  // MySQL: what is in this set and not in the other.
  GtidHistory without(const GtidHistory& other) const;
  // MySQL: as COM_BINLOG_DUMP_GTID takes it.
  std::string encoded() const;

  // MariaDB: the domains that end elsewhere in `there` are ahead of it.
  void look_ahead_of(const GtidHistory& there);
  // MariaDB: the domains' last transactions that a server has not got whose gtid_binlog_state this
  // is ("0-1-77,0-2-90": the last of each domain and server).
  GtidHistory missing_in_state(std::string_view binlog_state) const;

 private:
  using ServerUuid = std::array<unsigned char, 16>;
  using Intervals = std::map<std::uint64_t, std::uint64_t>;  // first → last, apart from each other
  struct Last {
    std::uint32_t server_id = 0;
    std::uint64_t number = 0;
    bool ahead = false;
  };
  bool read_mysql(std::string_view item);
  bool read_mariadb(std::string_view item);
  static void insert(Intervals& intervals, std::uint64_t first, std::uint64_t last);

  std::map<ServerUuid, Intervals> servers_;
  std::map<std::uint32_t, Last> domains_;
};

}  // namespace wherry::stores::mysql
