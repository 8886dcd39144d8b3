#include "stores/mysql/log_barrier.h"

#include <condition_variable>
#include <string>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "stores/mysql/log_position.h"

namespace wherry::stores::mysql {

namespace {

// A literal without a character set, the only kind that this statement takes.
std::string file_literal(const std::string& log) {
  std::string out = "'";
  for (const char c : log) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// Behind what every file begins with: where its first transaction begins, or will.
model::Position first_transaction(Connection& connection, const std::string& log) {
  constexpr std::uint64_t first_event = 4;
  std::uint64_t end = first_event;
  const Result r = connection.query("SHOW BINLOG EVENTS IN " + file_literal(log) + " LIMIT 2");
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const std::string type = r.text(row, "Event_type");
    if (type != "Format_desc" && type != "Previous_gtids") break;
    end = r.number(row, "End_log_pos").value_or(end);
  }
  return model::Position::in_log(log, end);
}

}  // namespace

bool LogBarrier::knows_xa(Connection& connection) {
  return connection.query("SHOW GLOBAL STATUS LIKE 'Com\\_xa\\_commit'")
             .number(0, std::size_t{1}) != 0U;
}

// The counter grows when a commit begins: one that is in an older file has been counted.
void LogBarrier::take(Connection& connection, const std::string& log) {
  if (knows_xa(connection)) {
    throw base::Error(base::ErrorKind::not_supported, "source.xa_without_gtids",
                      "clients of the source use XA transactions, and without GTIDs it cannot be "
                      "told whether a read sees them; switch gtid_mode to ON",
                      connection.endpoint().text());
  }
  place_ = first_transaction(connection, log);
}

bool LogBarrier::look(Connection& connection) {
  const auto end = log_end(connection);
  if (!end) {
    place_.reset();
    return false;
  }
  if (!place_ || place_->log != end->log) take(connection, end->log);
  return *place_ < *end;
}

std::optional<model::Position> LogBarrier::present_place(Connection& connection) {
  const std::lock_guard lock(mutex_);
  look(connection);
  return place_;
}

std::optional<model::Position> LogBarrier::place(Connection& connection,
                                                 const model::Position& least) {
  const std::lock_guard lock(mutex_);
  const bool logged = look(connection);
  if (!place_ || (*place_ >= least && !(logged && is_old()))) return place_;
  connection.execute("FLUSH BINARY LOGS");
  began_ = Clock::now();
  look(connection);
  if (place_) spdlog::debug("the source began a new log file: {}", place_->text());
  return place_;
}

void LogBarrier::wait_for_turn(const model::Position& least, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  if (is_old() || (place_ && *place_ >= least)) return;
  std::condition_variable_any nothing;
  nothing.wait_until(lock, stop, *began_ + every_, [&] { return place_ && *place_ >= least; });
  if (stop.stop_requested()) base::throw_cancelled();
}

}  // namespace wherry::stores::mysql
