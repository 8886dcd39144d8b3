#include "stores/mysql/replica_reader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/replica_status.h"
#include "stores/mysql/row_view.h"

namespace wherry::stores::mysql {

namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorKind;

void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any nothing;
  nothing.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) base::throw_cancelled();
}

class ReplicaReader final : public contract::RowReader {
 public:
  ReplicaReader(ReplicaReaderOptions options, std::unique_ptr<contract::RowReader> exact)
      : options_(std::move(options)), exact_(std::move(exact)) {}

  std::unique_ptr<contract::RowView> open_view() override { return open_view_from({}); }

  std::unique_ptr<contract::RowView> open_view_from(const model::Position& least) override {
    if (servers_) {
      try {
        return open_on(*servers_, least);
      } catch (const Error& e) {
        if (e.code() != "mysql.connection_lost") throw;
      }
    }
    if (options_.stop.stop_requested()) base::throw_cancelled();
    servers_.reset();
    servers_ = std::make_unique<Servers>(options_);
    return open_on(*servers_, least);
  }

  std::unique_ptr<contract::RowView> open_exact_view(
      const std::vector<model::CollectionName>& tables) override {
    return exact_->open_exact_view(tables);
  }

 private:
  struct Servers {
    explicit Servers(const ReplicaReaderOptions& options)
        : source(options.source, {.stop = options.stop}),
          replica(options.replica, {.together = true, .stop = options.stop}) {
      check_identity(source, options.source_identity, "source");
      primary = primary_mark(source);
      check_order(replica);
      replica.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    }
    Connection source;
    Connection replica;
    PrimaryMark primary;
    RowSizes sizes;
  };

  std::unique_ptr<contract::RowView> open_on(Servers& servers, const model::Position& least) const {
    const model::Position low = wait_until_applied(servers, least);
    begin_view(servers.replica);
    // What else it may have applied meanwhile was this source's too.
    (void)status_of(servers.replica, servers.primary);
    const auto high = log_end(servers.source);
    if (!high || *high < low) {
      throw Error(
          ErrorKind::rejected, "source.replica_other_primary",
          fmt::format("the replica has applied the source's log up to {}, which ends at {}: "
                      "one of the two lost transactions, or it is another log",
                      low.text(), high ? high->text() : "nothing"),
          servers.replica.endpoint().text());
    }
    // A name means there what it means on the source, or meant before.
    return make_view(servers.replica, {low, *high}, servers.sizes, [&source = servers.source] {
      return log_end(source).value_or(model::Position{});
    });
  }

  // A place at or after `least` whose transactions are all visible on the replica. A server may
  // count a transaction as applied just before its commit: so a place is taken only when a later
  // look finds that the replica has gone on behind it, or has nothing to do.
  model::Position wait_until_applied(Servers& servers, const model::Position& least) const {
    constexpr auto longest_pause = 200ms;
    constexpr auto tell_every = 30s;
    std::optional<model::Position> before;
    auto told = std::chrono::steady_clock::now();
    for (auto pause = 1ms;; pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause)) {
      const ReplicaStatus status = status_of(servers.replica, servers.primary);
      const bool is_settled = before && settled(*before, status);
      if (is_settled && *before >= least) return *before;
      if (!status.applying || (!status.receiving && is_settled)) {
        const bool enough = status.applied && *status.applied >= least;
        if (!enough) throw stopped(servers.replica, status);
      }
      before = status.applied;
      const auto now = std::chrono::steady_clock::now();
      if (now - told >= tell_every) {
        told = now;
        spdlog::warn("copying waits for the replica at {}, which is {} behind and has come to {}",
                     servers.replica.endpoint().text(),
                     status.seconds_behind
                         ? base::human_duration(std::chrono::seconds(*status.seconds_behind))
                         : "an unknown time",
                     status.applied ? status.applied->text() : "no place yet");
      }
      sleep_for(pause, options_.stop);
    }
  }

  static Error stopped(const Connection& replica, const ReplicaStatus& status) {
    return Error(ErrorKind::connection_lost, "source.replica_stopped",
                 fmt::format("the replica stands still at {}: {}",
                             status.applied ? status.applied->text() : "no place yet",
                             !status.error.empty() ? base::printable(status.error)
                             : !status.applying ? "its applying thread does not run (START SLAVE)"
                                                : "it is not connected to the source"),
                 replica.endpoint().text());
  }

  // How it follows the source. Throws where it does not, or not wholly.
  static ReplicaStatus status_of(Connection& replica, const PrimaryMark& primary) {
    bool unknown = false;
    std::string others;
    for (auto& status : replica_statuses(replica)) {
      const auto ours = follows(status, primary);
      if (!ours) unknown = true;
      if (!ours || !*ours) {
        others += fmt::format("{}the server with id {}", others.empty() ? "" : ", ",
                              status.primary_server_id);
        continue;
      }
      if (!status.filters.empty()) {
        throw Error(
            ErrorKind::rejected, "source.replica_filtered",
            "the replica leaves out what it replicates: " + base::printable(status.filters.front()),
            replica.endpoint().text());
      }
      return std::move(status);
    }
    if (unknown) throw stopped(replica, {});
    throw Error(
        ErrorKind::rejected, "source.replica_other_primary",
        fmt::format("the server that read_from names does not replicate from the source, which has "
                    "server id {}, but from {}. Let it replicate from the source (CHANGE MASTER "
                    "TO), name another replica in read_from, or remove read_from; then start again",
                    primary.server_id, others.empty() ? "none" : others),
        replica.endpoint().text());
  }

  // MariaDB's threads commit in the order of the log, but for domains of GTIDs among each other.
  static void check_order(Connection& replica) {
    if (!overtakes(replica)) return;
    throw Error(ErrorKind::rejected, "source.replica_parallel",
                "the replica applies several GTID domains at the same time, so the place it tells "
                "says nothing about all of them; set slave_parallel_threads=0 there",
                replica.endpoint().text());
  }

  ReplicaReaderOptions options_;
  std::unique_ptr<contract::RowReader> exact_;
  std::unique_ptr<Servers> servers_;
};

}  // namespace

std::unique_ptr<contract::RowReader> open_replica_reader(
    ReplicaReaderOptions options, std::unique_ptr<contract::RowReader> exact) {
  return std::make_unique<ReplicaReader>(std::move(options), std::move(exact));
}

}  // namespace wherry::stores::mysql
