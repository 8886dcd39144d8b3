#pragma once
// The local HTTP/JSON server of a running migration, on a Unix socket that only its owner (and
// root) can use. One thread serves all connections; a client that stalls is dropped and delays
// nobody. Ownership: the server owns its socket file: it takes over one that nobody listens on and
// removes it at the end. Errors: the constructor throws Error(rejected): "control.path_too_long",
// "control.in_use" (another process listens), "control.not_a_socket", "control.socket".

#include <filesystem>
#include <memory>

#include "control/http.h"

namespace wherry::control {

class Server {
 public:
  // Serves from now on. The socket's folder is made (0700) if it is missing.
  Server(std::filesystem::path socket, Handler handler);
  // Ends a blocked accept or read; waits for a handler that runs.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::filesystem::path& socket() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wherry::control
