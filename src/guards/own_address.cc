#include "guards/own_address.h"

#include <array>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wherry::guards {

namespace {

std::string text_of(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  const int error =
      ::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  const std::string whole = error == 0 ? text.data() : "";
  return whole.substr(0, whole.find('%'));
}

}  // namespace

std::optional<Route> route_to(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  // Any port: nothing is sent there.
  if (::getaddrinfo(host.c_str(), "9", &wanted, &list) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  for (const addrinfo* to = list; to != nullptr; to = to->ai_next) {
    const int socket = ::socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
    if (socket < 0) continue;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    auto* const from = reinterpret_cast<sockaddr*>(&own);
    const bool known = ::connect(socket, to->ai_addr, to->ai_addrlen) == 0 &&
                       ::getsockname(socket, from, &size) == 0;
    ::close(socket);
    if (known) return Route{text_of(from, size), text_of(to->ai_addr, to->ai_addrlen)};
  }
  return std::nullopt;
}

}  // namespace wherry::guards
