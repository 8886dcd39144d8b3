// A TCP port of the loopback that nothing listens on.
//
// Thread-safety: any thread. Another process may take the port before the caller does.
#pragma once

namespace wherry::tests {

bool is_free_port(unsigned port);
// Below the range the kernel hands out to clients, so that nobody takes it during a restart.
unsigned pick_free_port();

}  // namespace wherry::tests
