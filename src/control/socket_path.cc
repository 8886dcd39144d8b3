#include "control/socket_path.h"

#include <fmt/format.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::control {

void check_socket_path(const std::filesystem::path& socket) {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  const std::size_t length = socket.native().size();
  if (length <= longest) return;
  throw base::Error(
      base::ErrorKind::rejected, "control.path_too_long",
      fmt::format("the local socket's path has {} bytes, the system takes {}", length, longest),
      fmt::format("{}; choose a shorter folder with journal: in the config or WHERRY_STATE_DIR",
                  base::printable(socket.string())));
}

}  // namespace wherry::control
