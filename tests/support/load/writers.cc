#include "tests/support/load/writers.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace wherry::tests {

namespace {

using Clock = std::chrono::steady_clock;

void append_json_text(std::string& out, const std::string& text) {
  out += '"';
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

Writers::Writers(WriterOptions options, Writes writes)
    : options_(std::move(options)), writes_(std::move(writes)) {
  for (const Write& kind : writes_.kinds) total_weight_ += kind.weight;
  if (total_weight_ == 0) throw std::invalid_argument("nothing to write");
  for (unsigned i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

Writers::~Writers() { join(); }

void Writers::join() {
  stop();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

WriteCounts Writers::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Writers::run(unsigned thread) {
  Draw draw(options_.seed, thread, options_.threads);
  std::optional<Connection> connection;
  const double period = options_.rate > 0 ? options_.threads / options_.rate : 0;
  Clock::time_point due = Clock::now();
  for (std::uint64_t n = 0; !stopping_; ++n) {
    bool in_transaction = false;
    try {
      if (!connection) {
        connection.emplace(options_.endpoint);
        // What is data to the shop must not be refused or changed by the session.
        connection->exec("SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'");
        const std::lock_guard lock(mutex_);
        ++counts_.connects;
        n = 0;
      }
      if (n % 500 == 0) writes_.refresh(*connection, draw);
      in_transaction = true;
      write(*connection, draw);
    } catch (const SqlError& error) {
      count_error(error, in_transaction);
      if (error.lost()) {
        connection.reset();
      } else if (connection) {
        try {
          connection->exec("ROLLBACK");
        } catch (const SqlError&) {
          connection.reset();
        }
      }
      if (!in_transaction || !connection)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (period > 0) {
      due += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(period));
      // After a pause (a restart) the missed writes are not made up for all at once.
      due = std::max(due, Clock::now() - std::chrono::seconds(1));
      std::this_thread::sleep_until(due);
    }
  }
}

void Writers::write(Connection& connection, Draw& draw) {
  // One packet a transaction: the server, not the round trips, sets the pace.
  std::string sql = "START TRANSACTION;";
  const bool roll_back = draw.one_in(15);
  const std::uint64_t parts = draw.one_in(3) ? 1 + draw.below(4) : 1;
  for (std::uint64_t i = 0; i < parts; ++i) {
    std::uint64_t pick = draw.below(total_weight_);
    for (const Write& kind : writes_.kinds) {
      if (pick < kind.weight) {
        kind.append(sql, draw);
        break;
      }
      pick -= kind.weight;
    }
  }
  sql += roll_back ? "ROLLBACK" : "COMMIT";
  connection.exec(sql);
  const std::lock_guard lock(mutex_);
  ++(roll_back ? counts_.rolled_back : counts_.committed);
}

void Writers::count_error(const SqlError& error, bool in_transaction) {
  const std::lock_guard lock(mutex_);
  ++counts_.errors[error.number()];
  if (in_transaction) ++(error.lost() ? counts_.unknown : counts_.refused);
  counts_.last_error = error.what();
}

std::string to_json(const WriteCounts& counts, double seconds) {
  std::string out = "{\"committed\":" + std::to_string(counts.committed) +
                    ",\"rolled_back\":" + std::to_string(counts.rolled_back) +
                    ",\"refused\":" + std::to_string(counts.refused) +
                    ",\"unknown\":" + std::to_string(counts.unknown) +
                    ",\"connects\":" + std::to_string(counts.connects) +
                    ",\"seconds\":" + std::to_string(seconds) + ",\"errors\":{";
  bool first = true;
  for (const auto& [number, count] : counts.errors) {
    if (!std::exchange(first, false)) out += ',';
    out += "\"" + std::to_string(number) + "\":" + std::to_string(count);
  }
  out += "},\"last_error\":";
  append_json_text(out, counts.last_error);
  return out + "}";
}

}  // namespace wherry::tests
