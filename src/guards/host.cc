#include "guards/host.h"

#include <chrono>

#include <fmt/format.h>

#include "base/error.h"
#include "guards/program_end.h"

namespace wherry::guards {

namespace {

using base::Error;
using base::ErrorKind;

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string Host::run(const std::string& script, const std::string& input,
                      const std::stop_token& stop) const {
  constexpr std::chrono::seconds at_most(10);
  constexpr int of_ssh_itself = 255;
  constexpr std::size_t most_said = 4U << 20U;  // a list of all who are connected
  // What administers a machine is not in everybody's PATH.
  const std::string whole =
      "PATH=$PATH:/usr/sbin:/sbin; export PATH; LC_ALL=C; export LC_ALL; " + script;
  base::Program program{{"/bin/sh", "-c", whole}};
  if (!is_local()) {
    program.words = {"ssh",
                     "-o",
                     "BatchMode=yes",
                     "-o",
                     "ConnectTimeout=5",
                     "--",
                     address_,
                     "/bin/sh -c " + quoted(whole)};
  }
  program.input = input;
  program.kept = most_said;
  const auto end = base::run_program(program, at_most, stop);
  const std::string why = failure(end, at_most);
  if (why.empty()) return end.output;
  if (!is_local() && (!end.in_time || end.code == of_ssh_itself)) {
    throw Error(ErrorKind::connection_lost, "guard.host_unreachable",
                fmt::format("{} is not reached by ssh: {}", address_, last_words(end)), why);
  }
  throw Error(ErrorKind::rejected, "guard.host_refuses",
              fmt::format("{} refuses: {}", name(), last_words(end)), why);
}

}  // namespace wherry::guards
