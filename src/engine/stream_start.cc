#include "engine/stream_start.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "engine/history.h"
#include "engine/retry.h"

namespace wherry::engine {

model::Position stream_start(contract::RowSource& source, journal::Journal& journal,
                             std::chrono::milliseconds patience, const std::stop_token& stop) {
  using namespace std::chrono_literals;
  const model::Position before = source.position();
  auto open = source.prepared();
  const auto give_up = std::chrono::steady_clock::now() + patience;
  if (!open.empty()) {
    const auto what = fmt::format("waits for {} prepared transactions to end: {}", open.size(),
                                  fmt::join(open, "; "));
    spdlog::warn("{}", what);
    note(journal, "planning", what);
  }
  while (!open.empty()) {
    if (std::chrono::steady_clock::now() > give_up) {
      throw base::Error(
          base::ErrorKind::rejected, "plan.prepared_transactions",
          "transactions are prepared on the source, and their changes stand in its "
          "log from before this migration",
          fmt::format("{}; end them there (XA COMMIT or XA ROLLBACK), then start again",
                      fmt::join(open, "; ")));
    }
    sleep_for(50ms, stop);
    const auto now = source.prepared();
    std::erase_if(open, [&](const std::string& name) {
      return std::find(now.begin(), now.end(), name) == now.end();
    });
  }
  model::Position start = source.start();
  if (before < start) start.since = model::Position::Place{before.log, before.offset};
  return start;
}

}  // namespace wherry::engine
