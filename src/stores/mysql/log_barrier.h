#pragma once
// Where a view of a MySQL without GTIDs stands in the log at least. A transaction can be in the log
// before a read sees it, and without GTIDs the server does not say which ones are; but it never
// begins a new log file before every transaction of the older ones is committed in the engine, as
// crash recovery reads the last file alone. So the beginning of the log's last file is a place that
// every view opened afterwards is past. Where a later place is needed, the server is told to begin
// a new file (FLUSH BINARY LOGS): writers wait for the commits that are on their way, not for open
// transactions, and nothing is locked. New files are rationed, and one serves all readers.
//
// The commit of a client's XA transaction is not waited for by a new file: where there was one
// since the server started, no place is taken.
//
// Shared by a source's readers; thread-safe. Errors: those of the connection; rejected
// "mysql.privilege" without RELOAD; not_supported "source.xa_without_gtids".

#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

class LogBarrier {
 public:
  // `every`: two new files lie so far apart, but for a caller that could not know.
  explicit LogBarrier(std::chrono::milliseconds every) : every_(every) {}
  LogBarrier(const LogBarrier&) = delete;
  LogBarrier& operator=(const LogBarrier&) = delete;

  std::chrono::milliseconds every() const { return every_; }

  // A place, at the beginning of a file, that views opened from now on are past: at or after
  // `least`, if that is in the log. A later one than `least` needs is made when the last one is
  // older than `every`, so that who holds following at it lets it go on. Nothing without a log.
  std::optional<model::Position> place(Connection& connection, const model::Position& least);
  // Any such place; begins no file.
  std::optional<model::Position> present_place(Connection& connection);

  // Waits until place(least) need not begin a file before its time. Throws Error(cancelled).
  void wait_for_turn(const model::Position& least, const std::stop_token& stop) const;

  // Whether clients committed XA transactions since the server started.
  static bool knows_xa(Connection& connection);

 private:
  using Clock = std::chrono::steady_clock;
  // Requires: mutex_ is held. Whether anything was logged behind the last place.
  bool look(Connection& connection);
  void take(Connection& connection, const std::string& log);
  bool is_old() const { return !began_ || Clock::now() - *began_ >= every_; }

  const std::chrono::milliseconds every_;
  mutable std::mutex mutex_;
  std::optional<model::Position> place_;
  std::optional<Clock::time_point> began_;  // when the last file was begun by us
};

}  // namespace wherry::stores::mysql
