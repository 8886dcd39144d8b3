#include "stores/mysql/assess_distance.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace wherry::stores::mysql {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds far_away{10};
constexpr int round_trips = 3;  // others than the shortest may have waited for a busy machine

}  // namespace

void note_distance(Connection& connection, AssessedServer& server, AssessedSide side) {
  Clock::duration shortest = Clock::duration::max();
  for (int i = 0; i < round_trips; ++i) {
    const auto start = Clock::now();
    connection.execute("DO 0");
    shortest = std::min(shortest, Clock::now() - start);
    if (shortest < far_away) return;
  }
  const bool source = side == AssessedSide::source;
  server.add(model::Severity::note, source ? "source.far_away" : "target.far_away",
             source ? "source" : "target",
             fmt::format("a round trip takes {} ms",
                         std::chrono::duration_cast<milliseconds>(shortest).count()),
             "limits.threads: 8 keeps a long link full, verify.way: server sends sums over it "
             "instead of rows, and compress helps where it is narrow");
}

}  // namespace wherry::stores::mysql
