#include "tests/support/port.h"

#include <cstdint>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace wherry::tests {

bool is_free_port(unsigned port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool bound = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(socket);
  return bound;
}

unsigned pick_free_port() {
  std::random_device random;
  for (;;) {
    const unsigned port = 20000 + random() % 12000;
    if (is_free_port(port)) return port;
  }
}

}  // namespace wherry::tests
