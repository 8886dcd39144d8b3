#include "guards/awaited_command.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "guards/program_end.h"

namespace wherry::guards {

std::vector<model::Finding> AwaitedCommand::assess() {
  const std::string why = command_.in_the_way();
  if (why.empty()) return {};
  return {{model::Severity::blocker, "cutover.wait_for_missing", command_.printable(),
           "a command that is to be waited for cannot be started: " + why,
           "mend cutover.wait_for"}};
}

void AwaitedCommand::wait(std::chrono::milliseconds at_most, const std::stop_token& stop) {
  const auto time = std::min(at_most, patience_);
  const auto end = command_.run(command_.active_side(), "wait_for", time, stop);
  const std::string why = failure(end, time);
  if (why.empty()) return;
  throw base::Error(base::ErrorKind::rejected, "cutover.wait_for_failed",
                    fmt::format("what the switch has to wait for has not come to its end: '{}': {}",
                                command_.printable(), why),
                    last_words(end));
}

}  // namespace wherry::guards
